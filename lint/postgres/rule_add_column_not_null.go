package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var addColumnNotNull = rule{lint.Rule{
	ID: "add-column-not-null", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a new NOT NULL column without a value for the rows that are there",
	Why: "On a table with rows the statement fails (23502). On an empty one it goes through, and every client that doesn't know the column fails from then on.\n\n" +
		"Give it a default, or add it nullable, fill it, and set NOT NULL by a validated CHECK.",
	Bad:  []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN country text NOT NULL;"}, {SQL: "ALTER TABLE users ADD COLUMN country text DEFAULT NULL NOT NULL;"}},
	Good: []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN country text NOT NULL DEFAULT 'de';"}, {SQL: "ALTER TABLE users ADD COLUMN country text;"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		d := a.Def.GetColumnDef()
		if a.Subtype != pg.AlterTableType_AT_AddColumn || !needsValue(d) || a.MissingOk && c.relation(t.Relation).Column(d.Colname) != nil {
			return
		}
		c.report(said{message: fmt.Sprintf("%s.%s is NOT NULL and has no default: this fails on a table with rows, and clients that don't know the column could insert none", table(t.Relation), quote(d.Colname)),
			safe: fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s NOT NULL DEFAULT …;\n-- or nullable, filled in batches, and then:\n%s", table(t.Relation), quote(d.Colname), typeName(d), notNullRecipe(t.Relation, d.Colname))})
	})
}}

func needsValue(d *pg.ColumnDef) bool {
	required, filled := false, typeOf(d.TypeName).serial() != ""
	for _, n := range d.Constraints {
		switch q := n.GetConstraint(); q.GetContype() {
		case pg.ConstrType_CONSTR_NOTNULL, pg.ConstrType_CONSTR_PRIMARY:
			required = true
		case pg.ConstrType_CONSTR_DEFAULT:
			filled = filled || !isNull(q.RawExpr)
		case pg.ConstrType_CONSTR_IDENTITY, pg.ConstrType_CONSTR_GENERATED:
			filled = true
		}
	}
	return required && !filled
}

func notNullRecipe(r *pg.RangeVar, column string) string {
	t, k, col := table(r), quote(short(r.GetRelname(), column, "not_null")), quote(column)
	return fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n-- in another transaction:\nALTER TABLE %s VALIDATE CONSTRAINT %s;\nALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\nALTER TABLE %s DROP CONSTRAINT %s;",
		t, k, col, t, k, t, col, t, k)
}
