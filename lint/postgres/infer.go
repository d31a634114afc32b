package postgres

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

// literal is the type of a quoted text: it takes whatever type is wanted, if its text can be read as one.
const literal = "unknown"

// infer gives an expression's type as the catalog writes it; "" where it isn't known.
func (x *reader) infer(n *pg.Node, in []scope) string {
	if n == nil || x.fault != "" {
		return ""
	}
	switch e := n.Node.(type) {
	case *pg.Node_AConst:
		return constType(e.AConst)
	case *pg.Node_ColumnRef:
		return x.column(e.ColumnRef, in)
	case *pg.Node_TypeCast:
		return x.cast(e.TypeCast, in)
	case *pg.Node_AExpr:
		return x.operator(e.AExpr, in)
	case *pg.Node_BoolExpr:
		for _, a := range e.BoolExpr.Args {
			x.condition(a, in, "AND, OR, NOT")
		}
		return "boolean"
	case *pg.Node_NullTest:
		x.infer(e.NullTest.Arg, in)
		return "boolean"
	case *pg.Node_BooleanTest:
		x.condition(e.BooleanTest.Arg, in, "IS TRUE")
		return "boolean"
	case *pg.Node_FuncCall:
		return x.call(e.FuncCall, in)
	case *pg.Node_CoalesceExpr:
		return x.first(e.CoalesceExpr.Args, in)
	case *pg.Node_MinMaxExpr:
		return x.first(e.MinMaxExpr.Args, in)
	case *pg.Node_CaseExpr:
		return x.cases(e.CaseExpr, in)
	case *pg.Node_SubLink:
		return x.sublink(e.SubLink, in)
	case *pg.Node_CollateClause:
		return x.infer(e.CollateClause.Arg, in)
	case *pg.Node_AArrayExpr:
		x.first(e.AArrayExpr.Elements, in)
	case *pg.Node_RowExpr:
		x.first(e.RowExpr.Args, in)
	case *pg.Node_AIndirection:
		x.infer(e.AIndirection.Arg, in)
	case *pg.Node_SqlvalueFunction:
		switch e.SqlvalueFunction.Op {
		case pg.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
			return "date"
		case pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP, pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N:
			return "timestamptz"
		}
	}
	return ""
}

func constType(c *pg.A_Const) string {
	switch {
	case c.Isnull:
		return literal
	case c.GetIval() != nil:
		return "integer"
	case c.GetFval() != nil:
		return "numeric"
	case c.GetBoolval() != nil:
		return "boolean"
	case c.GetSval() != nil:
		return literal
	}
	return ""
}

// first reads all of a list and gives the first type that is known.
func (x *reader) first(list []*pg.Node, in []scope) string {
	t := ""
	for _, n := range list {
		if s := x.infer(n, in); t == "" && s != literal {
			t = s
		}
	}
	return t
}

func (x *reader) cases(e *pg.CaseExpr, in []scope) string {
	t := ""
	x.infer(e.Arg, in)
	for _, w := range e.Args {
		c := w.GetCaseWhen()
		if e.Arg == nil {
			x.condition(c.GetExpr(), in, "WHEN")
		} else {
			x.infer(c.GetExpr(), in)
		}
		if s := x.infer(c.GetResult(), in); t == "" && s != literal {
			t = s
		}
	}
	if s := x.infer(e.Defresult, in); t == "" && s != literal {
		t = s
	}
	return t
}

func (x *reader) sublink(e *pg.SubLink, in []scope) string {
	x.infer(e.Testexpr, in)
	cols, open := x.query(e.Subselect.GetSelectStmt(), in)
	switch e.SubLinkType {
	case pg.SubLinkType_EXPR_SUBLINK:
		if !open && len(cols) > 1 {
			x.fail("a subquery gives %d columns where one is wanted", len(cols))
		}
		if len(cols) == 1 {
			return cols[0].typ
		}
	case pg.SubLinkType_EXISTS_SUBLINK, pg.SubLinkType_ANY_SUBLINK, pg.SubLinkType_ALL_SUBLINK:
		return "boolean"
	}
	return ""
}

// condition reads what has to be a boolean.
func (x *reader) condition(n *pg.Node, in []scope, what string) {
	if n == nil {
		return
	}
	t := x.infer(n, in)
	if g := x.group(t); t != "" && t != literal && g != "" && g != "bool" {
		x.fail("%s wants a boolean, and this is %s", what, t)
	}
}

