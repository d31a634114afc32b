package postgres

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var refusesWrites = rule{lint.Rule{
	ID: "refuses-writes", Severity: lint.Error, Kind: lint.Client,
	Summary: "a change after which writes of running clients are refused",
	Why: "A CHECK that is false whatever the row holds refuses every write. A CHECK that refuses the column's own default makes every INSERT fail that leaves the column out, also if it is NOT VALID, and so does one of a domain; so does a default that a CHECK refuses; nothing is known where a trigger gives new rows other values. A trigger whose function always raises refuses every write, and so does one that names a field of NEW or OLD that its table doesn't have (42703), or a table or column that isn't there: PL/pgSQL looks only when it runs. The same goes for a new body of a function that clients call already. " +
		"On a table with rules for INSERT or UPDATE, INSERT … ON CONFLICT fails (0A000). A table that is published for UPDATE and DELETE needs a replica identity, a primary key or FULL: without one UPDATE and DELETE fail (55000).",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int NOT NULL DEFAULT 0);", SQL: "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"}, {Schema: "CREATE TABLE t (a int);", SQL: "CREATE PUBLICATION p FOR TABLE t;"},
		{SQL: "CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING;"}, {Schema: "CREATE TABLE t (id int PRIMARY KEY);\nCREATE PUBLICATION p FOR TABLE t;", SQL: "ALTER TABLE t REPLICA IDENTITY NOTHING;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (a int NOT NULL DEFAULT 1);", SQL: "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"}, {Schema: "CREATE TABLE t (a int PRIMARY KEY);", SQL: "CREATE PUBLICATION p FOR TABLE t;"},
		{Schema: "CREATE TABLE t (a int);", SQL: "CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert');"}},
}, func(c *call) {
	switch n := c.node.Node.(type) {
	case *pg.Node_AlterTableStmt:
		c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) { c.refusesDefault(t, a) })
	case *pg.Node_AlterDomainStmt:
		c.refusesDomain(n.AlterDomainStmt)
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
	case *pg.Node_CreateFunctionStmt:
		c.triggersOfRoutine(n.CreateFunctionStmt)
	case *pg.Node_CreateTrigStmt:
		t := n.CreateTrigStmt
		c.missingField(c.routines[lastName(t.Funcname)], c.relation(t.Relation))
		c.failsWhenFired(c.routines[lastName(t.Funcname)], c.relation(t.Relation), transitionNames(t), false)
		if body := strings.ToUpper(c.routines[lastName(t.Funcname)]); c.live(t.Relation) && t.WhenClause == nil && strings.Contains(body, "RAISE EXCEPTION") && !strings.Contains(body, "IF ") && !strings.Contains(body, "CASE") {
			c.report(said{message: fmt.Sprintf("the trigger's function raises whenever it is called: writes of running clients to %s fail", table(t.Relation)), safe: "Create the trigger after the last client that writes."})
		}
	}
}}

