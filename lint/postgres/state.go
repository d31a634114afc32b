package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// state says what a statement, other than ALTER TABLE, names that isn't there, or makes that is there already.
func (c *call) state() string {
	switch n := c.node.Node.(type) {
	case *pg.Node_CreateStmt:
		return c.createState(n.CreateStmt)
	case *pg.Node_CreateTableAsStmt:
		if i := n.CreateTableAsStmt.Into.GetRel(); i != nil && !n.CreateTableAsStmt.IfNotExists {
			return c.newName(i)
		}
	case *pg.Node_ViewStmt:
		if !n.ViewStmt.Replace {
			return c.newName(n.ViewStmt.View)
		}
	case *pg.Node_CreateSeqStmt:
		return c.newSequence(n.CreateSeqStmt)
	case *pg.Node_AlterSeqStmt:
		if r := n.AlterSeqStmt.Sequence; c.lacks(ident(r)) && !n.AlterSeqStmt.MissingOk {
			return "there is no sequence " + table(r)
		}
		return c.owner(n.AlterSeqStmt.Sequence, n.AlterSeqStmt.Options)
	case *pg.Node_IndexStmt:
		return c.indexState(n.IndexStmt)
	case *pg.Node_RenameStmt:
		return c.renameState(n.RenameStmt)
	case *pg.Node_AlterObjectSchemaStmt:
		return c.moveState(n.AlterObjectSchemaStmt)
	case *pg.Node_DropStmt:
		if why := c.dropState(n.DropStmt); why != "" {
			return why
		}
		return c.objectState()
	case *pg.Node_CommentStmt:
		return c.commentState(n.CommentStmt)
	case *pg.Node_GrantStmt:
		return c.grantState(n.GrantStmt)
	case *pg.Node_AlterTableStmt:
		return c.attributeState(n.AlterTableStmt)
	}
	if why := c.tableState(); why != "" {
		return why
	}
	if why := c.typeState(); why != "" {
		return why
	}
	return c.objectState()
}

// no says that a relation isn't there.
func (c *call) no(r *pg.RangeVar) string {
	if r != nil && c.lacks(ident(r)) {
		return "there is no table " + table(r)
	}
	return ""
}

// newName says why a relation can't be made under a name.
func (c *call) newName(r *pg.RangeVar) string {
	if r.Relpersistence == "t" {
		return ""
	}
	if c.noSchema(r.Schemaname) {
		return "there is no schema " + quote(r.Schemaname)
	}
	if c.catalog.Complete && c.selectsNone(r) {
		return "search_path names no schema to make " + table(r) + " in"
	}
	return c.taken(ident(r))
}

// taken says what has a name already. Relations, indexes and types share theirs.
func (c *call) taken(id schema.Ident) string {
	if c.path != "" && id.Schema == "" {
		return "" // it is made in another schema
	}
	if k := c.exact(id); k != nil && !k.Partial || k != nil && k.Kind == "matview" {
		return fmt.Sprintf("there is a %s %s already", kindName(k), quoted(id))
	}
	if !c.catalog.Complete {
		return ""
	}
	if r, x := c.catalog.Owner(id.Name); x != nil && inSchema(r.Schema) == inSchema(id.Schema) {
		return fmt.Sprintf("there is an index %s already", quoted(id))
	}
	if t := c.catalog.Type(id.Name); t != nil && id.Schema == "" {
		return fmt.Sprintf("there is a type %s already", quoted(id))
	}
	return ""
}

func kindName(k *lint.Relation) string {
	if k.Kind == "matview" {
		return "materialized view"
	}
	return k.Kind
}

// noUserType says that a type isn't there.
func (c *call) noUserType(list []*pg.Node) string {
	if c.noType(&pg.TypeName{Names: list}) {
		return "there is no type " + dotted(list)
	}
	return ""
}

func (c *call) domainConstraint(domain []*pg.Node, name string) string {
	if why := c.noUserType(domain); why != "" {
		return why
	}
	if t := c.catalog.Type(dotted(domain)); t != nil && t.Kind == "domain" && !slices.Contains(t.Constraints, name) && !c.serverGiven(name) {
		return fmt.Sprintf("the domain %s has no constraint %s", dotted(domain), quote(name))
	}
	return ""
}

// noObject says that a schema, routine, trigger, policy, rule, statistics or publication isn't there.
func (c *call) noObject(t pg.ObjectType, n *pg.Node, missingOk bool) string {
	kind := objectKinds[t]
	if !c.catalog.Complete || kind == "" || missingOk || kind == "extension" {
		return ""
	}
	o, on, id := c.object(t, n)
	switch {
	case id.Name == placeholder || id.Name == "":
		return ""
	case on.Name != "" && c.lacks(on):
		return "there is no table " + quoted(on)
	case on.Name != "" && c.catalog.Relation(on) == nil:
		return ""
	case kind == "schema":
		if c.noSchema(id.Name) {
			return "there is no schema " + quote(id.Name)
		}
		return ""
	}
	if f := n.GetObjectWithArgs(); f != nil {
		return c.noRoutine(kind, f, t)
	}
	if o == nil {
		return fmt.Sprintf("there is no %s %s", kind, quoted(id))
	}
	return ""
}

