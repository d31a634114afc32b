package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Observe asks the catalog how far a step is.
func (x *steps) Observe(ctx context.Context, p *plans.Plan, st plans.Step) (dialect.Outcome, string, error) {
	if alters(st.Kind) {
		return x.observeAlter(ctx, p, st)
	}
	if st.Kind == plans.RunAct {
		return x.observeAct(ctx, st)
	}
	l, err := x.look(ctx, p, st)
	if err != nil {
		return dialect.NotStarted, "", err
	}
	o, said := l.observe()
	return o, said, nil
}

// look is a step with the table as it is.
type look struct {
	p  *plans.Plan
	st plans.Step
	s  *plans.Sync
	t  *schema.Table
	m  mapping
	// contracted: triggers and old columns are gone, and with them every mark.
	contracted bool
	// to is the other table of a move.
	to *schema.Table
}

func (x *steps) look(ctx context.Context, p *plans.Plan, st plans.Step) (*look, error) {
	s := &p.Syncs[st.Sync]
	t, err := x.Table(ctx, s.Table)
	if err != nil {
		return nil, err
	}
	l := &look{p: p, st: st, s: s, t: t, m: mapping{s: s}}
	_, l.m.moved = t.Column(s.Old[0].Hidden)
	if s.Move != nil {
		if err := x.lookCouple(ctx, l); err != nil {
			return nil, err
		}
	}
	if d, _ := l.dropped(); d == dialect.Done {
		l.m.moved, l.contracted = true, true
	}
	return l, nil
}

// ours reports whether a comment carries this plan's mark.
func (l *look) ours(comment string) bool { return strings.Contains(comment, "phasemig "+l.p.ID+":") }

func (l *look) observe() (dialect.Outcome, string) {
	if l.s.Move != nil {
		return (&movedLook{l}).observe()
	}
	switch l.st.Kind {
	case plans.Relax:
		return l.relaxed()
	case plans.AddColumns:
		return l.added()
	case plans.InstallSync:
		return l.installed()
	case plans.BuildTwin:
		return l.twin()
	case plans.Swap, plans.Hide:
		return l.movedAway()
	case plans.Drop:
		return l.dropped()
	}
	return dialect.Done, "nothing to see in the catalog"
}

func (l *look) relaxed() (dialect.Outcome, string) {
	for i, o := range l.s.Old {
		if !o.NotNull {
			continue
		}
		c, ok := l.t.Column(l.m.old(i))
		if !ok {
			return dialect.Done, "the old column is gone"
		}
		if _, checked := l.t.Constraint(relaxCheck(o)); checked && !c.Nullable {
			return dialect.Partial, "the column is NOT NULL again, and a CHECK says so too"
		} else if checked {
			return dialect.Partial, "a CHECK on its way to NOT NULL"
		}
		if !c.Nullable {
			return dialect.NotStarted, fmt.Sprintf("%s is NOT NULL", c.Name)
		}
	}
	return dialect.Done, "the old column takes NULL"
}

func (l *look) added() (dialect.Outcome, string) {
	present := 0
	for _, n := range l.m.news() {
		c, ok := l.t.Column(n)
		if !ok {
			continue
		}
		if !l.ours(c.Comment) && !l.contracted {
			if l.s.Swap && l.m.moved {
				continue
			}
			return dialect.Foreign, fmt.Sprintf("column %s is there and doesn't carry the mark of this run", n)
		}
		present++
	}
	switch present {
	case 0:
		return dialect.NotStarted, "no new column"
	case len(l.s.New):
		return dialect.Done, "all new columns are there"
	}
	return dialect.Partial, fmt.Sprintf("%d of %d new columns", present, len(l.s.New))
}

func (l *look) trigger() *schema.Trigger {
	for i := range l.t.Triggers {
		if l.t.Triggers[i].Name == l.s.Trigger {
			return &l.t.Triggers[i]
		}
	}
	return nil
}

// installed also sees that ours is still the last trigger of its kind and that
// nobody has disabled it.
func (l *look) installed() (dialect.Outcome, string) {
	g := l.trigger()
	if g == nil {
		return dialect.NotStarted, "no trigger " + l.s.Trigger
	}
	if g.Enabled != "A" {
		return dialect.Partial, fmt.Sprintf("trigger %s isn't ENABLE ALWAYS (tgenabled %s)", g.Name, g.Enabled)
	}
	if later := l.laterTrigger(); later != "" {
		return dialect.Partial, fmt.Sprintf("trigger %s fires after ours: what it changes isn't kept in step", later)
	}
	return dialect.Done, "trigger and function are there"
}