func (x *reader) cast(c *pg.TypeCast, in []scope) string {
	from, to := x.infer(c.Arg, in), typeOf(c.TypeName)
	if x.noType(c.TypeName) {
		x.fail("there is no type %s", to.name)
	}
	if s := c.Arg.GetAConst().GetSval(); s != nil {
		if why := x.unfit(s.Sval, to, true); why != "" {
			x.fail("%s", why)
		}
	}
	a, b := x.group(from), x.group(to.String())
	never := map[string]bool{"number date": true, "date number": true, "bool date": true, "date bool": true, "uuid number": true, "number uuid": true, "uuid date": true, "date uuid": true, "uuid bool": true, "bool uuid": true, "number time": true}
	if never[a+" "+b] {
		x.fail("there is no cast from %s to %s", from, to)
	}
	return to.String()
}

// group says to which kind of types one belongs whose values are compared with each other; "" where it isn't known.
func (x *reader) group(t string) string {
	if t == "" || t == literal || strings.HasSuffix(t, "[]") {
		return ""
	}
	p := x.base(parseType(t))
	if p.array {
		return ""
	}
	if e := x.catalog.Type(p.name); e != nil && e.Kind == "enum" {
		return "enum " + e.Name
	}
	g := group[p.name]
	if g == "json" {
		return p.name
	}
	return g
}

var comparisons = map[string]bool{"=": true, "<>": true, "!=": true, "<": true, ">": true, "<=": true, ">=": true}

func (x *reader) operator(e *pg.A_Expr, in []scope) string {
	l := x.infer(e.Lexpr, in)
	op := dotted(e.Name)
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		for _, n := range e.Rexpr.GetList().GetItems() {
			x.compare(l, e.Lexpr, x.infer(n, in), n, "=")
		}
		return "boolean"
	case pg.A_Expr_Kind_AEXPR_LIKE, pg.A_Expr_Kind_AEXPR_ILIKE, pg.A_Expr_Kind_AEXPR_SIMILAR:
		x.infer(e.Rexpr, in)
		x.textual(l, "LIKE")
		return "boolean"
	case pg.A_Expr_Kind_AEXPR_OP, pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT:
	case pg.A_Expr_Kind_AEXPR_NULLIF:
		x.infer(e.Rexpr, in)
		return l
	default:
		x.infer(e.Rexpr, in)
		return "boolean"
	}
	r := x.infer(e.Rexpr, in)
	if e.Lexpr == nil {
		return r
	}
	switch {
	case comparisons[op]:
		x.compare(l, e.Lexpr, r, e.Rexpr, op)
		return "boolean"
	case op == "~" || op == "~*" || op == "!~" || op == "!~*":
		x.textual(l, op)
		return "boolean"
	case op == "||":
		if a, b := x.group(l), x.group(r); a == "text" || b == "text" {
			return "text"
		}
	case op == "->>" || op == "#>>":
		return "text"
	case op == "->" || op == "#>":
		return l
	case strings.Contains("+-*/%", op):
		x.literalNumber(l, e.Rexpr)
		x.literalNumber(r, e.Lexpr)
		return x.arithmetic(l, r, op)
	case op == "@>" || op == "<@" || op == "&&" || op == "?" || op == "@@":
		return "boolean"
	}
	return ""
}

func (x *reader) textual(t, op string) {
	if g := x.group(t); g == "number" || g == "bool" || g == "date" || g == "uuid" || g == "json" || g == "jsonb" || g == "time" || g == "interval" {
		x.fail("there is no operator %s %s", t, op)
	}
}

// compare: two sides of a comparison have to be of one kind.
func (x *reader) compare(l string, left *pg.Node, r string, right *pg.Node, op string) {
	a, b := x.group(l), x.group(r)
	if x.base(parseType(l)).name == "json" && (b == "json" || r == literal) || x.base(parseType(r)).name == "json" && l == literal {
		x.fail("json has no operator %s; jsonb has", op)
	}
	for _, s := range []struct {
		t string
		n *pg.Node
	}{{l, right}, {r, left}} {
		if c := s.n.GetAConst().GetSval(); c != nil && s.t != "" && s.t != literal {
			if why := x.unfit(c.Sval, parseType(s.t), false); why != "" {
				x.fail("%s", why)
			}
		}
	}
	if a != "" && b != "" && a != b && !(a == "time" && b == "interval" || a == "interval" && b == "time") {
		x.fail("there is no operator %s %s %s", l, op, r)
	}
}

func (x *reader) arithmetic(l, r, op string) string {
	a, b := x.group(l), x.group(r)
	for _, g := range []string{"text", "bool", "uuid", "json"} {
		if a == g && (b != "" || r == literal) || b == g && (a != "" || l == literal) {
			if a == "jsonb" || b == "jsonb" {
				return ""
			}
			x.fail("there is no operator %s %s %s", l, op, r)
			return ""
		}
	}
	switch {
	case a == "number" && b == "number":
		return wider(parseType(l).name, parseType(r).name)
	case a == "number" && r == literal:
		return l
	case b == "number" && l == literal:
		return r
	}
	return ""
}

