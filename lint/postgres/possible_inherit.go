package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// inheritedColumn finds the parent that a relation has a column from.
func (c *call) inheritedColumn(k *lint.Relation, name string) *lint.Relation {
	if k == nil {
		return nil
	}
	for _, p := range append(slices.Clone(k.Parents), c.partOf(k)) {
		if p != nil && p.Column(name) != nil {
			return p
		}
	}
	return nil
}

func (c *call) inheritedCheck(k *lint.Relation, name string) bool {
	if k == nil {
		return false
	}
	for _, p := range append(slices.Clone(k.Parents), c.partOf(k)) {
		if q := p.FindConstraint(name); q != nil && q.Kind == schema.Check {
			return true
		}
	}
	return false
}

// typed names a table that is made of a composite type.
func (c *call) typed(name string) string {
	by := ""
	c.catalog.Relations(func(k *lint.Relation) {
		if k.Options["of"] == name {
			by = quoted(k.Ident)
		}
	})
	return by
}

func (c *call) inheritImpossible(k, parent *lint.Relation, add bool) string {
	if parent == nil {
		return ""
	}
	has := slices.Contains(k.Parents, parent)
	if !add {
		if !has && whole(k) && whole(parent) {
			return fmt.Sprintf("%s isn't a parent of %s", quoted(parent.Ident), quoted(k.Ident))
		}
		return ""
	}
	switch {
	case has:
		return fmt.Sprintf("%s inherits from %s already", quoted(k.Ident), quoted(parent.Ident))
	case slices.Contains(parent.Parents, k) || k == parent:
		return "inheritance would go in a circle"
	case parent.Partitioned:
		return fmt.Sprintf("%s is partitioned", quoted(parent.Ident))
	}
	return c.childFits(k, parent)
}

// childFits: a child has every column of its parent, of the same type and as NOT NULL, and every CHECK.
func (c *call) childFits(k, parent *lint.Relation) string {
	if !whole(k) || !whole(parent) {
		return ""
	}
	for _, p := range parent.Columns {
		col := k.Column(p.Name)
		switch {
		case col == nil:
			return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(p.Name))
		case !parseType(col.Type).equal(parseType(p.Type)):
			return fmt.Sprintf("%s.%s is %s, and %s in %s", quoted(k.Ident), quote(p.Name), col.Type, p.Type, quoted(parent.Ident))
		case !p.Nullable && col.Nullable:
			return fmt.Sprintf("%s.%s may be NULL, and may not in %s", quoted(k.Ident), quote(p.Name), quoted(parent.Ident))
		}
	}
	for _, q := range parent.Constraints {
		if q.Kind == schema.Check && k.FindConstraint(q.Name) == nil && !strings.Contains(q.Definition, "IS NOT NULL") {
			return fmt.Sprintf("%s has no constraint %s", quoted(k.Ident), quote(q.Name))
		}
	}
	return ""
}

func (c *call) ofImpossible(k *lint.Relation, t *pg.TypeName) string {
	d := c.catalog.Type(dotted(t.GetNames()))
	if d == nil || !whole(k) {
		return ""
	}
	if d.Kind != "composite" {
		return d.Name + " is no composite type"
	}
	if len(d.Values) != len(k.Columns) {
		return fmt.Sprintf("%s doesn't have the columns of the type %s", quoted(k.Ident), d.Name)
	}
	for i, v := range d.Values {
		if !strings.HasPrefix(v, k.Columns[i].Name+" ") {
			return fmt.Sprintf("%s doesn't have the columns of the type %s", quoted(k.Ident), d.Name)
		}
	}
	return ""
}
