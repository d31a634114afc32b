package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// Rollback takes the last phase back to the state before it, or with All every
// phase. It can be called at any moment until the final drop. Errors:
// *UnreturnableError unless LoseRows, ErrIrreversible, and those of Apply.
func (e *Engine) Rollback(ctx context.Context, run string, o RollbackOptions) (Result, error) {
	p, err := e.planOf(ctx, run)
	if err != nil {
		return Result{}, err
	}
	var res Result
	err = e.hold(ctx, p, func(ctx context.Context, s *session) error {
		err := s.rollback(ctx, o)
		res = s.result()
		res.Already = res.Already && err == nil
		return err
	})
	res.Next = next(res.Status)
	return e.sealed(ctx, res), err
}

func (s *session) rollback(ctx context.Context, o RollbackOptions) error {
	s.back, s.loseRows = true, o.LoseRows
	if err := s.attach(ctx); err != nil {
		return err
	}
	if err := s.clearAbort(ctx); err != nil {
		return err
	}
	for {
		ph, ok := s.last()
		if !ok {
			return nil
		}
		if err := s.undoPhase(ctx, ph, o); err != nil {
			return s.note(ctx, err)
		}
		if !o.All {
			return nil
		}
	}
}

// clearAbort lets a rollback run after an abort: the operator's word was about
// going on, not about going back.
func (s *session) clearAbort(ctx context.Context) error {
	c, err := s.e.db.Store.Control(ctx, s.run.ID)
	if err != nil || !c.Abort {
		return err
	}
	c.Abort = false
	return s.e.db.Store.SetControl(ctx, s.run.ID, c)
}

// last is the phase to undo next.
func (s *session) last() (plans.PhaseName, bool) {
	switch s.run.Status {
	case state.Planned, state.RolledBack:
		return "", false
	case state.Aborted, state.RollingBack:
		if s.run.Phase == "" {
			return "", false
		}
		return s.run.Phase, true
	case state.Expanding, state.Expanded:
		return plans.Expand, true
	case state.Switching, state.Switched:
		return plans.Switch, true
	}
	return plans.Contract, true
}

func (s *session) undoPhase(ctx context.Context, name plans.PhaseName, o RollbackOptions) error {
	ph := s.plan.Phase(name)
	if err := s.mayUndo(ctx, ph, o); err != nil {
		return err
	}
	if err := s.set(ctx, state.RollingBack, name, ""); err != nil {
		return err
	}
	for _, st := range slices.Backward(ph.Steps) {
		if err := s.undo(ctx, st); err != nil {
			return fmt.Errorf("undo %s: %w", st.ID, err)
		}
	}
	if err := fault.Point("engine.rollback_done"); err != nil {
		return err
	}
	if name == plans.Expand {
		s.tellLeftovers(ctx)
	}
	if err := s.set(ctx, before[name], previous(name), ""); err != nil {
		return err
	}
	return s.evidence(ctx, name, "rollback", "done", fmt.Sprintf("%s was taken back", name), nil)
}

func previous(name plans.PhaseName) plans.PhaseName {
	return map[plans.PhaseName]plans.PhaseName{plans.Switch: plans.Expand, plans.Contract: plans.Switch}[name]
}

// mayUndo refuses what can't be undone, and what would lose rows without having
// been told to.
func (s *session) mayUndo(ctx context.Context, ph *plans.Phase, o RollbackOptions) error {
	for _, st := range ph.Steps {
		if st.Reversible || s.records[st.ID].State == "" {
			continue
		}
		seen, _, err := s.e.db.Steps.Observe(ctx, s.plan, st)
		if err != nil {
			return unknown(fmt.Errorf("look at the catalog: %w", err))
		}
		if seen != dialect.NotStarted {
			return irreversible(st)
		}
	}
	if o.LoseRows || ph.Name == plans.Contract {
		return nil
	}
	swapped, err := s.e.swappedShadows(ctx, s.plan, s.records)
	if err != nil {
		return err
	}
	for _, i := range swapped {
		if err := s.following(ctx, i, true, s.mayGoBack); err != nil {
			return err
		}
	}
	if len(swapped) > 0 && len(s.plan.Syncs)+len(s.plan.Recipes) == 0 {
		return nil
	}
	return s.losesNothing(ctx, ph)
}

func (s *session) losesNothing(ctx context.Context, ph *plans.Phase) error {
	for _, st := range ph.Steps {
		n, err := s.e.db.Steps.Holds(ctx, st)
		if err != nil {
			return err
		}
		if n > 0 {
			return &UnreturnableError{Count: n, Table: st.Table}
		}
	}
	n, sample, err := s.e.unreturnable(ctx, s.plan, s.records)
	if err != nil {
		return err
	}
	if n > 0 {
		return &UnreturnableError{Count: n, Sample: sample}
	}
	return nil
}

// unreturnable counts the rows that can't go back, over all syncs whose columns
// exist by now.
func (e *Engine) unreturnable(ctx context.Context, p *plans.Plan, records map[string]state.StepRecord) (int64, []state.Unreturnable, error) {
	var n int64
	var sample []state.Unreturnable
	for i := range p.Syncs {
		if !p.Syncs[i].Fallible || !installed(p, i, records) {
			continue
		}
		w, err := e.work(ctx, p, i)
		if err != nil {
			return 0, nil, err
		}
		c, err := e.db.Columns(ctx, w)
		if err != nil {
			return 0, nil, fmt.Errorf("open the columns of %s: %w", p.Syncs[i].Table, err)
		}
		k, rows, err := c.Unreturnable(ctx, 10)
		if cerr := c.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return 0, nil, fmt.Errorf("count the rows that can't go back: %w", err)
		}
		n += k
		sample = append(sample, rows...)
	}
	swapped, err := e.swappedShadows(ctx, p, records)
	if err != nil {
		return n, sample, err
	}
	for _, i := range swapped {
		k, rows, err := e.unreturnableShadow(ctx, p, i)
		if n, sample = n+k, append(sample, rows...); err != nil {
			return n, sample, err
		}
	}
	return n, sample, nil
}

