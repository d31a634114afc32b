package postgres

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// names gives another name to what is there in the wanted shape under one that the file doesn't have, as after the rename of a
// table, whose keys keep theirs. What follows compares with the new names.
func (d *differ) names() {
	live := *d.live
	live.Indexes, live.Constraints = slices.Clone(live.Indexes), slices.Clone(live.Constraints)
	for i := range live.Indexes {
		d.renameIndex(&live.Indexes[i])
	}
	for i := range live.Constraints {
		d.renameConstraint(&live.Constraints[i])
	}
	d.live = &live
}

func (d *differ) renameIndex(l *schema.Index) {
	if _, ok := d.want.Index(l.Name); ok {
		return
	}
	n := slices.IndexFunc(d.want.Indexes, func(w schema.Index) bool {
		_, there := d.live.Index(w.Name)
		return !there && !d.isTaken(w.Name) && w.Constraint == l.Constraint && w.Primary == l.Primary && nameless(w) == nameless(*l)
	})
	if n < 0 {
		return
	}
	to := d.want.Indexes[n].Name
	if l.Constraint {
		d.gone = append(d.gone, d.alter("RENAME CONSTRAINT %s TO %s", Quote(l.Name), Quote(to)))
	} else {
		d.gone = append(d.gone, "ALTER INDEX "+inSchemaOf(d.live.Ident, l.Name)+" RENAME TO "+Quote(to))
	}
	l.Definition, l.Name = d.want.Indexes[n].Definition, to
	d.taken = append(d.taken, to)
}

func (d *differ) renameConstraint(l *schema.Constraint) {
	if _, ok := d.want.Constraint(l.Name); ok || !own(*l) {
		return
	}
	n := slices.IndexFunc(d.want.Constraints, func(w schema.Constraint) bool {
		_, there := d.live.Constraint(w.Name)
		return !there && own(w) && w.Kind == l.Kind && w.Definition == l.Definition && !d.isTaken(w.Name)
	})
	if n < 0 {
		return
	}
	to := d.want.Constraints[n].Name
	d.gone = append(d.gone, d.alter("RENAME CONSTRAINT %s TO %s", Quote(l.Name), Quote(to)))
	l.Name = to
	d.taken = append(d.taken, to)
}

func (d *differ) isTaken(name string) bool { return slices.Contains(d.taken, name) }

// nameless is the definition of an index without its name, which the server quotes only where it has to.
func nameless(x schema.Index) string {
	for _, name := range []string{x.Name, Quote(x.Name)} {
		if before, after, ok := strings.Cut(x.Definition, " INDEX "+name+" ON "); ok {
			return before + after
		}
	}
	return x.Definition
}
