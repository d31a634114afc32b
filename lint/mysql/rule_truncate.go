package mysql

import "github.com/phasemig/phasemig/lint"

var truncate = rule{lint.Rule{
	ID: "truncate", Severity: lint.Error, Kind: lint.Data,
	Summary: "every row of a table is deleted at once",
	Why:     "TRUNCATE drops the table and creates it anew. It commits by itself and can't be rolled back.",
	Bad:     []lint.Example{{SQL: "TRUNCATE orders;"}, {SQL: "TRUNCATE TABLE shop.orders;"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE f (a int);\nTRUNCATE f;"}, {SQL: "CREATE TABLE f (a int);\nDELETE FROM f;"}},
}, func(c *call) {
	if c.verb == "TRUNCATE" && c.live(c.table) {
		c.report(said{message: "every row of " + quoted(c.table) + " is deleted", lock: "exclusive metadata lock, short", safe: "-- in batches by key, each committed by itself:\nDELETE FROM " + quoted(c.table) + " WHERE id BETWEEN … AND …;"})
	}
}}
