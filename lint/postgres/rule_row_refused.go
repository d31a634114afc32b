package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var rowRefused = rule{lint.Rule{
	ID: "row-refused", Severity: lint.Error, Kind: lint.Fails,
	Summary: "an INSERT, UPDATE or DELETE that the table refuses for certain",
	Why: "A column that isn't there, a column without a default that is NOT NULL and left out, NULL for it, text that isn't a value of the type, a value for a generated column or GENERATED ALWAYS identity, " +
		"a value that a CHECK refuses, the same key twice, ON CONFLICT without a key on those columns, a row that no partition takes.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL);", SQL: "INSERT INTO t (id) VALUES (1);"}, {Schema: "CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a > 0));", SQL: "UPDATE t SET a = 0 WHERE id = 1;"},
		{Schema: "CREATE TABLE t (id int PRIMARY KEY, a text);", SQL: "INSERT INTO t (id, a) VALUES (1, 'x') ON CONFLICT (a) DO NOTHING;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL);", SQL: "INSERT INTO t (id, a) VALUES (1, 'x') ON CONFLICT (id) DO NOTHING;"}, {SQL: "INSERT INTO t (id) VALUES (1);"}},
}, func(c *call) {
	for _, n := range c.writes() {
		if why := c.refused(n); why != "" {
			c.report(said{message: "this fails: " + why, safe: "Write rows that the table takes."})
		}
	}
}}

func (c *call) refused(n *pg.Node) string {
	x := c.reader()
	switch s := n.GetNode().(type) {
	case *pg.Node_InsertStmt:
		return c.insertRefused(x, s.InsertStmt)
	case *pg.Node_UpdateStmt:
		return c.updateRefused(x, s.UpdateStmt)
	case *pg.Node_DeleteStmt:
		d := s.DeleteStmt
		if why := c.no(d.Relation); why != "" {
			return why
		}
		x.with(d.WithClause, nil)
		in := scope{renamed(x.table(d.Relation), d.Relation.GetAlias())}
		in = append(in, x.from(d.UsingClause, []scope{in})...)
		x.condition(d.WhereClause, []scope{in}, "WHERE")
		return x.fault
	}
	return ""
}

func (c *call) updateRefused(x *reader, u *pg.UpdateStmt) string {
	if why := c.no(u.Relation); why != "" {
		return why
	}
	x.with(u.WithClause, nil)
	in := scope{renamed(x.table(u.Relation), u.Relation.GetAlias())}
	in = append(in, x.from(u.FromClause, []scope{in})...)
	x.condition(u.WhereClause, []scope{in}, "WHERE")
	if x.fault != "" {
		return x.fault
	}
	return c.setRefused(x, c.relation(u.Relation), u.TargetList, []scope{in})
}

// setRefused looks at SET column = value.
func (c *call) setRefused(x *reader, k *lint.Relation, list []*pg.Node, in []scope) string {
	row := map[string]any{}
	for _, n := range list {
		t := n.GetResTarget()
		if t.GetVal().GetMultiAssignRef() != nil {
			continue
		}
		if whole(k) && k.Column(t.GetName()) == nil {
			return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(t.GetName()))
		}
		if t.GetVal().GetSetToDefault() != nil {
			continue
		}
		col := k.Column(t.GetName())
		if col == nil || len(t.GetIndirection()) > 0 {
			continue
		}
		if col.Generated != "" || col.Identity == "always" {
			return fmt.Sprintf("%s.%s is generated and only takes DEFAULT", quoted(k.Ident), quote(col.Name))
		}
		if why := c.valueRefused(x, k, col, t.GetVal(), in, row); why != "" {
			return why
		}
	}
	return c.checksRefuse(k, row)
}

// valueRefused looks at one value, and notes it if it is a constant.
func (c *call) valueRefused(x *reader, k *lint.Relation, col *schema.Column, n *pg.Node, in []scope, row map[string]any) string {
	at := quoted(k.Ident) + "." + quote(col.Name)
	if isNull(n) && !col.Nullable {
		return at + " is NOT NULL"
	}
	if why := x.assigned(n, col.Type, in); why != "" {
		return at + ": " + why
	}
	if v, ok := constant(n); ok {
		row[col.Name] = v
		if d := c.catalog.Type(parseType(col.Type).name); d != nil && d.Kind == "domain" {
			for _, text := range d.Checks {
				if e := parsedExpression(text); e != nil && refuses(e, map[string]any{"value": v}) {
					return at + ": the domain " + d.Name + " refuses the value"
				}
			}
		}
	}
	return ""
}

