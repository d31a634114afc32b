package postgres

import (
	"cmp"
	"regexp"
	"strings"
	"unicode/utf8"

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

// some stands for a value that isn't NULL; which one it is isn't known.
type some struct{}

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
	v, known = value(n, row)
	if v == (some{}) {
		return nil, false
	}
	return v, known
}

func value(n *pg.Node, row map[string]any) (any, bool) {
	if r := n.GetColumnRef(); r != nil && len(r.Fields) == 1 {
		v, ok := row[str(r.Fields[0])]
		return v, ok
	}
	if f := n.GetFuncCall(); f != nil {
		return measured(f, row)
	}
	return constant(n)
}

// measured is the length of a text.
func measured(f *pg.FuncCall, row map[string]any) (any, bool) {
	name := lastName(f.Funcname)
	if name != "length" && name != "char_length" && name != "character_length" || len(f.Args) != 1 {
		return nil, false
	}
	v, ok := value(f.Args[0], row)
	if s, is := v.(string); is && ok {
		return float64(utf8.RuneCountInString(s)), true
	}
	return nil, ok && v == nil
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
	if !ok || l == (some{}) {
		return nil, false
	}
	if e.Kind == pg.A_Expr_Kind_AEXPR_IN && dotted(e.Name) == "=" {
		for _, i := range e.Rexpr.GetList().GetItems() {
			r, ok := value(i, row)
			if !ok || r == (some{}) || l == r {
				return true, ok && l != nil && l == r
			}
		}
		if l == nil {
			return nil, true
		}
		return false, true
	}
	r, ok := value(e.Rexpr, row)
	like := e.Kind == pg.A_Expr_Kind_AEXPR_LIKE
	if !ok || r == (some{}) || e.Kind != pg.A_Expr_Kind_AEXPR_OP && !like {
		return nil, false
	}
	if l == nil || r == nil {
		return nil, true
	}
	if a, text := l.(string); text && (like || dotted(e.Name) == "~" || dotted(e.Name) == "!~") {
		pattern, _ := r.(string)
		return matches(a, dotted(e.Name), pattern)
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

// matches computes LIKE and ~ where the pattern means the same everywhere.
func matches(s, op, pattern string) (any, bool) {
	if strings.Contains(pattern, `\`) || strings.Contains(pattern, "(?") {
		return nil, false
	}
	like := op == "~~" || op == "!~~"
	if like {
		pattern = "(?s)^" + strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(pattern)) + "$"
	}
	x, err := regexp.Compile(pattern)
	if err != nil {
		return nil, false
	}
	return x.MatchString(s) == (op == "~~" || op == "~"), true
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
