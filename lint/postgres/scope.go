package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// reader reads expressions and queries against what is known, as the server's analysis does: it resolves names, infers types, and notes the first
// fault and everything that is used. What it isn't sure of it lets pass.
type reader struct {
	*judge
	fault string
	uses  []lint.Use
	ctes  []source
}

// source is something that columns are taken from. open: not all of it is known.
type source struct {
	alias    string
	columns  []column
	open     bool
	relation *lint.Relation
}

type column struct{ name, typ string }

type scope []source

func (x *reader) fail(format string, args ...any) {
	if x.fault == "" {
		x.fault = fmt.Sprintf(format, args...)
	}
}

func (j *judge) reader() *reader { return &reader{judge: j} }

// of is a relation as a source.
func of(k *lint.Relation, alias string) source {
	s := source{alias: alias, relation: k, open: !whole(k)}
	if k == nil {
		return s
	}
	for _, c := range k.Columns {
		s.columns = append(s.columns, column{c.Name, c.Type})
	}
	return s
}

func (s source) find(name string) (column, bool) {
	for _, c := range s.columns {
		if c.name == name {
			return c, true
		}
	}
	return column{}, false
}

var systemColumns = map[string]bool{"ctid": true, "xmin": true, "xmax": true, "cmin": true, "cmax": true, "tableoid": true, "oid": true}

// column resolves a reference and gives its type, "" where that isn't known.
func (x *reader) column(r *pg.ColumnRef, in []scope) string {
	n := names(r.Fields)
	if len(n) == 0 || len(n) != len(r.Fields) || len(n) > 2 { // a star, or a schema's
		return ""
	}
	name := n[len(n)-1]
	if systemColumns[name] || x.variables[n[0]] || x.depth > 0 && n[0] == placeholder {
		return ""
	}
	for level := len(in) - 1; level >= 0; level-- {
		t, found, open := x.at(n, name, in[level])
		if found || open {
			return t
		}
	}
	if len(n) == 2 && !slices.ContainsFunc(in, func(s scope) bool { return slices.ContainsFunc(s, func(o source) bool { return o.alias == n[0] }) }) {
		x.fail("%s isn't in FROM", quote(n[0]))
		return ""
	}
	x.fail("there is no column %s", strings.Join(n, "."))
	return ""
}

// at looks for a reference in one level of sources.
func (x *reader) at(n []string, name string, s scope) (t string, found, open bool) {
	hits := 0
	for _, o := range s {
		if len(n) == 2 && o.alias != n[0] {
			continue
		}
		if len(n) == 1 && o.alias == name {
			open = true // the row as a whole, or a function's one column
		}
		if c, ok := o.find(name); ok {
			hits++
			t = c.typ
			x.use(o.relation, name)
			continue
		}
		open = open || o.open
	}
	if hits > 1 && len(n) == 1 && !open {
		x.fail("%s is ambiguous: several tables have a column of that name", quote(name))
	}
	if hits > 1 {
		t = ""
	}
	return t, hits > 0, open
}

func (x *reader) use(k *lint.Relation, column string) {
	if k != nil && !slices.Contains(x.uses, lint.Use{Relation: k, Column: column}) {
		x.uses = append(x.uses, lint.Use{Relation: k, Column: column})
	}
}

// from builds the sources of a FROM clause.
func (x *reader) from(list []*pg.Node, outer []scope) scope {
	var out scope
	for _, n := range list {
		out = append(out, x.item(n, append(outer, out))...)
	}
	return out
}

func (x *reader) item(n *pg.Node, outer []scope) scope {
	switch f := n.Node.(type) {
	case *pg.Node_RangeVar:
		return scope{renamed(x.table(f.RangeVar), f.RangeVar.Alias)}
	case *pg.Node_JoinExpr:
		return x.join(f.JoinExpr, outer)
	case *pg.Node_RangeSubselect:
		cols, open := x.query(f.RangeSubselect.Subquery.GetSelectStmt(), outer)
		return scope{renamed(source{columns: cols, open: open}, f.RangeSubselect.Alias)}
	case *pg.Node_RangeFunction:
		return scope{source{alias: f.RangeFunction.GetAlias().GetAliasname(), open: true}}
	}
	return scope{source{open: true}}
}

func renamed(s source, a *pg.Alias) source {
	if a == nil {
		return s
	}
	s.alias = a.Aliasname
	s.columns = slices.Clone(s.columns)
	for i, n := range names(a.Colnames) {
		if i < len(s.columns) {
			s.columns[i].name, s.relation = n, nil
		} else {
			s.open = true
		}
	}
	return s
}

