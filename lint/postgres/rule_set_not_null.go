package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var setNotNull = rule{lint.Rule{
	ID: "set-not-null", Severity: lint.Error, Kind: lint.Scan,
	Summary: "SET NOT NULL that reads the whole table under ACCESS EXCLUSIVE",
	Why: "The server has to see that no row is NULL, and holds ACCESS EXCLUSIVE while it looks. Since version 12 a valid CHECK (column IS NOT NULL) spares it the look; such a check is added NOT VALID and " +
		"validated under a lock that lets reads and writes through. Since version 18 NOT NULL itself can be added NOT VALID and be validated later.",
	Bad: []lint.Example{{SQL: "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"}, {Version: "11", Schema: "CREATE TABLE users (email text, CONSTRAINT e CHECK (email IS NOT NULL));", SQL: "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"},
		{SQL: "ALTER TABLE users ADD CONSTRAINT e NOT NULL email;"}},
	Good: []lint.Example{{SQL: "ALTER TABLE users ADD CONSTRAINT e CHECK (email IS NOT NULL) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT e;\nALTER TABLE users ALTER COLUMN email SET NOT NULL;"},
		{Schema: "CREATE TABLE users (email text NOT NULL);", SQL: "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"}, {SQL: "ALTER TABLE users ADD CONSTRAINT e NOT NULL email NOT VALID;"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		column := a.Name
		switch {
		case a.Subtype == pg.AlterTableType_AT_SetNotNull:
		case a.Subtype == pg.AlterTableType_AT_AddConstraint && c.later.notNull != "" && !a.Def.GetConstraint().GetSkipValidation():
			column = c.later.notNull
		default:
			return
		}
		k := c.relation(t.Relation)
		if c.version >= 120000 && proven(k, column) {
			return
		}
		if col := k.Column(column); col != nil && !col.Nullable {
			return
		}
		safe := notNullRecipe(t.Relation, column)
		if c.version >= 180000 {
			name := quote(short(t.Relation.Relname, column, "not_null"))
			safe = fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s NOT NULL %s NOT VALID;\n-- in another transaction:\nALTER TABLE %s VALIDATE CONSTRAINT %s;", table(t.Relation), name, quote(column), table(t.Relation), name)
		}
		c.report(said{message: fmt.Sprintf("the server reads all of %s to see that %s is nowhere NULL, and reads and writes wait for it", table(t.Relation), quote(column)),
			lock: blocksAll(c.size(t.Relation)), safe: safe})
	})
}}

// proven reports whether a valid CHECK says that a column isn't NULL.
func proven(k *lint.Relation, column string) bool {
	if k == nil {
		return false
	}
	return slices.ContainsFunc(k.Constraints, func(q schema.Constraint) bool {
		return q.Kind == schema.Check && !q.NotValid && saysNotNull(q.Definition, column)
	})
}

// saysNotNull reads a CHECK: column IS NOT NULL, by itself or as one of several that all hold.
func saysNotNull(definition, column string) bool {
	text := definition
	if len(text) < 5 || text[:5] != "CHECK" {
		text = "CHECK (" + definition + ")"
	}
	r, err := pg.Parse("ALTER TABLE t ADD " + text)
	if err != nil || len(r.Stmts) == 0 {
		return false
	}
	cmd := r.Stmts[0].Stmt.GetAlterTableStmt().GetCmds()
	return len(cmd) > 0 && notNullTest(cmd[0].GetAlterTableCmd().GetDef().GetConstraint().GetRawExpr(), column)
}

func notNullTest(n *pg.Node, column string) bool {
	if b := n.GetBoolExpr(); b != nil {
		return b.Boolop == pg.BoolExprType_AND_EXPR && slices.ContainsFunc(b.Args, func(a *pg.Node) bool { return notNullTest(a, column) })
	}
	t := n.GetNullTest()
	return t != nil && t.Nulltesttype == pg.NullTestType_IS_NOT_NULL && t.Arg.GetColumnRef() != nil && slices.Equal(columnsIn(t.Arg), []string{column})
}
