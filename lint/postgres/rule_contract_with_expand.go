package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var contractWithExpand = rule{lint.Rule{
	ID: "contract-with-expand", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "a column is dropped in the same release that adds the one in its place",
	Why:     "Between the two the application has to move from the old column to the new one, and be able to move back. Add the column in one release, and drop the old one in a later one, after a time in which it was hidden.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN display_name text, DROP COLUMN full_name;"}, {SQL: "ALTER TABLE users ADD COLUMN display_name text;\nALTER TABLE users DROP COLUMN full_name;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN display_name text;"}, {SQL: "CREATE TABLE t (a int);\nALTER TABLE t ADD COLUMN b int, DROP COLUMN a;"}},
}, func(c *call) {
	added := false
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		k := c.relation(t.Relation)
		if a.Subtype == pg.AlterTableType_AT_AddColumn {
			added = true
		}
		if k != nil {
			for name := range k.New {
				added = added || k.Column(name) != nil
			}
		}
		if a.Subtype == pg.AlterTableType_AT_DropColumn && added && (k == nil || !k.New[a.Name]) {
			c.report(said{message: fmt.Sprintf("%s loses %s in the same file in which it gets a column", table(t.Relation), quote(a.Name)), safe: "Drop it in a later release; until then both are kept in step by a phasemig change."})
		}
	})
}}
