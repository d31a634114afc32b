package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var foreignKeyTarget = rule{lint.Rule{
	ID: "foreign-key-target", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a foreign key whose target isn't there, isn't unique, or is of another kind of type",
	Why: "A foreign key refers to the columns of a primary key, a unique constraint or a unique index that holds for every row (42830), of types that have an equality operator with the referring ones (42804), and of a table, not a view. " +
		"NOT VALID doesn't spare that.",
	Bad: []lint.Example{{Schema: "CREATE TABLE p (id int, code text);\nCREATE TABLE c (p int);", SQL: "ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id) NOT VALID;"},
		{Schema: "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE c (p text);", SQL: "ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id) NOT VALID;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE c (p bigint);\nCREATE INDEX c_p ON c (p);", SQL: "ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (p) REFERENCES p NOT VALID;"},
		{SQL: "ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (p) REFERENCES p (code) NOT VALID;"}},
}, func(c *call) {
	say := func(why string) {
		if why != "" {
			c.report(said{message: "this fails: " + why, safe: "Refer to the columns of a unique key, by columns of the same type."})
		}
	}
	if n := c.node.GetCreateStmt(); n != nil && !(n.IfNotExists && c.relation(n.Relation) != nil) {
		for _, q := range constraintsOf(n) {
			say(c.refersTo(q, c.newColumn(n), n))
		}
	}
	if t := c.node.GetAlterTableStmt(); t != nil {
		for _, m := range t.Cmds {
			a := m.GetAlterTableCmd()
			k := c.relation(t.Relation)
			if q := a.Def.GetConstraint(); q != nil && a.Subtype == pg.AlterTableType_AT_AddConstraint {
				say(c.refersTo(q, c.columnType(k, t), nil))
			}
			if d := a.Def.GetColumnDef(); d != nil && a.Subtype == pg.AlterTableType_AT_AddColumn && !(a.MissingOk && k.Column(d.Colname) != nil) {
				for _, q := range d.Constraints {
					say(c.refersTo(forColumn(q.GetConstraint(), d.Colname), func(string) string { return typeOf(d.TypeName).String() }, nil))
				}
			}
		}
	}
}}

// newColumn gives the types of a new table's columns.
func (c *call) newColumn(n *pg.CreateStmt) func(string) string {
	return func(name string) string {
		for _, e := range n.TableElts {
			if d := e.GetColumnDef(); d != nil && d.Colname == name {
				return serialAs(typeOf(d.TypeName))
			}
		}
		return ""
	}
}

func serialAs(t typ) string {
	if s := t.serial(); s != "" {
		return s
	}
	return t.String()
}

// columnType gives the types of a table's columns, with those that the statement adds.
func (c *call) columnType(k *lint.Relation, t *pg.AlterTableStmt) func(string) string {
	return func(name string) string {
		for _, m := range t.Cmds {
			if d := m.GetAlterTableCmd().GetDef().GetColumnDef(); d != nil && d.Colname == name {
				return serialAs(typeOf(d.TypeName))
			}
		}
		if col := k.Column(name); col != nil {
			return col.Type
		}
		return ""
	}
}

// refersTo looks at a foreign key's other side. made is the table that the statement itself makes.
func (c *call) refersTo(q *pg.Constraint, typeFrom func(string) string, made *pg.CreateStmt) string {
	if q.GetContype() != pg.ConstrType_CONSTR_FOREIGN || q.Pktable == nil {
		return ""
	}
	from, to := names(q.FkAttrs), names(q.PkAttrs)
	p := c.relation(q.Pktable)
	if made != nil && made.Relation.Relname == q.Pktable.Relname && made.Relation.Schemaname == q.Pktable.Schemaname {
		shadow := &judge{catalog: lint.NewCatalog(false), volatile: map[string]bool{}, version: c.version}
		if len(made.InhRelations) > 0 || made.OfTypename != nil {
			return ""
		}
		shadow.createTable(made, later{})
		p = shadow.relation(made.Relation)
	}
	switch {
	case p == nil:
		if c.lacks(ident(q.Pktable)) {
			return "there is no table " + table(q.Pktable)
		}
		return ""
	case p.Kind == "view" || p.Kind == "matview":
		return fmt.Sprintf("%s is a %s, and a foreign key refers to a table", quoted(p.Ident), kindName(p))
	case !whole(p):
		return ""
	}
	for _, col := range to {
		if p.Column(col) == nil {
			return fmt.Sprintf("%s has no column %s", quoted(p.Ident), quote(col))
		}
	}
	if len(to) == 0 {
		x := primaryOf(p)
		if x == nil {
			return quoted(p.Ident) + " has no primary key"
		}
		for _, col := range x.Columns {
			to = append(to, col.Name)
		}
	} else if !uniqueOn(p, to) && !c.later.temporal {
		return fmt.Sprintf("%s has no unique key on (%s)", quoted(p.Ident), list(to))
	}
	if k := c.relation(c.node.GetAlterTableStmt().GetRelation()); k != nil {
		for _, f := range from {
			if col := k.Column(f); col != nil && col.Generated != "" && (q.FkDelAction == "n" || q.FkDelAction == "d" || q.FkUpdAction == "n" || q.FkUpdAction == "d" || q.FkUpdAction == "c") {
				return quote(f) + " is a generated column, which the foreign key's action can't set"
			}
		}
	}
	return c.pairs(p, from, to, typeFrom)
}

func (c *call) pairs(p *lint.Relation, from, to []string, typeFrom func(string) string) string {
	if len(from) != len(to) {
		return fmt.Sprintf("%d columns refer to %d", len(from), len(to))
	}
	x := c.reader()
	for i := range from {
		a, b := typeFrom(from[i]), p.Column(to[i])
		if b == nil || a == "" {
			continue
		}
		if g, h := x.group(a), x.group(b.Type); g != "" && h != "" && g != h {
			return fmt.Sprintf("%s is %s, and %s.%s is %s", quote(from[i]), a, quoted(p.Ident), quote(to[i]), b.Type)
		}
	}
	return ""
}
