package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// alone is the key under which a partitioned table's options hold that an index was made ON ONLY it, so that partitions may lack it.
func alone(index string) string { return "only index " + index }

// attached is the key under which a partition's options hold the index of the partitioned table that one of its own was attached to.
func attached(index string) string { return "attached " + index }

// attachImpossible is about ALTER INDEX parent ATTACH PARTITION child.
func (c *call) attachImpossible(n *pg.AlterTableStmt) string {
	if n.Objtype != pg.ObjectType_OBJECT_INDEX {
		return ""
	}
	for _, cmd := range n.Cmds {
		q := cmd.GetAlterTableCmd().GetDef().GetPartitionCmd()
		if cmd.GetAlterTableCmd().GetSubtype() != pg.AlterTableType_AT_AttachPartition || q == nil {
			continue
		}
		k, x := c.catalog.Owner(n.Relation.GetRelname())
		p, y := c.catalog.Owner(q.Name.GetRelname())
		if x == nil || y == nil || k.Partial || p.Partial {
			continue
		}
		if !k.Partitioned {
			return quote(x.Name) + " is no index of a partitioned table"
		}
		if why := c.attachFault(k, x, p, y); why != "" {
			return why
		}
	}
	return ""
}

func (c *call) attachFault(k *lint.Relation, x *schema.Index, p *lint.Relation, y *schema.Index) string {
	had := c.attachedIndex(k, x, p)
	switch {
	case p.Parent != k.Ident.String() && p.Parent != k.Name:
		return fmt.Sprintf("%s is no index of a partition of %s", quote(y.Name), quoted(k.Ident))
	case had == y.Name:
		return ""
	case had != "":
		return fmt.Sprintf("%s has %s attached to %s already", quoted(p.Ident), quote(had), quote(x.Name))
	case p.Options[attached(y.Name)] != "":
		return fmt.Sprintf("%s is attached to %s already", quote(y.Name), quote(p.Options[attached(y.Name)]))
	case y.Unique != x.Unique || len(y.Columns) != len(x.Columns) || !sameParts(*x, *y):
		return fmt.Sprintf("%s is of another definition than %s", quote(y.Name), quote(x.Name))
	case x.Constraint && !y.Constraint:
		return fmt.Sprintf("%s belongs to a constraint, and %s to none", quote(x.Name), quote(y.Name))
	}
	return ""
}

// attachedIndex is the index of a partition that belongs to one of its partitioned table; "" where there is none, or it isn't known which.
func (j *judge) attachedIndex(k *lint.Relation, x *schema.Index, p *lint.Relation) string {
	for i := range p.Indexes {
		if p.Options[attached(p.Indexes[i].Name)] == x.Name {
			return p.Indexes[i].Name
		}
	}
	if k.Options[alone(x.Name)] != "" {
		return ""
	}
	for _, y := range p.Indexes {
		if y.Unique == x.Unique && y.Constraint == x.Constraint && sameParts(*x, y) {
			return y.Name
		}
	}
	return ""
}

// attachIndex keeps what ALTER INDEX … ATTACH PARTITION does.
func (j *judge) attachIndex(n *pg.AlterTableStmt) {
	for _, cmd := range n.Cmds {
		q := cmd.GetAlterTableCmd().GetDef().GetPartitionCmd()
		if _, x := j.catalog.Owner(n.Relation.GetRelname()); q != nil && x != nil {
			if p, y := j.catalog.Owner(q.Name.GetRelname()); y != nil && p.Options != nil {
				p.Options[attached(y.Name)] = x.Name
			}
		}
	}
}

// neededAbove is the index of the partitioned table that a partition's index belongs to, and that can't do without it.
func (j *judge) neededAbove(p *lint.Relation, y *schema.Index) string {
	if p == nil || p.Parent == "" {
		return ""
	}
	above := ""
	j.catalog.Relations(func(k *lint.Relation) {
		if !k.Partitioned || p.Parent != k.Ident.String() && p.Parent != k.Name {
			return
		}
		for i := range k.Indexes {
			if j.attachedIndex(k, &k.Indexes[i], p) == y.Name {
				above = k.Indexes[i].Name
			}
		}
	})
	return above
}
