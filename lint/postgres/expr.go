package postgres

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// steady are the names of the server's own functions that aren't volatile under any signature:
// SELECT proname FROM pg_proc GROUP BY 1 HAVING bool_and(provolatile <> 'v'), PostgreSQL 18.
//
//go:embed steady.txt
var steadyText string

var steady = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, n := range strings.Fields(steadyText) {
		out[n] = true
	}
	return out
})

// walk calls f for each node below n, n included.
func walk(n *pg.Node, f func(*pg.Node)) {
	if n == nil {
		return
	}
	walkMessage(n.ProtoReflect(), f)
}

func walkMessage(m protoreflect.Message, f func(*pg.Node)) {
	if n, ok := m.Interface().(*pg.Node); ok {
		f(n)
	}
	m.Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if d.Kind() != protoreflect.MessageKind {
			return true
		}
		if d.IsList() {
			for i := range v.List().Len() {
				walkMessage(v.List().Get(i).Message(), f)
			}
			return true
		}
		walkMessage(v.Message(), f)
		return true
	})
}

// columnsIn lists the columns that an expression names.
func columnsIn(n *pg.Node) []string {
	var out []string
	walk(n, func(x *pg.Node) {
		if r := x.GetColumnRef(); r != nil && len(r.Fields) > 0 {
			if c := str(r.Fields[len(r.Fields)-1]); c != "" && !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	})
	return out
}

// volatileIn names the first function of an expression that gives each row a value of its own. A function of the user's is
// volatile unless the files say otherwise, as it is for the server.
func (j *judge) volatileIn(n *pg.Node) string {
	found := ""
	walk(n, func(x *pg.Node) {
		c := x.GetFuncCall()
		if c == nil || found != "" {
			return
		}
		full := names(c.Funcname)
		name := strings.ToLower(full[len(full)-1])
		if v, ok := j.volatile[name]; ok {
			if v {
				found = name
			}
			return
		}
		if !steady()[name] {
			found = name
		}
	})
	return found
}

// constrained reports whether one of a column's or domain's constraints is a CHECK or NOT NULL.
func constrained(list []*pg.Node) bool {
	for _, n := range list {
		switch n.GetConstraint().GetContype() {
		case pg.ConstrType_CONSTR_CHECK, pg.ConstrType_CONSTR_NOTNULL:
			return true
		}
	}
	return false
}

// bounded reports whether a condition keeps a statement to a part that doesn't grow with the table: a
// comparison with a value, a range with an upper bound, a list, a limit. IS NULL and <> are none.
func bounded(n *pg.Node) bool {
	if n == nil {
		return false
	}
	if b := n.GetBoolExpr(); b != nil {
		switch b.Boolop {
		case pg.BoolExprType_AND_EXPR:
			return slices.ContainsFunc(b.Args, bounded) || ranged(b.Args)
		case pg.BoolExprType_OR_EXPR:
			return !slices.ContainsFunc(b.Args, func(a *pg.Node) bool { return !bounded(a) })
		}
		return false
	}
	if s := n.GetSubLink(); s != nil {
		q := s.GetSubselect().GetSelectStmt()
		return q != nil && (q.LimitCount != nil || bounded(q.WhereClause)) && len(columnsIn(s.Testexpr)) > 0
	}
	if n.GetCurrentOfExpr() != nil {
		return true
	}
	return comparison(n.GetAExpr())
}

func comparison(e *pg.A_Expr) bool {
	if e == nil || len(columnsIn(e.Lexpr))+len(columnsIn(e.Rexpr)) == 0 {
		return false
	}
	columns := len(columnsIn(e.Lexpr)) > 0 && len(columnsIn(e.Rexpr)) > 0
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_BETWEEN_SYM:
		return true
	case pg.A_Expr_Kind_AEXPR_OP:
		switch dotted(e.Name) {
		case "=", "<", "<=":
			return !columns
		}
	}
	return false
}

// ranged: both ends of a range.
func ranged(args []*pg.Node) bool {
	low, high := false, false
	for _, a := range args {
		if e := a.GetAExpr(); e != nil && e.Kind == pg.A_Expr_Kind_AEXPR_OP {
			op := dotted(e.Name)
			low = low || op == ">" || op == ">="
			high = high || op == "<" || op == "<="
		}
	}
	return low && high
}
