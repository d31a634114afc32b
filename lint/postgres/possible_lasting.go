package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

// placeImpossible looks at where a new table is to be, how long it lasts, and what its parts are limited to.
func (c *call) placeImpossible(n *pg.CreateStmt) string {
	temporary := n.Relation.Relpersistence == "t"
	switch {
	case n.Relation.Schemaname == "pg_catalog":
		return "nobody makes tables in pg_catalog"
	case n.Oncommit != pg.OnCommitAction_ONCOMMIT_NOOP && n.Oncommit != pg.OnCommitAction_ON_COMMIT_ACTION_UNDEFINED && !temporary:
		return "ON COMMIT is for temporary tables"
	case n.AccessMethod != "" && n.AccessMethod != "heap" && c.catalog.Complete && !c.extended():
		return "there is no access method " + n.AccessMethod
	}
	for _, e := range n.TableElts {
		d := e.GetColumnDef()
		if why := modifierImpossible(d.GetTypeName()); why != "" {
			return why
		}
		if why := misplacedDeferrable(d.GetConstraints()); why != "" {
			return why
		}
	}
	for _, q := range constraintsOf(n) {
		if q.GetContype() != pg.ConstrType_CONSTR_FOREIGN || q.Pktable.GetRelname() == n.Relation.Relname {
			continue
		}
		if why := c.lastsImpossible(n.Relation.Relpersistence, q.Pktable); why != "" {
			return why
		}
	}
	for _, b := range append(slices.Clone(n.Partbound.GetLowerdatums()), n.Partbound.GetUpperdatums()...) {
		if b.GetAConst().GetIsnull() {
			return "NULL is no bound of a range"
		}
	}
	return ""
}

// lastsImpossible: rows that stay can't point at rows that don't.
func (c *call) lastsImpossible(own string, to *pg.RangeVar) string {
	k := c.relation(to)
	if k == nil || own == "" || k.Options["persistence"] == "" {
		return ""
	}
	names := map[string]string{"p": "a permanent", "u": "an unlogged", "t": "a temporary"}
	other := k.Options["persistence"]
	if own == other || own == "u" && other == "p" {
		return ""
	}
	return fmt.Sprintf("a foreign key of %s table can't point at %s table", names[own], names[other])
}

// misplacedDeferrable: DEFERRABLE stands behind a CHECK.
func misplacedDeferrable(list []*pg.Node) string {
	last := pg.ConstrType_CONSTR_TYPE_UNDEFINED
	for _, n := range list {
		switch t := n.GetConstraint().GetContype(); t {
		case pg.ConstrType_CONSTR_ATTR_DEFERRABLE, pg.ConstrType_CONSTR_ATTR_DEFERRED:
			if last == pg.ConstrType_CONSTR_CHECK {
				return "a CHECK can't be DEFERRABLE"
			}
		default:
			last = t
		}
	}
	return ""
}

// modifierImpossible looks at the numbers behind a type.
func modifierImpossible(t *pg.TypeName) string {
	if t == nil || len(t.Typmods) == 0 || t.Typmods[0].GetAConst().GetIval() == nil {
		return ""
	}
	n, name := int(t.Typmods[0].GetAConst().GetIval().GetIval()), typeOf(t).name
	switch {
	case (name == "varchar" || name == "bpchar" || name == "bit" || name == "varbit") && n < 1:
		return "the length of " + typeOf(t).String() + " is at least 1"
	case name == "numeric" && (n < 1 || n > 1000):
		return "the precision of a numeric is from 1 to 1000"
	}
	return ""
}

// writtenView: a materialized view takes no rows, and a view only those that it can pass on, unless a trigger or a rule does something else.
func (c *call) writtenView(r *pg.RangeVar) string {
	k := c.relation(r)
	switch {
	case k == nil:
	case k.Kind == "matview":
		return fmt.Sprintf("%s is a materialized view, and can't be written", quoted(k.Ident))
	case k.Kind == "view" && k.Options["read only"] != "" && !c.instead(k):
		return fmt.Sprintf("nobody can write through the view %s, as %s", quoted(k.Ident), k.Options["read only"])
	}
	return ""
}

// instead: a trigger or a rule of the relation is known.
func (c *call) instead(k *lint.Relation) bool {
	return slices.ContainsFunc(append(c.catalog.Objects.All("trigger"), c.catalog.Objects.All("rule")...), func(o *lint.Object) bool { return o.On == k })
}

