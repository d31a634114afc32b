package mysql

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// recipe is how a step is done and undone: the same text that the plan shows,
// with a test on the catalog for each statement.
type recipe struct {
	do, undo []stage
	lock     plans.Lock
	rewrites bool
	scans    bool
	because  string
	// foreign tells of something that stands in the way and isn't ours.
	foreign func(*schema.Table) string
}

// stage is a run of statements. Locked ones run on one connection under LOCK
// TABLES, so that nobody sees the table between two of them.
type stage struct {
	locked  bool
	session string // SET statement in front, undone with the connection
	acts    []action
}

// action is one statement.
type action struct {
	sql  string
	make *trigger // a CREATE TRIGGER, which takes the definer when it is run
	// instead is run when the server can't do sql in the way that it asks for.
	instead string
	done    func(*schema.Table) bool
}

// cook makes the recipe of a step. It is pure.
func cook(s *plans.Sync, planID string, st plans.Step) (recipe, error) {
	x, err := readExtra(s)
	if err != nil {
		return recipe{}, err
	}
	c := kitchen{s: s, x: x, planID: planID, table: quoteTable(s.Table)}
	switch st.Kind {
	case plans.Relax:
		return c.relax(), nil
	case plans.AddColumns:
		return c.addColumns(), nil
	case plans.InstallSync:
		return c.installSync(), nil
	case plans.BuildTwin:
		return c.twin(*st.Twin)
	case plans.Swap, plans.Hide:
		return c.move(), nil
	case plans.Drop:
		return c.drop(), nil
	case plans.AdoptNames:
		return c.adoptNames(), nil
	}
	return recipe{}, fmt.Errorf("step kind %s has no statements", st.Kind)
}

type kitchen struct {
	s      *plans.Sync
	x      extra
	planID string
	table  string
}

func (c kitchen) layout(moved bool) layout { return layout{c.s, c.x, moved} }

func (c kitchen) alter(what string, algorithm string) string {
	return "ALTER TABLE " + c.table + " " + what + ", " + algorithm
}

// brief is a lock that is held for an instant and waited for no longer than the
// budget.
func brief(level string) plans.Lock {
	return plans.Lock{Level: level, BlocksReads: true, BlocksWrites: true, BoundedMS: plans.LockBudget.Milliseconds()}
}

func hasColumn(name string) func(*schema.Table) bool {
	return func(t *schema.Table) bool { _, ok := t.Column(name); return ok }
}

func not(f func(*schema.Table) bool) func(*schema.Table) bool {
	return func(t *schema.Table) bool { return !f(t) }
}

func all(list ...func(*schema.Table) bool) func(*schema.Table) bool {
	return func(t *schema.Table) bool {
		for _, f := range list {
			if !f(t) {
				return false
			}
		}
		return true
	}
}

// column tests a column's definition, as far as steps change it.
func column(name string, want clause) func(*schema.Table) bool {
	return func(t *schema.Table) bool {
		c, ok := t.Column(name)
		return ok && c.Invisible == want.Invisible && c.Nullable == !want.NotNull && c.Comment == want.Comment && sameDefault(c.Default, want.Default)
	}
}

// sameDefault compares only whether there is one: the server prints a default in
// its own way, and nobody else changes it between two of our steps.
func sameDefault(a, b *string) bool { return (a == nil) == (b == nil) }

// ---- expand

func (c kitchen) relax() recipe {
	o := c.s.Old[0]
	hasDefault := func(t *schema.Table) bool { k, ok := t.Column(o.Name); return ok && k.Default != nil }
	col := quote(o.Name)
	return recipe{lock: brief("metadata, exclusive"),
		because: "here INSERT … SELECT of new code would fail on the old NOT NULL column before a trigger can fill it (1364); the default is metadata only and goes with a rollback",
		do:      []stage{{acts: []action{{sql: c.alter("ALTER COLUMN "+col+" SET DEFAULT "+c.x.Relaxed, instant), done: hasDefault}}}},
		undo:    []stage{{acts: []action{{sql: c.alter("ALTER COLUMN "+col+" DROP DEFAULT", instant), done: not(hasDefault)}}}}}
}