func (l *look) laterTrigger() string {
	for _, g := range l.t.Triggers {
		if g.Timing == "BEFORE" && g.Enabled != "D" && rowTrigger(g) && writes(g.Event) && g.Name > l.s.Trigger && !strings.HasPrefix(g.Name, ourTrigger) {
			return g.Name
		}
	}
	return ""
}

func (l *look) movedAway() (dialect.Outcome, string) {
	for i := range l.s.Old {
		if _, ok := l.t.Column(l.s.Old[i].Hidden); ok {
			return dialect.Done, fmt.Sprintf("%s is %s", l.s.Old[i].Name, l.s.Old[i].Hidden)
		}
	}
	if d, _ := l.dropped(); d == dialect.Done {
		return dialect.Done, "the old column is gone"
	}
	return dialect.NotStarted, "the old column has its name"
}

func (l *look) dropped() (dialect.Outcome, string) {
	if l.s.Move != nil {
		return (&movedLook{l}).droppedPair()
	}
	for _, o := range l.s.Old {
		if _, ok := l.t.Column(o.Hidden); ok {
			return dialect.NotStarted, "the hidden column is there"
		}
		if c, ok := l.t.Column(o.Name); ok && (!l.s.Swap || l.newStays(c)) {
			return dialect.NotStarted, "the old column is there"
		}
	}
	if l.trigger() != nil {
		return dialect.Partial, "the trigger is there"
	}
	return dialect.Done, "triggers and old columns are gone"
}

// newStays: in a sync with a swap the old name is the new column's in the end; it
// is still the old one's while the new one has its own name, or was never added.
func (l *look) newStays(c schema.Column) bool {
	if _, ok := l.t.Column(l.s.New[0].Name); ok {
		return true
	}
	if l.s.Operation == "set_not_null" {
		return c.Nullable
	}
	return c.Type == l.s.Old[0].Type
}

// twin observes by name and by what it is on: a name that is taken by something
// else on the table is not ours.
func (l *look) twin() (dialect.Outcome, string) {
	switch w := l.st.Twin; w.Kind {
	case plans.TwinNotNull:
		return l.notNull(w)
	case plans.TwinCheck, plans.TwinForeignKey:
		return l.constraint(w)
	case plans.TwinIndex, plans.TwinUnique:
		return l.index(w)
	default:
		return l.statistics(w)
	}
}

func (l *look) notNull(w *plans.Twin) (dialect.Outcome, string) {
	c, ok := l.t.Column(l.m.new(0))
	_, check := l.t.Constraint(w.Name)
	switch {
	case !ok:
		return dialect.NotStarted, "no new column"
	case check:
		return dialect.Partial, w.Name + " is there and not finished"
	case !c.Nullable:
		return dialect.Done, c.Name + " is NOT NULL"
	}
	return dialect.NotStarted, c.Name + " takes NULL"
}

// twinName is the name that a twin has now: after a swap and at the end of the
// contract it is the final one.
func (l *look) twinName() string {
	if _, away := l.t.Column(l.s.Old[0].Hidden); l.m.moved && (l.s.Swap || !away) {
		return l.st.Twin.Final
	}
	return l.st.Twin.Name
}

func (l *look) constraint(*plans.Twin) (dialect.Outcome, string) {
	name := l.twinName()
	c, ok := l.t.Constraint(name)
	if !ok {
		return dialect.NotStarted, "no constraint " + name
	}
	if !slices.ContainsFunc(c.Columns, func(n string) bool { return slices.Contains(l.m.news(), n) }) {
		return dialect.Foreign, fmt.Sprintf("constraint %s is there and says nothing of the new column", name)
	}
	if c.NotValid && slices.ContainsFunc(l.st.SQL, func(q string) bool { return strings.Contains(q, " VALIDATE CONSTRAINT ") }) {
		return dialect.Partial, name + " isn't validated"
	}
	return dialect.Done, name + " holds"
}

func (l *look) index(*plans.Twin) (dialect.Outcome, string) {
	name := l.twinName()
	x, ok := l.t.Index(name)
	if !ok {
		return dialect.NotStarted, "no index " + name
	}
	if !slices.ContainsFunc(uses(x), func(n string) bool { return slices.Contains(l.m.news(), n) }) {
		return dialect.Foreign, fmt.Sprintf("index %s is there and isn't on the new column", name)
	}
	if x.Invalid {
		return dialect.Partial, name + " is invalid"
	}
	if !x.Constraint && slices.ContainsFunc(l.st.SQL, func(q string) bool { return strings.Contains(q, " UNIQUE USING INDEX ") }) {
		return dialect.Partial, name + " isn't a constraint yet"
	}
	return dialect.Done, name + " is valid"
}

