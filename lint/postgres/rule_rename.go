package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var rename = rule{lint.Rule{
	ID: "rename", Severity: lint.Error, Kind: lint.Client,
	Summary: "something that running clients name gets another name or another schema",
	Why: "The lock is short, but old and new code never run at the same instant: whoever still names the old thing fails from the moment of the rename. Rename a column by a phasemig change, which keeps both names " +
		"in step; rename a table and leave a view of the old name behind in the same transaction.\n\nIndexes, constraints, triggers and policies aren't named by statements, so they may be renamed. A type is named by casts and by the bodies of routines only, and a sequence that feeds a column mostly by its default, which follows: where no known body names them, it is a warning.",
	Bad: []lint.Example{{SQL: "ALTER TABLE users RENAME COLUMN full_name TO display_name;"}, {SQL: "ALTER TABLE users RENAME TO people;"}, {SQL: "ALTER TYPE state RENAME VALUE 'new' TO 'open';"}, {SQL: "ALTER TABLE users SET SCHEMA archive;"}},
	Good: []lint.Example{{SQL: "ALTER INDEX users_email RENAME TO users_email_key;"}, {SQL: "ALTER TABLE users RENAME CONSTRAINT a TO b;"},
		{SQL: "BEGIN;\nSET lock_timeout = '2s';\nALTER TABLE users RENAME TO people;\nCREATE VIEW users AS SELECT * FROM people;\nCOMMIT;"}},
}, func(c *call) {
	if n := c.node.GetRenameStmt(); n != nil {
		c.renamed(n)
	}
	if n := c.node.GetAlterObjectSchemaStmt(); n != nil {
		c.moved(n)
	}
	if n := c.node.GetAlterEnumStmt(); n != nil && n.OldVal != "" {
		t := c.catalog.Type(dotted(n.TypeName))
		if t == nil || !t.Fresh {
			c.report(said{message: fmt.Sprintf("running clients that write or compare '%s' of %s fail", n.OldVal, dotted(n.TypeName)), safe: fmt.Sprintf("ALTER TYPE %s ADD VALUE '%s'; -- move clients and rows to it, and leave the old value", dotted(n.TypeName), n.NewVal)})
		}
	}
}}

// named are kinds of things that statements of clients name.
var named = map[pg.ObjectType]string{
	pg.ObjectType_OBJECT_TABLE: "table", pg.ObjectType_OBJECT_VIEW: "view", pg.ObjectType_OBJECT_MATVIEW: "materialized view", pg.ObjectType_OBJECT_FOREIGN_TABLE: "foreign table",
	pg.ObjectType_OBJECT_SEQUENCE: "sequence", pg.ObjectType_OBJECT_SCHEMA: "schema", pg.ObjectType_OBJECT_TYPE: "type", pg.ObjectType_OBJECT_DOMAIN: "domain",
	pg.ObjectType_OBJECT_FUNCTION: "function", pg.ObjectType_OBJECT_PROCEDURE: "procedure", pg.ObjectType_OBJECT_ROUTINE: "routine", pg.ObjectType_OBJECT_AGGREGATE: "aggregate",
	pg.ObjectType_OBJECT_DATABASE: "database", pg.ObjectType_OBJECT_ROLE: "role", pg.ObjectType_OBJECT_COLUMN: "column", pg.ObjectType_OBJECT_ATTRIBUTE: "attribute",
	pg.ObjectType_OBJECT_OPERATOR: "operator", pg.ObjectType_OBJECT_COLLATION: "collation", pg.ObjectType_OBJECT_TSCONFIGURATION: "text search configuration",
}

func (c *call) renamed(n *pg.RenameStmt) {
	kind, ok := named[n.RenameType]
	if !ok {
		return
	}
	if n.RenameType == pg.ObjectType_OBJECT_TABLE && c.emptyInPlace(n.Relation, n.Newname) {
		c.findsNothing(schema.Ident{Schema: n.Relation.Schemaname, Name: n.Newname})
	}
	if n.Relation != nil && n.RenameType != pg.ObjectType_OBJECT_ATTRIBUTE && (!c.live(n.Relation) || c.gone(ident(n.Relation))) {
		return
	}
	old := table(n.Relation)
	safe := "Give the new thing its name beside the old one, move clients, and drop the old one last."
	switch n.RenameType {
	case pg.ObjectType_OBJECT_COLUMN:
		if k := c.relation(n.Relation); k != nil && k.New[n.Subname] {
			return
		}
		old += "." + quote(n.Subname)
		safe = lint.ChangeFile("rename_column", "table", n.Relation.Relname, "from", n.Subname, "to", n.Newname)
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW:
		if n.RenameType == pg.ObjectType_OBJECT_TABLE && c.comesBackEmpty(n.Relation.Relname, n.Newname) {
			c.findsNothing(ident(n.Relation))
			return
		}
		if c.comesBack(n.Relation.Relname) || c.tx.open && slices.Contains(c.tx.away, n.Newname) {
			return // an exchange: nobody sees the moment between
		}
		safe = fmt.Sprintf("BEGIN;\nSET LOCAL lock_timeout = '2s';\nALTER TABLE %s RENAME TO %s;\nCREATE VIEW %s AS SELECT * FROM %s; -- old clients read and write through it\nCOMMIT;", old, quote(n.Newname), old, quoted(schema.Ident{Schema: n.Relation.Schemaname, Name: n.Newname}))
	case pg.ObjectType_OBJECT_SEQUENCE:
		if k, col, _ := c.fedBy(ident(n.Relation)); k != nil && c.namedInBody(n.Relation.Relname) == "" {
			c.report(said{severity: lint.Warning, message: fmt.Sprintf("%s.%s follows the sequence %s to its new name; statements of running clients that name it don't", quoted(k.Ident), quote(col), old), lock: exclusive + ", short", safe: "Make sure that no client names the sequence."})
			return
		}
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		old = dotted(n.Object.GetList().GetItems())
		if t := c.catalog.Type(old); t != nil && t.Fresh {
			return
		}
		c.typeRenamed(kind, old)
		return
	default:
		if n.Relation == nil {
			if c.unnamed(n.RenameType, n.Object) {
				return
			}
			old = strings.TrimPrefix(n.Subname+nameIn(n.Object), ".")
		}
	}
	c.report(said{message: fmt.Sprintf("running clients that name the %s %s fail from the moment of the rename", kind, old), lock: exclusive + ", short", safe: safe})
}

