package plans

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// Build decides. It is pure: same change, facts and rules, same plan.
func Build(c Change, f *Facts, r Rules) (*Plan, error) {
	if err := c.Validate(); err != nil {
		return nil, &InputError{What: "change", Reason: err.Error()}
	}
	if len(f.Problems) > 0 {
		return nil, &RefusedError{What: "server", Reason: strings.Join(f.Problems, "; ")}
	}
	b := builder{change: c, facts: f, rules: r}
	p := &Plan{Format: Format, Name: c.Name, FactsRead: f.Read, Dialect: f.Dialect, Strategy: "sync", Replicas: c.Replicas, Operations: c.Operations}
	if err := b.dropOrder(); err != nil {
		return nil, err
	}
	p.Operations = b.change.Operations
	if err := b.resolve(p); err != nil {
		return nil, err
	}
	if err := b.alters(p); err != nil {
		return nil, err
	}
	if len(p.Alters)+len(p.Recipes) > 0 && len(p.Syncs) == 0 {
		p.Strategy = string(Native)
	}
	if _, ok := p.Shadowed(); ok {
		p.Strategy = string(Shadow)
	}
	p.ID = planID(c, f, p)
	if err := b.phases(p); err != nil {
		return nil, err
	}
	p.Assumes = b.assumes(p)
	p.Notes = b.notes(p)
	p.Rollouts = b.rollouts(p)
	p.Hash = p.ComputeHash()
	return p, nil
}

type builder struct {
	change Change
	facts  *Facts
	rules  Rules
}

func (b *builder) resolve(p *Plan) error {
	for _, o := range b.change.Operations {
		t, err := b.table(o)
		if err != nil {
			return err
		}
		if sql, err := b.asAlter(t, o); err != nil || sql != "" {
			if err != nil {
				return err
			}
			continue
		}
		if b.byRecipe(o) {
			if err := b.recipe(p, t, o); err != nil {
				return err
			}
			continue
		}
		if o.MoveColumns != nil {
			if err := b.move(p, t, o.MoveColumns); err != nil {
				return err
			}
			continue
		}
		if t.Kind == schema.PartitionedTable {
			return &RefusedError{What: o.Words(), Reason: "a partitioned table is changed by the server itself alone", Hint: "--strategy auto"}
		}
		s := b.draft(o, t)
		if err := b.checkNames(t, &s); err != nil {
			return err
		}
		if err := b.checkExpressions(t, &s); err != nil {
			return err
		}
		if err := b.refuse(t, &s); err != nil {
			return err
		}
		if err := b.key(t, &s); err != nil {
			return err
		}
		if err := b.rules.Resolve(b.facts, t, &s); err != nil {
			return err
		}
		if s.Twins, err = b.rules.Twins(b.facts, t, &s); err != nil {
			return err
		}
		if err := disjoint(p.Syncs, s); err != nil {
			return err
		}
		p.Syncs = append(p.Syncs, s)
	}
	return nil
}

func (b *builder) table(o Operation) (*schema.Table, error) {
	id := o.Table()
	t, ok := b.facts.Table(id)
	if !ok {
		return nil, &InputError{What: "table " + id.String(), Reason: "there is no such table in database " + b.facts.Server.Database}
	}
	if o.CreateTable != nil && t.Kind != schema.Absent {
		return nil, &InputError{What: "table " + id.String(), Reason: "it is there already"}
	}
	if t.Kind == schema.Absent && o.CreateTable == nil {
		return nil, &InputError{What: "table " + id.String(), Reason: "it isn't there before this change, which creates it", Hint: "put it into the table's definition, or make a second change"}
	}
	if !o.Takes(t.Kind) {
		return nil, &RefusedError{What: "table " + id.String(), Reason: "it is " + article(t.Kind) + ", " + o.kindWords()}
	}
	return t, nil
}

// draft turns an operation into a sync with names and the SQL that was given.
func (b *builder) draft(o Operation, t *schema.Table) Sync {
	s := Sync{Table: t.Ident, DualWrite: b.change.DualWrite, OnUnreturnable: b.change.OnUnreturnable, UserTriggers: b.change.UserTriggers}
	if s.DualWrite == "" {
		s.DualWrite = "trigger"
	}
	if s.OnUnreturnable == "" {
		s.OnUnreturnable = "record"
	}
	q := b.rules.Quote
	switch {
	case o.RenameColumn != nil:
		c := o.RenameColumn
		s.Operation = "rename_column"
		s.Old = []Side{side(c.From, c.Down, c.To, q)}
		s.New = []Side{side(c.To, c.Up, c.From, q)}
	case o.SplitColumn != nil:
		c := o.SplitColumn
		s.Operation = "split_column"
		s.Old = []Side{{Name: c.Column, SQL: c.Down}}
		for _, p := range c.Into {
			s.New = append(s.New, Side{Name: p.Name, Type: p.Type, SQL: p.Up})
		}
	case o.MergeColumns != nil:
		c := o.MergeColumns
		s.Operation = "merge_columns"
		for _, p := range c.From {
			s.Old = append(s.Old, Side{Name: p.Name, SQL: p.Down})
		}
		s.New = []Side{{Name: c.Into, Type: c.Type, SQL: c.Up}}
	case o.ChangeType != nil:
		c := o.ChangeType
		s.Operation, s.Swap = "change_type", true
		s.Old = []Side{{Name: c.Column, SQL: c.Down}}
		s.New = []Side{{Name: b.name("_pm_" + c.Column), Type: c.Type, SQL: c.Up}}
	case o.SetNotNull != nil:
		c := o.SetNotNull
		s.Operation, s.Swap = "set_not_null", true
		s.Old = []Side{side(c.Column, "", b.name("_pm_"+c.Column), q)}
		s.New = []Side{side(b.name("_pm_"+c.Column), fillSQL(c, q), c.Column, q)}
		s.New[0].NotNull = true
	}
	for i := range s.Old {
		s.Old[i].Hidden = b.name("_pm_hidden_" + s.Old[i].Name)
	}
	return s
}