// table is what a name in FROM stands for.
func (x *reader) table(r *pg.RangeVar) source {
	if r.Schemaname == "" {
		for i := len(x.ctes) - 1; i >= 0; i-- {
			if x.ctes[i].alias == r.Relname {
				return x.ctes[i]
			}
		}
	}
	k := x.relation(r)
	if k == nil || x.lacks(ident(r)) {
		if x.lacks(ident(r)) {
			x.fail("there is no table %s", table(r))
		}
		return source{alias: r.Relname, open: true}
	}
	x.use(k, "")
	return of(k, r.Relname)
}

func (x *reader) join(n *pg.JoinExpr, outer []scope) scope {
	l := x.item(n.Larg, outer)
	r := x.item(n.Rarg, append(slices.Clone(outer), l)) // LATERAL sees the left side
	both := append(slices.Clone(l), r...)
	switch {
	case n.IsNatural || len(n.UsingClause) > 0: // columns are merged
		merged := source{open: true}
		for i := range both {
			both[i].columns = slices.Clone(both[i].columns)
			both[i].open = true
		}
		both = append(both, merged)
	default:
		x.condition(n.Quals, append(outer, both), "ON")
	}
	if n.Alias != nil {
		return scope{{alias: n.Alias.Aliasname, open: true}}
	}
	return both
}

// query reads a SELECT and gives the columns that come out.
func (x *reader) query(q *pg.SelectStmt, outer []scope) (out []column, open bool) {
	if q == nil || len(outer) > 20 {
		return nil, true
	}
	had := len(x.ctes)
	defer func() { x.ctes = x.ctes[:had] }()
	x.with(q.WithClause, outer)
	switch {
	case q.Op != pg.SetOperation_SETOP_NONE && q.Op != pg.SetOperation_SET_OPERATION_UNDEFINED:
		l, lo := x.query(q.Larg, outer)
		r, ro := x.query(q.Rarg, outer)
		if !lo && !ro && len(l) != len(r) {
			x.fail("the queries of the %s have %d and %d columns", "UNION", len(l), len(r))
		}
		return untyped(l), lo
	case len(q.ValuesLists) > 0:
		for i, v := range q.ValuesLists[0].GetList().GetItems() {
			out = append(out, column{fmt.Sprintf("column%d", i+1), x.infer(v, outer)})
		}
		return out, false
	}
	s := x.from(q.FromClause, outer)
	in := append(outer, s)
	x.condition(q.WhereClause, in, "WHERE")
	if len(outer) == 0 { // below, an aggregate may be the outer query's
		x.misplaced(q)
	}
	out, open = x.targets(q, s, in)
	if len(q.GroupClause) == 0 {
		x.ungrouped(q)
	} else {
		x.misgrouped(q, s)
	}
	return out, open
}

func untyped(l []column) []column {
	out := slices.Clone(l)
	for i := range out {
		out[i].typ = ""
	}
	return out
}

func (x *reader) with(w *pg.WithClause, outer []scope) {
	for _, n := range w.GetCtes() {
		e := n.GetCommonTableExpr()
		s := source{alias: e.GetCtename(), open: true}
		if q := e.GetCtequery().GetSelectStmt(); q != nil && !w.Recursive {
			s.columns, s.open = x.query(q, outer)
		}
		for i, c := range names(e.GetAliascolnames()) {
			if i < len(s.columns) {
				s.columns[i].name = c
			}
		}
		x.ctes = append(x.ctes, s)
	}
}

func (x *reader) targets(q *pg.SelectStmt, s scope, in []scope) (out []column, open bool) {
	for _, n := range q.TargetList {
		t := n.GetResTarget()
		if r := t.GetVal().GetColumnRef(); r != nil && len(r.Fields) > 0 && r.Fields[len(r.Fields)-1].GetAStar() != nil {
			only := ""
			if len(r.Fields) > 1 {
				only = str(r.Fields[len(r.Fields)-2])
			}
			open = open || x.variables[only]
			for _, o := range s {
				if only == "" || o.alias == only {
					out, open = append(out, o.columns...), open || o.open
					for _, c := range o.columns {
						x.use(o.relation, c.name)
					}
				}
			}
			continue
		}
		open = open || isStar(t.GetVal())
		out = append(out, column{outName(t), x.infer(t.GetVal(), in)})
	}
	return out, open
}

// outName is the name that the server gives a column of a result.
func outName(t *pg.ResTarget) string {
	if t.GetName() != "" {
		return t.GetName()
	}
	return implicitName(t.GetVal())
}

