package postgres

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// columnImpossible looks at actions on a column that is known.
func (c *call) columnImpossible(k *lint.Relation, a *pg.AlterTableCmd) string {
	col := k.Column(a.Name)
	if col == nil {
		return ""
	}
	at := quoted(k.Ident) + "." + quote(a.Name)
	if s := strings.ToLower(str(a.Def)); a.Subtype == pg.AlterTableType_AT_SetStorage && !slices.Contains([]string{"plain", "external", "extended", "main", "default"}, s) {
		return "there is no storage " + s
	} else if a.Subtype == pg.AlterTableType_AT_SetStorage && s == "default" && c.version < 160000 {
		return "SET STORAGE DEFAULT came with version 16"
	}
	identity := col.Identity == "always" || col.Identity == "by default"
	switch a.Subtype {
	case pg.AlterTableType_AT_ColumnDefault:
		if col.Generated != "" {
			return at + " is a generated column"
		}
		if identity && !c.dropsIdentity(a.Name) {
			return at + " is an identity column"
		}
	case pg.AlterTableType_AT_DropExpression:
		if col.Generated == "" && !a.MissingOk {
			return at + " is no generated column"
		}
		if col.Generated == "virtual" {
			return at + " is a virtual generated column"
		}
	case pg.AlterTableType_AT_SetExpression:
		if col.Generated == "" {
			return at + " is no generated column"
		}
	case pg.AlterTableType_AT_DropNotNull:
		return c.staysNotNull(k, col, at)
	case pg.AlterTableType_AT_AddIdentity:
		switch {
		case identity:
			return at + " is an identity column already"
		case (col.Default != nil || col.Identity == "serial") && !c.dropsDefault(a.Name):
			return at + " has a default: drop that first, in the same statement"
		case !integer(c.base(parseType(col.Type)).name):
			return at + " is " + col.Type + ", and an identity column is a smallint, integer or bigint"
		}
	case pg.AlterTableType_AT_SetIdentity, pg.AlterTableType_AT_DropIdentity:
		if !identity && !a.MissingOk {
			return at + " is no identity column"
		}
	case pg.AlterTableType_AT_SetStorage:
		if s := strings.ToLower(str(a.Def)); fixedLength[c.base(parseType(col.Type)).name] && !parseType(col.Type).array && s != "plain" && s != "default" {
			return at + " is " + col.Type + ", whose storage is always PLAIN"
		}
	case pg.AlterTableType_AT_SetCompression:
		if s := strings.ToLower(str(a.Def)); s != "pglz" && s != "lz4" && s != "default" {
			return "there is no compression " + s
		}
		if fixedLength[c.base(parseType(col.Type)).name] && !parseType(col.Type).array {
			return at + " is " + col.Type + ", which isn't compressed"
		}
	case pg.AlterTableType_AT_DropColumn, pg.AlterTableType_AT_AlterColumnType:
		if p := c.inheritedColumn(k, a.Name); p != nil {
			return at + " comes from " + quoted(p.Ident)
		}
		if k.Options["of"] != "" {
			return quoted(k.Ident) + " is a table of the type " + k.Options["of"]
		}
		if k.Bound != "" && slices.Contains(k.PartitionKey(), a.Name) {
			return at + " is in the partition key"
		}
		if k := a.Def.GetColumnDef(); a.Subtype == pg.AlterTableType_AT_AlterColumnType && c.foreignMismatch(c.relation(c.node.GetAlterTableStmt().Relation), a.Name, typeOf(k.GetTypeName())) {
			return at + " is in a foreign key whose other side can't be compared with " + typeOf(k.GetTypeName()).String()
		}
	}
	return ""
}

// dropsDefault: the same statement takes the default away.
func (c *call) dropsDefault(column string) bool {
	return slices.ContainsFunc(c.node.GetAlterTableStmt().GetCmds(), func(n *pg.Node) bool {
		a := n.GetAlterTableCmd()
		return a.Subtype == pg.AlterTableType_AT_ColumnDefault && a.Def == nil && a.Name == column
	})
}

func (c *call) dropsIdentity(column string) bool {
	return slices.ContainsFunc(c.node.GetAlterTableStmt().GetCmds(), func(n *pg.Node) bool {
		a := n.GetAlterTableCmd()
		return a.Subtype == pg.AlterTableType_AT_DropIdentity && a.Name == column
	})
}

// foreignMismatch: after a change of its type a column can't be compared with the other side of a foreign key.
func (c *call) foreignMismatch(k *lint.Relation, column string, to typ) bool {
	g := c.reader().group(to.String())
	other := func(r *lint.Relation, name string) bool {
		col := r.Column(name)
		if col == nil {
			return false
		}
		o := c.reader().group(col.Type)
		return g != "" && o != "" && g != o
	}
	bad := false
	for i := range k.Constraints {
		q := &k.Constraints[i]
		r := c.catalog.Relation(q.Ref)
		for n, name := range q.Columns {
			if q.Kind == schema.ForeignKey && !q.Incoming && r != nil && name == column && n < len(target(r, q)) {
				bad = bad || other(r, target(r, q)[n])
			}
		}
	}
	c.catalog.Relations(func(o *lint.Relation) {
		for i := range o.Constraints {
			if q := &o.Constraints[i]; q.Kind == schema.ForeignKey && !q.Incoming && q.Ref == k.Ident {
				for n, name := range target(k, q) {
					if name == column && n < len(q.Columns) {
						bad = bad || other(o, q.Columns[n])
					}
				}
			}
		}
	})
	return bad
}

func (c *call) staysNotNull(k *lint.Relation, col *schema.Column, at string) string {
	if col.Identity == "always" || col.Identity == "by default" {
		return at + " is an identity column"
	}
	if p := primaryOf(k); p != nil && slices.ContainsFunc(p.Columns, func(x schema.IndexColumn) bool { return x.Name == col.Name }) {
		return at + " is in the primary key"
	}
	if p := c.inheritedColumn(k, col.Name); p != nil && !p.Column(col.Name).Nullable && (k.Parent != "" || c.version >= 180000) {
		return at + " is NOT NULL in " + quoted(p.Ident)
	}
	return ""
}

func integer(t string) bool { return t == "int2" || t == "int4" || t == "int8" }

var fixedLength = map[string]bool{"int2": true, "int4": true, "int8": true, "float4": true, "float8": true, "bool": true, "date": true, "timestamp": true, "timestamptz": true, "time": true, "timetz": true, "interval": true, "uuid": true, "money": true, "point": true, "oid": true}