// fillSQL is standard SQL on every server; an empty fill leaves the plain copy,
// and a NULL then fails the verification.
func fillSQL(c *SetNotNull, quote func(string) string) string {
	if c.Fill == "" {
		return ""
	}
	return fmt.Sprintf("COALESCE(%s, (%s))", quote(c.Column), c.Fill)
}

func side(name, sql, other string, quote func(string) string) Side {
	if sql == "" {
		return Side{Name: name, SQL: quote(other), Plain: other}
	}
	return Side{Name: name, SQL: sql}
}

// name cuts a made-up name to the server's limit and keeps it unique by a digest
// of the whole.
func (b *builder) name(s string) string {
	limit, bytes := b.rules.NameLimit()
	return CutName(s, limit, bytes)
}

// checkNames finds names that are missing, taken or too long.
func (b *builder) checkNames(t *schema.Table, s *Sync) error {
	for _, o := range s.Old {
		if _, ok := t.Column(o.Name); !ok {
			return &InputError{What: fmt.Sprintf("column %s.%s", t.Ident, o.Name), Reason: "there is no such column", Hint: "columns: " + strings.Join(columnNames(t), ", ")}
		}
		if _, ok := t.Column(o.Hidden); ok {
			return &InputError{What: fmt.Sprintf("column %s.%s", t.Ident, o.Hidden), Reason: "a column of the name that the old one is to be hidden under exists already"}
		}
	}
	limit, bytes := b.rules.NameLimit()
	for _, n := range s.New {
		if taken(t, n.Name) {
			return &InputError{What: fmt.Sprintf("column %s.%s", t.Ident, n.Name), Reason: "a column of this name exists already"}
		}
		if nameLength(n.Name, bytes) > limit {
			return &InputError{What: fmt.Sprintf("column %s.%s", t.Ident, n.Name), Reason: fmt.Sprintf("the name is longer than the server's limit of %d", limit)}
		}
	}
	return nil
}

// taken compares case-insensitively when the dialect's column names do; being
// too strict on the other kind of server only refuses names that nobody should
// want side by side.
func taken(t *schema.Table, name string) bool {
	return slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return strings.EqualFold(c.Name, name) })
}

func columnNames(t *schema.Table) []string {
	var out []string
	for _, c := range t.Columns {
		out = append(out, c.Name)
	}
	return out
}

// checkExpressions reports what the server said against a mapping's SQL.
func (b *builder) checkExpressions(t *schema.Table, s *Sync) error {
	for _, x := range b.facts.Expressions {
		if x.Table.Name != t.Name || x.Error == "" {
			continue
		}
		for _, sd := range append(slices.Clone(s.Old), s.New...) {
			if sd.Plain == "" && sd.SQL == x.SQL {
				return &InputError{What: fmt.Sprintf("mapping SQL of %s.%s", t.Ident, sd.Name), Reason: x.Error, Hint: "the server was asked to prepare: " + x.SQL}
			}
		}
	}
	return nil
}

// refuse holds what no dialect can do safely by a column sync.
func (b *builder) refuse(t *schema.Table, s *Sync) error {
	what := fmt.Sprintf("%s %s.%s", s.Operation, t.Ident, s.Old[0].Name)
	for _, o := range s.Old {
		c, _ := t.Column(o.Name)
		if c.Generated != "" {
			return &RefusedError{What: what, Reason: "the column is generated: " + c.Generated, Hint: "add a new generated column and drop this one"}
		}
		if c.Identity != "" {
			return &RefusedError{What: what, Reason: "the server numbers this column by itself (" + c.Identity + ")", Hint: "a key or a sequence moves with its table: this is the work of a shadow copy"}
		}
		if err := b.refuseDependents(t, s, o.Name); err != nil {
			return err
		}
		if err := refuseKeys(t, what, o.Name); err != nil {
			return err
		}
	}
	return nil
}