// unreturnableShadow counts rows of the new table that the old one can't hold, as far
// as it was brought up to date.
func (e *Engine) unreturnableShadow(ctx context.Context, p *plans.Plan, alter int) (int64, []state.Unreturnable, error) {
	t, err := e.db.Shadow(ctx, dialect.ShadowWork{Plan: p, Alter: alter, Reverse: true})
	if err != nil {
		return 0, nil, fmt.Errorf("open the old table: %w", err)
	}
	defer t.Close()
	n, rows, err := t.Unreturnable(ctx, 10)
	if err != nil {
		return 0, nil, fmt.Errorf("count the rows that can't go back: %w", err)
	}
	return n, rows, nil
}

// swappedShadows are those of which table and shadow have changed places, and the old table is still there.
func (e *Engine) swappedShadows(ctx context.Context, p *plans.Plan, records map[string]state.StepRecord) ([]int, error) {
	var out []int
	for _, st := range p.Phase(plans.Switch).Steps {
		if st.Kind != plans.CutOver || dropped(p, records) {
			continue
		}
		done, err := e.cutOverDone(ctx, p, st, records[st.ID].State)
		if err != nil {
			return nil, err
		}
		if done {
			out = append(out, st.Alter)
		}
	}
	return out, nil
}

// cutOverDone tells it by the journal, and by the catalog where a swap back was begun that a crash may have cut
// short.
func (e *Engine) cutOverDone(ctx context.Context, p *plans.Plan, st plans.Step, journal state.StepState) (bool, error) {
	if journal != state.Undoing {
		return journal == state.StepDone, nil
	}
	seen, _, err := e.db.Steps.Observe(ctx, p, st)
	if err != nil {
		return false, unknown(fmt.Errorf("look at the catalog: %w", err))
	}
	return seen == dialect.Done, nil
}

// installed reports whether a sync's triggers stand, by the journal: before
// that, and after the drop, nothing can be unreturnable.
func installed(p *plans.Plan, sync int, records map[string]state.StepRecord) bool {
	for _, ph := range p.Phases {
		for _, st := range ph.Steps {
			if st.Sync != sync {
				continue
			}
			r := records[st.ID].State
			if st.Kind == plans.InstallSync && r != state.StepDone {
				return false
			}
			if st.Kind == plans.Drop && (r == state.StepDone || r == state.Intent) {
				return false
			}
		}
	}
	return true
}

// undo takes one step back by the same protocol: announce, do, observe, store.
func (s *session) undo(ctx context.Context, st plans.Step) error {
	rec := s.records[st.ID]
	if rec.State == "" || rec.State == state.Undone {
		return nil
	}
	s.checked = time.Time{}
	if err := s.ask(ctx); err != nil && !errors.Is(err, ErrPaused) {
		return err
	}
	rec.State = state.Undoing
	if err := s.put(ctx, rec); err != nil {
		return err
	}
	if err := fault.Point("engine.undo_intent"); err != nil {
		return err
	}
	begin := time.Now()
	if err := s.takeBack(ctx, st); err != nil {
		return loses(err)
	}
	if err := fault.Point("engine.undo_done"); err != nil {
		return err
	}
	rec = s.records[st.ID]
	rec.State, rec.Rows, rec.Position, rec.Session, rec.Note = state.Undone, 0, "", "", ""
	if err := s.put(ctx, rec); err != nil {
		return err
	}
	s.results = append(s.results, StepResult{ID: st.ID, State: "undone", Elapsed: time.Since(begin)})
	s.e.observe(StepUndone{Step: st.ID})
	return nil
}

func (s *session) takeBack(ctx context.Context, st plans.Step) error {
	switch st.Kind {
	case plans.CutOver:
		return s.swapBack(ctx, st)
	case plans.CompareShadow:
		return nil
	case plans.Backfill, plans.CopyRows:
		// The rows go with their column; only the walk must start anew.
		return s.e.db.Store.ClearSegments(ctx, s.lease, s.run.ID, st.ID)
	case plans.Verify:
		return nil
	}
	seen, said, err := s.e.db.Steps.Observe(ctx, s.plan, st)
	if err != nil {
		return unknown(fmt.Errorf("look at the catalog: %w", err))
	}
	if seen == dialect.Foreign {
		s.e.observe(Note{fmt.Sprintf("%s: left alone, it isn't this run's any more: %s", st.ID, said)})
		return nil
	}
	if _, err := s.heal(ctx, st); err != nil {
		return err
	}
	return s.until(ctx, st, dialect.NotStarted, func() error { return s.e.db.Steps.Undo(ctx, s.plan, st, s.env(st)) })
}

// tellLeftovers compares the table with what it was before the run. A difference
// is somebody else's work and no reason to fail a rollback that is done.
func (s *session) tellLeftovers(ctx context.Context) {
	if err := s.checkTables(ctx, true); err != nil {
		s.e.observe(Note{"rolled back; the table differs from what it was when the plan was made: " + err.Error()})
	}
}
