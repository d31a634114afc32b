package mysql

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var objectState = rule{lint.Rule{
	ID: "no-such-object", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a statement that doesn't fit the schema: what it names isn't there, or is there already",
	Why:     "It is said only of tables that are known as a whole, from --schema, --dsn or the files before.",
	Bad:     []lint.Example{{Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;"}, {Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ADD COLUMN a int;"}, {Schema: "CREATE TABLE t (a int);", SQL: "CREATE TABLE t (a int);"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;"}, {Schema: "CREATE TABLE t (a int);", SQL: "CREATE TABLE IF NOT EXISTS t (a int);"}},
}, func(c *call) {
	k := c.relation(c.table)
	if c.verb == "CREATE TABLE" && k != nil && !k.Partial && !c.ifNotExists && !c.replace && !c.temporary && k.Schema == c.table.Schema {
		c.report(said{message: "this fails: there is a table " + quoted(c.table) + " already", safe: "CREATE TABLE IF NOT EXISTS, if the other one is as it should be."})
	}
	if len(c.clauses) == 0 || k == nil || k.Partial || len(k.Columns) == 0 {
		return
	}
	added := map[string]bool{}
	for _, x := range c.clauses {
		there := k.Column(x.name) != nil || added[lower(x.name)]
		why := ""
		switch x.kind {
		case "add column":
			if k.Column(x.name) != nil && !x.exists {
				why = fmt.Sprintf("%s has a column %s already", quoted(c.table), quote(x.name))
			}
			added[lower(x.name)] = true
		case "drop column", "modify", "change", "rename column", "set default", "drop default", "set visible":
			if !there && !x.exists {
				why = fmt.Sprintf("%s has no column %s", quoted(c.table), quote(x.name))
			}
		}
		if why != "" {
			c.report(said{message: "this fails: " + why, safe: "Look at the names, or give the schema as it is before this file."})
		}
	}
}}
