package mysql

import "github.com/phasemig/phasemig/lint"

var wholeTableUpdate = rule{lint.Rule{
	ID: "whole-table-update", Severity: lint.Error, Kind: lint.Lock,
	Summary: "an UPDATE that locks a part of the table that grows with it",
	Why:     "Every row that is read stays locked until the statement commits, also one that doesn't match where no index leads to it; replicas run it in one go. Batches by key, each committed by itself, lock a few rows for milliseconds.\n\nA condition counts as a bound if it compares a column with a value, a list or a range that ends. IS NULL and <> bound nothing. LIMIT does.",
	Bad:     []lint.Example{{SQL: "UPDATE users SET active = 1;"}, {SQL: "UPDATE users SET country = 'de' WHERE country IS NULL;"}},
	Good:    []lint.Example{{SQL: "UPDATE users SET active = 1 WHERE id BETWEEN 1 AND 1000;"}, {SQL: "UPDATE users SET active = 1 WHERE active IS NULL LIMIT 1000;"}},
}, func(c *call) {
	if c.verb == "UPDATE" && c.live(c.table) && !c.limited && !bounded(c.where) {
		c.report(said{message: "every row that the UPDATE reads in " + quoted(c.table) + " stays locked until it commits", lock: "row locks: writers of those rows wait, for a time that grows with the table's size",
			safe: "-- in batches by key, each committed by itself:\nUPDATE " + quoted(c.table) + " SET … WHERE … AND id BETWEEN … AND …;"})
	}
}}

var wholeTableDelete = rule{lint.Rule{
	ID: "whole-table-delete", Severity: lint.Error, Kind: lint.Data,
	Summary: "a DELETE without a bound",
	Why:     "It deletes a part of the table that grows with it, and every row that it reads stays locked until it commits.",
	Bad:     []lint.Example{{SQL: "DELETE FROM users;"}, {SQL: "DELETE FROM users WHERE deleted_at IS NOT NULL;"}},
	Good:    []lint.Example{{SQL: "DELETE FROM users WHERE id = 7;"}, {SQL: "DELETE FROM logs WHERE at < '2020-01-01' LIMIT 1000;"}},
}, func(c *call) {
	if c.verb == "DELETE" && c.live(c.table) && !c.limited && !bounded(c.where) {
		c.report(said{message: "rows of " + quoted(c.table) + " are deleted without a bound, and stay locked until it commits", lock: "row locks: writers of those rows wait, for a time that grows with the table's size",
			safe: "-- in batches, each committed by itself, until none is left:\nDELETE FROM " + quoted(c.table) + " WHERE … LIMIT 1000;"})
	}
}}

var insertSelect = rule{lint.Rule{
	ID: "insert-select", Severity: lint.Error, Kind: lint.Lock,
	Summary: "INSERT … SELECT or CREATE TABLE … SELECT locks what it reads",
	Why:     "Under REPEATABLE READ, the default, InnoDB takes a shared lock on every row of the table that is read, and keeps it until the statement commits: writers of those rows wait. Under READ COMMITTED it takes none. Copy in batches by key.",
	Bad:     []lint.Example{{SQL: "INSERT INTO archive SELECT * FROM orders;"}, {SQL: "CREATE TABLE copy AS SELECT * FROM orders;"}},
	Good:    []lint.Example{{SQL: "INSERT INTO archive SELECT * FROM orders WHERE id BETWEEN 1 AND 1000;"}, {SQL: "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;\nINSERT INTO archive SELECT * FROM orders;"}},
}, func(c *call) {
	if !c.selects || c.verb != "INSERT" && c.verb != "REPLACE" && c.verb != "CREATE TABLE" || c.limited || bounded(c.where) || c.committed {
		return
	}
	for _, id := range c.from {
		if c.live(id) {
			c.report(said{message: "every row of " + quoted(id) + " that is read stays locked against writes until it commits", lock: "shared row locks: writers wait, for a time that grows with the table's size",
				safe: "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;\n-- and in batches by key: … WHERE id BETWEEN … AND …;"})
			return
		}
	}
}}
