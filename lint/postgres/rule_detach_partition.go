package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var detachPartition = rule{lint.Rule{
	ID: "detach-partition", Severity: lint.Error, Kind: lint.Client,
	Summary: "a partition is detached: clients find no row of it, and none of theirs goes there",
	Why: "Clients no longer see the rows of the partition in the parent, and an INSERT of such a row finds no partition and fails (23514), unless there is a DEFAULT one. It is right for a partition that nobody reads or writes any more: then ignore the finding with that reason.\n\n" +
		"The lock is short, but every read and write of the whole table queues behind it. CONCURRENTLY (since 14) waits without making others wait; it can't run in a transaction, and not while there is a DEFAULT partition.",
	Bad:  []lint.Example{{SQL: "ALTER TABLE logs DETACH PARTITION logs_2020;"}, {SQL: "ALTER TABLE logs DETACH PARTITION logs_2020 CONCURRENTLY;"}, {Schema: "CREATE TABLE logs (at date) PARTITION BY RANGE (at);\nCREATE TABLE rest PARTITION OF logs DEFAULT;", SQL: "ALTER TABLE logs DETACH PARTITION logs_2020 CONCURRENTLY;"}},
	Good: []lint.Example{{SQL: "CREATE TABLE logs (at date) PARTITION BY RANGE (at);\nCREATE TABLE l1 PARTITION OF logs DEFAULT;\nALTER TABLE logs DETACH PARTITION l1;"}, {SQL: "ALTER TABLE logs DETACH PARTITION logs_2020 FINALIZE;"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		q := a.Def.GetPartitionCmd()
		if a.Subtype != pg.AlterTableType_AT_DetachPartition {
			return
		}
		switch {
		case q.GetConcurrent() && c.version < 140000:
			c.report(said{severity: lint.Error, message: "this fails: DETACH PARTITION CONCURRENTLY came with version 14", safe: "Leave CONCURRENTLY out, with a lock timeout."})
		case q.GetConcurrent() && c.defaultOf(t.Relation) != nil:
			c.report(said{severity: lint.Error, message: fmt.Sprintf("this fails: %s has a DEFAULT partition, so nothing can be detached concurrently", table(t.Relation)), safe: "Leave CONCURRENTLY out, with a lock timeout."})
		case !c.live(q.GetName()) || c.attachedAgain(q.GetName()):
		default:
			c.report(said{message: fmt.Sprintf("running clients find no row of %s in %s any more, and those of theirs that belong there are refused", table(q.GetName()), table(t.Relation)), lock: detachLock(q),
				safe: fmt.Sprintf("-- when nobody reads or writes its rows any more, outside a transaction:\nALTER TABLE %s DETACH PARTITION %s CONCURRENTLY;", table(t.Relation), table(q.GetName()))})
		}
	})
}}

func detachLock(q *pg.PartitionCmd) string {
	if q.GetConcurrent() {
		return ""
	}
	return exclusive + " on the parent, short"
}

// attachedAgain: the transaction attaches the partition again, by another bound.
func (c *call) attachedAgain(r *pg.RangeVar) bool {
	return c.ahead(func(t []lint.Token) bool {
		for i := range t {
			if t[i].Is("ATTACH") && i+2 < len(t) && t[i+2].Value() == r.GetRelname() {
				return true
			}
		}
		return false
	})
}
