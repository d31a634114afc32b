package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var jsonColumn = rule{lint.Rule{
	ID: "json-column", Severity: lint.Note, Kind: lint.Policy,
	Summary: "a json column, which has no equality",
	Why:     "SELECT DISTINCT, GROUP BY and UNION over a row with a json column fail. jsonb has equality and can be indexed.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN a json;"}, {SQL: "CREATE TABLE t (a json);"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN a jsonb;"}, {SQL: "CREATE TABLE t (a jsonb);"}},
}, func(c *call) {
	look := func(d *pg.ColumnDef) {
		if d != nil && typeOf(d.TypeName).name == "json" {
			c.report(said{message: fmt.Sprintf("json has no equality; make %s a jsonb", quote(d.Colname)), safe: quote(d.Colname) + " jsonb"})
		}
	}
	c.alterAny(func(_ *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if a.Subtype == pg.AlterTableType_AT_AddColumn {
			look(a.Def.GetColumnDef())
		}
	})
	for _, e := range c.node.GetCreateStmt().GetTableElts() {
		look(e.GetColumnDef())
	}
}}
