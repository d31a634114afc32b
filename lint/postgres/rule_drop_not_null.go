package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var dropNotNull = rule{lint.Rule{
	ID: "drop-not-null", Severity: lint.Note, Kind: lint.Policy,
	Summary: "clients may meet NULL where there was none",
	Why:     "The lock is short and nothing fails on the server. Code that reads the column into a type without NULL fails when the first one is written.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE users ALTER COLUMN email DROP NOT NULL;"}, {SQL: "ALTER TABLE users ALTER age DROP NOT NULL;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE users ALTER COLUMN email DROP DEFAULT;"}, {SQL: "CREATE TABLE t (a int NOT NULL);\nALTER TABLE t ALTER COLUMN a DROP NOT NULL;"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if a.Subtype == pg.AlterTableType_AT_DropNotNull {
			c.report(said{message: fmt.Sprintf("code that reads %s.%s may not be ready for NULL", table(t.Relation), quote(a.Name)), lock: exclusive + ", short", safe: "Deploy readers that take NULL first."})
		}
	})
}}
