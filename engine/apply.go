package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// during and after are the states of a run in and after a phase.
var (
	during = map[plans.PhaseName]state.Status{plans.Expand: state.Expanding, plans.Switch: state.Switching, plans.Contract: state.Contracting}
	after  = map[plans.PhaseName]state.Status{plans.Expand: state.Expanded, plans.Switch: state.Switched, plans.Contract: state.Done}
	before = map[plans.PhaseName]state.Status{plans.Expand: state.RolledBack, plans.Switch: state.Expanded, plans.Contract: state.Switched}
)

// Apply starts the plan or goes on with it. Without a phase it runs expand and
// switch as far as their gates allow and stops before contract. Errors:
// *state.HeldError, *plans.DriftError, *gate.HeldError, *verify.DivergedError,
// ErrPaused, ErrAborted, ErrOutcomeUnknown, and the classes of dberr.
func (e *Engine) Apply(ctx context.Context, p *plans.Plan, o Options) (Result, error) {
	var res Result
	err := e.hold(ctx, p, func(ctx context.Context, s *session) error {
		err := s.apply(ctx, o)
		res = s.result()
		res.Already = res.Already && err == nil
		return err
	})
	res.Next = next(res.Status)
	return e.sealed(ctx, res), err
}

func (s *session) apply(ctx context.Context, o Options) error {
	s.options = o
	if err := s.attach(ctx); err != nil {
		return err
	}
	if err := s.runnable(); err != nil {
		return err
	}
	for _, ph := range wanted(o) {
		if err := s.phase(ctx, ph); err != nil {
			return s.note(ctx, err)
		}
	}
	return nil
}

func wanted(o Options) []plans.PhaseName {
	if o.Phase != "" {
		return []plans.PhaseName{o.Phase}
	}
	return []plans.PhaseName{plans.Expand, plans.Switch}
}

func (s *session) runnable() error {
	switch s.run.Status {
	case state.RollingBack:
		return fmt.Errorf("%w: a rollback was begun; finish it with `phasemig rollback`", ErrWrongPhase)
	case state.Aborted:
		return fmt.Errorf("%w: undo it with `phasemig rollback --all`", ErrAborted)
	}
	return nil
}

// note stores why the run stands, so that status can tell; the error goes on.
func (s *session) note(ctx context.Context, err error) error {
	done, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if errors.Is(err, ErrAborted) && s.run.Status.CanBecome(state.Aborted) {
		return errors.Join(err, s.set(done, state.Aborted, s.run.Phase, err.Error()))
	}
	if errors.Is(err, state.ErrFenced) || s.run.Status == "" {
		return err
	}
	// A note that can't be stored changes nothing about the error it tells.
	_ = s.set(done, s.run.Status, s.run.Phase, err.Error())
	return err
}

// place is where a phase stands relative to the run.
func (s *session) place(ph plans.PhaseName) (done bool, err error) {
	order := []state.Status{state.Planned, state.Expanding, state.Expanded, state.Switching, state.Switched, state.Contracting, state.Done}
	at := -1
	for i, st := range order {
		if st == s.run.Status {
			at = i
		}
	}
	if s.run.Status == state.RolledBack {
		at = 0
	}
	want := map[plans.PhaseName]int{plans.Expand: 1, plans.Switch: 3, plans.Contract: 5}[ph]
	switch {
	case at > want:
		return true, nil
	case at < want-1:
		return false, fmt.Errorf("%w: %s comes after %s, and the run is %s", ErrWrongPhase, ph, order[want-1], s.run.Status)
	}
	return false, nil
}