// literalNumber: a quoted text beside a number is read as one of its type.
func (x *reader) literalNumber(t string, n *pg.Node) {
	if s := n.GetAConst().GetSval(); s != nil && x.group(t) == "number" {
		if why := x.unfit(s.Sval, parseType(t), false); why != "" {
			x.fail("%s", why)
		}
	}
}

// wider is the type that arithmetic of two numbers has.
func wider(a, b string) string {
	for _, t := range []string{"float8", "float4", "numeric", "int8", "int4", "int2"} {
		if a == t || b == t {
			return typ{name: t}.String()
		}
	}
	return ""
}

// wantText are functions of one text.
var wantText = map[string]bool{"lower": true, "upper": true, "length": true, "char_length": true, "btrim": true, "ltrim": true, "rtrim": true, "initcap": true, "octet_length": false}

func (x *reader) call(f *pg.FuncCall, in []scope) string {
	name := lastName(f.Funcname)
	var args []string
	for _, a := range f.Args {
		if n := a.GetNamedArgExpr(); n != nil {
			a = n.Arg
		}
		args = append(args, x.infer(a, in))
	}
	x.infer(f.AggFilter, in)
	b, known := builtins()[name]
	own := x.routinesNamed(identOf(f.Funcname))
	for _, o := range own {
		x.uses = append(x.uses, lint.Use{Other: "function " + o.ID.Name})
	}
	if len(own) > 0 {
		if slices.ContainsFunc(f.Args, func(a *pg.Node) bool { return a.GetNamedArgExpr() != nil }) {
			return ""
		}
		return x.callOwn(own, args)
	}
	full := names(f.Funcname)
	if !known {
		if x.catalog.Complete && !x.extended() && name != placeholder && !(len(full) > 1 && system(schemaIdent(full[0]))) && x.catalog.Relation(identOf(f.Funcname)) == nil && x.catalog.Type(name) == nil && !x.made(name) {
			x.fail("there is no function %s", strings.Join(full, "."))
		}
		return ""
	}
	x.regclass(name, f)
	if wantText[name] && len(args) == 1 {
		if g := x.group(args[0]); g == "number" || g == "bool" || g == "date" || g == "json" || g == "jsonb" || g == "uuid" {
			x.fail("there is no function %s(%s)", name, args[0])
		}
	}
	if name == "lower" || name == "upper" {
		return "text"
	}
	if b.returns == "" {
		return ""
	}
	return typ{name: b.returns}.String()
}

// callOwn is a call of a routine that the files define: the number of arguments has to fit one of them, and their kinds.
func (x *reader) callOwn(own []*lint.Object, args []string) string {
	for _, o := range own {
		if len(args) >= o.Required && len(args) <= len(o.Args) && !slices.ContainsFunc(o.Args, func(a string) bool { return strings.HasPrefix(a, "any") }) {
			for i, a := range args {
				if g, w := x.group(a), x.group(o.Args[i]); g != "" && w != "" && g != w {
					x.fail("there is no function %s for %s", o.ID.Name, strings.Join(args, ", "))
				}
			}
			return o.Returns
		}
	}
	if len(own) == 1 && x.catalog.Complete && !slices.ContainsFunc(own[0].Args, func(a string) bool { return strings.HasPrefix(a, "variadic") }) && builtins()[own[0].ID.Name].kind == "" {
		x.fail("there is no function %s with %d arguments", own[0].ID.Name, len(args))
	}
	return ""
}

// regclass: nextval('seq') and the like name a sequence.
func (x *reader) regclass(name string, f *pg.FuncCall) {
	if name != "nextval" && name != "setval" && name != "currval" || len(f.Args) == 0 {
		return
	}
	arg := f.Args[0]
	if c := arg.GetTypeCast(); c != nil {
		arg = c.Arg
	}
	if s := arg.GetAConst().GetSval(); s != nil && !strings.ContainsAny(s.Sval, `"`) {
		id := identParsed(s.Sval)
		if x.lacks(id) && !x.ownSequence(id) {
			x.fail("there is no sequence %s", s.Sval)
		}
		x.use(x.catalog.Relation(id), "")
	}
}

var numeric = regexp.MustCompile(`^\s*[+-]?(\d[\d_]*\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$`)
var uuidText = regexp.MustCompile(`^\{?[0-9a-fA-F]{4}(-?[0-9a-fA-F]{4}){7}\}?$`)

