package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var dropPrimaryKey = rule{lint.Rule{
	ID: "drop-primary-key", Severity: lint.Error, Kind: lint.Client,
	Summary: "a primary or unique key is dropped that clients may rely on",
	Why:     "INSERT … ON CONFLICT (columns) fails without the key (42P10), and on a published table UPDATE and DELETE fail without a replica identity. It is said of unique indexes, too. Where another key is on the same columns for every row, that one takes its place, and it is a warning.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE users DROP CONSTRAINT users_pkey;"}, {Schema: "CREATE TABLE users (id int, CONSTRAINT pk PRIMARY KEY (id));", SQL: "ALTER TABLE users DROP CONSTRAINT pk;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE users (a int, CONSTRAINT positive CHECK (a > 0));", SQL: "ALTER TABLE users DROP CONSTRAINT positive;"}, {SQL: "ALTER TABLE users DROP CONSTRAINT users_age_check;"},
		{Schema: "CREATE TABLE users (id int PRIMARY KEY);\nCREATE UNIQUE INDEX big ON users (id);", SQL: "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX big;"}},
}, func(c *call) {
	c.uniqueDropped()
	replaced := false
	c.alter(func(_ *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		replaced = replaced || a.Subtype == pg.AlterTableType_AT_AddConstraint && (a.Def.GetConstraint().GetContype() == pg.ConstrType_CONSTR_PRIMARY || a.Def.GetConstraint().GetContype() == pg.ConstrType_CONSTR_UNIQUE)
	})
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if a.Subtype != pg.AlterTableType_AT_DropConstraint || replaced {
			return
		}
		k := c.relation(t.Relation)
		x := k.FindIndex(a.Name)
		primary := x != nil && x.Primary || x == nil && (k == nil || k.Partial) && a.Name == t.Relation.Relname+"_pkey"
		severity := lint.Warning
		if primary || onConflict(k, x) {
			severity = lint.Error
		} else if x == nil || !x.Unique {
			return
		}
		c.report(said{severity: severity, message: fmt.Sprintf("without the key %s of %s, INSERT … ON CONFLICT and logical replication that rely on it fail", quote(a.Name), table(t.Relation)), lock: exclusive + ", short",
			safe: fmt.Sprintf("-- build the key that takes its place first, and exchange the two in one statement:\nCREATE UNIQUE INDEX CONCURRENTLY %s_new ON %s (…);\nALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %s PRIMARY KEY USING INDEX %s_new;", a.Name, table(t.Relation), table(t.Relation), quote(a.Name), quote(a.Name), a.Name)})
	})
}}

// uniqueDropped: ON CONFLICT relies on a unique index as it does on a constraint.
func (c *call) uniqueDropped() {
	n := c.node.GetDropStmt()
	if n == nil || n.RemoveType != pg.ObjectType_OBJECT_INDEX {
		return
	}
	for _, o := range n.Objects {
		k, x := c.catalog.Owner(identOf(o.GetList().GetItems()).Name)
		if x == nil || x.Constraint || k.Fresh || k.New["index "+x.Name] || k.Kind != "table" || !onConflict(k, x) {
			continue
		}
		c.report(said{message: fmt.Sprintf("without the unique index %s of %s, INSERT … ON CONFLICT on its columns fails", quote(x.Name), quoted(k.Ident)),
			safe: "Build the unique index that takes its place first, or drop it after the last client that names its columns in ON CONFLICT."})
	}
}
