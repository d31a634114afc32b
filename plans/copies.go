package plans

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// One plan copies several tables, each by itself: with its shadow, its positions in the log and its exchange. What can't stand beside a
// copy, or beside another one, is refused here.

// Room is how many tables the server lets one run copy, where that is fewer than the change asks for: what bounds it, and what to do.
type Room struct {
	Copies  int    `json:"copies"`
	Because string `json:"because"`
	Hint    string `json:"hint"`
}

const apartHint = "make a change of each, one after the other"

// together refuses what can't stand beside an ALTER TABLE: another one of the same table, column syncs that meet it, and more copies than a run can follow.
func (b *builder) together(p *Plan) error {
	copies := 0
	for i := range p.Alters {
		a := &p.Alters[i]
		if slices.ContainsFunc(p.Alters[:i], func(o Alter) bool { return o.Table == a.Table }) {
			return &RefusedError{What: "change " + p.Name, Reason: "two operations of it are an ALTER TABLE of " + a.Table.String() + " each, which are done one after the other", Hint: "alter_table with the clauses of both, joined by a comma"}
		}
		if a.Way == Shadow {
			a.N = copies
			copies++
		}
		if err := b.besideSyncs(p, a); err != nil {
			return err
		}
	}
	if err := b.roomFor(p, copies); err != nil {
		return err
	}
	_, err := b.exchanges(p)
	return err
}

// roomFor: each copy keeps a place of its own in the server's log.
func (b *builder) roomFor(p *Plan, copies int) error {
	what := "change " + p.Name
	if limit := b.rules.Copies(); copies > limit {
		return &RefusedError{What: what, Reason: fmt.Sprintf("%d tables would have to be copied, and on this server a run copies %d", copies, limit), Hint: apartHint}
	}
	if r := b.facts.Room; r != nil && copies > r.Copies {
		return &RefusedError{What: what, Reason: fmt.Sprintf("%s would have to be copied, and there is room for %d: %s", tableCount(copies), r.Copies, r.Because), Hint: r.Hint}
	}
	return nil
}

func tableCount(n int) string {
	if n == 1 {
		return "a table"
	}
	return fmt.Sprintf("%d tables", n)
}

// besideSyncs refuses column syncs that an ALTER TABLE can't stand beside: what the server does at once has no way back, and theirs is
// open until contract; and a copy takes the place of its table with all that depends on it.
func (b *builder) besideSyncs(p *Plan, a *Alter) error {
	for i := range p.Syncs {
		s := &p.Syncs[i]
		why := "the server does it at once, which can't be taken back, and the other can"
		if a.Way == Shadow {
			why = b.againstSync(a, s)
		}
		if why != "" {
			return &RefusedError{What: "change " + p.Name, Reason: fmt.Sprintf("an ALTER TABLE of %s stands beside %s of %s, which is done by a column sync: %s", a.Table, s.Operation, s.Table, why), Hint: apartHint}
		}
	}
	return nil
}

// againstSync tells why a table can't be copied beside a column sync; "": it can.
func (b *builder) againstSync(a *Alter, s *Sync) string {
	if slices.Contains(s.Tables(), a.Table) {
		return "it is about columns of the table that is copied"
	}
	for _, id := range s.Tables() {
		t, _ := b.facts.Table(id)
		for _, c := range keysBetween(t, a.Table) {
			if s.Move != nil || !c.Incoming && shared(c.Columns, s.Columns()) != "" {
				return fmt.Sprintf("foreign key %s ties %s to %s", c.Name, id, a.Table)
			}
		}
	}
	t, _ := b.facts.Table(a.Table)
	for _, d := range t.Dependents {
		if d.Kind == "view" && slices.Contains(s.Views, d.Name) {
			return "view " + d.Name + " reads both tables"
		}
	}
	return ""
}

// keysBetween are the foreign keys of a table, of both directions, that tie it to another one.
func keysBetween(t *schema.Table, other schema.Ident) []schema.Constraint {
	if t == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.Constraints), func(c schema.Constraint) bool { return c.Kind != schema.ForeignKey || c.Ref != other })
}

