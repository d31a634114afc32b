package mysql

import (
	"slices"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var wholeTableUpdate = rule{lint.Rule{
	ID: "whole-table-update", Severity: lint.Error, Kind: lint.Lock,
	Summary: "an UPDATE that locks a part of the table that grows with it",
	Why:     "Every row that is read stays locked until the statement commits, also one that doesn't match where no index leads to it; replicas run it in one go. Batches by key, each committed by itself, lock a few rows for milliseconds.\n\nA condition counts as a bound if it compares a column with a value, a list or a range that ends; where the schema is known, an index has to begin with the column, and to tell more than a few values apart. IS NULL and <> bound nothing. LIMIT does.",
	Bad:     []lint.Example{{SQL: "UPDATE users SET active = 1;"}, {SQL: "UPDATE users SET country = 'de' WHERE country IS NULL;"}, {Schema: "CREATE TABLE t (id int PRIMARY KEY, a int);", SQL: "UPDATE t SET a = 1 WHERE a = 7;"}},
	Good:    []lint.Example{{SQL: "UPDATE users SET active = 1 WHERE id BETWEEN 1 AND 1000;"}, {SQL: "UPDATE users SET active = 1 WHERE active IS NULL LIMIT 1000;"}},
}, func(c *call) {
	if c.verb == "UPDATE" && c.live(c.table) && (!c.limited || c.sorts()) && !c.confined() {
		c.report(said{message: "every row that the UPDATE reads in " + quoted(c.table) + " stays locked until it commits", lock: "row locks: writers of those rows wait, for a time that grows with the table's size",
			safe: "-- in batches by key, each committed by itself:\nUPDATE " + quoted(c.table) + " SET … WHERE … AND id BETWEEN … AND …;"})
	}
}}

var wholeTableDelete = rule{lint.Rule{
	ID: "whole-table-delete", Severity: lint.Error, Kind: lint.Data,
	Summary: "a DELETE without a bound",
	Why:     "It deletes a part of the table that grows with it, and every row that it reads stays locked until it commits.",
	Bad:     []lint.Example{{SQL: "DELETE FROM users;"}, {SQL: "DELETE FROM users WHERE deleted_at IS NOT NULL;"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE f (a int);\nDELETE FROM f;"}, {SQL: "DELETE FROM users WHERE FALSE;"}},
}, func(c *call) {
	if c.verb == "DELETE" && c.live(c.table) && !c.limited && !c.confined() {
		c.report(said{message: "rows of " + quoted(c.table) + " are deleted without a bound, and stay locked until it commits", lock: "row locks: writers of those rows wait, for a time that grows with the table's size",
			safe: "-- in batches, each committed by itself, until none is left:\nDELETE FROM " + quoted(c.table) + " WHERE … LIMIT 1000;"})
	}
}}

// confined reports whether the condition keeps the statement to a part that doesn't grow with the table.
func (c *call) confined() bool {
	if c.joined {
		return never(c.where) || bounded(c.where) || c.joinsOwn()
	}
	return c.bounds(c.table, c.led())
}

// sorts: ORDER BY is of a column that no index begins with, so that every row is read before the first ones are known.
func (c *call) sorts() bool {
	k := c.relation(c.table)
	cur := newCursor(c.s.Text)
	for ; !cur.done(); cur.skip() {
		if cur.at("(") {
			cur.parens()
		}
		if !cur.at("ORDER", "BY") {
			continue
		}
		cur.i += 2
		n := cur.peek(0).Value()
		return whole(k) && k.Kind == "table" && k.Column(n) != nil && !leads(k, n)
	}
	return false
}

// led is the condition as far as an index can lead by it: MariaDB before 11.1 asks a query behind IN for every row of the table that an UPDATE
// changes.
func (c *call) led() []lint.Token {
	if !c.maria || c.version >= 110100 || c.verb != "UPDATE" || !asks(c.where) {
		return c.where
	}
	var out []lint.Token
	for _, p := range splitBy(unwrapped(c.where), "AND", "&&") {
		if asks(p) {
			continue
		}
		if len(out) > 0 {
			out = append(out, lint.Token{Kind: lint.Word, Text: "AND"})
		}
		out = append(out, p...)
	}
	return out
}

// asks: the condition has an IN (SELECT …).
func asks(where []lint.Token) bool {
	for i := 0; i+2 < len(where); i++ {
		if where[i].Is("IN") && where[i+1].Is("(") && where[i+2].Is("SELECT") {
			return true
		}
	}
	return false
}

var deleteRows = rule{lint.Rule{
	ID: "delete-rows", Severity: lint.Error, Kind: lint.Data,
	Summary: "rows or values are deleted for good",
	Why:     "A DELETE that is small enough to harm nobody who waits deletes all the same, and so does an UPDATE that sets a column to NULL: once committed there is no way back but a backup. Keep what goes in a table of its own first, or say by an ignore comment that nobody needs it.",
	Bad:     []lint.Example{{SQL: "DELETE FROM users WHERE id = 7;"}, {SQL: "DELETE FROM logs WHERE at < '2020-01-01' LIMIT 1000;"}, {SQL: "UPDATE users SET phone = NULL WHERE id BETWEEN 1 AND 500;"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE f (a int);\nDELETE FROM f WHERE a = 1;"}, {SQL: "UPDATE users SET phone = '' WHERE id BETWEEN 1 AND 500;"}, {SQL: "DELETE FROM users WHERE FALSE;"}},
}, func(c *call) {
	safe := "CREATE TABLE kept AS SELECT * FROM " + quoted(c.table) + " WHERE …; -- first, in the same bounds"
	switch {
	case c.takenBack():
	case c.verb == "DELETE" && c.live(c.table) && (c.limited || c.confined()) && !never(c.where):
		c.report(said{message: "rows of " + quoted(c.table) + " are deleted for good", safe: safe})
	case c.verb == "UPDATE" && c.live(c.table) && (c.limited || c.confined()) && !never(c.where):
		if n := c.emptied(); n != "" {
			c.report(said{message: "values of " + quoted(c.table) + "." + quote(n) + " are deleted for good", safe: safe})
		}
	}
}}

// emptied is a column that an UPDATE sets to NULL in rows that may hold a value.
func (c *call) emptied() string {
	t := Syntax.Tokens(c.s.Text)
	for i := 1; i+2 < len(t) && !t[i].Is("WHERE"); i++ {
		ends := i+3 >= len(t) || t[i+3].Is(",") || t[i+3].Is("WHERE") || t[i+3].Is("ORDER") || t[i+3].Is("LIMIT")
		if !ident(t[i]) || !t[i+1].Is("=") || !t[i+2].Is("NULL") || !ends {
			continue
		}
		k := c.relation(c.table)
		if k != nil && k.New[lower(t[i].Value())] || c.isNull(t[i].Value()) {
			continue
		}
		return t[i].Value()
	}
	return ""
}

// isNull: the condition takes only rows in which the column is NULL already.
func (c *call) isNull(column string) bool {
	for i := 0; i+2 < len(c.where); i++ {
		if same(c.where[i].Value(), column) && c.where[i+1].Is("IS") && c.where[i+2].Is("NULL") {
			return true
		}
	}
	return false
}

var lockingRead = rule{lint.Rule{
	ID: "locking-read", Severity: lint.Error, Kind: lint.Lock,
	Summary: "a SELECT … FOR UPDATE or FOR SHARE that locks a part of the table that grows with it",
	Why:     "Every row that is read stays locked until the transaction ends: writers of those rows wait. Read by key, or with LIMIT, or without a lock.",
	Bad:     []lint.Example{{SQL: "SELECT * FROM orders FOR UPDATE;"}, {SQL: "SELECT id FROM orders WHERE state IS NULL LOCK IN SHARE MODE;"}},
	Good:    []lint.Example{{SQL: "SELECT * FROM orders WHERE id = 7 FOR UPDATE;"}, {SQL: "SELECT * FROM orders;"}, {SQL: "SELECT * FROM orders LIMIT 100 FOR UPDATE;"}},
}, func(c *call) {
	if c.verb != "SELECT" || !c.locks || c.limited {
		return
	}
	for _, id := range c.from {
		if c.live(id) && c.maybe(id) && !(len(c.from) == 1 && c.bounds(id, c.where)) && !(len(c.from) > 1 && bounded(c.where)) {
			c.report(said{message: "every row of " + quoted(id) + " that is read stays locked until the transaction ends", lock: "row locks: writers of those rows wait, for a time that grows with the table's size",
				safe: "Read by key, or leave the lock out."})
			return
		}
	}
}}

var insertSelect = rule{lint.Rule{
	ID: "insert-select", Severity: lint.Error, Kind: lint.Lock,
	Summary: "INSERT … SELECT or CREATE TABLE … SELECT locks what it reads",
	Why:     "Under REPEATABLE READ, the default, InnoDB takes a shared lock on every row of the table that is read, and keeps it until the statement commits: writers of those rows wait. Under READ COMMITTED it takes none. Copy in batches by key.",
	Bad:     []lint.Example{{SQL: "INSERT INTO archive SELECT * FROM orders;"}, {SQL: "CREATE TABLE copy AS SELECT * FROM orders;"}},
	Good:    []lint.Example{{SQL: "INSERT INTO archive SELECT * FROM orders WHERE id BETWEEN 1 AND 1000;"}, {SQL: "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;\nINSERT INTO archive SELECT * FROM orders;"}},
}, func(c *call) {
	if !c.selects || c.verb != "INSERT" && c.verb != "REPLACE" && c.verb != "CREATE TABLE" || c.limited || c.committed {
		return
	}
	for _, id := range c.readWhole() {
		c.report(said{message: "every row of " + quoted(id) + " that is read stays locked against writes until it commits", lock: "shared row locks: writers wait, for a time that grows with the table's size",
			safe: "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;\n-- and in batches by key: … WHERE id BETWEEN … AND …;"})
		return
	}
}}

// readWhole are the tables in use of which the statement's queries read a part that grows with them. TABLE t is all of it.
func (c *call) readWhole() []schema.Ident {
	list := sources(Syntax.Tokens(c.s.Text))
	if len(list) == 0 {
		return slices.DeleteFunc(slices.Clone(c.from), func(id schema.Ident) bool { return !c.live(id) })
	}
	if never(list[0].where) {
		return nil
	}
	var out []schema.Ident
	for _, s := range list {
		if id, all := c.readsAll(s); all {
			out = append(out, id)
		}
	}
	return out
}