// What the comments of a run's columns say.
const (
	inTheMaking = "a new column in the making"
	hiddenOne   = "the old column, hidden"
)

// marked is a column's comment while the run lasts. The server cuts at 1,024
// characters, so the user's words are cut before.
func marked(comment, what, planID string) string {
	m := fmt.Sprintf("[phasemig %s: %s; undo: phasemig rollback %s]", planID, what, planID)
	if comment == "" {
		return m
	}
	r := []rune(comment)
	return string(r[:min(len(r), 1023-len([]rune(m)))]) + " " + m
}

// first is the i-th new column as it is made: invisible, without default, open for
// NULL until it is filled.
func (c kitchen) first(i int) clause {
	k := c.x.New[i]
	k.NotNull, k.Default, k.Invisible, k.Comment = false, nil, true, marked(k.Comment, inTheMaking, c.planID)
	return k
}

// before is the i-th new column at the end of expand.
func (c kitchen) before(i int) clause {
	k := c.first(i)
	k.NotNull = c.twinNotNull(false)
	return k
}

// since is the i-th new column once it has taken the old one's place.
func (c kitchen) since(i int) clause {
	k := c.before(i)
	k.Invisible, k.Default = c.x.New[i].Invisible, c.x.New[i].Default
	return k
}

// last is the i-th new column when all is over.
func (c kitchen) last(i int) clause {
	k := c.x.New[i]
	k.NotNull = c.twinNotNull(false) || c.twinNotNull(true)
	return k
}

func (c kitchen) twinNotNull(late bool) bool {
	return slices.ContainsFunc(c.s.Twins, func(w plans.Twin) bool { return w.Kind == plans.TwinNotNull && w.Late == late })
}

func (c kitchen) addColumns() recipe {
	var add, drop []string
	var there, gone []func(*schema.Table) bool
	after := c.s.Old[0].Name
	for i, n := range c.s.New {
		add = append(add, fmt.Sprintf("ADD COLUMN %s %s AFTER %s", quote(n.Name), c.first(i).SQL(), quote(after)))
		drop = append(drop, "DROP COLUMN "+quote(n.Name))
		there, gone = append(there, hasColumn(n.Name)), append(gone, not(hasColumn(n.Name)))
		after = n.Name
	}
	r := recipe{lock: brief("metadata, exclusive"), foreign: c.foreignColumn,
		do:   []stage{{acts: []action{{sql: c.alter(strings.Join(add, ", "), c.x.Add), done: all(there...)}}}},
		undo: []stage{{acts: []action{{sql: c.alter(strings.Join(drop, ", "), c.x.Remove), instead: c.alter(strings.Join(drop, ", "), inplace), done: all(gone...)}}}}}
	r.because = "metadata only; the column is invisible, so that positional INSERTs and SELECT * go on as before, and stands beside the old one, so that the order stays when they change places"
	if c.x.Add == inplace {
		r.rewrites = true
		r.because = cmp.Or(c.x.NoInstant, "this server can't add a column in the middle of a table by metadata alone") +
			", so the table is rewritten while reads and writes go on; the column is invisible, so that positional INSERTs and SELECT * go on as before"
	}
	return r
}

func (c kitchen) foreignColumn(t *schema.Table) string {
	for i := range c.s.New {
		for _, moved := range []bool{false, true} {
			name := c.layout(moved).newName(i)
			k, ok := t.Column(name)
			if ok && name == c.s.New[i].Name && !strings.Contains(k.Comment, "[phasemig "+c.planID+":") {
				return fmt.Sprintf("column %s of %s exists and does not carry the mark of this run", name, c.s.Table)
			}
		}
	}
	return ""
}

// installSync makes all triggers under one lock. Each of them invalidates every
// prepared statement of the application, and a statement that is invalidated
// more than three times while it waits fails with 1615: four triggers one by one
// were application errors.
func (c kitchen) installSync() recipe {
	list := c.layout(false).triggers(c.planID)
	r := recipe{lock: brief("LOCK TABLES … WRITE"), scans: false,
		because: "from here on both sides are equal in every row that is written, whichever side the application names; the triggers are the last of their kind, so that they see what others changed",
		do:      []stage{{locked: true, acts: c.create(list)}}, undo: []stage{{locked: true, acts: c.dropAll(list)}}}
	return r
}