// domainImpossible looks at what a new domain says twice, or against itself.
func domainImpossible(n *pg.CreateDomainStmt) string {
	seen := map[string]bool{}
	null, notNull := false, false
	for _, x := range n.Constraints {
		q := x.GetConstraint()
		null = null || q.GetContype() == pg.ConstrType_CONSTR_NULL
		notNull = notNull || q.GetContype() == pg.ConstrType_CONSTR_NOTNULL
		if q.GetConname() != "" && seen[q.Conname] {
			return fmt.Sprintf("the constraint %s is there twice", quote(q.Conname))
		}
		seen[q.GetConname()] = true
	}
	switch t := typeOf(n.TypeName); {
	case null && notNull:
		return "NULL and NOT NULL stand side by side"
	case n.CollClause != nil && (integer(t.name) || slices.Contains([]string{"numeric", "bool", "date", "uuid", "jsonb", "float8", "float4"}, t.name)):
		return "the type " + t.String() + " has no collation"
	}
	return modifierImpossible(n.TypeName)
}

// alterFunctionImpossible looks at attributes that a routine can't have.
func alterFunctionImpossible(n *pg.AlterFunctionStmt) string {
	for _, a := range n.Actions {
		d := a.GetDefElem()
		v, number := numberOf(d.GetArg())
		switch name := d.GetDefname(); {
		case (name == "cost" || name == "rows") && number && v <= 0:
			return strings.ToUpper(name) + " is more than 0"
		case n.Objtype == pg.ObjectType_OBJECT_PROCEDURE && slices.Contains([]string{"volatility", "strict", "leakproof", "cost", "rows", "parallel", "support"}, name):
			return "a procedure has no such attribute as " + name
		}
	}
	return ""
}

// ruleImpossible: rules ON SELECT make views, and what a rule does names tables that are there.
func (c *call) ruleImpossible(n *pg.RuleStmt) string {
	if k := c.relation(n.Relation); n.Event == pg.CmdType_CMD_SELECT && k != nil && k.Kind == "table" && !k.Partial {
		return "a rule ON SELECT is a view: CREATE VIEW"
	}
	for _, a := range n.Actions {
		for _, r := range []*pg.RangeVar{a.GetInsertStmt().GetRelation(), a.GetUpdateStmt().GetRelation(), a.GetDeleteStmt().GetRelation()} {
			if r != nil && c.lacks(ident(r)) {
				return "there is no table " + table(r)
			}
		}
	}
	return ""
}

// tableAsImpossible looks at the names of the columns of CREATE TABLE … AS and CREATE MATERIALIZED VIEW.
func (c *call) tableAsImpossible(n *pg.CreateTableAsStmt) string {
	if e := n.Query.GetExecuteStmt(); e != nil || n.IfNotExists && c.relation(n.Into.GetRel()) != nil {
		return ""
	}
	q := n.Query.GetSelectStmt()
	if q == nil || q.Op != pg.SetOperation_SETOP_NONE || len(q.TargetList) == 0 {
		return ""
	}
	var out []string
	for _, t := range q.TargetList {
		r := t.GetResTarget().GetVal().GetColumnRef()
		if r != nil && len(names(r.Fields)) < len(r.Fields) { // a star
			return ""
		}
		out = append(out, outName(t.GetResTarget()))
	}
	own := names(n.Into.GetColNames())
	if len(own) > len(out) {
		return "more columns are named than the query has"
	}
	copy(out, own)
	return twice(out, "the column")
}

// viewImpossible looks at what no view can be.
func viewImpossible(n *pg.ViewStmt) string {
	parameter := false
	walk(n.Query, func(m *pg.Node) { parameter = parameter || m.GetParamRef() != nil })
	if parameter {
		return "a view has no parameters"
	}
	q := n.Query.GetSelectStmt()
	checked := n.WithCheckOption == pg.ViewCheckOption_LOCAL_CHECK_OPTION || n.WithCheckOption == pg.ViewCheckOption_CASCADED_CHECK_OPTION
	if q == nil || !checked {
		return ""
	}
	if len(q.DistinctClause)+len(q.GroupClause) > 0 || q.HavingClause != nil || q.LimitCount != nil || q.LimitOffset != nil || q.WithClause != nil || q.Op != pg.SetOperation_SETOP_NONE || len(q.FromClause) != 1 || q.FromClause[0].GetRangeVar() == nil {
		return "WITH CHECK OPTION is for views that can be written through: of one table, without DISTINCT, GROUP BY, LIMIT and the like"
	}
	return ""
}

// statisticsImpossible looks at the kinds and the columns of extended statistics.
func statisticsImpossible(n *pg.CreateStatsStmt) string {
	for _, k := range names(n.StatTypes) {
		if !slices.Contains([]string{"ndistinct", "dependencies", "mcv"}, k) {
			return "there are no statistics of the kind " + k
		}
	}
	var columns []string
	for _, e := range n.Exprs {
		if name := e.GetStatsElem().GetName(); name != "" {
			columns = append(columns, name)
		}
	}
	if len(n.Exprs) == 1 && len(columns) == 1 {
		return "extended statistics want at least two columns"
	}
	return twice(columns, "the column")
}
