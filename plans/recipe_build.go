package plans

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/phasemig/phasemig/schema"
)

// byRecipe tells whether an operation goes by a recipe, for a server that has no ALTER TABLE for it.
// A column becomes NOT NULL this way where nothing is to be filled and the server can prove it without
// a lock.
func (b *builder) byRecipe(o Operation) bool {
	if n := o.SetNotNull; n != nil {
		return n.Fill == "" && b.facts.Server.Can.ProvesNotNull && b.change.Strategy != "sync"
	}
	return o.native() != nil
}

// doneByServer is why a recipe goes no other way.
const doneByServer = " is done by the server itself, without blocking"

// recipe notes a recipe for an operation; its acts come with the phases.
func (b *builder) recipe(p *Plan, t *schema.Table, o Operation) error {
	if b.change.Strategy == "sync" {
		return &RefusedError{What: "strategy sync", Reason: o.kind() + doneByServer, Hint: "--strategy auto"}
	}
	to, err := b.becomes(o, t)
	if err != nil {
		return err
	}
	p.Recipes = append(p.Recipes, Recipe{Operation: o.kind(), Table: t.Ident, To: to, of: o, code: o.codeIn, gone: b.gone()})
	return nil
}

// gone are the tables that the change drops.
func (b *builder) gone() []schema.Ident {
	var out []schema.Ident
	for _, o := range b.change.Operations {
		if t, ok := b.facts.Table(o.Table()); ok && o.DropTable != nil {
			out = append(out, t.Ident)
		}
	}
	return out
}

// recipes has the dialect write every recipe of the plan, and refuses what can't stand together.
func (b *builder) recipes(p *Plan) error {
	if len(p.Recipes) == 0 {
		return nil
	}
	for i := range p.Recipes {
		r := &p.Recipes[i]
		t, _ := b.facts.Table(r.Table)
		if err := r.besideAlters(p); err != nil {
			return err
		}
		if err := b.rules.Recipe(b.facts, t, r.of, p.ID, r); err != nil {
			return err
		}
		if err := b.besideCopies(p, r); err != nil {
			return err
		}
		if err := r.besideSyncs(p); err != nil {
			return err
		}
		if other := beside(p.Recipes, i); other != "" {
			return &InputError{What: "table " + r.Table.String(), Reason: r.Operation + " and " + other + " of one change are about it", Hint: "make two changes, one after the other"}
		}
		if name := clash(p.Recipes[:i], r); name != "" {
			return &InputError{What: name + " of " + r.Table.String(), Reason: "two operations of one change are about it", Hint: "make two changes, one after the other"}
		}
	}
	return nil
}

// besideAlters: what an ALTER TABLE changes is read once, before anything is done.
func (r *Recipe) besideAlters(p *Plan) error {
	for _, a := range p.Alters {
		if slices.Contains(r.tables(), a.Table) {
			return &RefusedError{What: "change " + p.Name, Reason: r.Operation + " of " + r.Table.String() + " stands beside an ALTER TABLE of " + a.Table.String(), Hint: apartHint}
		}
	}
	return nil
}

// besideCopies refuses what touches a table that is copied, or would end a copy's way back.
func (b *builder) besideCopies(p *Plan, r *Recipe) error {
	for _, i := range p.Shadows() {
		a := &p.Alters[i]
		t, _ := b.facts.Table(a.Table)
		if why := r.againstCopy(a, t); why != "" {
			return &RefusedError{What: "change " + p.Name, Reason: fmt.Sprintf("%s of %s stands beside a copy of %s: %s", r.Operation, r.Table, a.Table, why), Hint: apartHint}
		}
	}
	return nil
}

// beside is an operation before this one on a table that one of the two makes or takes away.
func beside(recipes []Recipe, i int) string {
	for n := range i {
		if (recipes[n].Whole() || recipes[i].Whole()) && recipes[n].meets(&recipes[i]) {
			return recipes[n].Operation
		}
	}
	return ""
}

// meets reports whether two recipes are about the same table, under any of its names.
func (r *Recipe) meets(o *Recipe) bool {
	return slices.ContainsFunc(r.tables(), func(id schema.Ident) bool { return slices.Contains(o.tables(), id) })
}

// tables are the names that the recipe's table has at any time.
func (r *Recipe) tables() []schema.Ident {
	if r.To == (schema.Ident{}) {
		return []schema.Ident{r.Table}
	}
	return []schema.Ident{r.Table, r.To}
}

// clash is a name that a recipe shares with one before it.
func clash(before []Recipe, r *Recipe) string {
	for _, h := range before {
		if h.Table == r.Table {
			if n := cmp.Or(shared(h.Columns, r.Columns), shared(h.Objects, r.Objects)); n != "" {
				return n
			}
		}
	}
	return ""
}

// recipePhases puts the acts into their phases, in the order of the operations.
func (b *builder) recipePhases(p *Plan) error {
	if err := b.recipes(p); err != nil {
		return err
	}
	for i := range p.Recipes {
		for _, st := range p.Recipes[i].Steps {
			st.Kind, st.Recipe, st.Table, st.Mode = RunAct, i, p.Recipes[i].Table, Each
			ph := &p.Phases[slices.Index(PhaseNames(), st.Act.Phase)]
			ph.Steps = append(ph.Steps, st)
		}
	}
	return nil
}

// inExpand puts what can be taken back in front of what can't, what is made anew in front of copies, which take long, and what compares them at
// their end, so that it tells of all tables as they are then.
func inExpand(k StepKind) int {
	return map[StepKind]int{CreateShadow: 1, CopyRows: 1, CompareShadow: 2, RunAlter: 3}[k]
}

// lastingFirst puts what ends a way back behind all that can still be taken back: one soak stands between them. The acts of
// a recipe stay in their order.
func lastingFirst(steps []Step) []Step {
	var first, then []Step
	ended := map[int]bool{}
	for _, st := range steps {
		if ended[st.Recipe] = ended[st.Recipe] || !st.Reversible; ended[st.Recipe] {
			then = append(then, st)
		} else {
			first = append(first, st)
		}
	}
	return append(first, then...)
}

// recipeGates: there are no two sides that could differ. A phase without acts has nothing to keep shut.
func (b *builder) recipeGates(ph *Phase) {
	ph.Gates = slices.DeleteFunc(ph.Gates, func(g GateRef) bool { return g.Kind == "backfill_done" || g.Kind == "dual_write_verified" })
	if len(ph.Steps) == 0 && chosen(ph.Name, b.change.Gates) == nil {
		ph.Gates = slices.DeleteFunc(ph.Gates, func(g GateRef) bool { return g.Kind == "approval" })
	}
	ph.Reversible = true
	for i := range ph.Steps {
		if st := &ph.Steps[i]; !st.Reversible {
			ph.Reversible, ph.Until = false, st.ID
			if ph.Name == Contract {
				st.Gates = soakBeforeDrop(b.change.Gates)
			}
			return
		}
	}
}

// recipeWords say what the application must be doing around a phase in which something is done.
func recipeWords(n PhaseName, list []Recipe) (before, after []string) {
	for _, r := range list {
		if slices.ContainsFunc(r.Steps, func(st Step) bool { return st.Act.Phase == n }) {
			words := r.code(n)
			before, after = addWords(before, words[0]), addWords(after, words[1])
		}
	}
	return before, after
}

// addWords says nothing twice.
func addWords(list []string, words string) []string {
	if slices.Contains(list, words) {
		return list
	}
	return append(list, words)
}