// parsedExpression reads an expression that was written as text.
func parsedExpression(text string) *pg.Node {
	r, err := pg.Parse("SELECT " + text)
	if err != nil || len(r.Stmts) == 0 {
		return nil
	}
	if l := r.Stmts[0].Stmt.GetSelectStmt().GetTargetList(); len(l) == 1 {
		return l[0].GetResTarget().GetVal()
	}
	return nil
}

func (c *call) checksRefuse(k *lint.Relation, row map[string]any) string {
	if k == nil || len(row) == 0 {
		return ""
	}
	for _, q := range k.Constraints {
		if q.Kind == schema.Check && slices.ContainsFunc(q.Columns, func(n string) bool { _, ok := row[n]; return ok }) && !c.notEnforced(q) {
			if e := parsedExpression(conditionOf(q.Definition)); e != nil && refuses(e, row) {
				return fmt.Sprintf("the CHECK %s of %s refuses the row", quote(q.Name), quoted(k.Ident))
			}
		}
	}
	return ""
}

// notEnforced: of a constraint that isn't valid it isn't known whether it is enforced at all, since 18.
func (c *call) notEnforced(q schema.Constraint) bool { return q.NotValid && c.version >= 180000 }

// conditionOf is a CHECK's condition without the word.
func conditionOf(definition string) string {
	if len(definition) > 5 && definition[:5] == "CHECK" {
		return definition[5:]
	}
	return definition
}

func (c *call) insertRefused(x *reader, n *pg.InsertStmt) string {
	if why := c.no(n.Relation); why != "" {
		return why
	}
	k := c.relation(n.Relation)
	x.with(n.WithClause, nil)
	if !whole(k) || k.Kind != "table" {
		x.query(n.SelectStmt.GetSelectStmt(), nil)
		return x.fault
	}
	cols, why := insertColumns(k, n)
	if why != "" {
		return why
	}
	if why := c.rowsRefused(x, k, n, cols); why != "" {
		return why
	}
	return c.conflictRefused(x, k, n)
}

func insertColumns(k *lint.Relation, n *pg.InsertStmt) (cols []string, why string) {
	for _, t := range n.Cols {
		name := t.GetResTarget().GetName()
		if k.Column(name) == nil {
			return nil, fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(name))
		}
		if slices.Contains(cols, name) && len(t.GetResTarget().GetIndirection()) == 0 {
			return nil, fmt.Sprintf("the column %s is there twice", quote(name))
		}
		cols = append(cols, name)
	}
	if len(n.Cols) == 0 {
		for _, c := range k.Columns {
			cols = append(cols, c.Name)
		}
	}
	return cols, ""
}

func (c *call) rowsRefused(x *reader, k *lint.Relation, n *pg.InsertStmt, cols []string) string {
	q := n.SelectStmt.GetSelectStmt()
	var rows [][]*pg.Node
	switch {
	case q == nil: // DEFAULT VALUES
		cols, rows = nil, [][]*pg.Node{nil}
	case len(q.ValuesLists) > 0:
		for _, r := range q.ValuesLists {
			rows = append(rows, r.GetList().GetItems())
		}
	default:
		out, open := x.query(q, nil)
		if x.fault != "" {
			return x.fault
		}
		if !open {
			if len(out) > len(cols) || len(n.Cols) > 0 && len(out) < len(cols) {
				return fmt.Sprintf("there are %d values for %d columns", len(out), len(cols))
			}
			cols = cols[:len(out)]
		}
		if q.Op != pg.SetOperation_SETOP_NONE && q.Op != pg.SetOperation_SET_OPERATION_UNDEFINED || len(q.FromClause) > 0 {
			return leftOut(k, cols)
		}
		if len(q.TargetList) == len(cols) {
			var r []*pg.Node
			for _, t := range q.TargetList {
				r = append(r, t.GetResTarget().GetVal())
			}
			rows = append(rows, r)
		}
	}
	seen := map[string]bool{}
	for _, r := range rows {
		if slices.ContainsFunc(r, isStar) { // NEW.*
			continue
		}
		if len(r) > len(cols) || len(n.Cols) > 0 && len(r) < len(cols) {
			return fmt.Sprintf("there are %d values for %d columns", len(r), len(cols))
		}
		row, why := c.rowRefused(x, k, n, cols[:len(r)], r)
		if why != "" {
			return why
		}
		if p := primaryOf(k); p != nil && len(p.Columns) == 1 && n.OnConflictClause == nil {
			if v, ok := row[p.Columns[0].Name]; ok && seen[fmt.Sprint(v)] {
				return fmt.Sprintf("the key %v is there twice", v)
			} else if ok {
				seen[fmt.Sprint(v)] = true
			}
		}
	}
	return ""
}

