package postgres

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

// bound is a search for what keeps a statement to a part of its table that doesn't grow with it.
type bound struct {
	*judge
	k *lint.Relation
	// names are those that the table goes by, and few those of sources that don't grow: VALUES, a LIMIT, a table of the file's own.
	names, few []string
}

// boundFor begins a search for a table, with the other sources of the statement.
func (j *judge) boundFor(r *pg.RangeVar, sources []*pg.Node) bound {
	b := bound{judge: j, k: j.relation(r), names: []string{r.GetRelname()}}
	if a := r.GetAlias().GetAliasname(); a != "" {
		b.names = []string{a}
	}
	for _, n := range sources {
		switch f := n.Node.(type) {
		case *pg.Node_RangeSubselect:
			if limited(f.RangeSubselect.Subquery.GetSelectStmt()) {
				b.few = append(b.few, f.RangeSubselect.GetAlias().GetAliasname())
			}
		case *pg.Node_RangeVar:
			name := f.RangeVar.Relname
			if a := f.RangeVar.GetAlias().GetAliasname(); a != "" {
				name = a
			}
			if k := j.relation(f.RangeVar); k != nil && k.Fresh {
				b.few = append(b.few, name)
			}
		}
	}
	return b
}

// limited: VALUES, or a query with a LIMIT.
func limited(q *pg.SelectStmt) bool {
	return q != nil && (len(q.ValuesLists) > 0 || q.LimitCount != nil && !isNull(q.LimitCount))
}

// holds reports whether a condition is a bound: a comparison of one of the table's own columns with a value, a list, a range with two ends, the
// rows of a source that doesn't grow. IS NULL and <> are none, and where the columns are known, neither is a condition that no index serves.
func (b bound) holds(n *pg.Node) bool {
	if n == nil {
		return false
	}
	if v, ok := constant(n); ok {
		return v == false || v == nil
	}
	if e := n.GetBoolExpr(); e != nil {
		switch e.Boolop {
		case pg.BoolExprType_AND_EXPR:
			return slices.ContainsFunc(e.Args, b.holds) || b.ranged(e.Args)
		case pg.BoolExprType_OR_EXPR:
			return !slices.ContainsFunc(e.Args, func(a *pg.Node) bool { return !b.holds(a) })
		}
		return false
	}
	if s := n.GetSubLink(); s != nil {
		q := s.GetSubselect().GetSelectStmt()
		return q != nil && s.SubLinkType == pg.SubLinkType_ANY_SUBLINK && b.own(s.Testexpr) && (limited(q) || b.selects(q))
	}
	if n.GetCurrentOfExpr() != nil {
		return true
	}
	return b.compares(n.GetAExpr())
}

// selects: a subquery that is bounded itself.
func (b bound) selects(q *pg.SelectStmt) bool {
	if len(q.FromClause) != 1 || q.FromClause[0].GetRangeVar() == nil {
		return false
	}
	r := q.FromClause[0].GetRangeVar()
	return b.boundFor(r, nil).holds(q.WhereClause)
}

func (b bound) compares(e *pg.A_Expr) bool {
	if e == nil {
		return false
	}
	column, other := e.Lexpr, e.Rexpr
	op := dotted(e.Name)
	if !b.own(column) {
		column, other = other, column
		op = map[string]string{"=": "=", ">": "<", ">=": "<="}[op]
	}
	if !b.own(column) || other.GetSubLink().GetSubLinkType() != pg.SubLinkType_EXPR_SUBLINK && len(columnsIn(other)) > 0 && !b.fromFew(other) && !b.isVariable(other) {
		return false
	}
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_BETWEEN_SYM:
		return b.served(column) && b.narrow(column)
	case pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_OP_ANY:
		return op == "=" && b.narrow(column)
	case pg.A_Expr_Kind_AEXPR_OP:
		switch op {
		case "=":
			return b.narrow(column)
		case "<", "<=":
			return b.counted(column, other)
		}
	}
	return false
}

// ranged: both ends of a range of one column.
func (b bound) ranged(args []*pg.Node) bool {
	var low, high []string
	for _, a := range args {
		e := a.GetAExpr()
		if e == nil || e.Kind != pg.A_Expr_Kind_AEXPR_OP || !b.own(e.Lexpr) || !b.served(e.Lexpr) {
			continue
		}
		name := columnsIn(e.Lexpr)
		switch dotted(e.Name) {
		case ">", ">=":
			low = append(low, name...)
		case "<", "<=":
			high = append(high, name...)
		}
	}
	return overlaps(low, high)
}

// own reports whether an expression is a column of the table itself.
func (b bound) own(n *pg.Node) bool {
	r := n.GetColumnRef()
	if r == nil {
		for _, f := range n.GetFuncCall().GetArgs() { // lower(email) = …
			if b.own(f) {
				return true
			}
		}
		return n.GetTypeCast() != nil && b.own(n.GetTypeCast().Arg)
	}
	l := names(r.Fields)
	switch {
	case len(l) == 0 || len(l) == 1 && b.variables[l[0]]:
		return false
	case len(l) > 1:
		return slices.Contains(b.names, l[len(l)-2])
	}
	return systemColumns[l[0]] || !whole(b.k) || b.k.Column(l[0]) != nil
}

func (b bound) fromFew(n *pg.Node) bool {
	l := names(n.GetColumnRef().GetFields())
	return len(l) == 2 && slices.Contains(b.few, l[0])
}

// isVariable: every column that an expression names is a variable of the body at hand.
func (b bound) isVariable(n *pg.Node) bool {
	all := true
	walk(n, func(m *pg.Node) {
		if r := m.GetColumnRef(); r != nil && len(r.Fields) > 0 {
			all = all && b.variables[str(r.Fields[0])]
		}
	})
	return all
}

// served reports whether an index begins with a column, or may.
func (b bound) served(n *pg.Node) bool {
	cols := columnsIn(n)
	if !whole(b.k) || len(cols) != 1 || systemColumns[cols[0]] {
		return true
	}
	for _, x := range b.k.Indexes {
		if len(x.Columns) > 0 && (x.Columns[0].Name == cols[0] || x.Columns[0].Name == "" && slices.Contains(x.Uses, cols[0])) {
			return true
		}
	}
	return false
}

// narrow: one value of the column is that of few rows. Of a boolean or an enum it is that of a large part.
func (b bound) narrow(n *pg.Node) bool {
	cols := columnsIn(n)
	if len(cols) != 1 {
		return true
	}
	col := b.k.Column(cols[0])
	if col == nil {
		return true
	}
	t := b.base(parseType(col.Type))
	e := b.catalog.Type(t.name)
	return t.name != "bool" && (e == nil || e.Kind != "enum")
}

// counted: everything below a number is few rows only if the column counts them.
func (b bound) counted(column, value *pg.Node) bool {
	if _, ok := number(value); !ok {
		return false
	}
	cols := columnsIn(column)
	if !whole(b.k) || len(cols) != 1 {
		return true
	}
	return uniqueAlone(b.k, cols[0])
}