// againstCopy tells why what the server does by itself can't stand beside the copy of another table; "": it can.
func (r *Recipe) againstCopy(a *Alter, copied *schema.Table) string {
	if slices.ContainsFunc(r.Steps, func(st Step) bool { return st.Act.Phase != Contract && !st.Reversible }) {
		return "it can't be taken back from its first phase on, and the other can"
	}
	for _, c := range copied.Constraints {
		if c.Kind == schema.ForeignKey && slices.Contains(r.Objects, c.Name) {
			return "foreign key " + c.Name + " goes over to the copy"
		}
	}
	if r.mentions(a.Table.Name) {
		return "its statements name " + a.Table.Name
	}
	return ""
}

// exchanges is the order in which copies take their tables' places. A table that goes into partitions comes behind those that its foreign
// keys point at: a key of a partitioned table can't be pointed at another one without a look at every row.
func (b *builder) exchanges(p *Plan) ([]int, error) {
	var out []int
	rest := p.Shadows()
	for len(rest) > 0 {
		at := slices.IndexFunc(rest, func(i int) bool {
			return !slices.ContainsFunc(rest, func(o int) bool { return b.comesBehind(&p.Alters[i], &p.Alters[o]) })
		})
		if at < 0 {
			var names []string
			for _, i := range rest {
				names = append(names, p.Alters[i].Table.String())
			}
			return nil, &RefusedError{What: "change " + p.Name, Reason: fmt.Sprintf("%s go into partitions, and foreign keys of each point at another one of them: whichever takes its place first, its key could not be pointed at the other's copy without a look at every row", strings.Join(names, ", ")),
				Hint: "drop one of those foreign keys first, and add it again after contract"}
		}
		out, rest = append(out, rest[at]), slices.Delete(rest, at, at+1)
	}
	return out, nil
}

func (b *builder) comesBehind(a, o *Alter) bool {
	t, _ := b.facts.Table(a.Table)
	return a.Partition != nil && a.Table != o.Table && slices.ContainsFunc(keysBetween(t, o.Table), func(c schema.Constraint) bool { return !c.Incoming })
}

// exchangeOrder puts the exchanges into it, behind one another.
func (b *builder) exchangeOrder(p *Plan, steps []Step) {
	order, _ := b.exchanges(p) // refused before, if there is none
	var at []int
	var found []Step
	for i, st := range steps {
		if st.Kind == CutOver {
			at, found = append(at, i), append(found, st)
		}
	}
	slices.SortStableFunc(found, func(x, y Step) int { return slices.Index(order, x.Alter) - slices.Index(order, y.Alter) })
	for n, i := range at {
		steps[i] = found[n]
	}
}

// copyNotes say what no step does: of several exchanges each is a moment of its own.
func (b *builder) copyNotes(p *Plan) []string {
	order, _ := b.exchanges(p)
	if len(order) < 2 {
		return nil
	}
	var names []string
	for _, i := range order {
		names = append(names, p.Alters[i].Table.Name)
	}
	return []string{fmt.Sprintf("The tables change places one after the other: %s. In between code meets some in the new shape and others in the old one; a roll-back goes the other way round.", strings.Join(names, ", "))}
}

// Copied reports whether the plan does its change of a table on a shadow.
func (p *Plan) Copied(id schema.Ident) bool {
	return slices.ContainsFunc(p.Alters, func(a Alter) bool { return a.Way == Shadow && a.Table == id })
}

// Shadows are the places in Alters of what is done on a shadow.
func (p *Plan) Shadows() []int {
	var out []int
	for i := range p.Alters {
		if p.Alters[i].Way == Shadow {
			out = append(out, i)
		}
	}
	return out
}

// Shadowed is the plan's first shadow, if it has one.
func (p *Plan) Shadowed() (*Alter, bool) {
	for i := range p.Alters {
		if p.Alters[i].Way == Shadow {
			return &p.Alters[i], true
		}
	}
	return nil, false
}

// ListedAs is the number under which rows of a copied table are listed that can't go back: those of the syncs come first. Two tables may have
// rows of the same key.
func (p *Plan) ListedAs(alter int) int { return len(p.Syncs) + p.Alters[alter].N }