// isStar: what stands for several values, as NEW.* and (r).* do.
func isStar(n *pg.Node) bool {
	fields := append(slices.Clone(n.GetColumnRef().GetFields()), n.GetAIndirection().GetIndirection()...)
	return len(fields) > 0 && fields[len(fields)-1].GetAStar() != nil
}

// leftOut names a column that has to have a value and gets none.
func leftOut(k *lint.Relation, cols []string) string {
	for i := range k.Columns {
		if col := &k.Columns[i]; !filled(col) && !slices.Contains(cols, col.Name) {
			return fmt.Sprintf("%s.%s is NOT NULL, has no default, and gets no value", quoted(k.Ident), quote(col.Name))
		}
	}
	return ""
}

func (c *call) rowRefused(x *reader, k *lint.Relation, n *pg.InsertStmt, cols []string, values []*pg.Node) (map[string]any, string) {
	row := map[string]any{}
	var given []string
	for i, v := range values {
		col := k.Column(cols[i])
		if v.GetSetToDefault() != nil || len(n.Cols) > i && len(n.Cols[i].GetResTarget().GetIndirection()) > 0 {
			if len(n.Cols) > i && v.GetSetToDefault() == nil {
				given = append(given, cols[i])
			}
			continue
		}
		given = append(given, cols[i])
		if col.Generated != "" || col.Identity == "always" && n.Override == pg.OverridingKind_OVERRIDING_NOT_SET {
			return nil, fmt.Sprintf("%s.%s is generated and only takes DEFAULT", quoted(k.Ident), quote(col.Name))
		}
		if why := c.valueRefused(x, k, col, v, []scope{{}}, row); why != "" {
			return nil, why
		}
	}
	if why := leftOut(k, given); why != "" && len(c.triggersOf(k)) == 0 {
		return nil, why
	}
	if why := c.checksRefuse(k, row); why != "" && len(c.triggersOf(k)) == 0 {
		return nil, why
	}
	if k.Partitioned && c.nowhere(k, row) {
		return nil, fmt.Sprintf("no partition of %s takes the row", quoted(k.Ident))
	}
	return row, ""
}

// triggersOf are those that may give a new row other values.
func (c *call) triggersOf(k *lint.Relation) []*lint.Object {
	return slices.DeleteFunc(c.catalog.Objects.All("trigger"), func(o *lint.Object) bool { return o.On != k || !slices.Contains(o.Args, "insert") })
}

func (c *call) conflictRefused(x *reader, k *lint.Relation, insert *pg.InsertStmt) string {
	n := insert.OnConflictClause
	if n == nil {
		return ""
	}
	if name := n.Infer.GetConname(); name != "" && !hasConstraint(k, name) && !c.serverGiven(name) {
		return fmt.Sprintf("%s has no constraint %s", quoted(k.Ident), quote(name))
	}
	var cols []string
	for _, e := range n.Infer.GetIndexElems() {
		if e.GetIndexElem().GetName() == "" {
			cols = nil
			break
		}
		cols = append(cols, e.GetIndexElem().GetName())
	}
	if len(cols) > 0 && !slices.ContainsFunc(k.Indexes, func(i schema.Index) bool {
		return i.Unique && (i.Predicate == "" || n.Infer.GetWhereClause() != nil) && sameColumns(i, cols)
	}) {
		return fmt.Sprintf("%s has no unique key on (%s) for ON CONFLICT", quoted(k.Ident), list(cols))
	}
	return c.setRefused(x, k, n.TargetList, []scope{{renamed(of(k, k.Name), insert.Relation.GetAlias()), of(k, "excluded"), {open: true}}})
}
