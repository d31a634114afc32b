package postgres

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

func (j *judge) alterTable(n *pg.AlterTableStmt, l later) {
	if n.Objtype == pg.ObjectType_OBJECT_TYPE {
		j.alterComposite(n)
		return
	}
	if n.Objtype == pg.ObjectType_OBJECT_INDEX {
		j.attachIndex(n)
		return
	}
	if n.Objtype != pg.ObjectType_OBJECT_TABLE && n.Objtype != pg.ObjectType_OBJECT_MATVIEW && n.Objtype != pg.ObjectType_OBJECT_FOREIGN_TABLE {
		return
	}
	if n.MissingOk && j.lacks(ident(n.Relation)) {
		return
	}
	k := j.ensure(n.Relation)
	for _, c := range n.Cmds {
		j.alterOne(k, c.GetAlterTableCmd(), l)
	}
}

func (j *judge) alterOne(k *lint.Relation, a *pg.AlterTableCmd, l later) {
	switch a.Subtype {
	case pg.AlterTableType_AT_AddColumn:
		j.addColumn(k, a.Def.GetColumnDef(), l, true)
		for _, child := range j.childrenIf(k) {
			j.addColumn(child, a.Def.GetColumnDef(), l, true)
		}
	case pg.AlterTableType_AT_DropColumn:
		k.DropColumn(a.Name)
		j.forgetUses(k, a.Name)
	case pg.AlterTableType_AT_AddConstraint:
		had := len(k.Indexes)
		j.addConstraint(k, a.Def.GetConstraint(), l)
		if len(k.Indexes) > had {
			j.toPartitions(k, k.Indexes[had])
		}
	case pg.AlterTableType_AT_DropConstraint:
		k.DropConstraint(a.Name)
	case pg.AlterTableType_AT_ValidateConstraint:
		if q := k.FindConstraint(a.Name); q != nil {
			q.NotValid = false
		}
	case pg.AlterTableType_AT_AlterColumnType:
		if c := k.Column(a.Name); c != nil {
			c.Type = typeOf(a.Def.GetColumnDef().GetTypeName()).String()
		}
	case pg.AlterTableType_AT_AttachPartition:
		if q := a.Def.GetPartitionCmd(); q != nil {
			child := j.catalog.Ensure(ident(q.Name))
			child.Parent, child.Default, child.Limits = k.Ident.String(), q.GetBound().GetIsDefault(), limitsOf(q.GetBound())
			k.Partitioned = true
			for _, x := range k.Indexes {
				j.toPartitions(k, x)
			}
		}
	case pg.AlterTableType_AT_DetachPartition:
		if q := a.Def.GetPartitionCmd(); q != nil {
			child := j.catalog.Ensure(ident(q.Name))
			child.Parent, child.Default = "", false
		}
	case pg.AlterTableType_AT_ReplicaIdentity:
		k.Options["identity"] = a.Def.GetReplicaIdentityStmt().GetIdentityType()
	case pg.AlterTableType_AT_AddInherit, pg.AlterTableType_AT_DropInherit:
		if parent := j.relation(a.Def.GetRangeVar()); parent != nil && a.Subtype == pg.AlterTableType_AT_AddInherit {
			k.Parents = append(k.Parents, parent)
		} else {
			k.Parents = slices.DeleteFunc(k.Parents, func(p *lint.Relation) bool { return p == parent })
		}
	case pg.AlterTableType_AT_EnableRowSecurity:
		k.Options["row security"] = "on"
	case pg.AlterTableType_AT_DisableRowSecurity:
		k.Options["row security"] = ""
	case pg.AlterTableType_AT_ForceRowSecurity:
		k.Options["force row security"] = "on"
	case pg.AlterTableType_AT_NoForceRowSecurity:
		k.Options["force row security"] = ""
	case pg.AlterTableType_AT_SetTableSpace:
		k.Options["tablespace"] = a.Name
	case pg.AlterTableType_AT_SetAccessMethod:
		k.Options["method"] = a.Name
	case pg.AlterTableType_AT_SetLogged:
		k.Options["persistence"] = "p"
	case pg.AlterTableType_AT_SetUnLogged:
		k.Options["persistence"] = "u"
	case pg.AlterTableType_AT_ColumnDefault, pg.AlterTableType_AT_DropIdentity:
		if c := k.Column(a.Name); c != nil && (c.Default != nil || c.Identity != "") {
			k.Was["default "+a.Name] = true
			if seq := j.sequenceIn(c.Default); seq != "" {
				k.Was["fed by "+seq] = true
			}
		}
		j.alterColumn(k.Column(a.Name), a)
	default:
		j.alterColumn(k.Column(a.Name), a)
	}
}

// alterColumn changes what is known of a column.
func (j *judge) alterColumn(c *schema.Column, a *pg.AlterTableCmd) {
	if c == nil {
		return
	}
	switch a.Subtype {
	case pg.AlterTableType_AT_SetNotNull:
		c.Nullable = false
	case pg.AlterTableType_AT_DropNotNull:
		c.Nullable = true
	case pg.AlterTableType_AT_ColumnDefault:
		c.Default = nil
		if c.Identity == "serial" {
			c.Identity = ""
		}
		if a.Def != nil {
			s := rendered(a.Def)
			c.Default = &s
		}
	case pg.AlterTableType_AT_AddIdentity:
		c.Identity = "by default"
		if a.Def.GetConstraint().GetGeneratedWhen() == "a" {
			c.Identity = "always"
		}
	case pg.AlterTableType_AT_DropIdentity:
		c.Identity = ""
	case pg.AlterTableType_AT_DropExpression:
		c.Generated = ""
	case pg.AlterTableType_AT_SetIdentity:
		if always(a.Def) {
			c.Identity = "always"
		}
	}
}
