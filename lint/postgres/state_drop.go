package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

func (c *call) dropState(n *pg.DropStmt) string {
	for _, o := range n.Objects {
		if why := c.dropOne(n, o); why != "" {
			return why
		}
	}
	return ""
}

// relationKinds are the kinds of relations that DROP tells apart.
var relationKinds = map[pg.ObjectType]string{pg.ObjectType_OBJECT_TABLE: "table", pg.ObjectType_OBJECT_VIEW: "view", pg.ObjectType_OBJECT_MATVIEW: "matview", pg.ObjectType_OBJECT_SEQUENCE: "sequence"}

func (c *call) dropOne(n *pg.DropStmt, o *pg.Node) string {
	items := o.GetList().GetItems()
	id := identOf(items)
	switch n.RemoveType {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW, pg.ObjectType_OBJECT_MATVIEW, pg.ObjectType_OBJECT_SEQUENCE:
		if c.lacks(id) {
			if n.MissingOk || c.ownSequence(id) {
				return ""
			}
			return fmt.Sprintf("there is no %s %s", kindOf(n.RemoveType), quoted(id))
		}
		if k := c.catalog.Relation(id); k != nil && (!k.Partial || k.Kind == "matview") && k.Kind != relationKinds[n.RemoveType] {
			return fmt.Sprintf("%s is a %s", quoted(id), kindName(k))
		}
	case pg.ObjectType_OBJECT_INDEX:
		if c.noIndex(id) && !n.MissingOk {
			return "there is no index " + quoted(id)
		}
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		return c.dropType(n, o.GetTypeName())
	default:
		return c.noObject(n.RemoveType, o, n.MissingOk)
	}
	return ""
}

func (c *call) dropType(n *pg.DropStmt, t *pg.TypeName) string {
	if c.noType(t) {
		if n.MissingOk {
			return ""
		}
		return "there is no type " + dotted(t.Names)
	}
	if k := c.catalog.Relation(identOf(t.GetNames())); k != nil && c.catalog.Type(dotted(t.Names)) == nil && k.Kind == "table" && !k.Partial {
		return fmt.Sprintf("%s is a table's", dotted(t.Names))
	}
	if d := c.catalog.Type(dotted(t.GetNames())); d != nil && n.RemoveType == pg.ObjectType_OBJECT_DOMAIN && d.Kind != "domain" {
		return fmt.Sprintf("%s is no domain", d.Name)
	}
	return ""
}

// ownSequence: the one that the server makes for a serial or an identity.
func (j *judge) ownSequence(id schema.Ident) bool {
	t, _ := j.sequenceOf(id)
	return t != nil
}

func (j *judge) sequenceOf(id schema.Ident) (*lint.Relation, *schema.Column) {
	var found *lint.Relation
	var of *schema.Column
	j.catalog.Relations(func(k *lint.Relation) {
		for i := range k.Columns {
			if col := &k.Columns[i]; col.Identity != "" && id.Name == k.Name+"_"+col.Name+"_seq" {
				found, of = k, col
			}
		}
	})
	return found, of
}
