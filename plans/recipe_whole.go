package plans

import (
	"errors"
	"fmt"
	"slices"

	"github.com/phasemig/phasemig/schema"
)

// CreateTable makes a table that isn't there.
type CreateTable struct {
	Table string `yaml:"table" json:"table"`
	// Definition is what stands behind CREATE TABLE and the name.
	Definition string `yaml:"definition" json:"definition"`
	// Then are statements that complete the table before anybody uses it: indexes, comments.
	Then []string `yaml:"then,omitempty" json:"then,omitempty"`
}

func (c *CreateTable) kind() string    { return "create_table" }
func (c *CreateTable) table() string   { return c.Table }
func (c *CreateTable) kinds() []string { return []string{schema.Absent} }
func (c *CreateTable) validate() error {
	err := errors.Join(needed("table", c.Table), needed("definition", c.Definition))
	for _, q := range c.Then {
		err = errors.Join(err, needed("then", q))
	}
	return err
}
func (c *CreateTable) words() string { return "create table " + c.Table }
func (c *CreateTable) code() (before, after string) {
	return "Any code.", fmt.Sprintf("Code may use %s.", c.Table)
}

// DropTable takes a table away with all that it holds: first out of sight, then for good.
type DropTable struct {
	Table string `yaml:"table" json:"table"`
}

func (c *DropTable) kind() string    { return "drop_table" }
func (c *DropTable) table() string   { return c.Table }
func (c *DropTable) validate() error { return needed("table", c.Table) }
func (c *DropTable) words() string   { return "drop table " + c.Table }
func (c *DropTable) code() (before, after string) {
	return fmt.Sprintf("No code uses %s.", c.Table), fmt.Sprintf("%s is gone.", c.Table)
}

// Whole reports whether the recipe makes a table, renames it or takes it away: there are moments at which it isn't there.
func (r *Recipe) Whole() bool {
	return r.Operation == "create_table" || r.Operation == "drop_table" || r.Operation == "rename_table"
}

// MayMiss reports whether the plan makes a table, renames it or takes it away.
func (p *Plan) MayMiss(id schema.Ident) bool {
	return slices.ContainsFunc(p.Recipes, func(r Recipe) bool { return r.Whole() && slices.Contains(r.tables(), id) }) ||
		slices.ContainsFunc(p.Syncs, func(s Sync) bool { return s.Move.Makes(id) })
}

// Whole reports whether the act is about tables as such. All that it sees are tables then, in the schema of its step's table.
func (a *Act) Whole() bool { return len(a.Sees) > 0 && a.Sees[0].Kind == schema.TableObject }

// Creates reports whether the step makes a table, which its way back drops.
func (st *Step) Creates() bool {
	return st.Act != nil && st.Act.Whole() && st.Act.Phase == Expand && len(st.Act.Sees) == 1
}

// LooksAmong are the lines that the act's tables show. read gives one by its name, of kind schema.Absent where it isn't there.
func (a *Act) LooksAmong(read func(name string) (*schema.Table, error)) ([]string, error) {
	var out []string
	for _, o := range a.Sees {
		t, err := read(o.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, t.Shows(o))
	}
	return out, nil
}

// Create completes a recipe that makes a table, in the statements there and the one back. made is the table after each statement, as the
// server showed it.
func (r *Recipe) Create(there, back []string, made []*schema.Table, lock Lock, because string) {
	o := []schema.Object{{Kind: schema.TableObject, Name: r.Table.Name}}
	a := &Act{Phase: Expand, Does: "create table " + r.Table.Name, Sees: o}
	a.Before = []string{(&schema.Table{Kind: schema.Absent}).Shows(o[0])}
	for _, t := range made {
		a.After = append(a.After, []string{t.Shows(o[0])})
	}
	r.Objects = pointing(made[len(made)-1])
	r.Steps = append(r.Steps, Step{SQL: there, Undo: back, Lock: lock, Act: a, Reversible: true, Because: because})
}

// Dropping are the statements by which a table is taken out of sight and marked, those back, and the one that drops it.
type Dropping struct {
	There, Back []string
	Drop        string
	Lock        Lock
}

// Drop completes a recipe that takes a table away: it gets a name that no code knows, and a comment that says so, and is dropped after a while.
func (r *Recipe) Drop(t *schema.Table, aside, comment string, d Dropping) {
	both := []schema.Object{{Kind: schema.TableObject, Name: t.Name}, {Kind: schema.TableObject, Name: aside}}
	states := func(name, comment string) []string {
		s := *t
		s.Name, s.Comment = name, comment
		return []string{s.Shows(both[0]), s.Shows(both[1])}
	}
	hide := &Act{Phase: Contract, Does: "take table " + t.Name + " out of sight", Sees: both, Before: states(t.Name, t.Comment),
		After: [][]string{states(aside, t.Comment), states(aside, comment)}, Undone: [][]string{states(t.Name, comment)}}
	none := (&schema.Table{Kind: schema.Absent}).Shows(both[1])
	gone := &Act{Phase: Contract, Does: "drop the hidden table " + aside, Sees: both[1:], Before: hide.After[1][1:], After: [][]string{{none}},
		Stays: "the table is gone with all that it held; a backup has it"}
	r.Objects = pointing(t)
	r.Steps = append(r.Steps,
		Step{SQL: d.There, Undo: d.Back, Lock: d.Lock, Act: hide, Reversible: true, Because: "Whoever still uses the table fails now, while its rows are there and the way back is a rename."},
		Step{SQL: []string{d.Drop}, Lock: d.Lock, Act: gone, Because: "The end of the way back: the rows and all that is on the table go."})
}

// pointing are the foreign keys of a table, which show on the tables that they point at.
func pointing(t *schema.Table) []string {
	var out []string
	for _, c := range t.Constraints {
		if c.Kind == schema.ForeignKey && !c.Incoming {
			out = append(out, c.Name)
		}
	}
	return out
}

// Loose refuses to drop a table that something else needs. Dependents of the kinds in goes go with it, and tables that the change drops before it hold
// nothing.
func (r *Recipe) Loose(t *schema.Table, goes ...string) error {
	what := "drop table " + t.Ident.String()
	for _, d := range t.Dependents {
		if !slices.Contains(goes, d.Kind) {
			return &RefusedError{What: what, Reason: fmt.Sprintf("%s %s reads the table", d.Kind, d.Name), Hint: "drop or rewrite the " + d.Kind + " first"}
		}
	}
	for _, c := range t.Constraints {
		if c.Incoming && c.Ref != t.Ident && !slices.Contains(r.gone, c.Ref) {
			return &RefusedError{What: what, Reason: fmt.Sprintf("foreign key %s of %s points at the table", c.Name, c.Ref), Hint: "drop that foreign key first, or " + c.Ref.String() + " in the same change"}
		}
	}
	return nil
}

// Aside is the name of a table that is to be dropped, until it is.
func Aside(table string, limit int, bytes bool) string {
	return CutName("_"+table+"_pm_dropped", limit, bytes)
}