func implicitName(v *pg.Node) string {
	switch n := v.GetNode().(type) {
	case *pg.Node_ColumnRef:
		if f := n.ColumnRef.Fields; len(f) > 0 {
			return str(f[len(f)-1])
		}
	case *pg.Node_FuncCall:
		if f := names(n.FuncCall.Funcname); len(f) > 0 {
			return f[len(f)-1]
		}
	case *pg.Node_TypeCast:
		if s := implicitName(n.TypeCast.Arg); s != "?column?" && s != "case" {
			return s
		}
		if f := names(n.TypeCast.GetTypeName().GetNames()); len(f) > 0 {
			return f[len(f)-1]
		}
	case *pg.Node_CoalesceExpr:
		return "coalesce"
	case *pg.Node_CaseExpr:
		if e := n.CaseExpr.Defresult; e.GetTypeCast() == nil && implicitName(e) != "?column?" {
			return implicitName(e)
		}
		return "case"
	case *pg.Node_CollateClause:
		return implicitName(n.CollateClause.Arg)
	case *pg.Node_MinMaxExpr:
		if n.MinMaxExpr.Op == pg.MinMaxOp_IS_LEAST {
			return "least"
		}
		return "greatest"
	case *pg.Node_AArrayExpr:
		return "array"
	case *pg.Node_RowExpr:
		return "row"
	case *pg.Node_AExpr:
		if n.AExpr.Kind == pg.A_Expr_Kind_AEXPR_NULLIF {
			return "nullif"
		}
	}
	return "?column?"
}

// misplaced: an aggregate in WHERE, or in another one.
func (x *reader) misplaced(q *pg.SelectStmt) {
	if f := aggregateIn(q.WhereClause); f != "" {
		x.fail("WHERE can't hold the aggregate %s", f)
	}
	for _, n := range q.TargetList {
		if c := n.GetResTarget().GetVal().GetFuncCall(); c != nil && c.Over == nil && isAggregate(c) {
			for _, a := range c.Args {
				if f := aggregateIn(a); f != "" {
					x.fail("the aggregate %s stands in another one", f)
				}
			}
		}
	}
}

func isAggregate(f *pg.FuncCall) bool { return builtins()[lastName(f.Funcname)].kind == "a" }

// aggregateIn names an aggregate of an expression; what stands in a query inside of it is that query's own.
func aggregateIn(n *pg.Node) string {
	found, below := "", false
	walk(n, func(m *pg.Node) {
		below = below || m.GetSubLink() != nil
		if f := m.GetFuncCall(); f != nil && f.Over == nil && isAggregate(f) {
			found = lastName(f.Funcname)
		}
	})
	if below {
		return ""
	}
	return found
}

// ungrouped: an aggregate beside a plain column, without GROUP BY.
func (x *reader) ungrouped(q *pg.SelectStmt) {
	plain, aggregate := "", false
	for _, n := range q.TargetList {
		v := n.GetResTarget().GetVal()
		if r := v.GetColumnRef(); r != nil && len(names(r.Fields)) == len(r.Fields) {
			plain = strings.Join(names(r.Fields), ".")
		}
		if f := v.GetFuncCall(); f != nil && f.Over == nil {
			aggregate = aggregate || builtins()[lastName(f.Funcname)].kind == "a"
		}
	}
	if plain != "" && aggregate {
		x.fail("%s has to be in GROUP BY beside an aggregate", plain)
	}
}

// misgrouped: a plain column beside GROUP BY of others, in a query of one table whose key isn't among them.
func (x *reader) misgrouped(q *pg.SelectStmt, s scope) {
	if len(s) != 1 || s[0].relation == nil || s[0].open {
		return
	}
	var by []string
	for _, n := range q.GroupClause {
		r := n.GetColumnRef()
		if r == nil || len(names(r.Fields)) != len(r.Fields) {
			return
		}
		by = append(by, str(r.Fields[len(r.Fields)-1]))
	}
	if p := primaryOf(s[0].relation); p != nil && !slices.ContainsFunc(p.Columns, func(c schema.IndexColumn) bool { return !slices.Contains(by, c.Name) }) {
		return
	}
	for _, n := range q.TargetList {
		r := n.GetResTarget().GetVal().GetColumnRef()
		if r == nil || len(names(r.Fields)) != len(r.Fields) || slices.Contains(by, n.GetResTarget().GetName()) {
			continue
		}
		if name := str(r.Fields[len(r.Fields)-1]); !slices.Contains(by, name) && !x.variables[name] {
			x.fail("%s has to be in GROUP BY, or in an aggregate", quote(name))
		}
	}
}

func lastName(list []*pg.Node) string {
	n := names(list)
	if len(n) == 0 {
		return ""
	}
	return strings.ToLower(n[len(n)-1])
}
