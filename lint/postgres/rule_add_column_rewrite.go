package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var addColumnRewrite = rule{lint.Rule{
	ID: "add-column-rewrite", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "a new column whose values have to be written into every row",
	Why: "A constant or STABLE default (`now()`) is kept in the catalog since PostgreSQL 11 and costs nothing. A VOLATILE default, a serial or identity column, a STORED generated " +
		"column and a column of a domain with a constraint give each row a value of its own: the server writes the table and all of its indexes anew under ACCESS EXCLUSIVE. " +
		"Up to version 10 every default does so.\n\nVIRTUAL generated columns (18) are computed when they are read and rewrite nothing.",
	Bad: []lint.Example{
		{SQL: "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();"},
		{SQL: "ALTER TABLE orders ADD COLUMN seq bigserial;"},
		{SQL: "ALTER TABLE orders ADD COLUMN total numeric GENERATED ALWAYS AS (price * n) STORED;"},
		{Version: "10", SQL: "ALTER TABLE orders ADD COLUMN state int DEFAULT 0;"},
	},
	Good: []lint.Example{
		{SQL: "ALTER TABLE orders ADD COLUMN created timestamptz DEFAULT now();"},
		{SQL: "ALTER TABLE orders ADD COLUMN state int NOT NULL DEFAULT 0;"},
		{SQL: "ALTER TABLE orders ADD COLUMN total numeric GENERATED ALWAYS AS (price * n) VIRTUAL;"},
	}}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if a.Subtype != pg.AlterTableType_AT_AddColumn || a.MissingOk && c.relation(t.Relation).Column(a.Def.GetColumnDef().GetColname()) != nil {
			return
		}
		d := a.Def.GetColumnDef()
		if why := c.rewrites(d); why != "" {
			c.report(said{message: fmt.Sprintf("adding %s rewrites %s: %s", quote(d.Colname), table(t.Relation), why),
				lock: blocksAll(c.size(t.Relation)), safe: fillColumn(t.Relation, d)})
		}
	})
}}

// rewrites says why adding a column writes the table anew, "" if it doesn't.
func (c *call) rewrites(d *pg.ColumnDef) string {
	typ := typeOf(d.TypeName)
	if typ.serial() != "" {
		return "a serial column numbers every row"
	}
	why := ""
	for _, n := range d.Constraints {
		switch q := n.GetConstraint(); q.GetContype() {
		case pg.ConstrType_CONSTR_IDENTITY:
			return "an identity column numbers every row"
		case pg.ConstrType_CONSTR_GENERATED:
			if !c.later.isVirtual(q) {
				return "the values of a STORED generated column are computed and written for every row"
			}
		case pg.ConstrType_CONSTR_DEFAULT:
			switch f := c.volatileIn(q.RawExpr); {
			case f != "":
				why = "the default calls " + f + "(), which is volatile, so every row gets a value of its own"
			case c.version < 110000 && !isNull(q.RawExpr):
				why = "before version 11 any default is written into every row"
			}
		}
	}
	if t := c.catalog.Type(typ.name); why == "" && t != nil && t.Kind == "domain" && t.Check {
		return "the domain " + typ.name + " has a constraint, which the server checks row by row while it rewrites"
	}
	return why
}

func isNull(n *pg.Node) bool {
	if n.GetTypeCast() != nil {
		return isNull(n.GetTypeCast().Arg)
	}
	return n.GetAConst().GetIsnull()
}

func typeName(d *pg.ColumnDef) string {
	t := typeOf(d.TypeName)
	if s := t.serial(); s != "" {
		return s
	}
	return t.String()
}

// fillColumn is the way that never writes the table at once.
func fillColumn(r *pg.RangeVar, d *pg.ColumnDef) string {
	value := "…"
	generated := false
	for _, n := range d.Constraints {
		switch q := n.GetConstraint(); q.GetContype() {
		case pg.ConstrType_CONSTR_DEFAULT:
			value = rendered(q.RawExpr)
		case pg.ConstrType_CONSTR_GENERATED:
			value, generated = rendered(q.RawExpr), true
		}
	}
	t, col, typ := table(r), quote(d.Colname), typeName(d)
	head := fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s;\n", t, col, typ)
	fill := fmt.Sprintf("-- then in batches by key, each committed by itself:\nUPDATE %s SET %s = %s WHERE %s IS NULL AND id BETWEEN … AND …;", t, col, value, col)
	switch {
	case generated:
		return head + "-- a BEFORE INSERT OR UPDATE trigger computes it for new rows;\n" + fill
	case value == "…":
		seq := short(r.Relname, d.Colname, "seq")
		return head + fmt.Sprintf("CREATE SEQUENCE %s OWNED BY %s.%s;\nALTER TABLE %s ALTER COLUMN %s SET DEFAULT nextval('%s');\n", quote(seq), t, col, t, col, seq) +
			fmt.Sprintf("-- then in batches by key, each committed by itself:\nUPDATE %s SET %s = nextval('%s') WHERE %s IS NULL AND id BETWEEN … AND …;", t, col, seq, col)
	}
	return head + fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;\n", t, col, value) + fill
}