// movedSync is what installSync has made once the columns have changed places: the
// triggers were made again for the other names.
func movedSync(s *plans.Sync, planID string) ([]stage, error) {
	x, err := readExtra(s)
	if err != nil {
		return nil, err
	}
	c := kitchen{s: s, x: x, planID: planID, table: quoteTable(s.Table)}
	return []stage{{acts: c.create(c.layout(true).triggers(planID))}}, nil
}

func (c kitchen) create(list []trigger) []action {
	var out []action
	for _, g := range list {
		out = append(out, action{sql: g.create(c.s.Table, ""), make: &g, done: c.present(g)})
	}
	return out
}

// dropAll drops in the opposite order of creation.
func (c kitchen) dropAll(list []trigger) []action {
	var out []action
	for _, g := range slices.Backward(list) {
		out = append(out, action{sql: g.drop(c.s.Table), done: not(c.present(g))})
	}
	return out
}

// present tests that a trigger is there, was made for the same names of the
// columns, and is the last of its kind.
func (c kitchen) present(g trigger) func(*schema.Table) bool {
	return func(t *schema.Table) bool {
		for _, have := range t.Triggers {
			if have.Name == g.name {
				return strings.Contains(have.Body, "phasemig "+c.planID+":") && strings.Contains(have.Body, "columns "+g.state+";")
			}
		}
		return false
	}
}

// ---- switch and contract

// move exchanges the places of old and new: names where the change swaps them,
// visibility and defaults always.
func (c kitchen) move() recipe {
	was, is := c.layout(false), c.layout(true)
	there, back := c.change(was, is, c.hiddenClause, c.since), c.change(is, was, c.lenientClause, c.before)
	moved := hasColumn(c.s.Old[0].Hidden)
	first, last := c.leniently()
	do := append(first, c.dropAll(was.triggers(c.planID))...)
	do = append(do, action{sql: c.alter(there, c.x.Rename), instead: c.alter(there, inplace), done: moved})
	undo := append(c.dropAll(is.triggers(c.planID)), action{sql: c.alter(back, c.x.Rename), instead: c.alter(back, inplace), done: not(moved)})
	undo = append(undo, c.create(was.triggers(c.planID))...)
	return recipe{lock: brief("LOCK TABLES … WRITE"),
		because: "names, visibility and triggers change at one moment under one short table lock; triggers go on keeping both sides in step, so the way back loses nothing",
		do:      []stage{{locked: true, acts: append(do, c.create(is.triggers(c.planID))...)}},
		undo:    []stage{{locked: true, acts: append(undo, last...)}}}
}

// leniently gives an old NOT NULL column a default before its triggers go, and takes it
// back after they are there again: a runner that dies in between must not make the
// inserts of new code fail.
func (c kitchen) leniently() (first, last []action) {
	for i, o := range c.s.Old {
		if !c.x.Old[i].NotNull || c.plannedClause(i).Default != nil {
			continue
		}
		hidden := hasColumn(o.Hidden)
		given := func(t *schema.Table) bool { k, ok := t.Column(o.Name); return ok && k.Default != nil }
		// MODIFY, because SET DEFAULT takes no expression for TEXT, BLOB and JSON.
		modify := "MODIFY COLUMN " + quote(o.Name) + " "
		first = append(first, action{sql: c.alter(modify+c.lenientClause(i).SQL(), instant), done: func(t *schema.Table) bool { return hidden(t) || given(t) }})
		last = append(last, action{sql: c.alter(modify+c.plannedClause(i).SQL(), instant), done: func(t *schema.Table) bool { return !hidden(t) && !given(t) }})
	}
	return first, last
}

// lenientClause is an old column that nobody has to name.
func (c kitchen) lenientClause(i int) clause {
	k := c.plannedClause(i)
	if k.NotNull && k.Default == nil {
		z, _ := zero(c.s.Old[i], k) // planned: relax refused types without one
		k.Default = &z
	}
	return k
}

