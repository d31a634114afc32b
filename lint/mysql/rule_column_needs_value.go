package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var columnNeedsValue = rule{lint.Rule{
	ID: "column-needs-value", Severity: lint.Error, Kind: lint.Client,
	Summary: "a column becomes NOT NULL, or loses its default: INSERTs that leave it out fail",
	Why:     "On MySQL DROP DEFAULT takes away even the NULL that a column without a default has. A running client doesn't name a column that may be NULL or has a default. Without both its INSERTs fail (1364), and a row that is NULL makes the ALTER itself fail. With a default it is a warning: only what writes NULL fails.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int NOT NULL DEFAULT 0);", SQL: "ALTER TABLE t ALTER COLUMN a DROP DEFAULT;"}, {Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t MODIFY a int NOT NULL;"},
		{Schema: "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY);", SQL: "ALTER TABLE t MODIFY id int NOT NULL;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (a int DEFAULT 0);", SQL: "ALTER TABLE t ALTER COLUMN a SET DEFAULT NULL;"}, {Schema: "CREATE TABLE t (a int NOT NULL DEFAULT 0);", SQL: "ALTER TABLE t ALTER COLUMN a SET DEFAULT 1;"}},
}, func(c *call) {
	if !c.altered() {
		return
	}
	k := c.relation(c.table)
	for _, x := range c.clauses {
		if name := c.nullIn(k, x); name != "" {
			c.report(said{message: fmt.Sprintf("%s is NULL wherever %s is, and NOT NULL: INSERTs and UPDATEs of running clients with such a row fail", quote(x.name), quote(name)), safe: "Leave NOT NULL away, or wrap the expression in COALESCE(…)."})
		}
		was := k.Column(x.name)
		if was == nil || k.New[lower(x.name)] {
			continue
		}
		at := quoted(c.table) + "." + quote(x.name)
		col := x.column
		first := strings.HasPrefix(lower(was.Type), "enum") // whose first member is its value
		required := !first && (col.notNull || col.primary || primaryPart(k, x.name)) && !col.auto && col.generated == ""
		switch {
		case c.checkedDefault(k, x):
			c.report(said{message: "a CHECK refuses the new default of " + at + ": INSERTs of running clients that leave it out fail", safe: "Take a default that the CHECK lets through."})
		case x.kind == "drop default" && !first && was.Nullable && !c.maria && was.Generated == "":
			c.report(said{message: at + " has no default any more, not even NULL: INSERTs of running clients that leave it out fail", safe: "Leave it: a default of NULL costs nothing. ALTER COLUMN … SET DEFAULT NULL takes another one away."})
		case x.kind == "drop default" && !first && !was.Nullable && was.Default != nil:
			c.report(said{message: at + " is NOT NULL: INSERTs of running clients that leave it out fail without its default", safe: "Drop the default after the last client that relies on it."})
		case x.kind != "modify" && x.kind != "change" || !same(x.column.name, x.name):
		case required && was.Nullable && col.nullDefault():
			c.report(said{message: "a row where " + at + " is NULL makes this fail, and INSERTs of running clients that leave it out fail afterwards",
				safe: fmt.Sprintf("-- fill NULLs in batches first; then with a default, until all clients write it:\nALTER TABLE %s MODIFY %s %s NOT NULL DEFAULT …, ALGORITHM=INPLACE, LOCK=NONE;", quoted(c.table), quote(x.name), col.typ)})
		case required && was.Nullable:
			c.report(said{severity: lint.Warning, message: "a row where " + at + " is NULL makes this fail, and so do writes of NULL afterwards", safe: "Fill NULLs in batches first."})
		case required && !was.Nullable && col.nullDefault() && (was.Default != nil || was.Identity != ""):
			c.report(said{message: "MODIFY leaves out the default of " + at + ", or its AUTO_INCREMENT, which it had: INSERTs of running clients that leave it out fail", safe: "Repeat the whole definition in MODIFY."})
		}
	}
}}

// checkedDefault: a CHECK that stays refuses the default that a column gets.
func (c *call) checkedDefault(k *lint.Relation, x clause) bool {
	if !x.column.hasDef || x.kind != "set default" && x.kind != "modify" && x.kind != "change" {
		return false
	}
	return slices.ContainsFunc(k.Constraints, func(q schema.Constraint) bool {
		gone := c.dropsConstraint(q.Name) || c.maria && x.kind != "set default" && len(q.Columns) == 1
		return q.Kind == schema.Check && !q.Incoming && !q.NotValid && !gone && c.defaultRefused(column{name: x.name, def: x.column.def, checkOf: q.Definition})
	})
}

// nullIn names a column that may be NULL and that the expression of a new VIRTUAL NOT NULL column rests on. The server looks at rows that are
// written, not at those that are there.
func (c *call) nullIn(k *lint.Relation, x clause) string {
	col := x.column
	if x.kind != "add column" || c.maria || col.generated != "virtual" || !col.notNull || !whole(k) {
		return ""
	}
	for _, t := range Syntax.Tokens(col.as) {
		if t.Is("COALESCE") || t.Is("IFNULL") || t.Is("IF") || t.Is("CASE") || t.Is("IS") || t.Is("<") || t.Is("CONCAT_WS") || t.Is("ISNULL") {
			return ""
		}
	}
	for _, o := range k.Columns {
		if o.Nullable && mentions(col.as, o.Name) {
			return o.Name
		}
	}
	return ""
}
