package postgres

import (
	"fmt"
	"slices"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

func labelObjects(list ...string) []schema.Object {
	var out []schema.Object
	for _, l := range list {
		out = append(out, schema.Object{Kind: schema.LabelObject, Name: l})
	}
	return out
}

// newLabel refuses what the server would.
func (r *recipe) newLabel(label string) error {
	switch {
	case slices.Contains(r.t.Labels, label):
		return r.input("%s has the value %q already", r.t.Ident, label)
	case len(label) > 63:
		return r.input("the value is longer than the server's limit of 63 bytes")
	}
	return nil
}

// addEnumValue is the one act without a way back.
func (r *recipe) addEnumValue(c *plans.AddEnumValue) error {
	if err := r.newLabel(c.Value); err != nil {
		return err
	}
	sql := fmt.Sprintf("ALTER TYPE %s ADD VALUE %s", r.rel(), literal(c.Value))
	for _, n := range []struct{ where, label string }{{"BEFORE", c.Before}, {"AFTER", c.After}} {
		if n.label == "" {
			continue
		}
		if !slices.Contains(r.t.Labels, n.label) {
			return r.input("%s has no value %q", r.t.Ident, n.label)
		}
		sql += " " + n.where + " " + literal(n.label)
	}
	a := &plans.Act{Phase: plans.Expand, Does: fmt.Sprintf("add value %q", c.Value), Sees: labelObjects(c.Value),
		Stays: fmt.Sprintf("PostgreSQL can't drop value %q of type %s. It does no harm while nobody writes it: take back the code that does. rename_enum_value can mark it as one that isn't used; to be rid of it, make another type without it and change_type the columns", c.Value, r.t.Ident)}
	a.Before, a.After = a.Looks(nothing()), looks(a, withLabels(c.Value))
	r.out.Objects = []string{c.Value}
	r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s: value %q can't be taken back, and so neither can what this change has done before it in the same phase. It does no harm while nobody writes it.", r.t.Ident, c.Value))
	r.out.Steps = append(r.out.Steps, plans.Step{SQL: []string{sql}, Lock: readLock, Act: a,
		Because: "A row in the catalog: no table is locked or read. A value with a neighbour may be compared a little slower than those that the type was made with."})
	return nil
}

// renameEnumValue happens in the switch: code must have both names in mind.
func (r *recipe) renameEnumValue(c *plans.RenameEnumValue) error {
	if !slices.Contains(r.t.Labels, c.From) {
		return r.input("%s has no value %q", r.t.Ident, c.From)
	}
	if err := r.newLabel(c.To); err != nil {
		return err
	}
	rename := func(from, to string) []string {
		return []string{fmt.Sprintf("ALTER TYPE %s RENAME VALUE %s TO %s", r.rel(), literal(from), literal(to))}
	}
	a := &plans.Act{Phase: plans.Switch, Does: fmt.Sprintf("rename value %q to %q", c.From, c.To), Sees: labelObjects(c.From, c.To)}
	a.Before, a.After = a.Looks(withLabels(c.From)), looks(a, withLabels(c.To))
	r.out.Objects = []string{c.From, c.To}
	r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s: a function whose text has '%s' as a constant fails from then on; what the server has parsed (views, defaults, checks) goes with the value.", r.t.Ident, c.From))
	r.add(plans.Step{SQL: rename(c.From, c.To), Undo: rename(c.To, c.From), Lock: readLock, Act: a,
		Because: "A word in the catalog: no table is locked or read, and rows that have the value show its new name at once. It happens in the switch, since code that names the value must have both names in mind."})
	return nil
}
