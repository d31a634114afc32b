package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

func (c *call) renameState(n *pg.RenameStmt) string {
	k := c.relation(n.Relation)
	switch n.RenameType {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW, pg.ObjectType_OBJECT_MATVIEW, pg.ObjectType_OBJECT_SEQUENCE, pg.ObjectType_OBJECT_FOREIGN_TABLE:
		if c.lacks(ident(n.Relation)) {
			if n.MissingOk {
				return ""
			}
			return fmt.Sprintf("there is no %s %s", kindOf(n.RenameType), table(n.Relation))
		}
		return c.taken(schema.Ident{Schema: n.Relation.Schemaname, Name: n.Newname})
	case pg.ObjectType_OBJECT_INDEX:
		if c.noIndex(ident(n.Relation)) {
			if n.MissingOk {
				return ""
			}
			return "there is no index " + table(n.Relation)
		}
		return c.taken(schema.Ident{Schema: n.Relation.GetSchemaname(), Name: n.Newname})
	case pg.ObjectType_OBJECT_COLUMN, pg.ObjectType_OBJECT_TABCONSTRAINT:
		if why := c.no(n.Relation); why != "" && !n.MissingOk {
			return why
		}
		return c.renamedInside(k, n)
	case pg.ObjectType_OBJECT_TRIGGER, pg.ObjectType_OBJECT_POLICY, pg.ObjectType_OBJECT_RULE:
		kind := objectKinds[n.RenameType]
		if why := c.no(n.Relation); why != "" || k == nil {
			return why
		}
		if c.catalog.Complete && !n.MissingOk && c.catalog.Objects.Find(kind, schema.Ident{Name: n.Subname}, k) == nil {
			return fmt.Sprintf("%s has no %s %s", quoted(k.Ident), kind, quote(n.Subname))
		}
		if c.catalog.Objects.Find(kind, schema.Ident{Name: n.Newname}, k) != nil {
			return fmt.Sprintf("%s has a %s %s already", quoted(k.Ident), kind, quote(n.Newname))
		}
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		if why := c.noUserType(n.Object.GetList().GetItems()); why != "" {
			return why
		}
		if c.catalog.Type(n.Newname) != nil {
			return "there is a type " + quote(n.Newname) + " already"
		}
	case pg.ObjectType_OBJECT_DOMCONSTRAINT:
		return c.domainConstraint(n.Object.GetList().GetItems(), n.Subname)
	case pg.ObjectType_OBJECT_SCHEMA:
		if c.noSchema(n.Subname) {
			return "there is no schema " + quote(n.Subname)
		}
		if c.catalog.Objects.Find("schema", schema.Ident{Name: n.Newname}, nil) != nil || n.Newname == "public" && c.catalog.Complete {
			return "there is a schema " + quote(n.Newname) + " already"
		}
	case pg.ObjectType_OBJECT_ATTRIBUTE:
		return c.attributeOf(n.Relation.GetRelname(), n.Subname)
	default:
		return c.noObject(n.RenameType, n.Object, n.MissingOk)
	}
	return ""
}

func (c *call) renamedInside(k *lint.Relation, n *pg.RenameStmt) string {
	if !whole(k) {
		return ""
	}
	if n.RenameType == pg.ObjectType_OBJECT_TABCONSTRAINT {
		switch {
		case !hasConstraint(k, n.Subname) && !c.serverGiven(n.Subname):
			return fmt.Sprintf("%s has no constraint %s", quoted(k.Ident), quote(n.Subname))
		case hasConstraint(k, n.Newname):
			return fmt.Sprintf("%s has a constraint %s already", quoted(k.Ident), quote(n.Newname))
		}
		return ""
	}
	switch {
	case k.Column(n.Subname) == nil:
		return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(n.Subname))
	case k.Column(n.Newname) != nil:
		return fmt.Sprintf("%s has a column %s already", quoted(k.Ident), quote(n.Newname))
	}
	return ""
}

func (c *call) moveState(n *pg.AlterObjectSchemaStmt) string {
	if c.noSchema(n.Newschema) {
		return "there is no schema " + quote(n.Newschema)
	}
	if n.Relation == nil {
		if n.ObjectType == pg.ObjectType_OBJECT_TYPE || n.ObjectType == pg.ObjectType_OBJECT_DOMAIN {
			return c.noUserType(n.Object.GetList().GetItems())
		}
		return c.noObject(n.ObjectType, n.Object, n.MissingOk)
	}
	if c.lacks(ident(n.Relation)) {
		if n.MissingOk {
			return ""
		}
		return "there is no table " + table(n.Relation)
	}
	to := schema.Ident{Schema: n.Newschema, Name: n.Relation.Relname}
	if k := c.exact(to); k != nil && k != c.relation(n.Relation) {
		return fmt.Sprintf("there is a %s %s already", kindName(k), quoted(to))
	}
	return ""
}
