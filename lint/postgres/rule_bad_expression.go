package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var badExpression = rule{lint.Rule{
	ID: "bad-expression", Severity: lint.Error, Kind: lint.Fails,
	Summary: "an expression that can't be what it stands for: a default, a CHECK, a generated column, an index, a policy, a view",
	Why: "The server reads an expression when the statement runs, and refuses names that aren't there, types that no operator or cast brings together, text that isn't a value of the column's type, " +
		"subqueries and aggregates where only the row itself is known, functions that aren't immutable in an index or a generated column, and a generated column made of another one.",
	Bad: []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN a int DEFAULT 'none';"}, {SQL: "ALTER TABLE t ADD COLUMN a boolean DEFAULT 1;"}, {Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0) NOT VALID;"},
		{Schema: "CREATE TABLE t (at timestamptz);", SQL: "CREATE INDEX CONCURRENTLY i ON t ((at::date));"}, {Schema: "CREATE TABLE t (a int);", SQL: "CREATE VIEW v AS SELECT b FROM t;"}},
	Good: []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN a int DEFAULT '5';"}, {Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"}, {Schema: "CREATE TABLE t (a text);", SQL: "CREATE INDEX CONCURRENTLY i ON t (lower(a));"}},
}, func(c *call) {
	if why := c.expressions(); why != "" {
		c.report(said{message: "this fails: " + why, safe: "Look at the names and types of the expression."})
	}
}}

// expressions looks at every expression of a statement.
func (c *call) expressions() string {
	switch n := c.node.Node.(type) {
	case *pg.Node_AlterTableStmt:
		if n.AlterTableStmt.Objtype == pg.ObjectType_OBJECT_TYPE || c.lacks(ident(n.AlterTableStmt.Relation)) {
			return ""
		}
		return c.alterExpressions(n.AlterTableStmt)
	case *pg.Node_CreateStmt:
		return c.createExpressions(n.CreateStmt)
	case *pg.Node_IndexStmt:
		return c.indexExpressions(n.IndexStmt)
	case *pg.Node_ViewStmt:
		return c.queried(n.ViewStmt.Query)
	case *pg.Node_CreateTableAsStmt:
		return c.queried(n.CreateTableAsStmt.Query)
	case *pg.Node_SelectStmt:
		return c.queried(c.node)
	case *pg.Node_CreatePolicyStmt:
		return c.policyExpressions(n.CreatePolicyStmt.Table, n.CreatePolicyStmt.Qual, n.CreatePolicyStmt.WithCheck)
	case *pg.Node_AlterPolicyStmt:
		return c.policyExpressions(n.AlterPolicyStmt.Table, n.AlterPolicyStmt.Qual, n.AlterPolicyStmt.WithCheck)
	case *pg.Node_CreateTrigStmt:
		return c.whenExpression(n.CreateTrigStmt)
	case *pg.Node_CreateDomainStmt:
		for _, q := range n.CreateDomainStmt.Constraints {
			if why := c.domainExpression(typeOf(n.CreateDomainStmt.TypeName).String(), q.GetConstraint()); why != "" {
				return why
			}
		}
	case *pg.Node_AlterDomainStmt:
		d := n.AlterDomainStmt
		if t := c.catalog.Type(dotted(d.TypeName)); t != nil && t.Base != "" && d.Def != nil {
			if d.Subtype == "T" {
				return c.plain(d.Def, t.Base, nil)
			}
			return c.domainExpression(t.Base, d.Def.GetConstraint())
		}
	}
	return ""
}

func (c *call) queried(q *pg.Node) string {
	x := c.reader()
	x.query(q.GetSelectStmt(), nil)
	return x.fault
}

// plain is an expression that is a column's value by itself: a default.
func (c *call) plain(n *pg.Node, to string, k *lint.Relation) string {
	if len(columnsIn(n)) > 0 {
		return "a default can't name a column"
	}
	if why := only(n, "a default"); why != "" {
		return why
	}
	x := c.reader()
	if why := x.assigned(n, to, []scope{{}}); why != "" {
		return "the default can't be: " + why
	}
	return ""
}

// only: subqueries and aggregates aren't allowed where just one row is known.
func only(n *pg.Node, what string) string {
	why := ""
	walk(n, func(m *pg.Node) {
		if m.GetSubLink() != nil {
			why = what + " can't hold a subquery"
		}
		if f := m.GetFuncCall(); f != nil && (f.Over != nil || builtins()[lastName(f.Funcname)].kind == "a" && f.AggStar || aggregates[lastName(f.Funcname)]) {
			why = what + " can't hold an aggregate"
		}
	})
	return why
}

var aggregates = map[string]bool{"max": true, "min": true, "sum": true, "count": true, "avg": true, "array_agg": true, "string_agg": true}

