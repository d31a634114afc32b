package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
)

// Run finds a run by its ID, an unambiguous beginning of it, or its name (the
// last one of that name). state.ErrNotFound when there is none.
func (e *Engine) Run(ctx context.Context, idOrName string) (state.Run, error) {
	runs, err := e.List(ctx)
	if err != nil {
		return state.Run{}, err
	}
	var byName, byPrefix []state.Run
	for _, r := range runs {
		switch {
		case r.ID == idOrName:
			return r, nil
		case r.Name == idOrName:
			byName = append(byName, r)
		case len(idOrName) >= 4 && strings.HasPrefix(r.ID, idOrName):
			byPrefix = append(byPrefix, r)
		}
	}
	if len(byName) > 0 {
		return latest(byName), nil
	}
	if len(byPrefix) == 1 {
		return byPrefix[0], nil
	}
	return state.Run{}, fmt.Errorf("%w: %s", state.ErrNotFound, idOrName)
}

// latest prefers the run that is still active, then the newest.
func latest(runs []state.Run) state.Run {
	best := runs[0]
	for _, r := range runs[1:] {
		if r.Status.Active() != best.Status.Active() {
			if r.Status.Active() {
				best = r
			}
			continue
		}
		if r.Created.After(best.Created) {
			best = r
		}
	}
	return best
}

// List lists all runs, the newest first.
func (e *Engine) List(ctx context.Context) ([]state.Run, error) {
	runs, err := e.db.Store.Runs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return runs, nil
}

func (e *Engine) planOf(ctx context.Context, id string) (*plans.Plan, error) {
	r, err := e.db.Store.Run(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load run %s: %w", id, err)
	}
	return plans.Decode(r.Plan)
}

// Status tells all that is known about a run. It takes no lease and writes
// nothing.
func (e *Engine) Status(ctx context.Context, id string) (Report, error) {
	r, err := e.db.Store.Run(ctx, id)
	if err != nil {
		return Report{}, fmt.Errorf("load run %s: %w", id, err)
	}
	rep := Report{Run: r}
	if rep.PlanFile, err = plans.Decode(r.Plan); err != nil {
		return rep, err
	}
	if err := e.fill(ctx, &rep); err != nil {
		return rep, fmt.Errorf("read run %s: %w", id, err)
	}
	return rep, nil
}

func (e *Engine) fill(ctx context.Context, rep *Report) error {
	st := e.db.Store
	var err error
	if rep.Steps, err = st.Steps(ctx, rep.ID); err != nil {
		return err
	}
	for _, s := range rep.PlanFile.Phases[0].Steps {
		if s.Kind != plans.Backfill && s.Kind != plans.CopyRows {
			continue
		}
		segs, err := st.Segments(ctx, rep.ID, s.ID)
		if err != nil {
			return err
		}
		rep.Segments = append(rep.Segments, segs...)
	}
	if rep.Control, err = st.Control(ctx, rep.ID); err != nil {
		return err
	}
	if rep.Evidence, err = st.Evidence(ctx, rep.ID); err != nil {
		return err
	}
	if err := state.CheckChain(rep.Evidence); err != nil {
		return err
	}
	if rep.Approvals, err = st.Approvals(ctx, rep.ID); err != nil {
		return err
	}
	if rep.Artifacts, err = e.artifacts(ctx, func(run string) bool { return run == rep.ID }); err != nil {
		return err
	}
	return e.fillUnreturnable(ctx, rep)
}

func (e *Engine) fillUnreturnable(ctx context.Context, rep *Report) error {
	records := map[string]state.StepRecord{}
	for _, r := range rep.Steps {
		records[r.Step] = r
	}
	if rep.Status.Active() {
		n, sample, err := e.unreturnable(ctx, rep.PlanFile, records)
		if err != nil {
			return err
		}
		rep.Unreturnable, rep.Sample = n, sample
	}
	rep.Revertible = rep.Status.Active() && rep.Unreturnable == 0 && !slices.ContainsFunc(rep.PlanFile.Phases, func(ph plans.Phase) bool { return begun(&ph, records) })
	return nil
}

func dropped(p *plans.Plan, records map[string]state.StepRecord) bool {
	return begun(p.Phase(plans.Contract), records)
}

// begun reports whether a step of the phase was begun that can't be taken back.
func begun(ph *plans.Phase, records map[string]state.StepRecord) bool {
	return slices.ContainsFunc(ph.Steps, func(st plans.Step) bool {
		r := records[st.ID].State
		return !st.Reversible && r != "" && r != state.Undone
	})
}

