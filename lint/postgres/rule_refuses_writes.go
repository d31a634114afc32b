package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var refusesWrites = rule{lint.Rule{
	ID: "refuses-writes", Severity: lint.Error, Kind: lint.Client,
	Summary: "a change after which writes of running clients are refused",
	Why: "A CHECK that refuses the column's own default makes every INSERT fail that leaves the column out, also if it is NOT VALID; so does a default that a CHECK refuses. A trigger whose function always raises refuses every write. " +
		"On a table with rules for INSERT or UPDATE, INSERT … ON CONFLICT fails (0A000). A table that is published for UPDATE and DELETE needs a replica identity, a primary key or FULL: without one UPDATE and DELETE fail (55000).",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int NOT NULL DEFAULT 0);", SQL: "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"}, {Schema: "CREATE TABLE t (a int);", SQL: "CREATE PUBLICATION p FOR TABLE t;"},
		{SQL: "CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING;"}, {Schema: "CREATE TABLE t (id int PRIMARY KEY);\nCREATE PUBLICATION p FOR TABLE t;", SQL: "ALTER TABLE t REPLICA IDENTITY NOTHING;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (a int NOT NULL DEFAULT 1);", SQL: "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"}, {Schema: "CREATE TABLE t (a int PRIMARY KEY);", SQL: "CREATE PUBLICATION p FOR TABLE t;"},
		{Schema: "CREATE TABLE t (a int);", SQL: "CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert');"}},
}, func(c *call) {
	switch n := c.node.Node.(type) {
	case *pg.Node_AlterTableStmt:
		c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) { c.refusesDefault(t, a) })
	case *pg.Node_CreatePublicationStmt:
		if deletes(n.CreatePublicationStmt.Options) {
			c.publishes(n.CreatePublicationStmt.Pubobjects, n.CreatePublicationStmt.ForAllTables)
		}
	case *pg.Node_AlterPublicationStmt:
		if n.AlterPublicationStmt.Action != pg.AlterPublicationAction_AP_DropObjects {
			c.publishes(n.AlterPublicationStmt.Pubobjects, n.AlterPublicationStmt.ForAllTables)
		}
	case *pg.Node_RuleStmt:
		r := n.RuleStmt
		if k := c.relation(r.Relation); c.live(r.Relation) && (r.Event == pg.CmdType_CMD_INSERT || r.Event == pg.CmdType_CMD_UPDATE) && (k == nil || k.Kind == "table") && !c.lacks(ident(r.Relation)) {
			c.report(said{message: fmt.Sprintf("with a rule on %s its writes do something else, and INSERT … ON CONFLICT of running clients fails", table(r.Relation)), safe: "Use a trigger."})
		}
	case *pg.Node_CreateTrigStmt:
		t := n.CreateTrigStmt
		if body := strings.ToUpper(c.routines[lastName(t.Funcname)]); c.live(t.Relation) && t.WhenClause == nil && strings.Contains(body, "RAISE EXCEPTION") && !strings.Contains(body, "IF ") && !strings.Contains(body, "CASE") {
			c.report(said{message: fmt.Sprintf("the trigger's function raises whenever it is called: writes of running clients to %s fail", table(t.Relation)), safe: "Create the trigger after the last client that writes."})
		}
	}
}}