// check is a condition on a row of one table.
func (c *call) check(n *pg.Node, in source, what string) string {
	if why := only(n, what); why != "" {
		return why
	}
	x := c.reader()
	x.condition(n, []scope{{in}}, what)
	return x.fault
}

func (c *call) alterExpressions(t *pg.AlterTableStmt) string {
	in := of(c.relation(t.Relation), t.Relation.Relname)
	in.columns = slices.Clone(in.columns)
	for _, n := range t.Cmds {
		a := n.GetAlterTableCmd()
		if d := a.Def.GetColumnDef(); d != nil && a.Subtype == pg.AlterTableType_AT_AddColumn {
			in.columns = append(in.columns, column{d.Colname, typeOf(d.TypeName).String()})
		}
		if a.Subtype == pg.AlterTableType_AT_AlterColumnType { // what it is afterwards
			for i := range in.columns {
				if in.columns[i].name == a.Name {
					in.columns[i].typ = ""
				}
			}
		}
	}
	k := c.relation(t.Relation)
	for _, n := range t.Cmds {
		if why := c.actionExpression(k, n.GetAlterTableCmd(), in); why != "" {
			return why
		}
	}
	return ""
}

func (c *call) actionExpression(k *lint.Relation, a *pg.AlterTableCmd, in source) string {
	switch a.Subtype {
	case pg.AlterTableType_AT_AddColumn:
		if d := a.Def.GetColumnDef(); !a.MissingOk || k.Column(d.Colname) == nil {
			return c.columnExpressions(d, in, k)
		}
	case pg.AlterTableType_AT_ColumnDefault:
		if col := k.Column(a.Name); a.Def != nil && (col == nil || col.Generated == "") {
			to := ""
			if col != nil {
				to = col.Type
			}
			return c.plain(a.Def, to, k)
		}
	case pg.AlterTableType_AT_AddConstraint:
		if q := a.Def.GetConstraint(); q.GetContype() == pg.ConstrType_CONSTR_CHECK {
			return c.check(q.RawExpr, in, "a CHECK")
		}
	case pg.AlterTableType_AT_SetExpression:
		return c.generated(a.Def, a.Name, in, k)
	case pg.AlterTableType_AT_AlterColumnType:
		if u := a.Def.GetColumnDef().GetRawDefault(); u != nil {
			in = of(k, in.alias)
			x := c.reader()
			why := x.assigned(u, typeOf(a.Def.GetColumnDef().GetTypeName()).String(), []scope{{in}})
			if x.fault == "" {
				x.fault = why
			}
			return x.fault
		}
	}
	return ""
}

// columnExpressions looks at a new column's default, CHECKs and generation.
func (c *call) columnExpressions(d *pg.ColumnDef, in source, k *lint.Relation) string {
	for _, n := range d.Constraints {
		q, why := n.GetConstraint(), ""
		switch q.GetContype() {
		case pg.ConstrType_CONSTR_DEFAULT:
			why = c.plain(q.RawExpr, typeOf(d.TypeName).String(), k)
		case pg.ConstrType_CONSTR_CHECK:
			why = c.check(q.RawExpr, in, "a CHECK")
		case pg.ConstrType_CONSTR_GENERATED:
			why = c.generated(q.RawExpr, d.Colname, in, k)
			if x := c.reader(); why == "" {
				why = x.assigned(q.RawExpr, typeOf(d.TypeName).String(), []scope{{in}})
			}
		}
		if why != "" {
			return why
		}
	}
	return ""
}

func (c *call) generated(n *pg.Node, name string, in source, k *lint.Relation) string {
	if why := only(n, "a generated column"); why != "" {
		return why
	}
	for _, col := range columnsIn(n) {
		if col == name {
			return "a generated column can't be made of itself"
		}
		if d := k.Column(col); d != nil && d.Generated != "" {
			return fmt.Sprintf("a generated column can't be made of another one, and %s is one", quote(col))
		}
	}
	x := c.reader()
	x.infer(n, []scope{{in}})
	if x.fault != "" {
		return x.fault
	}
	if f := c.mutable(n, in); f != "" {
		return f + ", and a generated column has to be immutable"
	}
	return ""
}

