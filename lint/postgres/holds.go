package postgres

import (
	"cmp"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/schema"
)

func schemaIdent(schemaName string) schema.Ident { return schema.Ident{Schema: schemaName} }

// identParsed reads a name as it stands in a text: schema.name or name.
func identParsed(s string) schema.Ident { return schema.ParseIdent(s) }

// refuses reports whether a CHECK is false for certain for a row of these values. A value that isn't there isn't known.
func refuses(check *pg.Node, row map[string]any) bool {
	v, known := holds(check, row)
	return known && v != nil && v == false
}

// holds computes a condition: true, false or nil for NULL; known is false where that can't be said.
func holds(n *pg.Node, row map[string]any) (v any, known bool) {
	switch e := n.GetNode().(type) {
	case *pg.Node_NullTest:
		a, ok := value(e.NullTest.Arg, row)
		return (a == nil) == (e.NullTest.Nulltesttype == pg.NullTestType_IS_NULL), ok
	case *pg.Node_BoolExpr:
		return logic(e.BoolExpr, row)
	case *pg.Node_AExpr:
		return compared(e.AExpr, row)
	}
	return value(n, row)
}

func value(n *pg.Node, row map[string]any) (any, bool) {
	if r := n.GetColumnRef(); r != nil && len(r.Fields) == 1 {
		v, ok := row[str(r.Fields[0])]
		return v, ok
	}
	return constant(n)
}

func logic(b *pg.BoolExpr, row map[string]any) (any, bool) {
	all, null := true, false
	decisive := b.Boolop == pg.BoolExprType_OR_EXPR
	for _, a := range b.Args {
		v, ok := holds(a, row)
		if b.Boolop == pg.BoolExprType_NOT_EXPR {
			t, is := v.(bool)
			if !is {
				return nil, ok
			}
			return !t, ok
		}
		if ok && v == decisive {
			return decisive, true
		}
		all, null = all && ok, null || v == nil
	}
	if null {
		return nil, all
	}
	return !decisive, all
}

func compared(e *pg.A_Expr, row map[string]any) (any, bool) {
	l, ok := value(e.Lexpr, row)
	if !ok {
		return nil, false
	}
	if e.Kind == pg.A_Expr_Kind_AEXPR_IN && dotted(e.Name) == "=" {
		for _, i := range e.Rexpr.GetList().GetItems() {
			r, ok := value(i, row)
			if !ok || l == r {
				return true, ok && l != nil
			}
		}
		if l == nil {
			return nil, true
		}
		return false, true
	}
	r, ok := value(e.Rexpr, row)
	if !ok || e.Kind != pg.A_Expr_Kind_AEXPR_OP {
		return nil, false
	}
	if l == nil || r == nil {
		return nil, true
	}
	switch a := l.(type) {
	case float64:
		if b, is := r.(float64); is {
			return ordered(cmp.Compare(a, b), dotted(e.Name))
		}
	case string: // which text is greater is the collation's to say
		if b, is := r.(string); is && (dotted(e.Name) == "=" || dotted(e.Name) == "<>") {
			return ordered(cmp.Compare(a, b), dotted(e.Name))
		}
	case bool:
		if b, is := r.(bool); is && dotted(e.Name) == "=" {
			return a == b, true
		}
	}
	return nil, false
}

func ordered(c int, op string) (any, bool) {
	switch op {
	case "=":
		return c == 0, true
	case "<>", "!=":
		return c != 0, true
	case "<":
		return c < 0, true
	case ">":
		return c > 0, true
	case "<=":
		return c <= 0, true
	case ">=":
		return c >= 0, true
	}
	return nil, false
}
