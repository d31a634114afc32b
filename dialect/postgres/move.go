package postgres

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// constant is a default that is the same for every row, as the server prints it.
var constant = regexp.MustCompile(`^\(?('([^']|'')*'|-?[0-9]+(\.[0-9]+)?|true|false|NULL)\)?(::[A-Za-z0-9_ ."\[\](),]+)?$`)

// resolveMove completes a sync whose new columns are on another table. They are what the old ones are.
func resolveMove(f *plans.Facts, t *schema.Table, s *plans.Sync) error {
	to, _ := f.Table(s.Move.To)
	for i := range s.Old {
		old, _ := t.Column(s.Old[i].Name)
		takeOver(&s.Old[i], old)
		n, o := &s.New[i], s.Old[i]
		n.Type, n.Class, n.NotNull, n.Default, n.Collation, n.Comment = o.Type, o.Class, o.NotNull, o.Default, o.Collation, o.Comment
		if err := movable(f, s, o); err != nil {
			return err
		}
	}
	parent, child := t, to
	if s.Move.Up {
		parent, child = to, t
	}
	for _, one := range []*schema.Table{t, to} {
		if err := refuseMoved(s, one); err != nil {
			return err
		}
	}
	if err := refuseMovedTriggers(s, t, to); err != nil {
		return err
	}
	return movedKey(s, parent, child)
}

// movable: a column's default decides what it means that there is no row.
func movable(f *plans.Facts, s *plans.Sync, o plans.Side) error {
	hint := fmt.Sprintf("set_default: {table: %s, column: %s, default: …} first", s.Table, o.Name)
	if y, ok := f.Type(o.Type); ok && y.Error != "" {
		return &plans.RefusedError{What: what(s), Reason: "type " + o.Type + ": " + y.Error, Hint: "use the domain's base type, with a CHECK on the column"}
	}
	switch {
	case o.Default != nil && !constant.MatchString(*o.Default):
		return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("the default of %s is no constant (%s), so a row that isn't there can't stand for it", o.Name, *o.Default), Hint: hint}
	case o.Default == nil && o.NotNull:
		return &plans.RefusedError{What: what(s), Reason: o.Name + " is NOT NULL without a default: code that doesn't know the column any more couldn't leave it out", Hint: hint}
	}
	return nil
}

// refuseMoved finds what would keep the triggers from seeing every row and writing it.
func refuseMoved(s *plans.Sync, t *schema.Table) error {
	for _, d := range t.Dependents {
		if d.Kind == "rule" {
			return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("rule %s rewrites statements on %s, those of the triggers too", d.Name, t.Ident), Hint: "replace the rule by a trigger first"}
		}
		if d.Kind == "policy" {
			return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("policy %s of %s says who sees which rows, and the other table has no such", d.Name, t.Ident), Hint: "move the columns of tables without row-level security"}
		}
	}
	return nil
}

// refuseMovedTriggers refuses user triggers that the backfill would fire, and those that could answer each other for ever.
func refuseMovedTriggers(s *plans.Sync, t, to *schema.Table) error {
	changes := func(g schema.Trigger) bool {
		return g.Timing == "BEFORE" && rowTrigger(g) && writes(g.Event) && g.Enabled != "D"
	}
	here, there := slices.IndexFunc(t.Triggers, changes), slices.IndexFunc(to.Triggers, changes)
	if here >= 0 && there >= 0 {
		return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("triggers %s and %s may both change what is written, and the two tables would answer each other for ever", t.Triggers[here].Name, to.Triggers[there].Name), Hint: "drop one of them first"}
	}
	for _, g := range to.Triggers {
		filled := strings.Contains(g.Event, "INSERT") || strings.Contains(g.Event, "UPDATE") && !namesColumns(g)
		if s.UserTriggers != "fire" && filled && g.Enabled != "D" && g.Enabled != "R" {
			return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("the backfill writes to %s and would fire trigger %s", to.Ident, g.Name), Hint: "say `user_triggers: fire` if that does no harm"}
		}
	}
	return nil
}

// movedKey: the walk goes along the parent's key, and a row of the child is told by an index that can arbitrate.
func movedKey(s *plans.Sync, parent, child *schema.Table) error {
	var order []string
	x, _ := indexOf(parent, keyPartNames(s.Key))
	for _, p := range x.Columns {
		o := Quote(p.Name)
		if p.Descending {
			o += " DESC"
		}
		if p.NullsFirst != p.Descending {
			o += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[p.NullsFirst]
		}
		order = append(order, o)
	}
	s.Extra = map[string]string{"order": strings.Join(order, ", "), plans.OriginLock: originLock(s)}
	if s.Move.Made {
		return deferrable(s, parent, x)
	}
	for _, c := range child.Constraints {
		if c.Kind == schema.ForeignKey && !c.Incoming && c.Ref == parent.Ident && strings.Contains(c.Definition, " DEFERRABLE") {
			return &plans.RefusedError{What: what(s), Reason: "foreign key " + c.Name + " is DEFERRABLE: a row might have none to belong to for a while", Hint: "make it NOT DEFERRABLE first"}
		}
	}
	y, _ := indexOf(child, s.Move.Child)
	for i, c := range s.Move.Child {
		of, _ := child.Column(c)
		if of.Type != s.Key[i].Type || of.Collation != s.Key[i].Collation {
			return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("%s is %s and %s is %s", s.Key[i].Name, s.Key[i].Type, c, of.Type), Hint: "change_type first"}
		}
	}
	return deferrable(s, child, y)
}

// originLock is what new code runs before it updates or deletes a row of the target.
func originLock(s *plans.Sync) string {
	key := keyPartNames(s.Key)
	if s.Move.Up {
		key = s.Move.Child
	}
	return fmt.Sprintf("SELECT 1 FROM %s WHERE (%s) = (…) FOR NO KEY UPDATE", relation(s.Table), quoteAll(key))
}

func deferrable(s *plans.Sync, t *schema.Table, x schema.Index) error {
	if strings.Contains(x.Definition, "DEFERRABLE") {
		return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("the key %s of %s is DEFERRABLE: for a while several rows might have it", x.Name, t.Ident), Hint: "make it NOT DEFERRABLE first"}
	}
	return nil
}

func keyPartNames(key []plans.KeyPart) []string {
	var out []string
	for _, k := range key {
		out = append(out, k.Name)
	}
	return out
}

// indexOf finds the unique index of exactly these columns.
func indexOf(t *schema.Table, columns []string) (schema.Index, bool) {
	for _, x := range t.Indexes {
		if x.Unique && x.Predicate == "" && !x.Invalid && len(x.Columns) == len(columns) &&
			!slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool { return !slices.Contains(columns, p.Name) }) {
			return x, true
		}
	}
	return schema.Index{}, false
}
