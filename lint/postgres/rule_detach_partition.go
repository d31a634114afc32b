package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var detachPartition = rule{lint.Rule{
	ID: "detach-partition", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "a partition is detached under ACCESS EXCLUSIVE on the parent",
	Why: "The lock is short, but every read and write of the whole table queues behind it. CONCURRENTLY (since 14) waits without making others wait; it can't run in a transaction, and not while there is a DEFAULT partition.\n\n" +
		"Clients no longer see the rows of the partition in the parent.",
	Bad:  []lint.Example{{SQL: "ALTER TABLE logs DETACH PARTITION logs_2020;"}, {Schema: "CREATE TABLE logs (at date) PARTITION BY RANGE (at);\nCREATE TABLE rest PARTITION OF logs DEFAULT;", SQL: "ALTER TABLE logs DETACH PARTITION logs_2020 CONCURRENTLY;"}},
	Good: []lint.Example{{SQL: "ALTER TABLE logs DETACH PARTITION logs_2020 CONCURRENTLY;"}, {SQL: "ALTER TABLE logs DETACH PARTITION logs_2020 FINALIZE;"}},
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
		case !q.GetConcurrent():
			c.report(said{message: fmt.Sprintf("every read and write of %s waits behind the lock on it", table(t.Relation)), lock: exclusive + " on the parent, short",
				safe: fmt.Sprintf("ALTER TABLE %s DETACH PARTITION %s CONCURRENTLY; -- outside a transaction", table(t.Relation), table(q.GetName()))})
		}
	})
}}
