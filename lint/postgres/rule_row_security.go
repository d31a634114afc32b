package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var rowSecurity = rule{lint.Rule{
	ID: "row-security-without-policy", Severity: lint.Error, Kind: lint.Client,
	Summary: "row security is switched on for a table without a policy",
	Why:     "Without a policy everything is refused: reads see no row and writes fail, for everybody but the owner and superusers; with FORCE for the owner, too. Create the policies first, in the same transaction.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE users ENABLE ROW LEVEL SECURITY;"}, {SQL: "ALTER TABLE users FORCE ROW LEVEL SECURITY;"}},
	Good:    []lint.Example{{SQL: "CREATE POLICY own ON users USING (owner = current_user);\nALTER TABLE users ENABLE ROW LEVEL SECURITY;"}, {SQL: "ALTER TABLE users DISABLE ROW LEVEL SECURITY;"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if a.Subtype != pg.AlterTableType_AT_EnableRowSecurity && a.Subtype != pg.AlterTableType_AT_ForceRowSecurity {
			return
		}
		if k := c.relation(t.Relation); k != nil && k.Policies > 0 {
			return
		}
		c.report(said{message: fmt.Sprintf("no policy of %s is known: clients see no row and write none", table(t.Relation)), lock: exclusive + ", short", safe: fmt.Sprintf("BEGIN;\nCREATE POLICY … ON %s USING (…);\n%s;\nCOMMIT;", table(t.Relation), c.s.Text)})
	})
}}
