package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var dropIndex = rule{lint.Rule{
	ID: "drop-index", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "an index is dropped under a short ACCESS EXCLUSIVE lock on its table",
	Why: "The drop itself takes no time, but it waits for every transaction on the table, and everybody else waits behind it. DROP INDEX CONCURRENTLY waits without making others wait. It is no form for an index behind a constraint.\n\n" +
		"Whether queries still use the index is told by pg_stat_user_indexes.",
	Bad:  []lint.Example{{SQL: "DROP INDEX orders_user;"}, {SQL: "DROP INDEX IF EXISTS a, b;"}},
	Good: []lint.Example{{SQL: "DROP INDEX CONCURRENTLY orders_user;"}, {SQL: "CREATE TABLE t (a int);\nCREATE INDEX i ON t (a);\nDROP INDEX i;"}},
}, func(c *call) {
	n := c.node.GetDropStmt()
	if n == nil || n.RemoveType != pg.ObjectType_OBJECT_INDEX {
		return
	}
	if n.Concurrent {
		if len(n.Objects) > 1 || n.Behavior == pg.DropBehavior_DROP_CASCADE {
			c.report(said{severity: lint.Error, message: "this fails: DROP INDEX CONCURRENTLY takes one index, and no CASCADE", safe: "One statement for each index."})
			return
		}
	}
	for _, o := range n.Objects {
		id := identOf(o.GetList().GetItems())
		r, x := c.catalog.Owner(id.Name)
		if r != nil && r.Fresh {
			continue
		}
		if x != nil && x.Constraint {
			c.report(said{severity: lint.Error, message: fmt.Sprintf("this fails: %s belongs to a constraint and goes with it", quoted(id)), safe: fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s;", quoted(r.Ident), quote(x.Name))})
			continue
		}
		if above := c.neededAbove(r, x); x != nil && above != "" {
			c.report(said{severity: lint.Error, message: fmt.Sprintf("this fails: %s is the part of %s that its partition holds, and goes with it", quoted(id), quote(above)), safe: fmt.Sprintf("DROP INDEX %s; -- with a lock timeout", quote(above))})
			continue
		}
		if n.Concurrent || c.noIndex(id) {
			if x != nil && n.Concurrent && r.Partitioned {
				c.report(said{severity: lint.Error, message: fmt.Sprintf("this fails: %s is an index of a partitioned table, which can't be dropped concurrently", quoted(id)), safe: fmt.Sprintf("DROP INDEX %s; -- with a lock timeout", quoted(id))})
			}
			continue
		}
		y := said{message: fmt.Sprintf("dropping %s waits for every transaction on its table, and all others wait behind it", quoted(id)), lock: exclusive + ", short", safe: fmt.Sprintf("DROP INDEX CONCURRENTLY %s;", quoted(id))}
		if len(n.Objects) == 1 && !c.tx.open && c.depth == 0 {
			y.fix = c.afterWord("INDEX", " CONCURRENTLY")
		}
		c.report(y)
	}
}}
