package postgres

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var dependedOn = rule{lint.Rule{
	ID: "depended-on", Severity: lint.Error, Kind: lint.Fails,
	Summary: "something is dropped or changed that other things depend on",
	Why: "Without CASCADE the server refuses to drop what a view, a foreign key, a generated column, a default, a policy or a trigger needs (2BP01), and to change the type of a column that a view, a policy, a trigger or a generated column uses. " +
		"CASCADE drops those, too: change them first, in statements of their own.\n\nTRUNCATE of a table that a foreign key refers to fails unless the referring tables are truncated with it.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int, b int);\nCREATE VIEW v AS SELECT a FROM t;", SQL: "ALTER TABLE t DROP COLUMN a;"}, {Schema: "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE c (p int REFERENCES p);", SQL: "DROP TABLE p;"},
		{Schema: "CREATE TYPE mood AS ENUM ('a');\nCREATE TABLE t (m mood);", SQL: "DROP TYPE mood;"}},
	Good: []lint.Example{{Schema: "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\nCREATE TABLE t (a int, b int);\nCREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();", SQL: "DROP TRIGGER tr ON t;"},
		{Schema: "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE c (p int REFERENCES p);", SQL: "ALTER TABLE c DROP CONSTRAINT c_p_fkey;"}},
}, func(c *call) {
	if why := c.needed(); why != "" {
		c.report(said{message: "this fails: " + why, safe: "Drop or change what depends on it first, in statements of their own. CASCADE would drop it, too."})
	}
}}

// needed says what else depends on what a statement takes away.
func (c *call) needed() string {
	switch n := c.node.Node.(type) {
	case *pg.Node_DropStmt:
		if n.DropStmt.Behavior == pg.DropBehavior_DROP_CASCADE {
			return ""
		}
		for _, o := range n.DropStmt.Objects {
			if why := c.neededBy(n.DropStmt, o); why != "" {
				return why
			}
		}
	case *pg.Node_AlterTableStmt:
		k := c.relation(n.AlterTableStmt.Relation)
		if k == nil || n.AlterTableStmt.Objtype != pg.ObjectType_OBJECT_TABLE {
			return ""
		}
		for _, m := range n.AlterTableStmt.Cmds {
			if why := c.actionNeeded(k, m.GetAlterTableCmd()); why != "" {
				return why
			}
		}
	case *pg.Node_TruncateStmt:
		if n.TruncateStmt.Behavior != pg.DropBehavior_DROP_CASCADE {
			return c.truncated(n.TruncateStmt)
		}
	}
	return ""
}

func (c *call) truncated(n *pg.TruncateStmt) string {
	var list []*lint.Relation
	for _, r := range n.Relations {
		list = append(list, c.relation(r.GetRangeVar()))
	}
	for _, k := range list {
		if k == nil {
			continue
		}
		if by, q := c.referring(k, list, nil); by != nil {
			return fmt.Sprintf("the foreign key %s of %s refers to %s", quote(q.Name), quoted(by.Ident), quoted(k.Ident))
		}
	}
	return ""
}

// referring finds a foreign key of another relation, not in the list, that refers to one; with columns, only one to those.
func (c *call) referring(k *lint.Relation, besides []*lint.Relation, columns []string) (by *lint.Relation, found *schema.Constraint) {
	c.catalog.Relations(func(o *lint.Relation) {
		if slices.Contains(besides, o) {
			return
		}
		for i := range o.Constraints {
			q := &o.Constraints[i]
			if q.Kind == schema.ForeignKey && !q.Incoming && q.Ref == k.Ident && (columns == nil || overlaps(target(k, q), columns)) {
				by, found = o, q
			}
		}
	})
	return by, found
}

// target lists the columns that a foreign key refers to.
func target(k *lint.Relation, q *schema.Constraint) []string {
	if len(q.RefColumns) > 0 {
		return q.RefColumns
	}
	var out []string
	if p := primaryOf(k); p != nil {
		for _, c := range p.Columns {
			out = append(out, c.Name)
		}
	}
	return out
}