func (l *look) statistics(w *plans.Twin) (dialect.Outcome, string) {
	if w.Of == "" {
		return l.analyzed()
	}
	name := l.twinName()
	for _, x := range l.t.Statistics {
		if x.Name == name {
			return dialect.Done, name + " is there"
		}
	}
	return dialect.NotStarted, "no statistics " + name
}

// analyzed is told by the mark, since nothing takes numbers away again.
func (l *look) analyzed() (dialect.Outcome, string) {
	for _, n := range l.m.news() {
		c, ok := l.t.Column(n)
		if !ok || l.ours(c.Comment) && !strings.Contains(c.Comment, analyzedMark) {
			return dialect.NotStarted, "the new column isn't analyzed"
		}
	}
	return dialect.Done, "the new column is analyzed"
}

// rest are the statements that are still to be run.
func (l *look) rest() []string {
	all := l.st.SQL
	w := l.st.Twin
	if l.s.Move != nil {
		return (&movedLook{l}).rest()
	}
	switch w.Kind {
	case plans.TwinNotNull:
		return all[l.notNullDone(w):]
	case plans.TwinCheck, plans.TwinForeignKey:
		if _, ok := l.t.Constraint(l.twinName()); ok {
			return all[1:]
		}
	case plans.TwinIndex, plans.TwinUnique:
		x, ok := l.t.Index(l.twinName())
		switch {
		case ok && x.Invalid:
			return append([]string{"DROP INDEX CONCURRENTLY IF EXISTS " + inSchemaOf(l.s.Table, x.Name)}, all...)
		case ok && x.Constraint:
			return all[2:]
		case ok:
			return all[1:]
		}
	case plans.TwinStatistics:
		if o, _ := l.statistics(w); o == dialect.Done {
			return all[len(all)-1:]
		}
	}
	return all
}

func (l *look) notNullDone(w *plans.Twin) int {
	c, _ := l.t.Column(l.m.new(0))
	k, ok := l.t.Constraint(w.Name)
	switch {
	case ok && w.Final != "":
		return 1 // NOT NULL that isn't validated
	case ok && !c.Nullable:
		return 3
	case ok && !k.NotValid:
		return 2
	case ok:
		return 1
	}
	return 0
}

// whole are the statements of a step that is one transaction. It can be half done
// only by somebody else's hand; then what is left of it goes first.
func (l *look) whole(seen dialect.Outcome) ([]string, error) {
	if seen != dialect.Partial || l.st.Kind == plans.Drop {
		return l.st.SQL, nil
	}
	if later := l.laterTrigger(); l.st.Kind == plans.InstallSync && later != "" {
		return nil, &plans.DriftError{What: "a trigger fires after ours and may change what is kept in step", Diff: []string{"+ trigger " + later}}
	}
	if l.st.Kind == plans.Relax {
		return append(l.st.SQL, l.dropRelaxChecks()...), nil
	}
	return append(slices.Clone(l.st.Undo), l.st.SQL...), nil
}

func (l *look) dropRelaxChecks() []string {
	var out []string
	for i := 3; i < len(l.st.Undo); i += 4 {
		out = append(out, strings.Replace(l.st.Undo[i], "DROP CONSTRAINT", "DROP CONSTRAINT IF EXISTS", 1))
	}
	return out
}

// undo are the statements that take back what is there.
func (l *look) undo() []string {
	all := l.st.Undo
	switch {
	case l.st.Kind == plans.Relax:
		return l.undoRelax()
	case l.st.Twin.Kind == plans.TwinNotNull:
		if _, ok := l.t.Column(l.m.new(0)); !ok {
			return nil
		}
	case l.st.Twin.Kind == plans.TwinUnique && len(all) > 1:
		if x, ok := l.t.Index(l.twinName()); ok && x.Constraint {
			return all[:1] // takes the index along
		}
		return all[1:]
	}
	return all
}

// undoRelax makes the old columns NOT NULL again, from wherever it stands.
func (l *look) undoRelax() []string {
	var out []string
	n := 0
	for _, o := range l.s.Old {
		if !o.NotNull {
			continue
		}
		four := l.st.Undo[4*n : 4*n+4]
		n++
		c, _ := l.t.Column(o.Name)
		k, ok := l.t.Constraint(relaxCheck(o))
		switch {
		case ok && !c.Nullable:
			out = append(out, four[3])
		case ok && !k.NotValid:
			out = append(out, four[2:]...)
		case ok:
			out = append(out, four[1:]...)
		case c.Nullable:
			out = append(out, four...)
		}
	}
	return out
}
