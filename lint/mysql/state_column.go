package mysql

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// columnState says what uses a column that is dropped, renamed or given another type.
func (c *call) columnState(k *lint.Relation, x clause) string {
	renamed := x.to != "" && !same(x.to, x.name)
	if renamed && k.Column(x.to) != nil && !c.moves(x.to) {
		return fmt.Sprintf("%s has a column %s already", quoted(c.table), quote(x.to))
	}
	if x.kind != "drop column" && !(renamed && !c.maria) {
		return ""
	}
	what := quoted(c.table) + "." + quote(x.name)
	for i := range k.Columns {
		g := &k.Columns[i]
		if g.Generated != "" && !same(g.Name, x.name) && mentions(g.Definition, x.name) && !c.dropsColumn1(g.Name) && !c.redefined(g.Name) {
			return fmt.Sprintf("the generated column %s uses %s", quote(g.Name), what)
		}
	}
	if why := c.constrained(k, x, what); why != "" {
		return why
	}
	for _, i := range k.Indexes {
		for _, p := range i.Columns {
			if p.Expression != "" && mentions(p.Expression, x.name) && !c.frees(i.Name) {
				return fmt.Sprintf("the index %s uses %s in an expression", quote(i.Name), what)
			}
		}
	}
	if k.Bound != "" && mentions(readPartitioning(k.Bound).key, x.name) {
		return "the table is partitioned by " + what
	}
	return ""
}

// constrained looks at CHECKs and foreign keys.
func (c *call) constrained(k *lint.Relation, x clause, what string) string {
	for _, q := range k.Constraints {
		if c.dropsConstraint(q.Name) {
			continue
		}
		switch {
		case q.Kind == schema.Check && mentions(q.Definition, x.name):
			alone := true
			for _, o := range k.Columns {
				alone = alone && (same(o.Name, x.name) || !mentions(q.Definition, o.Name))
			}
			if !alone || x.kind != "drop column" {
				return fmt.Sprintf("the CHECK %s uses %s", quote(q.Name), what)
			}
		case q.Kind == schema.ForeignKey && x.kind == "drop column" && holds(q.Columns, x.name):
			return fmt.Sprintf("the foreign key %s uses %s", quote(q.Name), what)
		}
	}
	if x.kind == "drop column" && c.pointedAt(k, x.name) {
		return "a foreign key of another table points at " + what
	}
	return ""
}

// pointedAt reports whether a foreign key of another table refers to a column.
func (j *judge) pointedAt(k *lint.Relation, column string) bool {
	found := false
	for _, q := range k.Constraints {
		found = found || q.Incoming && q.Kind == schema.ForeignKey && holds(q.Columns, column)
	}
	j.catalog.Relations(func(r *lint.Relation) {
		for _, q := range r.Constraints {
			found = found || q.Kind == schema.ForeignKey && !q.Incoming && same(q.Ref.Name, k.Name) && holds(q.RefColumns, column)
		}
	})
	return found
}
