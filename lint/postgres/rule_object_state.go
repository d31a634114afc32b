package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var objectState = rule{lint.Rule{
	ID: "no-such-object", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a statement that doesn't fit the schema: what it names isn't there, or is there already",
	Why: "It is said of tables that are known as a whole, from --schema, --dsn or the files before. That a table, a view, a type, a function or a schema isn't there at all is said where --schema holds the whole schema: " +
		"it makes every table that it changes. After CREATE EXTENSION of something else than plpgsql no type or function is said to be missing.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;"}, {Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ADD COLUMN a int;"},
		{Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t VALIDATE CONSTRAINT c;"}, {Schema: "CREATE TABLE t (a int);", SQL: "DROP VIEW v;"}, {Schema: "CREATE TABLE t (a int);", SQL: "CREATE INDEX CONCURRENTLY i ON t (b);"},
		{Schema: "CREATE TABLE t (a int);\nCREATE TABLE u (a int);", SQL: "ALTER TABLE t RENAME TO u;"}, {Schema: "CREATE TABLE t (a int);", SQL: "CREATE TABLE u (m mood);"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;"}, {SQL: "ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;"}, {Schema: "CREATE TABLE t (a int);", SQL: "DROP TABLE IF EXISTS u;"}},
}, func(c *call) {
	if t := c.node.GetAlterTableStmt(); t != nil && t.Objtype != pg.ObjectType_OBJECT_TYPE {
		c.alterState(t)
		return
	}
	if why := c.state(); why != "" {
		c.report(said{message: "this fails: " + why, safe: "Look at the names, or give the schema as it is before this file."})
	}
}}

func (c *call) alterState(t *pg.AlterTableStmt) {
	say := func(why string) {
		c.report(said{message: "this fails: " + why, safe: "Look at the names, or give the schema as it is before this file."})
	}
	k := c.relation(t.Relation)
	if t.Objtype == pg.ObjectType_OBJECT_INDEX {
		if !t.MissingOk && c.noIndex(ident(t.Relation)) {
			say("there is no index " + table(t.Relation))
		}
		for _, n := range t.Cmds {
			if r := n.GetAlterTableCmd().GetDef().GetPartitionCmd().GetName(); r != nil && c.noIndex(ident(r)) {
				say("there is no index " + table(r))
			}
		}
		return
	}
	if c.lacks(ident(t.Relation)) {
		if !t.MissingOk {
			say(fmt.Sprintf("there is no %s %s", kindOf(t.Objtype), table(t.Relation)))
		}
		return
	}
	added := map[string]bool{}
	for _, n := range t.Cmds {
		a := n.GetAlterTableCmd()
		why := c.names(k, a)
		if why == "" && whole(k) {
			why = c.misfit(k, a, added)
		}
		if why != "" {
			say(why)
		}
		if d := a.Def.GetColumnDef(); d != nil && a.Subtype == pg.AlterTableType_AT_AddColumn {
			added[d.Colname] = true
		}
		if q := a.Def.GetConstraint(); q != nil && q.Conname != "" {
			added["constraint "+q.Conname] = true
		}
		if a.Subtype == pg.AlterTableType_AT_DropColumn {
			added["dropped "+a.Name] = true
		}
		if a.Subtype == pg.AlterTableType_AT_DropConstraint {
			added["gone "+a.Name] = true
		}
	}
}

func kindOf(t pg.ObjectType) string {
	switch t {
	case pg.ObjectType_OBJECT_VIEW:
		return "view"
	case pg.ObjectType_OBJECT_MATVIEW:
		return "materialized view"
	case pg.ObjectType_OBJECT_SEQUENCE:
		return "sequence"
	case pg.ObjectType_OBJECT_INDEX:
		return "index"
	}
	return "table"
}

// names looks at what an action names outside of its table.
func (c *call) names(k *lint.Relation, a *pg.AlterTableCmd) string {
	if d := a.Def.GetColumnDef(); d != nil && c.noType(d.TypeName) {
		return "there is no type " + dotted(d.TypeName.Names)
	}
	if d := a.Def.GetColumnDef(); d != nil && d.CollClause != nil && c.unordered(d.TypeName) {
		return typeOf(d.TypeName).String() + " has no collations"
	}
	if d := a.Def.GetColumnDef(); d != nil && c.noCollation(d.CollClause) {
		return "there is no collation " + dotted(d.CollClause.Collname)
	}
	switch a.Subtype {
	case pg.AlterTableType_AT_AddInherit, pg.AlterTableType_AT_DropInherit:
		if r := a.Def.GetRangeVar(); r != nil && c.lacks(ident(r)) {
			return "there is no table " + table(r)
		}
	case pg.AlterTableType_AT_AttachPartition, pg.AlterTableType_AT_DetachPartition:
		if r := a.Def.GetPartitionCmd().GetName(); r != nil && c.lacks(ident(r)) {
			return "there is no table " + table(r)
		}
	case pg.AlterTableType_AT_EnableTrig, pg.AlterTableType_AT_DisableTrig, pg.AlterTableType_AT_EnableAlwaysTrig, pg.AlterTableType_AT_EnableReplicaTrig:
		if c.catalog.Complete && k != nil && c.catalog.Objects.Find("trigger", schema.Ident{Name: a.Name}, k) == nil {
			return fmt.Sprintf("%s has no trigger %s", quoted(k.Ident), quote(a.Name))
		}
	case pg.AlterTableType_AT_EnableRule, pg.AlterTableType_AT_DisableRule:
		if c.catalog.Complete && k != nil && c.catalog.Objects.Find("rule", schema.Ident{Name: a.Name}, k) == nil {
			return fmt.Sprintf("%s has no rule %s", quoted(k.Ident), quote(a.Name))
		}
	}
	return ""
}

// unordered: a type of the server's own whose values have no collation.
func (c *call) unordered(n *pg.TypeName) bool {
	t := c.base(typeOf(n))
	text := t.name == "text" || t.name == "varchar" || t.name == "bpchar" || t.name == "citext" || t.name == "name" || len(n.GetArrayBounds()) > 0
	return !text && group[t.name] != ""
}

func (j *judge) noCollation(n *pg.CollateClause) bool {
	if n == nil || !j.catalog.Complete || j.catalog.Objects.Find("collation", identOf(n.Collname), nil) != nil {
		return false
	}
	name := lastOf(n.Collname)
	return !slices.Contains([]string{"C", "POSIX", "default", "ucs_basic", "unicode", "pg_c_utf8", "pg_unicode_fast"}, name) && !strings.ContainsAny(name, "_-.") // those of the operating system have one
}

func lastOf(list []*pg.Node) string {
	n := names(list)
	if len(n) == 0 {
		return ""
	}
	return n[len(n)-1]
}

// misfit says why an action can't be meant for a table.
func (c *call) misfit(k *lint.Relation, a *pg.AlterTableCmd, added map[string]bool) string {
	missing := a.Name != "" && (k.Column(a.Name) == nil || added["dropped "+a.Name]) && !added[a.Name] && !a.MissingOk
	switch a.Subtype {
	case pg.AlterTableType_AT_AddColumn:
		d := a.Def.GetColumnDef()
		if (k.Column(d.Colname) != nil && !added["dropped "+d.Colname] || added[d.Colname]) && !a.MissingOk {
			return fmt.Sprintf("%s has a column %s already", quoted(k.Ident), quote(d.Colname))
		}
	case pg.AlterTableType_AT_DropColumn, pg.AlterTableType_AT_ColumnDefault, pg.AlterTableType_AT_SetNotNull, pg.AlterTableType_AT_DropNotNull,
		pg.AlterTableType_AT_AlterColumnType, pg.AlterTableType_AT_SetStorage, pg.AlterTableType_AT_AddIdentity, pg.AlterTableType_AT_SetExpression,
		pg.AlterTableType_AT_SetStatistics, pg.AlterTableType_AT_SetCompression, pg.AlterTableType_AT_SetOptions, pg.AlterTableType_AT_ResetOptions,
		pg.AlterTableType_AT_SetIdentity, pg.AlterTableType_AT_DropIdentity, pg.AlterTableType_AT_DropExpression:
		if missing || a.Name != "" && (a.Subtype == pg.AlterTableType_AT_DropIdentity || a.Subtype == pg.AlterTableType_AT_DropExpression) && k.Column(a.Name) == nil && !added[a.Name] {
			return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(a.Name))
		}
	case pg.AlterTableType_AT_ValidateConstraint, pg.AlterTableType_AT_AlterConstraint, pg.AlterTableType_AT_DropConstraint:
		name := a.Name
		if q := a.Def.GetConstraint(); name == "" && q != nil {
			name = q.Conname
		}
		if !a.MissingOk && !hasConstraint(k, name) && !added["constraint "+name] && !c.serverGiven(name) {
			return fmt.Sprintf("%s has no constraint %s", quoted(k.Ident), quote(name))
		}
	case pg.AlterTableType_AT_ClusterOn, pg.AlterTableType_AT_ReplicaIdentity:
		name := a.Name
		if r := a.Def.GetReplicaIdentityStmt(); r != nil {
			name = r.Name
		}
		if name != "" && k.FindIndex(name) == nil && !c.serverGiven(name) {
			return fmt.Sprintf("%s has no index %s", quoted(k.Ident), quote(name))
		}
	case pg.AlterTableType_AT_AddConstraint:
		return c.newConstraint(k, a.Def.GetConstraint(), added)
	}
	return ""
}

// newConstraint looks at a constraint's name, its columns, and the index that it is made of.
func (c *call) newConstraint(k *lint.Relation, q *pg.Constraint, added map[string]bool) string {
	if q == nil {
		return ""
	}
	taken := hasConstraint(k, q.Conname) && !added["gone "+q.Conname] && (q.Indexname == "" || q.Conname != q.Indexname)
	if q.Conname != "" && (taken || added["constraint "+q.Conname]) {
		return fmt.Sprintf("%s has a constraint %s already", quoted(k.Ident), quote(q.Conname))
	}
	for _, col := range append(append(names(q.Keys), names(q.FkAttrs)...), names(q.Including)...) {
		if k.Column(col) == nil && !added[col] {
			return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(col))
		}
	}
	if q.Indexname != "" && k.FindIndex(q.Indexname) == nil && !c.serverGiven(q.Indexname) {
		return fmt.Sprintf("%s has no index %s", quoted(k.Ident), quote(q.Indexname))
	}
	return ""
}

func hasConstraint(k *lint.Relation, name string) bool {
	if k.FindConstraint(name) != nil {
		return true
	}
	x := k.FindIndex(name)
	return x != nil && x.Constraint
}

// noIndex reports whether an index can't be there.
func (j *judge) noIndex(id schema.Ident) bool {
	if !j.catalog.Complete || id.Name == placeholder || system(id) || j.serverGiven(id.Name) {
		return false
	}
	_, x := j.catalog.Owner(id.Name)
	return x == nil
}
