package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// movedLook is a step of a move with both tables as they are.
type movedLook struct{ *look }

func (x *steps) lookCouple(ctx context.Context, l *look) error {
	to, err := x.Table(ctx, l.s.Move.To)
	var missing *plans.InputError
	if errors.As(err, &missing) && l.s.Move.Made {
		to, err = &schema.Table{Ident: l.s.Move.To, Kind: schema.Absent}, nil
	}
	l.to = to
	return err
}

// patience is how long a step waits for a table. Of a move's two each is waited for by transactions that have the other, and rows of it: one may wait for a row
// of another that waits behind the step, and until the step gives up neither goes on.
func (l *look) patience(wait time.Duration) time.Duration {
	if l.s.Move != nil {
		return min(wait, laterLock)
	}
	return wait
}

func (l *movedLook) observe() (dialect.Outcome, string) {
	switch l.st.Kind {
	case plans.AddColumns:
		return l.added()
	case plans.InstallSync:
		return l.installed()
	case plans.BuildTwin:
		return l.analyzed()
	case plans.Hide:
		return l.movedAway()
	case plans.Drop:
		return l.droppedPair()
	}
	return dialect.Done, "nothing to see in the catalog"
}

func (l *movedLook) added() (dialect.Outcome, string) {
	if l.to.Kind == schema.Absent {
		return dialect.NotStarted, fmt.Sprintf("%s isn't there", l.to.Ident)
	}
	present := 0
	for _, n := range l.s.New {
		c, ok := l.to.Column(n.Name)
		if ok && !l.ours(c.Comment) && !l.contracted {
			return dialect.Foreign, fmt.Sprintf("column %s.%s is there and doesn't carry the mark of this run", l.to.Ident, n.Name)
		}
		if ok {
			present++
		}
	}
	switch {
	case present == len(l.s.New):
		return dialect.Done, "all new columns are there"
	case l.s.Move.Made && !l.ours(l.to.Comment):
		return dialect.Foreign, fmt.Sprintf("table %s is there and doesn't carry the mark of this run", l.to.Ident)
	case present == 0:
		return dialect.NotStarted, "no new column"
	}
	return dialect.Partial, fmt.Sprintf("%d of %d new columns", present, len(l.s.New))
}

// here counts the triggers of some tables.
func (l *movedLook) here(tables ...*schema.Table) (found, all int, off string) {
	for _, g := range coupleOf(l.m).triggers() {
		for _, t := range tables {
			if g.table != relation(t.Ident) {
				continue
			}
			all++
			if had, ok := t.Trigger(g.name); ok {
				if found++; had.Enabled != "A" {
					off = had.Name
				}
			}
		}
	}
	return found, all, off
}

// viewed reports whether the functions' view is there. It comes and goes with them.
func (l *movedLook) viewed() bool {
	return slices.ContainsFunc(l.t.Dependents, func(d schema.Dependent) bool {
		return d.Kind == "view" && strings.HasSuffix(d.Name, Quote(l.s.Trigger+"_v"))
	})
}

// rest are the statements that are still to be run: triggers that are there stay.
func (l *movedLook) rest() []string {
	all := l.st.SQL
	if l.st.Kind != plans.InstallSync {
		return all
	}
	out := all[:1:1]
	for i, t := range []*schema.Table{l.to, l.t} {
		switch found, want, off := l.here(t); {
		case found == 0:
			out = append(out, all[i+1])
		case found < want || off != "": // by somebody's hand
			out = append(out, l.st.Undo[1-i], all[i+1])
		}
	}
	return out
}

func (l *movedLook) installed() (dialect.Outcome, string) {
	switch found, all, off := l.here(l.t, l.to); {
	case found == 0 && l.viewed():
		return dialect.Partial, "what triggers call is there, and none of them"
	case found == 0:
		return dialect.NotStarted, "no triggers " + l.s.Trigger
	case found < all:
		return dialect.Partial, fmt.Sprintf("%d of %d triggers", found, all)
	case off != "":
		return dialect.Partial, fmt.Sprintf("trigger %s isn't ENABLE ALWAYS", off)
	}
	return dialect.Done, "triggers and functions are there"
}

func (l *movedLook) analyzed() (dialect.Outcome, string) {
	for _, n := range l.s.New {
		c, ok := l.to.Column(n.Name)
		if !ok || l.ours(c.Comment) && !strings.Contains(c.Comment, analyzedMark) {
			return dialect.NotStarted, "the new columns aren't analyzed"
		}
	}
	return dialect.Done, "the new columns are analyzed"
}

func (l *movedLook) droppedPair() (dialect.Outcome, string) {
	for _, o := range l.s.Old {
		for _, n := range []string{o.Hidden, o.Name} {
			if _, ok := l.t.Column(n); ok {
				return dialect.NotStarted, fmt.Sprintf("column %s is there", n)
			}
		}
	}
	if found, _, _ := l.here(l.t, l.to); found > 0 {
		return dialect.Partial, "triggers are there"
	}
	return dialect.Done, "triggers and old columns are gone"
}