func (c *call) noRoutine(kind string, f *pg.ObjectWithArgs, t pg.ObjectType) string {
	o, certain := c.routine(f)
	id := identOf(f.Objname)
	if c.extended() || system(id) || !certain {
		return ""
	}
	if o == nil {
		return fmt.Sprintf("there is no %s %s of these arguments", kind, quoted(id))
	}
	if o.Kind != kind && t != pg.ObjectType_OBJECT_ROUTINE {
		return fmt.Sprintf("%s is a %s", quoted(id), o.Kind)
	}
	return ""
}

func (c *call) commentState(n *pg.CommentStmt) string {
	items := n.Object.GetList().GetItems()
	switch n.Objtype {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW, pg.ObjectType_OBJECT_MATVIEW, pg.ObjectType_OBJECT_SEQUENCE:
		if id := identOf(items); c.lacks(id) && !c.ownSequence(id) {
			return fmt.Sprintf("there is no %s %s", kindOf(n.Objtype), quoted(id))
		}
	case pg.ObjectType_OBJECT_INDEX:
		if c.noIndex(identOf(items)) {
			return "there is no index " + quoted(identOf(items))
		}
	case pg.ObjectType_OBJECT_COLUMN, pg.ObjectType_OBJECT_TABCONSTRAINT:
		if len(items) < 2 {
			return ""
		}
		id, name := identOf(items[:len(items)-1]), str(items[len(items)-1])
		k := c.catalog.Relation(id)
		switch {
		case c.lacks(id) && c.catalog.Type(dotted(items[:len(items)-1])) == nil:
			return "there is no table " + quoted(id)
		case whole(k) && n.Objtype == pg.ObjectType_OBJECT_COLUMN && k.Column(name) == nil:
			return fmt.Sprintf("%s has no column %s", quoted(id), quote(name))
		case whole(k) && n.Objtype == pg.ObjectType_OBJECT_TABCONSTRAINT && !hasConstraint(k, name) && !c.serverGiven(name):
			return fmt.Sprintf("%s has no constraint %s", quoted(id), quote(name))
		}
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		if c.noType(n.Object.GetTypeName()) {
			return "there is no type " + dotted(n.Object.GetTypeName().Names)
		}
	default:
		return c.noObject(n.Objtype, n.Object, false)
	}
	return ""
}

func (c *call) grantState(n *pg.GrantStmt) string {
	if n.Targtype != pg.GrantTargetType_ACL_TARGET_OBJECT {
		return ""
	}
	for _, o := range n.Objects {
		if r := o.GetRangeVar(); r != nil {
			if id := ident(r); c.lacks(id) && !c.ownSequence(id) {
				return "there is no table " + table(r)
			}
			k := c.relation(r)
			for _, p := range n.Privileges {
				for _, col := range names(p.GetAccessPriv().GetCols()) {
					if whole(k) && k.Column(col) == nil {
						return fmt.Sprintf("%s has no column %s", table(r), quote(col))
					}
				}
			}
		}
		if n.Objtype == pg.ObjectType_OBJECT_SCHEMA && c.noSchema(str(o)) {
			return "there is no schema " + quote(str(o))
		}
		if n.Objtype == pg.ObjectType_OBJECT_FUNCTION || n.Objtype == pg.ObjectType_OBJECT_PROCEDURE {
			if why := c.noObject(n.Objtype, o, false); why != "" {
				return why
			}
		}
	}
	return ""
}

// attributeState looks at the attributes of a composite type.
func (c *call) attributeState(n *pg.AlterTableStmt) string {
	for _, m := range n.Cmds {
		a := m.GetAlterTableCmd()
		switch a.Subtype {
		case pg.AlterTableType_AT_DropColumn, pg.AlterTableType_AT_AlterColumnType:
			if why := c.attributeOf(n.Relation.GetRelname(), a.Name); why != "" && !a.MissingOk {
				return why
			}
		case pg.AlterTableType_AT_AddColumn:
			if t := c.catalog.Type(n.Relation.GetRelname()); t != nil && hasAttribute(t, a.Def.GetColumnDef().GetColname()) {
				return fmt.Sprintf("the type %s has an attribute %s already", t.Name, a.Def.GetColumnDef().GetColname())
			}
		}
	}
	return ""
}

func hasAttribute(t *lint.Type, name string) bool {
	return slices.ContainsFunc(t.Values, func(v string) bool { return len(v) > len(name) && v[:len(name)+1] == name+" " })
}

func (c *call) attributeOf(typeName, attribute string) string {
	t := c.catalog.Type(typeName)
	if t == nil {
		return c.noUserType([]*pg.Node{pg.MakeStrNode(typeName)})
	}
	if t != nil && t.Kind == "composite" && !hasAttribute(t, attribute) {
		return fmt.Sprintf("the type %s has no attribute %s", typeName, quote(attribute))
	}
	return ""
}
