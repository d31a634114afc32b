package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
)

// removeWait bounds each wait for a lock.
const removeWait = 2 * time.Second

// Remove takes artifacts away, all that can go together in one transaction: a
// trigger without the column that it writes would fail every write, a column
// without its trigger would fall out of step. Views that have moved to a new column go back to the old one, as in a rollback.
func (s *server) Remove(ctx context.Context, list []dialect.Artifact) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("remove what phasemig made: %w", classify(err))
	}
	defer func() { _ = tx.Rollback() }()
	if err := lockTimeout(ctx, tx, removeWait); err != nil {
		return classify(err)
	}
	r := &remover{ctx: ctx, w: &whole{e: &executor{wait: removeWait, step: "remove what phasemig made"}, tx: tx}}
	if err := r.run(list); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("remove what phasemig made: %w", classify(err))
	}
	for _, q := range r.alone {
		if _, err := s.db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, classify(err))
		}
	}
	return nil
}

// remover takes artifacts away in a transaction.
type remover struct {
	ctx   context.Context
	w     *whole
	shown []*shownAgain
	alone []string // statements that can't stand in a transaction
}

// run locks the views that go back first, as every statement does that names one.
func (r *remover) run(list []dialect.Artifact) error {
	if err := r.hidden(list); err != nil {
		return err
	}
	for _, h := range r.shown {
		if err := h.views.lock(); err != nil {
			return err
		}
	}
	for _, a := range list {
		if err := r.remove(a); err != nil {
			return err
		}
	}
	return nil
}

func (r *remover) remove(a dialect.Artifact) error {
	if i := slices.IndexFunc(r.shown, func(h *shownAgain) bool { return h.is(a, h.hidden) }); i >= 0 {
		return r.shown[i].views.carry(r.shown[i].list)
	}
	if a.Kind == "column" && slices.ContainsFunc(r.shown, func(h *shownAgain) bool { return h.swapped && h.is(a, h.now) }) {
		return nil // it has gone with the exchange of names
	}
	if err := r.unread(a); err != nil {
		return err
	}
	for _, q := range a.Remove {
		if strings.Contains(q, " CONCURRENTLY ") {
			r.alone = append(r.alone, q)
		} else if err := r.w.run(r.ctx, []string{q}); err != nil {
			return err
		}
	}
	return nil
}

// unread refuses to drop a new column that views read which somebody made on it: the server's own advice would be CASCADE.
func (r *remover) unread(a dialect.Artifact) error {
	if a.Kind != "column" || !strings.Contains(a.Remove[0], " DROP COLUMN ") {
		return nil
	}
	list, err := viewsOver(r.ctx, r.w.tx, a.Table, []string{a.Name}, false)
	if err != nil || len(list) == 0 {
		return err
	}
	return &plans.RefusedError{What: fmt.Sprintf("remove column %s of %s", a.Name, a.Table), Reason: "view " + list[0].id.String() + " reads it", Hint: "drop the view, or make it anew without the column; then call cleanup again"}
}

// shownAgain is a column that a run has put out of sight. There is no plan at hand: its mark names it and notes the views that have left it, and
// the mark of the new column says whose place that has taken.
type shownAgain struct {
	hidden, now dialect.Artifact
	swapped     bool // the new column has the old one's name
	views       *viewMover
	list        []string // gives the column its name back
}

func (h *shownAgain) is(a, of dialect.Artifact) bool {
	return a.Kind == of.Kind && a.Table == of.Table && a.Name == of.Name
}

// hidden finds the hidden columns in a list that have one new column in their place.
func (r *remover) hidden(list []dialect.Artifact) error {
	marks := make([]string, len(list))
	for i, a := range list {
		var err error
		if a.Kind == "column" {
			if marks[i], err = noteOf(r.ctx, r.w.tx, a.Table, a.Name); err != nil {
				return err
			}
		}
	}
	for i, a := range list {
		name := markedName(marks[i], a.Run, "hidden column ")
		if name == "" {
			continue
		}
		var now []dialect.Artifact
		for n, b := range list {
			side := strings.TrimSuffix(markedName(marks[n], b.Run, "new side of "), analyzedMark)
			if b.Kind == "column" && b.Table == a.Table && b.Run == a.Run && side == name {
				now = append(now, b)
			}
		}
		if len(now) == 1 {
			r.shown = append(r.shown, r.showAgain(a, now[0], name))
		}
	}
	return nil
}

// markedName is what the mark of a run says about a column.
func markedName(mark, run, what string) string {
	_, rest, ok := strings.Cut(mark, "phasemig "+run+": "+what)
	name, _, whole := strings.Cut(rest, "; undo: phasemig rollback")
	if !ok || !whole {
		return ""
	}
	return name
}

func (r *remover) showAgain(hidden, now dialect.Artifact, name string) *shownAgain {
	h := &shownAgain{hidden: hidden, now: now, swapped: now.Name == name, list: hidden.Remove}
	m := &moves{table: hidden.Table, columns: []string{now.Name}}
	h.views = &viewMover{ctx: r.ctx, w: r.w, m: m}
	if !h.swapped {
		m.backTo(hidden.Name, name, now.Name)
		return h
	}
	m.anew = true
	aside, rel := plans.CutName("_pm_aside_"+name, 63, true), relation(hidden.Table)
	h.list = slices.Concat([]string{fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", rel, Quote(name), Quote(aside))}, hidden.Remove, []string{fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", rel, Quote(aside))})
	return h
}
