package plans

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// RenameTable gives a table another name. Until contract it is there under both: one of them is a view of the other.
type RenameTable struct {
	Table string `yaml:"table" json:"table"`
	// To is a name in the same schema, without it.
	To string `yaml:"to" json:"to"`
}

func (c *RenameTable) kind() string    { return "rename_table" }
func (c *RenameTable) table() string   { return c.Table }
func (c *RenameTable) kinds() []string { return tableOrPartitioned() }
func (c *RenameTable) validate() error {
	err := errors.Join(needed("table", c.Table), needed("to", c.To))
	if err == nil && strings.Contains(c.To, ".") {
		err = fmt.Errorf("to: %q: a table stays in its schema, and its new name is given without it", c.To)
	}
	if err == nil && schema.ParseIdent(c.Table).Name == c.To {
		err = fmt.Errorf("rename_table: the table is called %q already", c.To)
	}
	return err
}
func (c *RenameTable) words() string { return fmt.Sprintf("rename table %s to %s", c.Table, c.To) }
func (c *RenameTable) code() (before, after string) {
	return fmt.Sprintf("No code uses %s.", c.Table), fmt.Sprintf("%s is gone.", c.Table)
}

func (c *RenameTable) codeIn(n PhaseName) (before, after string) {
	switch n {
	case Expand:
		return fmt.Sprintf("Any code that uses %s.", c.Table), fmt.Sprintf("Code may use %s, too, which is a view of %s.", c.To, c.Table)
	case Switch:
		return fmt.Sprintf("Code uses %s or %s, and does nothing by the name %s that a view doesn't take.", c.Table, c.To, c.Table),
			fmt.Sprintf("Code with either name goes on: %s is the table, and %s a view of it.", c.To, c.Table)
	}
	return c.code()
}

// Becomes is the other name that an operation gives the table, with the schema of id.
func (o Operation) Becomes(id schema.Ident) (schema.Ident, bool) {
	if o.RenameTable == nil {
		return schema.Ident{}, false
	}
	return schema.Ident{Schema: id.Schema, Name: o.RenameTable.To}, true
}

// Mention is something outside a table that names it in a text of its own, in which nothing follows a rename.
type Mention struct {
	Table schema.Ident `json:"table"`
	Kind  string       `json:"kind"`
	Name  string       `json:"name"`
}

// becomes refuses a new name that is taken, is not read, or is too long.
func (b *builder) becomes(o Operation, t *schema.Table) (schema.Ident, error) {
	to, ok := o.Becomes(t.Ident)
	if !ok {
		return to, nil
	}
	n, ok := b.facts.Table(to)
	switch limit, bytes := b.rules.NameLimit(); {
	case !ok:
		return to, &InputError{What: o.Words(), Reason: "the facts don't tell whether there is a table " + to.String(), Hint: "read them anew"}
	case n.Kind != schema.Absent:
		return to, &InputError{What: o.Words(), Reason: to.String() + " is there already: it is " + article(n.Kind)}
	case nameLength(to.Name, bytes) > limit:
		return to, &InputError{What: o.Words(), Reason: fmt.Sprintf("the name is longer than the server's limit of %d", limit)}
	}
	return n.Ident, nil
}

// ViewName is what the view of a table under one of its names is called while something else has the name.
func ViewName(name string, limit int, bytes bool) string {
	return CutName("_"+name+"_pm_view", limit, bytes)
}

// Scene is what stands under each name at a moment; nothing under the others.
type Scene map[string]*schema.Table

func (s Scene) shows(sees []schema.Object) []string {
	var out []string
	for _, o := range sees {
		t, ok := s[o.Name]
		if !ok {
			t = &schema.Table{Kind: schema.Absent}
		}
		out = append(out, t.Shows(o))
	}
	return out
}

// Renaming is a move of tables and views between names: the statements, and what stands there after each that shows, there and back.
type Renaming struct {
	Phase       PhaseName
	Does        string
	There, Back []string
	Before      Scene
	After       []Scene
	Undone      []Scene
	Lock        Lock
	Because     string
	// Stays is set where there is no way back.
	Stays string
}

// Rename completes a recipe that gives a table another name.
func (r *Recipe) Rename(to schema.Ident, list []Renaming) {
	r.To = to
	for _, m := range list {
		a := &Act{Phase: m.Phase, Does: m.Does, Sees: m.sees(), Stays: m.Stays}
		a.Before = m.Before.shows(a.Sees)
		for _, s := range m.After {
			a.After = append(a.After, s.shows(a.Sees))
		}
		for _, s := range m.Undone {
			a.Undone = append(a.Undone, s.shows(a.Sees))
		}
		r.Steps = append(r.Steps, Step{SQL: m.There, Undo: m.Back, Lock: m.Lock, Act: a, Reversible: m.Stays == "", Because: m.Because})
	}
}

// sees are the names under which anything stands at any moment of the move.
func (m Renaming) sees() []schema.Object {
	names := map[string]bool{}
	for _, s := range slices.Concat([]Scene{m.Before}, m.After, m.Undone) {
		for n := range s {
			names[n] = true
		}
	}
	var out []schema.Object
	for n := range names {
		out = append(out, schema.Object{Kind: schema.TableObject, Name: n})
	}
	slices.SortFunc(out, func(a, b schema.Object) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Named is the table under another name.
func Named(t *schema.Table, name string) *schema.Table {
	out := *t
	out.Name = name
	return &out
}

// Mentioned are notes on what will not find the table any more.
func (r *Recipe) Mentioned(f *Facts, t *schema.Table) {
	for _, m := range f.Mentions {
		if m.Table == t.Ident {
			r.Notes = append(r.Notes, fmt.Sprintf("%s: %s %s names the table. It works until contract: make it name %s between switch and contract.", t.Ident, m.Kind, m.Name, r.To.Name))
		}
	}
}