// change writes one ALTER that gives all columns of the sync their other names and
// definitions.
func (c kitchen) change(from, to layout, oldClause, newClause func(int) clause) string {
	var out []string
	for i := range c.s.Old {
		k := oldClause(i)
		if k.Check != "" {
			k.Check = renamed(k.Check, c.s.Old[i].Name, to.oldName(i))
		}
		out = append(out, fmt.Sprintf("CHANGE COLUMN %s %s %s", quote(from.oldName(i)), quote(to.oldName(i)), k.SQL()))
	}
	for i := range c.s.New {
		k := newClause(i)
		if k.Check != "" {
			k.Check = renamed(k.Check, c.s.New[i].Name, to.newName(i))
		}
		out = append(out, fmt.Sprintf("CHANGE COLUMN %s %s %s", quote(from.newName(i)), quote(to.newName(i)), k.SQL()))
	}
	return strings.Join(out, ", ")
}

// hiddenClause is an old column out of sight. Its default keeps inserts going after
// the triggers are gone.
func (c kitchen) hiddenClause(i int) clause {
	k := c.lenientClause(i)
	k.Invisible, k.Comment = true, marked(k.Comment, hiddenOne, c.planID)
	return k
}

// plannedClause is an old column during expand.
func (c kitchen) plannedClause(i int) clause {
	k := c.x.Old[i]
	if c.x.Relaxed != "" {
		k.Default = &c.x.Relaxed
	}
	return k
}

func hasIndex(name string) func(*schema.Table) bool {
	return func(t *schema.Table) bool { _, ok := t.Index(name); return ok }
}

// drop takes away first what could make an insert fail that no trigger fills any
// more, then the triggers, then the columns.
func (c kitchen) drop() recipe {
	l := c.layout(true)
	var hang, cols []string
	var hangGone, colsGone []func(*schema.Table) bool
	for _, k := range c.x.Keys {
		hang, hangGone = append(hang, "DROP FOREIGN KEY "+quote(k)), append(hangGone, not(hasConstraint(k)))
	}
	for _, k := range c.x.Checks {
		hang, hangGone = append(hang, "DROP CONSTRAINT "+quote(k)), append(hangGone, not(hasConstraint(k)))
	}
	for _, name := range c.x.Indexes {
		hang, hangGone = append(hang, "DROP INDEX "+quote(name)), append(hangGone, not(hasIndex(name)))
	}
	for i := range c.s.Old {
		cols, colsGone = append(cols, "DROP COLUMN "+quote(l.oldName(i))), append(colsGone, not(hasColumn(l.oldName(i))))
	}
	var acts []action
	if len(hang) > 0 {
		acts = append(acts, action{sql: c.alter(strings.Join(hang, ", "), inplace), done: all(hangGone...)})
	}
	acts = append(acts, c.dropAll(l.triggers(c.planID))...)
	what := strings.Join(cols, ", ")
	acts = append(acts, action{sql: c.alter(what, c.x.Remove), instead: c.alter(what, inplace), done: all(colsGone...)})
	for i := range c.s.New {
		k, name := c.last(i), l.newName(i)
		acts = append(acts, action{sql: c.alter("MODIFY COLUMN "+quote(name)+" "+c.renamedCheck(k, i, name).SQL(), c.x.Rename), instead: c.alter("MODIFY COLUMN "+quote(name)+" "+c.renamedCheck(k, i, name).SQL(), inplace), done: column(name, k)})
	}
	return recipe{lock: brief("metadata, exclusive"), rewrites: c.x.Remove != instant, do: []stage{{acts: acts}},
		because: "the end of the way back; the hidden column has a default, so that no insert fails between the statements" + c.indexesGo()}
}

// indexesGo says which indexes go with a column that is split: they have no twins.
func (c kitchen) indexesGo() string {
	if !c.s.Reshapes() || len(c.x.Indexes) == 0 {
		return ""
	}
	return "; index " + strings.Join(c.x.Indexes, ", ") + " goes with the column: index the new ones as their readers need"
}

func (c kitchen) renamedCheck(k clause, i int, name string) clause {
	if k.Check != "" {
		k.Check = renamed(k.Check, c.s.New[i].Name, name)
	}
	return k
}

func hasConstraint(name string) func(*schema.Table) bool {
	return func(t *schema.Table) bool { _, ok := t.Constraint(name); return ok }
}