// refusesDefault: a CHECK and a default that don't go together, or a published table without a replica identity.
func (c *call) refusesDefault(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
	k := c.relation(t.Relation)
	if !whole(k) {
		return
	}
	switch a.Subtype {
	case pg.AlterTableType_AT_AddConstraint:
		q := a.Def.GetConstraint()
		if q.GetContype() != pg.ConstrType_CONSTR_CHECK || c.later.notEnforced {
			return
		}
		if col := defaultRefused(k, q.RawExpr, t); col != "" {
			c.report(said{message: fmt.Sprintf("the CHECK refuses the default of %s.%s: INSERTs of running clients that leave the column out fail", table(t.Relation), quote(col)), safe: fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT …; -- a value that the CHECK takes, first", table(t.Relation), quote(col))})
		}
	case pg.AlterTableType_AT_ColumnDefault:
		v, ok := constant(a.Def)
		if !ok {
			return
		}
		if why := c.checksRefuse(k, map[string]any{a.Name: v}); why != "" {
			c.report(said{message: "INSERTs of running clients that leave the column out fail: " + why, safe: "Take a default that the CHECK takes."})
		}
	case pg.AlterTableType_AT_ReplicaIdentity:
		if r := a.Def.GetReplicaIdentityStmt(); r.GetIdentityType() == "n" && c.publishedBy(k) {
			c.report(said{message: fmt.Sprintf("%s is published: UPDATE and DELETE of running clients fail without a replica identity", table(t.Relation)), safe: fmt.Sprintf("ALTER TABLE %s REPLICA IDENTITY DEFAULT;", table(t.Relation))})
		}
	}
}

// defaultRefused names a column whose constant default a CHECK refuses, if the statement doesn't give it another one.
func defaultRefused(k *lint.Relation, check *pg.Node, t *pg.AlterTableStmt) string {
	cols := columnsIn(check)
	if len(cols) != 1 {
		return ""
	}
	col := k.Column(cols[0])
	if col == nil || col.Default == nil || slices.ContainsFunc(t.Cmds, func(n *pg.Node) bool {
		return n.GetAlterTableCmd().Subtype == pg.AlterTableType_AT_ColumnDefault && n.GetAlterTableCmd().Name == col.Name
	}) {
		return ""
	}
	e := parsedExpression(*col.Default)
	if e.GetTypeCast() != nil {
		e = e.GetTypeCast().Arg
	}
	if v, ok := constant(e); ok && refuses(check, map[string]any{col.Name: v}) {
		return col.Name
	}
	return ""
}

// deletes reports whether a publication publishes UPDATE or DELETE.
func deletes(options []*pg.Node) bool {
	for _, o := range options {
		if d := o.GetDefElem(); d.GetDefname() == "publish" {
			s := strings.ToLower(str(d.Arg))
			return strings.Contains(s, "update") || strings.Contains(s, "delete")
		}
	}
	return true
}

func (c *call) publishes(list []*pg.Node, all bool) {
	if all {
		bare := ""
		c.catalog.Relations(func(k *lint.Relation) {
			if whole(k) && !k.Fresh && noIdentity(k) {
				bare = quoted(k.Ident)
			}
		})
		if bare != "" {
			c.report(said{message: fmt.Sprintf("tables without a primary key are published, %s for one: UPDATE and DELETE of running clients fail there", bare), safe: "Give each table a primary key, or REPLICA IDENTITY FULL, first."})
		}
		return
	}
	for _, n := range list {
		r := n.GetPublicationObjSpec().GetPubtable().GetRelation()
		if k := c.relation(r); r != nil && c.live(r) && whole(k) && noIdentity(k) {
			c.report(said{message: fmt.Sprintf("%s has no primary key: once it is published, UPDATE and DELETE of running clients fail", table(r)), safe: fmt.Sprintf("ALTER TABLE %s REPLICA IDENTITY FULL; -- or give it a primary key, first", table(r))})
		}
	}
}

// noIdentity: a table of its own, without a primary key, whose replica identity wasn't set.
func noIdentity(k *lint.Relation) bool {
	return k.Kind == "table" && primaryOf(k) == nil && k.Options["identity"] == "" && !k.Partitioned
}

func (c *call) publishedBy(k *lint.Relation) bool {
	return slices.ContainsFunc(c.catalog.Objects.All("publication"), func(o *lint.Object) bool { return slices.Contains(o.Uses, lint.Use{Relation: k}) })
}

// onConflict reports whether an index can be what INSERT … ON CONFLICT relies on, and no other one takes its place.
func onConflict(k *lint.Relation, x *schema.Index) bool {
	if k == nil || x == nil || !x.Unique || x.Predicate != "" {
		return false
	}
	var cols []string
	for _, p := range x.Columns {
		if p.Name == "" {
			return false
		}
		cols = append(cols, p.Name)
	}
	for i := range k.Indexes {
		if o := &k.Indexes[i]; o.Name != x.Name && o.Unique && o.Predicate == "" && sameColumns(*o, cols) {
			return false
		}
	}
	return true
}
