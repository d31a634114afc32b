package postgres

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var objectState = rule{lint.Rule{
	ID: "no-such-object", Severity: lint.Error, Kind: lint.Fails,
	Summary: "an ALTER TABLE that doesn't fit the schema: what it names isn't there, or is there already",
	Why:     "It is said only of tables that are known as a whole, from --schema, --dsn or the files before.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;"}, {Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ADD COLUMN a int;"},
		{Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t VALIDATE CONSTRAINT c;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;"}, {SQL: "ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;"}},
}, func(c *call) {
	t := c.node.GetAlterTableStmt()
	if t == nil {
		return
	}
	k := c.relation(t.Relation)
	if k == nil || k.Partial || k.Kind != "table" || len(k.Columns) == 0 {
		if c.gone(ident(t.Relation)) && !t.MissingOk && t.Objtype == pg.ObjectType_OBJECT_TABLE {
			c.report(said{message: fmt.Sprintf("this fails: there is no table %s", table(t.Relation)), safe: "Look at the name and its schema."})
		}
		return
	}
	added := map[string]bool{}
	for _, n := range t.Cmds {
		a := n.GetAlterTableCmd()
		if why := misfit(k, a, added); why != "" {
			c.report(said{message: "this fails: " + why, safe: "Look at the names, or give the schema as it is before this file."})
		}
		if d := a.Def.GetColumnDef(); d != nil && a.Subtype == pg.AlterTableType_AT_AddColumn {
			added[d.Colname] = true
		}
		if q := a.Def.GetConstraint(); q != nil {
			added["constraint "+q.Conname] = true
		}
	}
}}

// misfit says why an action can't be meant for a table.
func misfit(k *lint.Relation, a *pg.AlterTableCmd, added map[string]bool) string {
	missing := a.Name != "" && k.Column(a.Name) == nil && !added[a.Name] && !a.MissingOk
	switch a.Subtype {
	case pg.AlterTableType_AT_AddColumn:
		if d := a.Def.GetColumnDef(); k.Column(d.Colname) != nil && !a.MissingOk {
			return fmt.Sprintf("%s has a column %s already", quoted(k.Ident), quote(d.Colname))
		}
	case pg.AlterTableType_AT_DropColumn, pg.AlterTableType_AT_ColumnDefault, pg.AlterTableType_AT_SetNotNull, pg.AlterTableType_AT_DropNotNull,
		pg.AlterTableType_AT_AlterColumnType, pg.AlterTableType_AT_SetStorage, pg.AlterTableType_AT_AddIdentity, pg.AlterTableType_AT_SetExpression:
		if missing {
			return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(a.Name))
		}
	case pg.AlterTableType_AT_ValidateConstraint, pg.AlterTableType_AT_AlterConstraint:
		generated := strings.HasPrefix(a.Name, k.Name+"_") // the server's own name, which isn't always foreseen
		if k.FindConstraint(a.Name) == nil && !added["constraint "+a.Name] && !generated {
			return fmt.Sprintf("%s has no constraint %s", quoted(k.Ident), quote(a.Name))
		}
	}
	return ""
}
