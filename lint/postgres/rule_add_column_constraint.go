package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var addColumnConstraint = rule{lint.Rule{
	ID: "add-column-constraint", Severity: lint.Error, Kind: lint.Scan,
	Summary: "a new column that comes with a constraint which reads the table or builds an index",
	Why: "ADD COLUMN holds ACCESS EXCLUSIVE. UNIQUE and PRIMARY KEY build an index under it, CHECK reads the whole table (also where the new column is NULL in every row), and " +
		"REFERENCES validates if the column has a default. REFERENCES without a default has nothing to validate and is taken.\n\nAdd the column first, and the constraint in the way that is online.",
	Bad: []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN email text UNIQUE;"}, {SQL: "ALTER TABLE users ADD COLUMN age int CHECK (age >= 0);"},
		{SQL: "ALTER TABLE users ADD COLUMN plan int DEFAULT 1 REFERENCES plans (id);"}},
	Good: []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN plan int REFERENCES plans (id);"}, {SQL: "ALTER TABLE users ADD COLUMN age int;\nALTER TABLE users ADD CONSTRAINT age CHECK (age >= 0) NOT VALID;"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		d := a.Def.GetColumnDef()
		if a.Subtype != pg.AlterTableType_AT_AddColumn || a.MissingOk && c.relation(t.Relation).Column(d.Colname) != nil {
			return
		}
		for _, n := range d.Constraints {
			c.columnConstraint(t.Relation, d, n.GetConstraint())
		}
	})
}}

func (c *call) columnConstraint(r *pg.RangeVar, d *pg.ColumnDef, q *pg.Constraint) {
	head := fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s;\n", table(r), quote(d.Colname), typeName(d))
	col := []string{d.Colname}
	switch q.GetContype() {
	case pg.ConstrType_CONSTR_UNIQUE, pg.ConstrType_CONSTR_PRIMARY:
		c.report(said{message: fmt.Sprintf("the index behind %s.%s is built while all reads and writes wait", table(r), quote(d.Colname)),
			lock: blocksAll(c.size(r)), safe: head + uniqueRecipe(r, short(r.Relname, d.Colname, "key"), col, q.Contype == pg.ConstrType_CONSTR_PRIMARY)})
	case pg.ConstrType_CONSTR_CHECK:
		if !c.later.notEnforced {
			c.report(said{message: fmt.Sprintf("the CHECK on the new column %s reads all of %s while reads and writes wait", quote(d.Colname), table(r)),
				lock: blocksAll(c.size(r)), safe: head + checkRecipe(r, checkNameOf(r, q, d.Colname), rendered(q.RawExpr))})
		}
	case pg.ConstrType_CONSTR_FOREIGN:
		if hasDefault(d) && !c.later.notEnforced {
			c.report(said{message: fmt.Sprintf("with a default, REFERENCES on the new column %s is validated for every row while reads and writes wait", quote(d.Colname)),
				lock: blocksAll(c.size(r)), safe: head + foreignRecipe(r, forColumn(q, d.Colname))})
		}
	}
}

func checkNameOf(r *pg.RangeVar, q *pg.Constraint, column string) string {
	if q.Conname != "" {
		return q.Conname
	}
	return short(r.Relname, column, "check")
}

func hasDefault(d *pg.ColumnDef) bool {
	for _, n := range d.Constraints {
		if q := n.GetConstraint(); q.GetContype() == pg.ConstrType_CONSTR_DEFAULT && !isNull(q.RawExpr) {
			return true
		}
	}
	return false
}

func uniqueRecipe(r *pg.RangeVar, name string, columns []string, primary bool) string {
	kind := "UNIQUE"
	if primary {
		kind = "PRIMARY KEY"
	}
	return fmt.Sprintf("CREATE UNIQUE INDEX CONCURRENTLY %s ON %s (%s);\nALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s;",
		quote(name), table(r), list(columns), table(r), quote(name), kind, quote(name))
}

func checkRecipe(r *pg.RangeVar, name, expr string) string {
	return fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s) NOT VALID;\n-- in another transaction:\nALTER TABLE %s VALIDATE CONSTRAINT %s;", table(r), quote(name), expr, table(r), quote(name))
}

func foreignRecipe(r *pg.RangeVar, q *pg.Constraint) string {
	name := q.Conname
	if name == "" {
		name = short(append(append([]string{r.GetRelname()}, names(q.FkAttrs)...), "fkey")...)
	}
	to := table(q.Pktable)
	if len(q.PkAttrs) > 0 {
		to += " (" + list(names(q.PkAttrs)) + ")"
	}
	return fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s%s NOT VALID;\n-- in another transaction:\nALTER TABLE %s VALIDATE CONSTRAINT %s;",
		table(r), quote(name), list(names(q.FkAttrs)), to, actions(q), table(r), quote(name))
}

func actions(q *pg.Constraint) string {
	words := map[string]string{"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT"}
	s := ""
	if w := words[q.FkDelAction]; w != "" {
		s += " ON DELETE " + w
	}
	if w := words[q.FkUpdAction]; w != "" {
		s += " ON UPDATE " + w
	}
	return s
}
