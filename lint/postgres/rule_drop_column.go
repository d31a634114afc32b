package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var dropColumn = rule{lint.Rule{
	ID: "drop-column", Severity: lint.Error, Kind: lint.Data,
	Summary: "a column is dropped: its data is gone, and clients that name it fail",
	Why: "The lock is short; the loss isn't. Every running client that names the column fails at once, and no rollback of the application brings the values back.\n\n" +
		"Let the last reader and writer go first, hide the column for a while (which can be taken back), and drop it then. That is the contract phase of a phasemig change.",
	Bad:  []lint.Example{{SQL: "ALTER TABLE users DROP COLUMN age;"}, {SQL: "ALTER TABLE users DROP COLUMN IF EXISTS age CASCADE;"}},
	Good: []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN age int;\nALTER TABLE users DROP COLUMN age;"}, {SQL: "ALTER TABLE users DROP CONSTRAINT users_age_check;"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if a.Subtype != pg.AlterTableType_AT_DropColumn {
			return
		}
		k := c.relation(t.Relation)
		if k != nil && (k.New[a.Name] || a.MissingOk && !k.Partial && k.Column(a.Name) == nil && len(k.Columns) > 0) {
			return
		}
		c.report(said{message: fmt.Sprintf("%s.%s and its values are gone for good, and running clients that name it fail", table(t.Relation), quote(a.Name)),
			lock: exclusive + ", short",
			safe: fmt.Sprintf("-- in a release of its own, when no statement in pg_stat_statements has named the column for a day:\nALTER TABLE %s DROP COLUMN %s;", table(t.Relation), quote(a.Name))})
	})
}}