// refusesDefault: a CHECK and a default that don't go together, or a published table without a replica identity.
func (c *call) refusesDefault(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
	k := c.relation(t.Relation)
	if a.Subtype == pg.AlterTableType_AT_AddConstraint && a.Def.GetConstraint().GetContype() == pg.ConstrType_CONSTR_CHECK && !c.later.notEnforced {
		check := a.Def.GetConstraint().RawExpr
		if refuses(check, thereFor(k)) {
			c.report(said{message: fmt.Sprintf("the CHECK is false for every row: writes of running clients to %s fail", table(t.Relation)), safe: "REVOKE what nobody is to write any more, after the last client that writes it."})
			return
		}
		c.refusesNew(t, k, check)
	}
	if !whole(k) {
		return
	}
	switch a.Subtype {
	case pg.AlterTableType_AT_AddConstraint:
		q := a.Def.GetConstraint()
		if q.GetContype() != pg.ConstrType_CONSTR_CHECK || c.later.notEnforced {
			return
		}
		if col := defaultRefused(k, q.RawExpr, t); col != "" && !c.mayFill(k, col) {
			c.report(said{message: fmt.Sprintf("the CHECK refuses the default of %s.%s: INSERTs of running clients that leave the column out fail", table(t.Relation), quote(col)), safe: fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT …; -- a value that the CHECK takes, first", table(t.Relation), quote(col))})
		}
	case pg.AlterTableType_AT_ColumnDefault:
		v, ok := constant(a.Def)
		if !ok || c.mayFill(k, a.Name) {
			return
		}
		if v != nil && uniqueAlone(k, a.Name) && c.wasNumbered(k, a.Name) {
			c.report(said{message: fmt.Sprintf("%s.%s is unique: of the INSERTs of running clients that leave it out, all but the first fail with one value for all", table(t.Relation), quote(a.Name)), safe: "Keep the default that gives each row a value of its own."})
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

// thereFor are the columns of which it is known that they hold a value, whatever it is.
func thereFor(k *lint.Relation) map[string]any {
	row := map[string]any{}
	if whole(k) {
		for _, col := range k.Columns {
			if !col.Nullable {
				row[col.Name] = some{}
			}
		}
	}
	return row
}

// refusesDomain looks at a new CHECK of a domain: one that no value passes, or that refuses what clients leave to a column's default.
func (c *call) refusesDomain(n *pg.AlterDomainStmt) {
	check := n.Def.GetConstraint().GetRawExpr()
	t := c.catalog.Type(dotted(n.TypeName))
	if n.Subtype != "C" || check == nil || t != nil && (t.Fresh || c.catalog.Complete && c.typeNeeded(t.Name) == "") {
		return
	}
	if refuses(check, map[string]any{"value": some{}}) {
		c.report(said{message: fmt.Sprintf("no value passes the CHECK: writes of running clients to columns of the domain %s fail", dotted(n.TypeName)), safe: "Take a CHECK that the values of running clients pass."})
		return
	}
	c.catalog.Relations(func(k *lint.Relation) {
		for i := range k.Columns {
			col := &k.Columns[i]
			if t == nil || col.Default == nil || k.Fresh || parseType(col.Type).name != t.Name || c.mayFill(k, col.Name) {
				continue
			}
			if v, ok := leftOutValue(k, col); ok && refuses(check, map[string]any{"value": v}) {
				c.report(said{message: fmt.Sprintf("the CHECK refuses the default of %s.%s: INSERTs of running clients that leave the column out fail", quoted(k.Ident), quote(col.Name)), safe: "Give the column a default that the CHECK takes, first."})
			}
		}
	})
}

// refusesNew looks at columns that the same statement adds.
func (c *call) refusesNew(t *pg.AlterTableStmt, k *lint.Relation, check *pg.Node) {
	row := map[string]any{}
	for _, n := range t.Cmds {
		d := n.GetAlterTableCmd().GetDef().GetColumnDef()
		if d == nil || n.GetAlterTableCmd().Subtype != pg.AlterTableType_AT_AddColumn || k.Column(d.Colname) != nil {
			continue
		}
		made := &lint.Relation{New: map[string]bool{}, Options: map[string]string{}, Was: map[string]bool{}}
		shadow := &judge{catalog: lint.NewCatalog(false), volatile: map[string]bool{}, version: c.version}
		shadow.addColumn(made, d, c.later, true)
		if v, ok := leftOutValue(made, made.Column(d.Colname)); ok {
			row[d.Colname] = v
		}
	}
	if len(row) > 0 && refuses(check, row) {
		c.report(said{message: fmt.Sprintf("the CHECK refuses what INSERTs of running clients leave in the new columns of %s", table(t.Relation)), safe: "Give the columns a default that the CHECK takes."})
	}
}

// defaultRefused names a column that clients leave out of an INSERT and whose value a CHECK then refuses: a constant default, if the statement
// doesn't give it another one, or nothing, for a column that the file itself adds.
func defaultRefused(k *lint.Relation, check *pg.Node, t *pg.AlterTableStmt) string {
	row, named := map[string]any{}, ""
	for _, name := range columnsIn(check) {
		col := k.Column(name)
		if v, ok := leftOutValue(k, col); ok && !slices.ContainsFunc(t.Cmds, func(n *pg.Node) bool {
			return n.GetAlterTableCmd().Subtype == pg.AlterTableType_AT_ColumnDefault && n.GetAlterTableCmd().Name == name
		}) {
			row[name], named = v, name
		}
	}
	if named != "" && refuses(check, row) {
		return named
	}
	return ""
}

// leftOutValue is what a column holds in a row of a client that leaves it out; ok is false where clients give it or it isn't a constant.
func leftOutValue(k *lint.Relation, col *schema.Column) (v any, ok bool) {
	if col == nil || col.Generated != "" || col.Identity != "" {
		return nil, false
	}
	if col.Default == nil {
		return nil, k.New[col.Name]
	}
	e := parsedExpression(*col.Default)
	if e.GetTypeCast() != nil {
		e = e.GetTypeCast().Arg
	}
	return constant(e)
}

// mayFill: a trigger that is fired before a new row may give the column a value: its function sets the column, or isn't known.
func (c *call) mayFill(k *lint.Relation, column string) bool {
	if k == nil {
		return false
	}
	name := `NEW\s*\.\s*"?` + regexp.QuoteMeta(column) + `"?`
	sets := regexp.MustCompile(`(?i)\b(` + name + `\s*:=|SELECT\s[^;]*\bINTO\s+(STRICT\s+)?([\w."]+\s*,\s*)*` + name + `([^A-Za-z0-9_]|$)|NEW\s*:=)`)
	return slices.ContainsFunc(c.triggersOf(k), func(o *lint.Object) bool {
		for _, u := range o.Uses {
			if name, ok := strings.CutPrefix(u.Other, "function "); ok {
				body, known := c.routines[strings.ToLower(name)]
				return !known || sets.MatchString(body)
			}
		}
		return true
	})
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