// typeRenamed: columns keep their type, and statements that write plain values don't name it. A cast does, and so may the body of a routine.
func (c *call) typeRenamed(kind, old string) {
	if f := c.namedInBody(lastPart(old)); f != "" {
		c.report(said{message: fmt.Sprintf("%s() names the %s %s, and fails from now on", f, kind, old), safe: "Create the routine anew in the same transaction."})
		return
	}
	c.report(said{severity: lint.Warning, message: fmt.Sprintf("statements of running clients that cast to the %s %s, or drivers that look it up by its name, don't find it any more", kind, old), lock: exclusive + ", short",
		safe: "Make sure that no client names the type."})
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

func nameIn(n *pg.Node) string {
	if o := n.GetObjectWithArgs(); o != nil {
		return dotted(o.Objname)
	}
	return dotted(n.GetList().GetItems()) + str(n)
}

func (c *call) moved(n *pg.AlterObjectSchemaStmt) {
	kind, ok := named[n.ObjectType]
	if !ok || n.Relation != nil && !c.live(n.Relation) {
		return
	}
	old := nameIn(n.Object)
	if n.Relation == nil && c.unnamed(n.ObjectType, n.Object) {
		return
	}
	if n.ObjectType == pg.ObjectType_OBJECT_TYPE || n.ObjectType == pg.ObjectType_OBJECT_DOMAIN {
		if t := c.catalog.Type(old); t == nil || !t.Fresh {
			c.typeRenamed(kind, old)
		}
		return
	}
	if n.Relation != nil {
		old = table(n.Relation)
		if n.ObjectType == pg.ObjectType_OBJECT_TABLE && c.comesBackEmpty(n.Relation.Relname, n.Relation.Relname) {
			c.findsNothing(ident(n.Relation))
			return
		}
		if c.comesBack(n.Relation.Relname) {
			return
		}
	}
	c.report(said{message: fmt.Sprintf("running clients that name the %s %s don't find it in the schema %s", kind, old, quote(n.Newschema)), lock: exclusive + ", short",
		safe: fmt.Sprintf("BEGIN;\nALTER TABLE %s SET SCHEMA %s;\nCREATE VIEW %s AS SELECT * FROM %s.%s; -- old clients read and write through it\nCOMMIT;", old, quote(n.Newschema), old, quote(n.Newschema), old)})
}

// comesBack reports whether the transaction at hand makes something of that name again: a view, a table, or another
// relation that is renamed to it. Nobody sees the moment between.
func (j *judge) comesBack(name string) bool {
	if !j.tx.open {
		return false
	}
	for _, s := range j.file.Statements[min(j.next, len(j.file.Statements)):] {
		t := Syntax.Tokens(s.Text)
		if len(t) == 0 {
			continue
		}
		if t[0].Is("COMMIT") || t[0].Is("ROLLBACK") || t[0].Is("END") {
			return false
		}
		if makes(t, name) {
			return true
		}
	}
	return false
}

func makes(t []lint.Token, name string) bool {
	last := len(t) - 1
	if t[0].Is("ALTER") && last > 2 && t[last-1].Is("TO") && t[last-2].Is("RENAME") {
		return strings.EqualFold(t[last].Value(), name)
	}
	if !t[0].Is("CREATE") {
		return false
	}
	for i := 1; i < min(len(t)-1, 8); i++ {
		switch {
		case t[i].Is("VIEW"), t[i].Is("TABLE"), t[i].Is("FUNCTION"), t[i].Is("PROCEDURE"), t[i].Is("SEQUENCE"), t[i].Is("TYPE"), t[i].Is("DOMAIN"):
			return created(t[i+1:], name)
		}
	}
	return false
}

// created reads a name that may have a schema and IF NOT EXISTS in front.
func created(t []lint.Token, name string) bool {
	if len(t) > 3 && t[0].Is("IF") {
		t = t[3:]
	}
	if len(t) > 2 && t[1].Is(".") {
		t = t[2:]
	}
	return len(t) > 0 && strings.EqualFold(t[0].Value(), name)
}
