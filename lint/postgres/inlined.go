package postgres

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// inlined is the expression that the server puts in the place of a call of a function in SQL, nil where it keeps the call (inline_function in the
// server's source): one SELECT of one value and nothing else, of a function that isn't SECURITY DEFINER, sets nothing, and is STRICT only if its expression is, too. What is
// volatile is said of that expression then, and not by the words of CREATE FUNCTION.
func inlined(n *pg.CreateFunctionStmt) *pg.Node {
	if n.IsProcedure || n.ReturnType.GetSetof() {
		return nil
	}
	language, strict := "", false
	for _, o := range n.Options {
		switch d := o.GetDefElem(); d.GetDefname() {
		case "language":
			language = strings.ToLower(str(d.Arg))
		case "strict":
			strict = d.Arg.GetBoolean().GetBoolval()
		case "security":
			if d.Arg.GetBoolean().GetBoolval() {
				return nil
			}
		case "set":
			return nil
		}
	}
	e := bodyValue(n, language)
	if strict && !nullForNull(e, n.Parameters) {
		return nil
	}
	return e
}

// nullForNull: the expression names every argument and is NULL wherever one of them is, as STRICT says; of what isn't plain nothing is known.
func nullForNull(e *pg.Node, parameters []*pg.Node) bool {
	plain, used := true, map[string]bool{}
	walk(e, func(m *pg.Node) {
		switch x := m.Node.(type) {
		case *pg.Node_AConst, *pg.Node_TypeCast, *pg.Node_TypeName, *pg.Node_String_, *pg.Node_Integer:
		case *pg.Node_ColumnRef:
			used[lastOf(x.ColumnRef.Fields)] = true
		case *pg.Node_AExpr:
			plain = plain && x.AExpr.Kind == pg.A_Expr_Kind_AEXPR_OP
		default:
			plain = false
		}
	})
	for _, p := range parameters {
		plain = plain && used[p.GetFunctionParameter().GetName()]
	}
	return plain && e != nil
}

// bodyValue is the one expression that a body gives back.
func bodyValue(n *pg.CreateFunctionStmt, language string) *pg.Node {
	if n.SqlBody != nil {
		return atomic(n.SqlBody)
	}
	if language != "sql" {
		return nil
	}
	r, err := pg.Parse(writtenBody(n))
	if err != nil || len(r.Stmts) != 1 {
		return nil
	}
	return onlyValue(r.Stmts[0].Stmt.GetSelectStmt())
}

// atomic is the expression of RETURN, or of BEGIN ATOMIC with one SELECT.
func atomic(body *pg.Node) *pg.Node {
	if r := body.GetReturnStmt(); r != nil && only(r.Returnval, "") == "" {
		return r.Returnval
	}
	for l := body.GetList(); l != nil; l = l.Items[0].GetList() {
		if len(l.Items) != 1 {
			return nil
		}
		if q := l.Items[0].GetSelectStmt(); q != nil {
			return onlyValue(q)
		}
	}
	return nil
}

// onlyValue is the expression of a query that is SELECT and one expression. A subquery and an aggregate aren't put anywhere else.
func onlyValue(q *pg.SelectStmt) *pg.Node {
	if q == nil || len(q.TargetList) != 1 || len(q.FromClause)+len(q.DistinctClause)+len(q.GroupClause)+len(q.SortClause)+len(q.ValuesLists)+len(q.LockingClause) > 0 {
		return nil
	}
	if q.WhereClause != nil || q.HavingClause != nil || q.LimitCount != nil || q.LimitOffset != nil || q.WithClause != nil || q.Larg != nil || q.IntoClause != nil {
		return nil
	}
	if e := q.TargetList[0].GetResTarget().GetVal(); only(e, "") == "" {
		return e
	}
	return nil
}