func (s *session) phase(ctx context.Context, name plans.PhaseName) error {
	done, err := s.place(name)
	if err != nil || done {
		return err
	}
	ph := s.plan.Phase(name)
	begin := time.Now()
	if s.run.Status != during[name] { // gates open a phase once; a resumed one is open
		if err := s.open(ctx, ph); err != nil {
			return err
		}
	}
	s.e.observe(PhaseStarted{Phase: name, Steps: len(ph.Steps)})
	for _, st := range ph.Steps {
		if st.ID == s.options.Before {
			return ErrStopped
		}
		if err := s.applicationStands(ctx, name); err != nil {
			return err
		}
		if err := s.step(ctx, ph, st); err != nil {
			return fmt.Errorf("step %s: %w", st.ID, err)
		}
	}
	if err := fault.Point("engine.phase_done"); err != nil {
		return err
	}
	if name == plans.Contract {
		if err := s.retireFlags(ctx); err != nil {
			return err
		}
	}
	if err := s.set(ctx, after[name], name, ""); err != nil {
		return err
	}
	s.e.observe(PhaseDone{Phase: name, Elapsed: time.Since(begin)})
	return s.evidence(ctx, name, "phase", "done", fmt.Sprintf("%s is done", name), nil)
}

// retireFlags uses up the keys of the flags that were seen gone.
func (s *session) retireFlags(ctx context.Context) error {
	for _, key := range gate.Retires(s.plan) {
		if err := s.e.db.Store.RetireFlag(ctx, s.lease, state.RetiredFlag{Flag: key, Run: s.run.ID, Note: s.plan.Name}); err != nil {
			return err
		}
	}
	return nil
}

// open checks the rules of the release, assumptions and gates and marks the phase begun.
func (s *session) open(ctx context.Context, ph *plans.Phase) error {
	if err := s.ask(ctx); err != nil {
		return err
	}
	if err := s.release(ctx, ph); err != nil {
		return err
	}
	if err := s.checkTables(ctx, s.fresh()); err != nil {
		return err
	}
	if err := s.applicationStands(ctx, ph.Name); err != nil {
		return err
	}
	if err := s.gates(ctx, ph.Name, "", ph.Gates); err != nil {
		return err
	}
	if err := s.tellRevision(ctx, ph); err != nil {
		return err
	}
	if err := s.set(ctx, during[ph.Name], ph.Name, ""); err != nil {
		return err
	}
	return fault.Point("engine.phase_started")
}

// next says what to call after a run has come to stand.
func next(st state.Status) string {
	return map[state.Status]string{
		state.Expanding:   "phasemig apply --phase expand, or phasemig rollback",
		state.Expanded:    "roll out code that uses the new side, then phasemig apply --phase switch",
		state.Switching:   "phasemig apply --phase switch, or phasemig rollback",
		state.Switched:    "when nothing uses the old side: phasemig apply --phase contract",
		state.Contracting: "phasemig apply --phase contract, or phasemig rollback",
		state.Aborted:     "phasemig rollback --all",
		state.RollingBack: "phasemig rollback",
	}[st]
}

// sealed adds the head of the evidence chain: who keeps it elsewhere can tell
// later that no entry was taken out.
func (e *Engine) sealed(ctx context.Context, r Result) Result {
	if r.Run == "" || ctx.Err() != nil {
		return r
	}
	if list, err := e.db.Store.Evidence(ctx, r.Run); err == nil && len(list) > 0 {
		r.Evidence = list[len(list)-1].Hash
	}
	return r
}

// DryRun returns the steps that Apply would run now, after the same checks of
// server and tables. It changes nothing.
func (e *Engine) DryRun(ctx context.Context, p *plans.Plan, only plans.PhaseName) ([]plans.Step, error) {
	info, err := e.db.Server.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the server: %w", err)
	}
	if err := p.CheckServer(info, e.db.Name); err != nil {
		return nil, err
	}
	s := &session{e: e, plan: p, records: map[string]state.StepRecord{}}
	if list, err := e.db.Store.Steps(ctx, p.ID); err == nil {
		for _, r := range list {
			s.records[r.Step] = r
		}
	} else if !errors.Is(err, state.ErrNotFound) && !errors.Is(err, state.ErrNotInstalled) {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	if err := s.checkTables(ctx, s.fresh()); err != nil {
		return nil, err
	}
	return s.left(only), nil
}

func (s *session) left(only plans.PhaseName) []plans.Step {
	var out []plans.Step
	for _, ph := range s.plan.Phases {
		if only != "" && ph.Name != only || only == "" && ph.Name == plans.Contract {
			continue
		}
		for _, st := range ph.Steps {
			if s.records[st.ID].State != state.StepDone {
				out = append(out, st)
			}
		}
	}
	return out
}
