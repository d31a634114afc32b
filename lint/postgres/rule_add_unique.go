package postgres

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var addUnique = rule{lint.Rule{
	ID: "add-unique", Severity: lint.Error, Kind: lint.Lock,
	Summary: "a unique or primary key is added whose index is built under ACCESS EXCLUSIVE",
	Why: "The index is built while nobody can read or write the table. CREATE UNIQUE INDEX CONCURRENTLY builds it beside traffic; ADD CONSTRAINT … USING INDEX takes it in a moment.\n\n" +
		"PRIMARY KEY USING INDEX on a column that may be NULL reads the table: make it NOT NULL first by a validated CHECK.",
	Bad: []lint.Example{{SQL: "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);"}, {SQL: "ALTER TABLE users ADD PRIMARY KEY (id);"},
		{Schema: "CREATE TABLE users (id int);\nCREATE UNIQUE INDEX users_id ON users (id);", SQL: "ALTER TABLE users ADD PRIMARY KEY USING INDEX users_id;"}},
	Good: []lint.Example{{SQL: "CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email);\nALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;"}, {SQL: "CREATE TABLE t (a int UNIQUE);"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		q := a.Def.GetConstraint()
		primary := q.GetContype() == pg.ConstrType_CONSTR_PRIMARY
		if a.Subtype != pg.AlterTableType_AT_AddConstraint || !primary && q.GetContype() != pg.ConstrType_CONSTR_UNIQUE {
			return
		}
		if q.Indexname != "" {
			if nulls := c.nullable(t.Relation, q); primary && nulls != "" {
				c.report(said{message: fmt.Sprintf("%s may be NULL, so that the server reads all of %s to make it a primary key", nulls, table(t.Relation)), lock: blocksAll(c.size(t.Relation)), safe: notNullRecipe(t.Relation, nulls)})
			}
			return
		}
		name := q.Conname
		if name == "" {
			name = short(t.Relation.Relname, strings.Join(names(q.Keys), "_"), "key")
		}
		safe := uniqueRecipe(t.Relation, name, names(q.Keys), primary)
		for _, col := range names(q.Keys) {
			if d := c.relation(t.Relation).Column(col); primary && d != nil && d.Nullable {
				safe = notNullRecipe(t.Relation, col) + "\n" + safe
			}
		}
		c.report(said{message: fmt.Sprintf("the index behind the key is built while all reads and writes of %s wait", table(t.Relation)),
			lock: blocksAll(c.size(t.Relation)), safe: safe})
	})
}}

// nullable names a column of an index that is known to be nullable and unproven.
func (c *call) nullable(r *pg.RangeVar, q *pg.Constraint) string {
	k := c.relation(r)
	if k == nil {
		return ""
	}
	x := k.FindIndex(q.Indexname)
	if x == nil {
		return ""
	}
	for _, p := range x.Columns {
		if col := k.Column(p.Name); col != nil && col.Nullable && !(c.version >= 120000 && proven(k, p.Name)) {
			return p.Name
		}
	}
	return ""
}
