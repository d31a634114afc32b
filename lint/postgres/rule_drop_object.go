package postgres

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var dropObject = rule{lint.Rule{
	ID: "drop-object", Severity: lint.Error, Kind: lint.Data,
	Summary: "something is dropped that holds data or that running clients name",
	Why: "DROP TABLE deletes its rows; a view, a function, a sequence, a type, a schema or a role that is gone makes every statement fail that names it. Drop it after the last client, and after a time in which it could be brought back: " +
		"a table that is renamed first can be renamed back.\n\nWhat the same transaction creates again (a view, a function) is not lost. A type that nothing in the known schema is of, and the sequence of a serial column whose default went first, are a warning: no statement on rows names them.",
	Bad:  []lint.Example{{SQL: "DROP TABLE users;"}, {SQL: "DROP VIEW active_users;"}, {SQL: "DROP FUNCTION total(int);"}, {SQL: "DROP SCHEMA shop CASCADE;"}, {SQL: "ALTER TYPE address DROP ATTRIBUTE zip;"}},
	Good: []lint.Example{{SQL: "CREATE TABLE t (a int);\nDROP TABLE t;"}, {SQL: "DROP TRIGGER audit ON users;"}, {SQL: "BEGIN;\nDROP VIEW v;\nCREATE VIEW v AS SELECT 1 AS a;\nCOMMIT;"}},
}, func(c *call) {
	switch n := c.node.Node.(type) {
	case *pg.Node_DropStmt:
		for _, o := range n.DropStmt.Objects {
			c.dropping(n.DropStmt, o)
		}
	case *pg.Node_DropdbStmt:
		c.report(said{message: "the database " + n.DropdbStmt.Dbname + " and everything in it is gone for good", safe: "Drop it by hand, after a backup that was seen to restore."})
	case *pg.Node_DropRoleStmt:
		c.report(said{message: "running clients that log in as the role, or rely on its rights, fail", safe: "ALTER ROLE … NOLOGIN; -- and drop it when nobody has missed it"})
	case *pg.Node_DropOwnedStmt:
		c.report(said{message: "DROP OWNED drops everything that the role owns", safe: "REASSIGN OWNED BY … TO …;"})
	case *pg.Node_DropTableSpaceStmt, *pg.Node_DropSubscriptionStmt, *pg.Node_DropUserMappingStmt:
		c.report(said{severity: lint.Warning, message: "what relies on it stops working", safe: "Make sure that nothing does."})
	case *pg.Node_AlterTableStmt:
		c.attribute(n.AlterTableStmt)
	}
}}

func (c *call) attribute(t *pg.AlterTableStmt) {
	if t.Objtype != pg.ObjectType_OBJECT_TYPE {
		return
	}
	for _, n := range t.Cmds {
		if a := n.GetAlterTableCmd(); a.Subtype == pg.AlterTableType_AT_DropColumn {
			c.report(said{message: fmt.Sprintf("running clients that name the attribute %s of the type %s fail", quote(a.Name), table(t.Relation)), safe: "Drop it after the last client that names it."})
		}
	}
}

var droppable = map[pg.ObjectType]string{
	pg.ObjectType_OBJECT_TABLE: "table", pg.ObjectType_OBJECT_VIEW: "view", pg.ObjectType_OBJECT_MATVIEW: "materialized view", pg.ObjectType_OBJECT_FOREIGN_TABLE: "foreign table",
	pg.ObjectType_OBJECT_SEQUENCE: "sequence", pg.ObjectType_OBJECT_SCHEMA: "schema", pg.ObjectType_OBJECT_TYPE: "type", pg.ObjectType_OBJECT_DOMAIN: "domain",
	pg.ObjectType_OBJECT_FUNCTION: "function", pg.ObjectType_OBJECT_PROCEDURE: "procedure", pg.ObjectType_OBJECT_ROUTINE: "routine", pg.ObjectType_OBJECT_AGGREGATE: "aggregate",
	pg.ObjectType_OBJECT_EXTENSION: "extension", pg.ObjectType_OBJECT_OPERATOR: "operator", pg.ObjectType_OBJECT_CAST: "cast", pg.ObjectType_OBJECT_COLLATION: "collation",
	pg.ObjectType_OBJECT_FOREIGN_SERVER: "foreign server", pg.ObjectType_OBJECT_LANGUAGE: "language", pg.ObjectType_OBJECT_TSCONFIGURATION: "text search configuration",
}