// refuseDependents notes the views that the dialect can move.
func (b *builder) refuseDependents(t *schema.Table, s *Sync, column string) error {
	what := fmt.Sprintf("%s %s.%s", s.Operation, t.Ident, column)
	for _, d := range t.Dependents {
		if d.Kind == "publication" && len(d.Columns) == 0 || !slices.Contains(d.Columns, column) {
			continue
		}
		switch v, ok := b.facts.View(t.Ident, d.Name, column); {
		case d.Kind == "view" && ok && v.Error == "":
			s.Views = append(s.Views, d.Name)
		case d.Kind == "view" && ok:
			return &RefusedError{What: what, Reason: fmt.Sprintf("%s reads the column, and what reads it can't be made anew: %s", d.Name, v.Error)}
		default:
			return &RefusedError{What: what, Reason: fmt.Sprintf("%s %s reads the column and would go on reading it after it is hidden", d.Kind, d.Name),
				Hint: "drop or rewrite the " + d.Kind + " first; create it anew on the new column after the switch"}
		}
	}
	return nil
}

func refuseKeys(t *schema.Table, what, column string) error {
	for _, x := range t.Indexes {
		if x.Primary && slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool { return p.Name == column }) {
			return &RefusedError{What: what, Reason: "the column is part of the primary key", Hint: "changing a key is the work of a shadow copy"}
		}
	}
	for _, c := range t.Constraints {
		if !slices.Contains(c.Columns, column) {
			continue
		}
		if c.Incoming {
			return &RefusedError{What: what, Reason: fmt.Sprintf("foreign key %s of %s points at the column", c.Name, c.Ref), Hint: "move that foreign key to another key first"}
		}
		if c.Kind == schema.ForeignKey && cascades(c) {
			return &RefusedError{What: what, Reason: fmt.Sprintf("foreign key %s changes the column by %s without firing triggers", c.Name, cascadeWord(c)), Hint: "replace it by a foreign key with NO ACTION first"}
		}
		if c.Kind == schema.Exclusion {
			return &RefusedError{What: what, Reason: fmt.Sprintf("exclusion constraint %s has no online form", c.Name), Hint: "drop it first"}
		}
	}
	return nil
}

func cascades(c schema.Constraint) bool { return cascadeWord(c) != "" }

func cascadeWord(c schema.Constraint) string {
	for _, w := range []string{"CASCADE", "SET NULL", "SET DEFAULT"} {
		if c.OnUpdate == w {
			return "ON UPDATE " + w
		}
		if c.OnDelete == w && w != "CASCADE" {
			return "ON DELETE " + w
		}
	}
	return ""
}

func (b *builder) key(t *schema.Table, s *Sync) error {
	x, ok := t.Key()
	if !ok {
		return &RefusedError{What: "table " + t.Ident.String(), Reason: "it has no key that batches can walk: no primary key, and no unique index whose columns are all NOT NULL",
			Hint: "add a primary key, or make the columns of a unique index NOT NULL"}
	}
	for _, p := range x.Columns {
		c, _ := t.Column(p.Name)
		s.Key = append(s.Key, KeyPart{Name: c.Name, Type: c.Type, Class: c.Class, Charset: c.Charset, Collation: c.Collation, Descending: p.Descending})
	}
	return nil
}

func disjoint(have []Sync, s Sync) error {
	for _, h := range have {
		if h.Move != nil || s.Move != nil {
			if c := sharedTable(&h, &s); c != "" {
				return &InputError{What: "table " + c, Reason: "columns move to or from it, and another operation of the change is about it", Hint: "make two changes, one after the other"}
			}
			continue
		}
		if h.Table != s.Table {
			continue
		}
		for _, c := range s.Columns() {
			if slices.Contains(h.Columns(), c) {
				return &InputError{What: fmt.Sprintf("column %s.%s", s.Table, c), Reason: "two operations of one change are about it", Hint: "make two changes, one after the other"}
			}
		}
		if c := shared(h.Reads, s.Columns()) + shared(s.Reads, h.Columns()); c != "" {
			return &InputError{What: fmt.Sprintf("column %s.%s", s.Table, c), Reason: "one operation of the change is about it and the mapping SQL of another names it", Hint: "make two changes, one after the other"}
		}
	}
	return nil
}

// shared is the first name that stands in both lists.
func shared(a, b []string) string {
	for _, n := range a {
		if slices.Contains(b, n) {
			return n
		}
	}
	return ""
}

// Columns lists every name that the sync's columns have at any time.
func (s *Sync) Columns() []string {
	var out []string
	for _, o := range s.Old {
		out = append(out, o.Name, o.Hidden)
	}
	for _, n := range s.New {
		out = append(out, n.Name)
	}
	return out
}

// Owns lists the names of everything else that the sync creates on the table.
func (s *Sync) Owns() []string {
	var out []string
	if s.Trigger != "" {
		out = append(out, s.Trigger, s.Trigger+"_i", s.Trigger+"_u", s.Trigger+"_ai", s.Trigger+"_au")
	}
	if s.Move != nil {
		out = append(out, s.Move.owns(s.Trigger)...)
	}
	for _, w := range s.Twins {
		out = append(out, w.Name, w.Final, w.Of)
	}
	return slices.DeleteFunc(out, func(n string) bool { return n == "" })
}