// unfit says why a quoted text can't be a value of a type. cut: a text that is too long is cut, as an explicit cast does.
func (j *judge) unfit(s string, to typ, cut bool) string {
	if to.array {
		if t := strings.TrimSpace(s); !strings.HasPrefix(t, "{") && !strings.HasPrefix(t, "[") || !strings.HasSuffix(t, "}") {
			return "'" + s + "' is no array"
		}
		return ""
	}
	if d := j.catalog.Type(to.name); d != nil {
		switch d.Kind {
		case "enum":
			if len(d.Values) > 0 && !slices.Contains(d.Values, s) {
				return "'" + s + "' is no value of " + d.Name
			}
		case "domain":
			if d.Base != "" {
				return j.unfit(s, parseType(d.Base), cut)
			}
		}
		return ""
	}
	bad := "'" + s + "' is no value of " + to.String()
	l := strings.ToLower(strings.TrimSpace(s))
	if unfitPlain(l, to.name) {
		return bad
	}
	switch to.name {
	case "int2", "int4", "int8":
		if !intFits(l, to.name) {
			return bad
		}
	case "numeric", "float4", "float8":
		if !numeric.MatchString(s) && l != "nan" && !strings.Contains(l, "inf") && !strings.HasPrefix(l, "0x") {
			return bad
		}
		return j.overflow(l, to)
	case "bool":
		if !slices.Contains([]string{"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1", "f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"}, l) {
			return bad
		}
	case "uuid":
		if !uuidText.MatchString(l) {
			return bad
		}
	case "json", "jsonb":
		if !json.Valid([]byte(s)) {
			return bad
		}
	case "date", "timestamp", "timestamptz":
		if !strings.ContainsAny(l, "0123456789") && !slices.Contains([]string{"now", "today", "tomorrow", "yesterday", "epoch", "infinity", "-infinity", "allballs"}, strings.Fields(l + " x")[0]) {
			return bad
		}
	case "varchar", "bpchar":
		if n := to.mod(0, unlimited); !cut && len([]rune(strings.TrimRight(s, " "))) > n {
			return "'" + s + "' is longer than " + to.String()
		}
	}
	return ""
}

func intFits(s, name string) bool {
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		_, err = strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
		return err == nil
	}
	switch name {
	case "int2":
		return n >= -1<<15 && n < 1<<15
	case "int4":
		return n >= -1<<31 && n < 1<<31
	}
	return true
}

// overflow: numeric(p,s) holds p-s digits before the point.
func (j *judge) overflow(s string, to typ) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || to.name != "numeric" || to.mods == nil {
		return ""
	}
	limit := 1.0
	for range max(to.mod(0, 0)-to.mod(1, 0), 0) {
		limit *= 10
	}
	if f >= limit || -f >= limit {
		return s + " is too large for " + to.String()
	}
	return ""
}

// assigned says why an expression can't be the value of a column: by its names, its type, or its text.
func (x *reader) assigned(n *pg.Node, to string, in []scope) string {
	from := x.infer(n, in)
	if x.fault != "" || to == "" {
		return x.fault
	}
	target := parseType(to)
	if why := unfitBits(n, target); why != "" {
		return why
	}
	if v, isConst := constant(n); isConst && v != nil {
		if s, quoted := v.(string); quoted {
			return x.unfit(s, target, false)
		}
		if f, number := v.(float64); number && x.group(to) == "number" {
			s := strconv.FormatFloat(f, 'f', -1, 64)
			if why := x.overflow(s, target); why != "" {
				return why
			}
			if strings.HasPrefix(target.name, "int") && f == float64(int64(f)) && !intFits(s, target.name) {
				return s + " is too large for " + target.String()
			}
		}
	}
	if from == "" || from == literal {
		return ""
	}
	a, b := x.group(from), x.group(to)
	switch {
	case a == "" || b == "" || a == b || b == "text":
		return ""
	case strings.HasPrefix(a, "enum") || strings.HasPrefix(b, "enum"):
		return "it is " + from + ", which isn't cast to " + to + " by assignment"
	}
	if ok, known := castable(x.base(parseType(from)), x.base(target)); known && !ok {
		return "it is " + from + ", which isn't cast to " + to + " by assignment"
	}
	return ""
}

// constant is the value of a literal: a string, a float64, a bool, or nil for NULL.
func constant(n *pg.Node) (value any, ok bool) {
	if e := n.GetAExpr(); e != nil && e.Lexpr == nil && dotted(e.Name) == "-" {
		if f, is := number(e.Rexpr); is {
			return -f, true
		}
		return nil, false
	}
	c := n.GetAConst()
	switch {
	case c == nil:
		return nil, false
	case c.Isnull:
		return nil, true
	case c.GetSval() != nil:
		return c.GetSval().Sval, true
	case c.GetBoolval() != nil:
		return c.GetBoolval().Boolval, true
	}
	f, is := number(n)
	return f, is
}

func number(n *pg.Node) (float64, bool) {
	c := n.GetAConst()
	if c.GetIval() != nil {
		return float64(c.GetIval().Ival), true
	}
	if c.GetFval() != nil {
		f, err := strconv.ParseFloat(c.GetFval().Fval, 64)
		return f, err == nil
	}
	return 0, false
}