func overlaps(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func (c *call) actionNeeded(k *lint.Relation, a *pg.AlterTableCmd) string {
	switch a.Subtype {
	case pg.AlterTableType_AT_DropColumn:
		if a.Behavior == pg.DropBehavior_DROP_CASCADE {
			return ""
		}
		if by := c.columnUser(k, a.Name); by != "" {
			return fmt.Sprintf("%s depends on %s.%s", by, quoted(k.Ident), quote(a.Name))
		}
		if by, q := c.referring(k, []*lint.Relation{k}, []string{a.Name}); by != nil {
			return fmt.Sprintf("the foreign key %s of %s refers to %s.%s", quote(q.Name), quoted(by.Ident), quoted(k.Ident), quote(a.Name))
		}
	case pg.AlterTableType_AT_AlterColumnType:
		if by := c.columnUser(k, a.Name); by != "" {
			return fmt.Sprintf("%s uses %s.%s, whose type can't be changed before", by, quoted(k.Ident), quote(a.Name))
		}
	case pg.AlterTableType_AT_DropConstraint:
		x := k.FindIndex(a.Name)
		if x == nil || !x.Constraint || a.Behavior == pg.DropBehavior_DROP_CASCADE {
			return ""
		}
		return c.keyNeeded(k, x)
	}
	return ""
}

// keyNeeded: a foreign key needs the key that it refers to.
func (c *call) keyNeeded(k *lint.Relation, x *schema.Index) string {
	var why string
	c.catalog.Relations(func(o *lint.Relation) {
		for i := range o.Constraints {
			q := &o.Constraints[i]
			if q.Kind == schema.ForeignKey && !q.Incoming && q.Ref == k.Ident && x.Unique && (len(q.RefColumns) > 0 || x.Primary) && sameColumns(*x, target(k, q)) && c.onlyKey(k, x) {
				why = fmt.Sprintf("the foreign key %s of %s needs it", quote(q.Name), quoted(o.Ident))
			}
		}
	})
	return why
}

// onlyKey: with several keys on the same columns it isn't known which one a foreign key took.
func (c *call) onlyKey(k *lint.Relation, x *schema.Index) bool {
	n := 0
	for _, o := range k.Indexes {
		if o.Unique && o.Predicate == "" && len(o.Columns) == len(x.Columns) && slices.EqualFunc(o.Columns, x.Columns, func(a, b schema.IndexColumn) bool { return a.Name == b.Name }) {
			n++
		}
	}
	return n == 1
}

// columnUser names what uses a column and keeps it from being dropped or changed.
func (c *call) columnUser(k *lint.Relation, column string) string {
	use := lint.Use{Relation: k, Column: column}
	by := ""
	c.views(func(v *lint.Relation) {
		if slices.Contains(v.Uses, use) {
			by = fmt.Sprintf("the %s %s", kindName(v), quoted(v.Ident))
		}
	})
	for _, kind := range []string{"trigger", "policy"} {
		for _, o := range c.catalog.Objects.All(kind) {
			if o.On == k && slices.Contains(o.Uses, use) {
				by = fmt.Sprintf("the %s %s", kind, quote(o.ID.Name))
			}
		}
	}
	for _, d := range k.Dependents {
		if d.Kind == "generated column" && slices.Contains(d.Columns, column) {
			by = "the generated column " + quote(d.Name)
		}
	}
	return by
}

func (c *call) neededBy(n *pg.DropStmt, o *pg.Node) string {
	items := o.GetList().GetItems()
	switch n.RemoveType {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW, pg.ObjectType_OBJECT_MATVIEW:
		if k := c.catalog.Relation(identOf(items)); k != nil {
			return c.relationNeeded(k, n)
		}
	case pg.ObjectType_OBJECT_SEQUENCE:
		return c.sequenceNeeded(identOf(items))
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		return c.typeNeeded(dotted(o.GetTypeName().GetNames()))
	case pg.ObjectType_OBJECT_FUNCTION, pg.ObjectType_OBJECT_PROCEDURE, pg.ObjectType_OBJECT_ROUTINE:
		if f, _ := c.routine(o.GetObjectWithArgs()); f != nil {
			return c.functionNeeded(f)
		}
	case pg.ObjectType_OBJECT_SCHEMA:
		return c.schemaNeeded(str(o))
	case pg.ObjectType_OBJECT_INDEX:
		if k, x := c.catalog.Owner(identOf(items).Name); x != nil && !x.Constraint && x.Unique && c.keyNeeded(k, x) != "" {
			return c.keyNeeded(k, x)
		}
	}
	return ""
}

func (c *call) relationNeeded(k *lint.Relation, n *pg.DropStmt) string {
	var list []*lint.Relation
	for _, o := range n.Objects {
		list = append(list, c.catalog.Relation(identOf(o.GetList().GetItems())))
	}
	by := ""
	c.views(func(v *lint.Relation) {
		if !slices.Contains(list, v) && v != k && slices.ContainsFunc(v.Uses, func(u lint.Use) bool { return u.Relation == k }) {
			by = fmt.Sprintf("the %s %s depends on %s", kindName(v), quoted(v.Ident), quoted(k.Ident))
		}
	})
	if by != "" {
		return by
	}
	if r, q := c.referring(k, append(list, k), nil); r != nil {
		return fmt.Sprintf("the foreign key %s of %s refers to %s", quote(q.Name), quoted(r.Ident), quoted(k.Ident))
	}
	for _, h := range c.children(k) {
		if h.Parent == "" && !slices.Contains(list, h) {
			return fmt.Sprintf("%s inherits from %s", quoted(h.Ident), quoted(k.Ident))
		}
	}
	return ""
}

func (c *call) sequenceNeeded(id schema.Ident) string {
	if k, col := c.sequenceOf(id); k != nil {
		return fmt.Sprintf("%s.%s gets its values from %s", quoted(k.Ident), quote(col.Name), quoted(id))
	}
	return c.defaultWith(regexp.MustCompile(`nextval\('"?(\w+"?\."?)?` + regexp.QuoteMeta(id.Name) + `"?'`))
}

// defaultWith names a column whose default matches.
func (c *call) defaultWith(text *regexp.Regexp) string {
	by := ""
	c.catalog.Relations(func(k *lint.Relation) {
		for _, col := range k.Columns {
			if col.Default != nil && text.MatchString(*col.Default) {
				by = fmt.Sprintf("the default of %s.%s needs it", quoted(k.Ident), quote(col.Name))
			}
		}
	})
	return by
}

func (c *call) typeNeeded(name string) string {
	t := c.catalog.Type(name)
	if t == nil {
		return ""
	}
	by := ""
	c.catalog.Relations(func(k *lint.Relation) {
		for _, col := range k.Columns {
			if p := parseType(col.Type); (p.name == t.Name || p.name == name) && (k.Kind == "table" || k.Kind == "view") {
				by = fmt.Sprintf("%s.%s is of it", quoted(k.Ident), quote(col.Name))
			}
		}
		if k.Options["of"] == name {
			by = quoted(k.Ident) + " is a table of it"
		}
	})
	for _, o := range append(c.catalog.Objects.All("function"), c.catalog.Objects.All("procedure")...) {
		if o.Returns == t.Name || slices.Contains(o.Args, t.Name) {
			by = fmt.Sprintf("the %s %s needs it", o.Kind, quoted(o.ID))
		}
	}
	c.catalog.Types(func(o *lint.Type) {
		of := func(text string) bool { return parseType(text).name == t.Name }
		if o != t && (o.Kind == "domain" && of(o.Base) || o.Kind == "composite" && slices.ContainsFunc(o.Values, func(v string) bool { _, text, _ := strings.Cut(v, " "); return of(text) })) {
			by = fmt.Sprintf("the %s %s is made of it", map[bool]string{true: "domain", false: "type"}[o.Kind == "domain"], o.Name)
		}
	})
	return by
}

// namedInBody finds a routine of the files whose body names a thing: a body is a text, so it doesn't follow a new name.
func (j *judge) namedInBody(name string) string {
	word := regexp.MustCompile(`(?i)(^|[^\w$])` + regexp.QuoteMeta(name) + `([^\w$]|$)`)
	for _, f := range slices.Sorted(maps.Keys(j.routines)) {
		if word.MatchString(j.routines[f]) {
			return f
		}
	}
	return ""
}

func (c *call) functionNeeded(f *lint.Object) string {
	for _, o := range c.catalog.Objects.All("trigger") {
		if slices.Contains(o.Uses, lint.Use{Other: "function " + f.ID.Name}) && len(f.Args) == 0 {
			return fmt.Sprintf("the trigger %s of %s calls it", quote(o.ID.Name), quoted(o.On.Ident))
		}
	}
	if len(c.routinesNamed(schema.Ident{Name: f.ID.Name})) > 1 {
		return "" // which one is called isn't known
	}
	call := regexp.MustCompile(`(^|\W)"?` + regexp.QuoteMeta(f.ID.Name) + `"?\(`)
	if why := c.defaultWith(call); why != "" {
		return why
	}
	by := ""
	c.catalog.Relations(func(k *lint.Relation) {
		for _, q := range k.Constraints {
			if q.Kind == schema.Check && call.MatchString(q.Definition) {
				by = fmt.Sprintf("the CHECK %s of %s calls it", quote(q.Name), quoted(k.Ident))
			}
		}
		for _, x := range k.Indexes {
			for _, p := range x.Columns {
				if call.MatchString(p.Expression) {
					by = fmt.Sprintf("the index %s calls it", quote(x.Name))
				}
			}
		}
		if slices.Contains(k.Uses, lint.Use{Other: "function " + f.ID.Name}) {
			by = fmt.Sprintf("the view %s calls it", quoted(k.Ident))
		}
	})
	return by
}

func (c *call) schemaNeeded(name string) string {
	by := ""
	c.catalog.Relations(func(k *lint.Relation) {
		if k.Schema == name && name != "" && !k.Partial {
			by = fmt.Sprintf("there is the %s %s in it", kindName(k), quoted(k.Ident))
		}
	})
	for _, o := range append(c.catalog.Objects.All("function"), c.catalog.Objects.All("procedure")...) {
		if o.ID.Schema == name && name != "" {
			by = fmt.Sprintf("there is the %s %s in it", o.Kind, quoted(o.ID))
		}
	}
	return by
}
