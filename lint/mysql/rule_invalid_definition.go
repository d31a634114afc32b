package mysql

import "github.com/phasemig/phasemig/lint"

var invalidDefinition = rule{lint.Rule{
	ID: "invalid-definition", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a definition that the server refuses",
	Why:     "A literal default of a TEXT, BLOB, JSON or geometry column (MySQL), an index on such a column without a prefix, another type for a column of a foreign key, a generated column that becomes a plain one or the other way round, an index that a foreign key needs, a new key column with the same value in every row.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (id int, a text);", SQL: "ALTER TABLE t ADD INDEX (a);"}, {Schema: "CREATE TABLE t (a int, g int AS (a) VIRTUAL);", SQL: "ALTER TABLE t MODIFY g int;"},
		{SQL: "ALTER TABLE t ADD COLUMN code int NOT NULL DEFAULT 0 UNIQUE;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (id int, a text);", SQL: "ALTER TABLE t ADD INDEX (a(100));"}, {SQL: "ALTER TABLE t ADD COLUMN code int UNIQUE;"}},
}, func(c *call) {
	for _, p := range c.costs("invalid-definition") {
		c.report(said{message: "this fails: " + p.fails, safe: "Look at the definition."})
	}
	if !c.altered() {
		return
	}
	for _, x := range c.clauses {
		if col := x.column; x.kind == "add column" && (col.unique || col.primary) && !col.auto && col.notNull && col.generated == "" && !col.expr {
			c.report(said{message: "this fails on a table with more than one row: every row has the same value of the new key column " + quote(col.name), safe: "ALTER TABLE " + quoted(c.table) + " ADD COLUMN " + quote(col.name) + " " + col.typ.String() + "; -- fill it in batches, then ADD UNIQUE"})
		}
		if need := c.needed(x); need != "" {
			c.report(said{message: "this fails: the foreign key " + need + " needs the index " + quote(x.name), safe: "Drop the foreign key in the same ALTER, or add another index that begins with its columns first."})
		}
	}
}}

// needed names a foreign key that would be left without an index.
func (c *call) needed(x clause) string {
	k := c.relation(c.table)
	if x.kind != "drop key" || k == nil {
		return ""
	}
	gone := k.FindIndex(x.name)
	if gone == nil {
		return ""
	}
	for _, q := range k.Constraints {
		if q.Kind != "foreign_key" || q.Incoming || len(q.Columns) == 0 || !beginsWith(gone.Columns, q.Columns) {
			continue
		}
		other := false
		for _, i := range k.Indexes {
			other = other || i.Name != gone.Name && beginsWith(i.Columns, q.Columns)
		}
		for _, y := range c.clauses {
			other = other || y.kind == "drop foreign" && same(y.name, q.Name) || y.kind == "drop constraint" && same(y.name, q.Name) || y.kind == "add key" && beginsWith(y.key.parts, q.Columns)
		}
		if !other {
			return quote(q.Name)
		}
	}
	return ""
}