func (c *call) dropping(d *pg.DropStmt, o *pg.Node) {
	kind, ok := droppable[d.RemoveType]
	if !ok {
		return
	}
	id := identOf(o.GetList().GetItems())
	switch {
	case o.GetObjectWithArgs() != nil:
		id = identOf(o.GetObjectWithArgs().Objname)
	case o.GetTypeName() != nil:
		id = identOf(o.GetTypeName().Names)
	case str(o) != "":
		id.Name = str(o)
	}
	if k := c.catalog.Relation(id); k != nil && k.Fresh || c.gone(id) && kind == "table" || id.Schema == "pg_temp" {
		return
	}
	if t := c.catalog.Type(id.Name); t != nil && t.Fresh || c.notThere(d.RemoveType, o, id) {
		return
	}
	if c.unnamed(d.RemoveType, o) {
		return
	}
	data := kind == "table" || kind == "schema" || kind == "materialized view"
	if !data && c.comesBack(id.Name) {
		return
	}
	if c.unused(d, id) {
		c.report(said{severity: lint.Warning, message: fmt.Sprintf("nothing in the schema uses the %s %s: only a statement that names it would fail", kind, quoted(id)), safe: "Make sure that no client names it."})
		return
	}
	x := said{message: fmt.Sprintf("running clients that name the %s %s fail", kind, quoted(id)), lock: exclusive + ", short", safe: fmt.Sprintf("Drop the %s after the last client that names it, in a release of its own.", kind)}
	if data {
		x.message = fmt.Sprintf("the %s %s and its data are gone for good, and running clients that name it fail", kind, quoted(id))
	}
	if kind == "table" {
		x.safe = fmt.Sprintf("-- after the last client; a rename can be taken back:\nALTER TABLE %s RENAME TO %s;\n-- and when nobody has missed it:\nDROP TABLE %s;", quoted(id), quote(short("_drop", strings.TrimPrefix(id.Name, "_"))), quote(short("_drop", strings.TrimPrefix(id.Name, "_"))))
	}
	c.report(x)
}

// unused: a type that no column, routine or other type is of, where the whole schema is known, and a sequence whose column isn't
// numbered by it any more. No statement on rows names them.
func (c *call) unused(d *pg.DropStmt, id schema.Ident) bool {
	switch d.RemoveType {
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		return c.catalog.Complete && c.catalog.Type(id.Name) != nil && c.typeNeeded(id.Name) == "" && c.namedInBody(id.Name) == ""
	case pg.ObjectType_OBJECT_SEQUENCE:
		left := false
		c.catalog.Relations(func(k *lint.Relation) {
			left = left || k.Was["fed by "+id.Name]
			for _, col := range k.Columns {
				left = left || whole(k) && id.Name == objectName(k.Name, col.Name, "seq") && k.Was["default "+col.Name]
			}
		})
		return left && c.sequenceNeeded(id) == ""
	}
	return false
}

// unnamed: what the file itself made isn't named by anybody yet, and a function of triggers never is by a statement of a client.
func (c *call) unnamed(kind pg.ObjectType, n *pg.Node) bool {
	if objectKinds[kind] == "" {
		return false
	}
	o, _, id := c.object(kind, n)
	switch {
	case o == nil:
		return false
	case o.Returns == "trigger" || o.Returns == "event_trigger":
		return true
	case o.Kind != "schema":
		return o.Fresh
	}
	used := false
	c.catalog.Relations(func(k *lint.Relation) { used = used || k.Schema == id.Name && !k.Fresh })
	return o.Fresh && !used
}

// notThere: what can't be there isn't named by anybody. Without IF EXISTS another rule says that it fails.
func (c *call) notThere(kind pg.ObjectType, o *pg.Node, id schema.Ident) bool {
	if !c.catalog.Complete || id.Name == placeholder {
		return false
	}
	switch kind {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW, pg.ObjectType_OBJECT_MATVIEW, pg.ObjectType_OBJECT_FOREIGN_TABLE:
		return c.lacks(id)
	case pg.ObjectType_OBJECT_SEQUENCE:
		k := c.catalog.Relation(id)
		return k == nil && !c.ownSequence(id) && !strings.HasSuffix(id.Name, "_seq")
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		return c.noType(o.GetTypeName())
	case pg.ObjectType_OBJECT_SCHEMA:
		return c.noSchema(id.Name)
	case pg.ObjectType_OBJECT_EXTENSION:
		return !c.hasExtension(id.Name)
	case pg.ObjectType_OBJECT_FUNCTION, pg.ObjectType_OBJECT_PROCEDURE, pg.ObjectType_OBJECT_ROUTINE, pg.ObjectType_OBJECT_AGGREGATE:
		f, certain := c.routine(o.GetObjectWithArgs())
		return f == nil && certain && !c.extended() && !system(id)
	}
	return false
}
