package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var truncate = rule{lint.Rule{
	ID: "truncate", Severity: lint.Error, Kind: lint.Data,
	Summary: "every row of a table is deleted at once",
	Why:     "TRUNCATE takes ACCESS EXCLUSIVE and deletes everything; with CASCADE also everything that refers to it. Transactions that are older see the table empty.",
	Bad:     []lint.Example{{SQL: "TRUNCATE orders;"}, {SQL: "TRUNCATE TABLE a, b RESTART IDENTITY CASCADE;"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE t (a int);\nTRUNCATE t;"}, {SQL: "CREATE TEMP TABLE t (a int);\nTRUNCATE t;"}},
}, func(c *call) {
	n := c.node.GetTruncateStmt()
	if n == nil {
		return
	}
	for _, r := range n.Relations {
		if v := r.GetRangeVar(); c.live(v) {
			c.report(said{message: fmt.Sprintf("every row of %s is deleted", table(v)), lock: exclusive + ", short", safe: fmt.Sprintf("-- in batches by key, each committed by itself:\nDELETE FROM %s WHERE id BETWEEN … AND …;", table(v))})
		}
	}
}}