func (e *Engine) artifacts(ctx context.Context, keep func(run string) bool) ([]dialect.Artifact, error) {
	list, err := e.db.Server.Artifacts(ctx)
	if err != nil {
		return nil, fmt.Errorf("list what phasemig made: %w", err)
	}
	var out []dialect.Artifact
	for _, a := range list {
		if keep(a.Run) {
			out = append(out, a)
		}
	}
	return out, nil
}

// Gates asks every gate of a phase, or of all phases, and opens nothing. The
// verdicts of a run that exists are stored as evidence; a plan that was never
// applied has no run, and its gates can only be asked about the server.
func (e *Engine) Gates(ctx context.Context, p *plans.Plan, only plans.PhaseName) ([]GateResult, error) {
	s := &session{e: e, plan: p, records: map[string]state.StepRecord{}, looking: true}
	r, err := e.db.Store.Run(ctx, p.ID)
	known := err == nil
	if err != nil && !errors.Is(err, state.ErrNotFound) && !errors.Is(err, state.ErrNotInstalled) {
		return nil, fmt.Errorf("load run %s: %w", p.ID, err)
	}
	s.run = r
	if known {
		info, err := e.db.Server.Info(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the server: %w", err)
		}
		if err := s.sameRun(info); err != nil {
			return nil, err
		}
		if err := s.readSteps(ctx); err != nil {
			return nil, err
		}
	}
	var out []GateResult
	for _, ph := range p.Phases {
		if only != "" && ph.Name != only {
			continue
		}
		list, err := s.askPhase(ctx, ph, known)
		if err != nil {
			return out, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func (s *session) askPhase(ctx context.Context, ph plans.Phase, known bool) ([]GateResult, error) {
	var out []GateResult
	add := func(step string, refs []plans.GateRef) error {
		for _, ref := range refs {
			v, err := s.askGate(ctx, ph.Name, ref, known)
			if err != nil {
				return err
			}
			out = append(out, GateResult{Phase: ph.Name, Step: step, Gate: ref, Verdict: v})
		}
		return nil
	}
	if err := add("", ph.Gates); err != nil {
		return out, err
	}
	if known {
		if v, ok, err := s.application(ctx, ph.Name); err != nil {
			return out, err
		} else if ok {
			out = append(out, GateResult{Phase: ph.Name, Gate: plans.GateRef{Kind: applicationGate}, Verdict: v})
		}
	}
	ready := known
	for _, st := range ph.Steps {
		for _, ref := range st.Gates {
			if !ready {
				out = append(out, GateResult{Phase: ph.Name, Step: st.ID, Gate: ref, Verdict: gate.Unsure("the steps before it are not done yet", nil)})
			}
		}
		if ready {
			if err := add(st.ID, st.Gates); err != nil {
				return out, err
			}
		}
		ready = ready && s.records[st.ID].State == state.StepDone
	}
	return out, nil
}

// askGate asks a gate that can be asked at this point; the others are
// inconclusive, which is no error of the caller.
func (s *session) askGate(ctx context.Context, ph plans.PhaseName, ref plans.GateRef, known bool) (gate.Verdict, error) {
	switch {
	case !known && ref.Kind == "preflight":
		return gate.Check(ctx, gate.Input{Plan: s.plan, Phase: ph, Ref: ref, Preflight: s.preflight}), nil
	case !known:
		return gate.Unsure("the plan was not applied yet", nil), nil
	case !s.askable(ref):
		return gate.Unsure(fmt.Sprintf("the run is %s: there are no two sides to compare", s.run.Status), nil), nil
	}
	return s.gate(ctx, ph, "", ref)
}

// askable: comparing rows makes no sense before both sides exist.
func (s *session) askable(ref plans.GateRef) bool {
	if ref.Kind != "dual_write_verified" {
		return true
	}
	if _, ok := s.plan.Shadowed(); ok {
		return s.lease.Token != "" || s.run.Status == state.Expanded // the last comparison is told; a new one is the runner's
	}
	return s.run.Status != state.Planned && s.run.Status != state.Expanding && s.run.Status != state.RolledBack && s.run.Status != state.Done
}

// Approve stores the caller's word for one phase of the run's plan.
func (e *Engine) Approve(ctx context.Context, id string, ph plans.PhaseName, note string) (state.Approval, error) {
	r, err := e.db.Store.Run(ctx, id)
	if err != nil {
		return state.Approval{}, fmt.Errorf("load run %s: %w", id, err)
	}
	info, err := e.db.Server.Info(ctx)
	if err != nil {
		return state.Approval{}, fmt.Errorf("read the server: %w", err)
	}
	a := state.Approval{Run: id, Phase: ph, PlanHash: r.PlanHash, By: e.creator(info), Note: note}
	if a.At, err = e.db.Store.Now(ctx); err != nil {
		return a, fmt.Errorf("read the clock: %w", err)
	}
	if err := e.db.Store.AddApproval(ctx, a); err != nil {
		return a, fmt.Errorf("store the approval: %w", err)
	}
	_, err = e.db.Store.AddEvidence(ctx, state.Evidence{Run: id, PlanHash: r.PlanHash, Phase: ph, Kind: "approval", State: "done", Reason: "approved by " + a.By + ": " + cmp.Or(note, "no note")})
	return a, err
}

// Audit reads the evidence of a run and checks it: each entry against its hash, each hash against the one
// before, every approval against the entry that tells of it, and, with a head that was kept elsewhere, that nothing was
// cut off. The report is whole also where the error is a *state.BrokenError.
func (e *Engine) Audit(ctx context.Context, id, head string) (AuditReport, error) {
	r, err := e.db.Store.Run(ctx, id)
	if err != nil {
		return AuditReport{}, fmt.Errorf("load run %s: %w", id, err)
	}
	rep := AuditReport{Run: r.ID, Name: r.Name, PlanHash: r.PlanHash, Status: r.Status, Evidence: []state.Evidence{}}
	list, err := e.db.Store.Evidence(ctx, id)
	if err != nil {
		return rep, err
	}
	approvals, err := e.db.Store.Approvals(ctx, id)
	if err != nil {
		return rep, err
	}
	if len(list) > 0 {
		rep.Evidence, rep.Head = list, list[len(list)-1].Hash
	}
	err = state.CheckChain(list)
	if err == nil && head != "" {
		err = state.CheckHead(id, list, head)
	}
	if err == nil {
		err = state.CheckApprovals(list, approvals)
	}
	rep.Whole = err == nil
	errors.As(err, &rep.Broken)
	return rep, err
}

// Pause asks the runner to stop before its next chunk or step; the run goes on
// after Resume.
func (e *Engine) Pause(ctx context.Context, id string) error {
	return e.ask(ctx, id, func(c *state.Control) error { c.Paused = true; return nil })
}

// Resume takes a pause back.
func (e *Engine) Resume(ctx context.Context, id string) error {
	return e.ask(ctx, id, func(c *state.Control) error { c.Paused = false; return nil })
}

func (e *Engine) ask(ctx context.Context, id string, change func(*state.Control) error) error {
	r, err := e.db.Store.Run(ctx, id)
	if err != nil {
		return fmt.Errorf("load run %s: %w", id, err)
	}
	if !r.Status.Active() && r.Status != state.Planned {
		return fmt.Errorf("%w: run %s is %s", ErrWrongPhase, id, r.Status)
	}
	c, err := e.db.Store.Control(ctx, id)
	if err != nil {
		return fmt.Errorf("read what operators ask: %w", err)
	}
	if err := change(&c); err != nil {
		return err
	}
	c.By = e.config.Who
	if err := e.db.Store.SetControl(ctx, id, c); err != nil {
		return fmt.Errorf("store what operators ask: %w", err)
	}
	return nil
}

// Abort stops a run for good; rollback then undoes what it did. A runner at work
// sees it before its next chunk or step and marks the run itself.
func (e *Engine) Abort(ctx context.Context, id string) (Result, error) {
	p, err := e.planOf(ctx, id)
	if err != nil {
		return Result{}, err
	}
	if err := e.ask(ctx, id, func(c *state.Control) error { c.Abort, c.Paused = true, false; return nil }); err != nil {
		return Result{}, err
	}
	var res Result
	err = e.hold(ctx, p, func(ctx context.Context, s *session) error {
		err := s.abort(ctx)
		res = s.result()
		return err
	})
	if errors.Is(err, state.ErrHeld) {
		return Result{Run: p.ID, Name: p.Name, PlanHash: p.Hash, Status: state.Aborted, Next: next(state.Aborted)}, nil
	}
	res.Next = next(res.Status)
	return res, err
}

func (s *session) abort(ctx context.Context) error {
	var err error
	if s.run, err = s.e.db.Store.Run(ctx, s.plan.ID); err != nil {
		return fmt.Errorf("load run %s: %w", s.plan.ID, err)
	}
	if s.run.Status == state.Planned || s.run.Status == state.RollingBack {
		return nil
	}
	if dropped, err := s.hasDropped(ctx); err != nil || dropped {
		return errors.Join(err, ErrIrreversible)
	}
	return s.set(ctx, state.Aborted, s.run.Phase, ErrAborted.Error())
}

func (s *session) hasDropped(ctx context.Context) (bool, error) {
	if err := s.readSteps(ctx); err != nil {
		return false, err
	}
	return dropped(s.plan, s.records), nil
}

// Verify compares every row of an active run now and stores the result. The
// error is a *verify.DivergedError when rows differ.
func (e *Engine) Verify(ctx context.Context, id string) (VerifyResult, error) {
	p, err := e.planOf(ctx, id)
	if err != nil {
		return VerifyResult{}, err
	}
	if _, ok := p.Shadowed(); ok {
		return e.verifyShadow(ctx, p)
	}
	if e.config.Repair {
		return VerifyResult{}, dberr.WithHint(fmt.Errorf("%w: run %s copies no table, and only rows of a copy are repaired", ErrWrongPhase, id), "rollback, then apply, fills the new columns anew")
	}
	s := &session{e: e, plan: p, records: map[string]state.StepRecord{}, looking: true}
	if s.run, err = e.db.Store.Run(ctx, id); err != nil {
		return VerifyResult{}, fmt.Errorf("load run %s: %w", id, err)
	}
	if !s.run.Status.Active() {
		return VerifyResult{}, fmt.Errorf("%w: run %s is %s, there are no two sides to compare", ErrWrongPhase, id, s.run.Status)
	}
	res := VerifyResult{Run: id}
	var diverged error
	for i := range p.Syncs {
		t, err := s.compare(ctx, i, "verify", new(throttle.Pacer))
		if err != nil {
			return res, err
		}
		res.Tables = append(res.Tables, t)
		diverged = errors.Join(diverged, t.err())
	}
	if err := s.storeVerified(ctx, s.run.Phase, res.Tables); err != nil {
		return res, err
	}
	return res, diverged
}

// verifyShadow brings tables and their shadows in step and compares them, which only the holder of
// the lease may do, and what column syncs beside them keep.
func (e *Engine) verifyShadow(ctx context.Context, p *plans.Plan) (VerifyResult, error) {
	res := VerifyResult{Run: p.ID}
	err := e.hold(ctx, p, func(ctx context.Context, s *session) error {
		if err := s.attach(ctx); err != nil {
			return err
		}
		if !s.copiedOnce() {
			return fmt.Errorf("%w: run %s is %s, there are no two tables to compare", ErrWrongPhase, p.ID, s.run.Status)
		}
		var diverged error
		for _, i := range p.Shadows() {
			t, err := s.compareShadow(ctx, i, "verify")
			if err != nil {
				return err
			}
			res.Tables = append(res.Tables, t)
			diverged = errors.Join(diverged, t.err())
		}
		diverged = s.repairable(diverged)
		for i := range p.Syncs {
			t, err := s.compare(ctx, i, "verify", new(throttle.Pacer))
			if err != nil {
				return err
			}
			res.Tables = append(res.Tables, t)
			diverged = errors.Join(diverged, t.err())
		}
		return errors.Join(s.storeVerified(ctx, s.run.Phase, res.Tables), diverged)
	})
	return res, err
}

// copiedOnce reports whether every table and its shadow exist and hold the same rows.
func (s *session) copiedOnce() bool {
	missing := func(alter int) bool { return s.records[s.copyStep(alter)].State != state.StepDone }
	return s.run.Status.Active() && !slices.ContainsFunc(s.plan.Shadows(), missing) && !dropped(s.plan, s.records)
}

// Cleanup removes what phasemig left on the server for runs that are over or
// unknown, and the state of the run if one is named. An active run is refused:
// its way back is rollback.
func (e *Engine) Cleanup(ctx context.Context, id string, dryRun bool) (CleanupResult, error) {
	runs, err := e.List(ctx)
	if err != nil {
		return CleanupResult{}, err
	}
	active := map[string]bool{}
	for _, r := range runs {
		active[r.ID] = r.Status.Active()
		// What can't be told to be anybody's may be an active run's.
		active[""] = active[""] || r.Status.Active()
	}
	if id != "" && active[id] {
		return CleanupResult{}, dberr.WithHint(fmt.Errorf("%w: run %s is active", ErrWrongPhase, id), "undo it with `phasemig rollback --all`, then clean up")
	}
	res := CleanupResult{DryRun: dryRun}
	res.Removed, err = e.artifacts(ctx, func(run string) bool { return !active[run] && (id == "" || run == id) })
	if err != nil || dryRun {
		return res, err
	}
	if err := e.db.Server.Remove(ctx, res.Removed); err != nil {
		return res, err
	}
	for _, r := range runs {
		if r.ID == id {
			if err := e.db.Store.Remove(ctx, id); err != nil {
				return res, fmt.Errorf("forget run %s: %w", id, err)
			}
			res.Runs = append(res.Runs, id)
		}
	}
	return res, nil
}

// Doctor checks the server, its settings and the rights of this user.
func (e *Engine) Doctor(ctx context.Context, tables []schema.Ident) ([]dialect.Advice, error) {
	list, err := e.db.Server.Doctor(ctx, tables)
	if err != nil {
		return nil, fmt.Errorf("examine the server: %w", err)
	}
	return list, nil
}