func (c *call) createExpressions(n *pg.CreateStmt) string {
	if n.IfNotExists && c.relation(n.Relation) != nil {
		return ""
	}
	in := source{alias: n.Relation.Relname, open: n.OfTypename != nil}
	generated := &lint.Relation{}
	for _, i := range n.InhRelations {
		s := of(c.relation(i.GetRangeVar()), "")
		in.columns, in.open = append(in.columns, s.columns...), in.open || s.open
	}
	for _, e := range n.TableElts {
		if d := e.GetColumnDef(); d != nil {
			if _, ok := in.find(d.Colname); !ok {
				in.columns = append(in.columns, column{d.Colname, typeOf(d.TypeName).String()})
			}
			if slices.ContainsFunc(d.Constraints, func(q *pg.Node) bool { return q.GetConstraint().GetContype() == pg.ConstrType_CONSTR_GENERATED }) {
				generated.Columns = append(generated.Columns, schema.Column{Name: d.Colname, Generated: "stored"})
			}
		}
		if l := e.GetTableLikeClause(); l != nil {
			s := of(c.relation(l.Relation), "")
			in.columns, in.open = append(in.columns, s.columns...), in.open || s.open
		}
	}
	for _, e := range n.TableElts {
		if d := e.GetColumnDef(); d != nil {
			if why := c.columnExpressions(d, in, generated); why != "" {
				return why
			}
		}
		if q := e.GetConstraint(); q.GetContype() == pg.ConstrType_CONSTR_CHECK {
			if why := c.check(q.RawExpr, in, "a CHECK"); why != "" {
				return why
			}
		}
	}
	return ""
}

func (c *call) indexExpressions(n *pg.IndexStmt) string {
	k := c.relation(n.Relation)
	if n.IfNotExists && k.FindIndex(n.Idxname) != nil {
		return ""
	}
	in := of(k, n.Relation.Relname)
	for _, p := range n.IndexParams {
		e := p.GetIndexElem().GetExpr()
		if e == nil {
			continue
		}
		if why := only(e, "an index"); why != "" {
			return why
		}
		x := c.reader()
		if x.infer(e, []scope{{in}}); x.fault != "" {
			return x.fault
		}
		if f := c.mutable(e, in); f != "" {
			return f + ", and an index wants immutable functions"
		}
	}
	if n.WhereClause == nil {
		return ""
	}
	if why := c.check(n.WhereClause, in, "WHERE of an index"); why != "" {
		return why
	}
	if f := c.mutable(n.WhereClause, in); f != "" {
		return f + ", and an index wants immutable functions"
	}
	return ""
}

// mutable names what of an expression depends on more than its arguments: a function, or a cast that reads the session's settings.
func (c *call) mutable(n *pg.Node, in source) string {
	found := ""
	walk(n, func(m *pg.Node) {
		if f := m.GetFuncCall(); f != nil {
			name := lastName(f.Funcname)
			if own := c.routinesNamed(identOf(f.Funcname)); len(own) > 0 {
				if v := own[0].Volatility; v != "" && v != "immutable" && own[0].Language != "sql" { // which may be inlined
					found = name + "() is " + v
				}
				return
			}
			if b, ok := builtins()[name]; ok && b.volatility == "v" {
				found = name + "() isn't immutable"
			}
			if len(f.Args) == 2 && name == "date_trunc" && c.exprType(f.Args[1], in) == "timestamptz" {
				found = "date_trunc() of a timestamptz depends on the session's time zone"
			}
		}
		if m.GetSqlvalueFunction() != nil {
			found = "CURRENT_… isn't immutable"
		}
		if t := m.GetTypeCast(); t != nil {
			from, to := c.exprType(t.Arg, in), typeOf(t.TypeName).name
			zone := from == "timestamptz" && to != "timestamptz" || (from == "timestamp" || from == "date") && to == "timestamptz"
			text := slices.Contains([]string{"text", "varchar", "bpchar"}, to) && slices.Contains([]string{"timestamp", "date", "timestamptz", "time", "timetz", "interval"}, from)
			if zone || text {
				found = fmt.Sprintf("the cast from %s to %s depends on the session's settings", from, to)
			}
		}
	})
	return found
}

// exprType is the short name of an expression's type.
func (c *call) exprType(n *pg.Node, in source) string {
	x := c.reader()
	return parseType(x.infer(n, []scope{{in}})).name
}

func (c *call) policyExpressions(r *pg.RangeVar, list ...*pg.Node) string {
	k := c.relation(r)
	if k == nil {
		return ""
	}
	for _, n := range list {
		x := c.reader()
		x.condition(n, []scope{{of(k, r.Relname)}}, "a policy")
		if x.fault != "" {
			return x.fault
		}
	}
	return ""
}

func (c *call) whenExpression(n *pg.CreateTrigStmt) string {
	k := c.relation(n.Relation)
	if n.WhenClause == nil || !whole(k) {
		return ""
	}
	x := c.reader()
	x.condition(n.WhenClause, []scope{{of(k, "old"), of(k, "new")}}, "WHEN of a trigger")
	if strings.Contains(x.fault, "ambiguous") {
		return ""
	}
	return x.fault
}

func (c *call) domainExpression(base string, q *pg.Constraint) string {
	switch q.GetContype() {
	case pg.ConstrType_CONSTR_CHECK:
		return c.check(q.RawExpr, source{columns: []column{{"value", base}}}, "a CHECK")
	case pg.ConstrType_CONSTR_DEFAULT:
		return c.plain(q.RawExpr, base, nil)
	}
	return ""
}
