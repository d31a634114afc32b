package mysql

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var contractWithExpand = rule{lint.Rule{
	ID: "contract-with-expand", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "a column is dropped in the same release that adds the one in its place",
	Why:     "Between the two the application has to move from the old column to the new one, and be able to move back. Add the column in one release, and drop the old one in a later one, after a time in which it was hidden.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN display_name text, DROP COLUMN full_name;"}, {SQL: "ALTER TABLE users ADD COLUMN display_name text;\nALTER TABLE users DROP COLUMN full_name;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN display_name text;"}, {SQL: "CREATE TABLE f (a int);\nALTER TABLE f ADD COLUMN b int, DROP COLUMN a;"}},
}, func(c *call) {
	if !c.altered() {
		return
	}
	k := c.relation(c.table)
	added := k != nil && len(k.New) > 0
	for _, x := range c.clauses {
		added = added || x.kind == "add column"
	}
	for _, x := range c.clauses {
		if x.kind == "drop column" && added && (k == nil || !k.New[lower(x.name)]) {
			c.report(said{message: fmt.Sprintf("%s loses %s in the same file in which it gets a column", quoted(c.table), quote(x.name)), safe: "Drop it in a later release; until then both are kept in step by a phasemig change."})
		}
	}
}}
