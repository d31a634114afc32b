package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var nullsEqual = rule{lint.Rule{
	ID: "key-of-equal-values", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a unique key on columns whose values can't differ in every row",
	Why: "With NULLS NOT DISTINCT (15 and later) two rows that are NULL in every column of the key are equal, so a key on columns that may be NULL fails as soon as a second row is (23505). A key on booleans or values of an enum has room for a few rows only. " +
		"A concurrent build that fails leaves an INVALID index behind.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (id int PRIMARY KEY, a int);", SQL: "CREATE UNIQUE INDEX CONCURRENTLY u ON t (a) NULLS NOT DISTINCT;"}, {Schema: "CREATE TABLE t (id int PRIMARY KEY, done boolean NOT NULL);", SQL: "CREATE UNIQUE INDEX CONCURRENTLY u ON t (done);"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL);", SQL: "CREATE UNIQUE INDEX CONCURRENTLY u ON t (a) NULLS NOT DISTINCT;"}, {Schema: "CREATE TABLE t (id int PRIMARY KEY, a int);", SQL: "CREATE UNIQUE INDEX CONCURRENTLY u ON t (a);"},
		{Schema: "CREATE TABLE t (id int PRIMARY KEY, a int);", SQL: "CREATE UNIQUE INDEX CONCURRENTLY u ON t (a) NULLS NOT DISTINCT WHERE a IS NOT NULL;"}},
}, func(c *call) {
	if n := c.node.GetIndexStmt(); n != nil && n.Unique && n.WhereClause == nil && c.live(n.Relation) && !(n.IfNotExists && c.relation(n.Relation).FindIndex(n.Idxname) != nil) {
		var cols []string
		for _, p := range n.IndexParams {
			cols = append(cols, p.GetIndexElem().GetName())
		}
		c.equals(n.Relation, cols, n.NullsNotDistinct)
	}
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if q := a.Def.GetConstraint(); a.Subtype == pg.AlterTableType_AT_AddConstraint && q.GetContype() == pg.ConstrType_CONSTR_UNIQUE && q.Indexname == "" {
			c.equals(t.Relation, names(q.Keys), q.NullsNotDistinct)
		}
	})
}}

func (c *call) equals(r *pg.RangeVar, cols []string, nulls bool) {
	k := c.relation(r)
	if !whole(k) || len(cols) == 0 || slices.ContainsFunc(cols, func(n string) bool { return k.Column(n) == nil || k.New[n] }) {
		return
	}
	all := func(f func(*schema.Column) bool) bool {
		return !slices.ContainsFunc(cols, func(n string) bool { return !f(k.Column(n)) })
	}
	switch {
	case nulls && all(func(col *schema.Column) bool { return col.Nullable }):
		c.report(said{message: fmt.Sprintf("this fails on two rows of %s that are NULL in (%s): NULLS NOT DISTINCT takes them for equal", table(r), list(cols)), safe: "Leave NULLS NOT DISTINCT out, or build the key WHERE … IS NOT NULL."})
	case all(func(col *schema.Column) bool { return c.fewValues(col) }):
		c.report(said{message: fmt.Sprintf("this fails as soon as %s has more rows than (%s) has values", table(r), list(cols)), safe: "Put the columns into the key that tell rows apart."})
	}
}

// fewValues: a boolean, or an enum.
func (c *call) fewValues(col *schema.Column) bool {
	t := c.base(parseType(col.Type))
	e := c.catalog.Type(t.name)
	return !t.array && (t.name == "bool" || e != nil && e.Kind == "enum")
}
