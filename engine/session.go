package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

// session is one runner at work on one run: it holds the lease and the journal
// as last read.
type session struct {
	e     *Engine
	plan  *plans.Plan
	run   state.Run
	lease state.Lease
	begin time.Time
	// looking: no lease is held and nothing is carried out; what operators ask of
	// the runner doesn't stop somebody who only looks.
	looking bool
	back    bool // this is a rollback
	// loseRows: a rollback gives up rows that the old shape can't hold.
	loseRows bool
	options  Options // of an Apply

	mu      sync.Mutex
	records map[string]state.StepRecord
	checked time.Time // when control and identity were read last
	control state.Control

	series  *state.Series // of this run's samples; nil until the first one
	results []StepResult
	acted   bool // this call moved the run
}

// hold takes the lease for the plan's tables, keeps it alive while f works, and
// gives it back. If the lease is lost f's context ends with state.ErrFenced.
func (e *Engine) hold(ctx context.Context, p *plans.Plan, f func(context.Context, *session) error) error {
	if err := e.db.Store.Install(ctx); err != nil {
		return fmt.Errorf("install the state tables: %w", err)
	}
	l, err := e.db.Store.Acquire(ctx, state.Holder{Run: p.ID, Tables: p.Tables(), Who: e.config.Who, Token: e.config.Token()}, e.config.LeaseTTL)
	if err != nil {
		return fmt.Errorf("take the lease: %w", err)
	}
	s := &session{e: e, plan: p, lease: l, begin: time.Now(), records: map[string]state.StepRecord{}}
	err = e.withHeartbeat(ctx, l, func(ctx context.Context) error { return f(ctx, s) })
	if errors.Is(err, state.ErrFenced) {
		return err // nothing to give back
	}
	// The caller's context may be cancelled by now; the lease goes back anyway,
	// or the next call would have to wait for it to expire.
	done, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if rerr := e.db.Store.Release(done, l); rerr != nil && err == nil {
		return fmt.Errorf("give back the lease: %w", rerr)
	}
	return err
}

// withHeartbeat beats three times per lease time beside f.
func (e *Engine) withHeartbeat(ctx context.Context, l state.Lease, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	g, gctx := errgroup.WithContext(ctx)
	over := make(chan struct{})
	g.Go(func() error {
		defer close(over)
		return f(gctx)
	})
	g.Go(func() error { return e.beat(gctx, l, over) })
	return g.Wait()
}

func (e *Engine) beat(ctx context.Context, l state.Lease, over <-chan struct{}) error {
	t := time.NewTicker(e.config.LeaseTTL / 3)
	defer t.Stop()
	last := time.Now()
	for {
		select {
		case <-over:
			return nil
		case <-ctx.Done():
			return nil // f tells why
		case <-t.C:
		}
		err := e.heartbeat(ctx, l)
		switch {
		case err == nil:
			last = time.Now()
		case errors.Is(err, state.ErrFenced):
			return err
		case ctx.Err() == nil && time.Since(last) > e.config.LeaseTTL:
			return fmt.Errorf("keep the lease alive: %w", err)
		}
	}
}

// heartbeat has failed when it isn't answered within its own interval: where a network swallows everything and nobody says
// so, it would wait, and the runner with it, for as long as the system keeps the connection, which is many minutes.
func (e *Engine) heartbeat(ctx context.Context, l state.Lease) error {
	limit := e.config.LeaseTTL / 3
	brief, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := e.db.Store.Heartbeat(brief, l)
	if brief.Err() != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return dberr.Mark(dberr.ConnLost, fmt.Errorf("no answer within %s: %w", limit, err))
	}
	return err
}

// attach loads the run, or creates it on the plan's first call, and refuses what
// isn't the same plan on the same server.
func (s *session) attach(ctx context.Context) error {
	info, err := s.e.db.Server.Info(ctx)
	if err != nil {
		return fmt.Errorf("read the server: %w", err)
	}
	if err := s.plan.CheckServer(info, s.e.db.Name); err != nil {
		return err
	}
	s.run, err = s.e.db.Store.Run(ctx, s.plan.ID)
	resumed := err == nil
	if errors.Is(err, state.ErrNotFound) {
		err = s.create(ctx, info)
	}
	if err != nil {
		return fmt.Errorf("load run %s: %w", s.plan.ID, err)
	}
	if err := s.sameRun(info); err != nil {
		return err
	}
	s.e.observe(RunAttached{Run: s.run.ID, Name: s.run.Name, Status: string(s.run.Status), Resumed: resumed})
	if err := s.tellControl(ctx); err != nil {
		return err
	}
	return s.loadSteps(ctx)
}

// tellControl says what an operator left behind: a rate set during an earlier
// call still holds, and nobody should have to wonder why the walk is slow.
func (s *session) tellControl(ctx context.Context) error {
	c, err := s.e.db.Store.Control(ctx, s.run.ID)
	if err != nil {
		return fmt.Errorf("read what operators ask: %w", err)
	}
	if c.MaxRate > 0 {
		s.e.observe(Note{fmt.Sprintf("%s set a limit of %.0f rows a second; `phasemig throttle --max-rate 0` takes it away", c.By, c.MaxRate)})
	}
	if c.Limits != (state.Limits{}) {
		s.e.observe(Note{fmt.Sprintf("%s set %s by `phasemig throttle`", c.By, c.Limits)})
	}
	return nil
}

func (s *session) create(ctx context.Context, info schema.Server) error {
	if err := s.checkTables(ctx, true); err != nil {
		return err // nothing is stored for a plan that doesn't fit
	}
	file, err := s.plan.Encode()
	if err != nil {
		return err
	}
	r := state.Run{ID: s.plan.ID, Name: s.plan.Name, PlanHash: s.plan.Hash, Plan: file, Status: state.Planned, Tables: s.plan.Tables(),
		Identity: info.Identity, Creator: s.e.creator(info)}
	if err := s.e.db.Store.CreateRun(ctx, s.lease, r); err != nil {
		return err
	}
	if s.run, err = s.e.db.Store.Run(ctx, s.plan.ID); err != nil {
		return err
	}
	return fault.Point("engine.run_created")
}

// creator names who started a run: two people on one database account are told
// apart by their login, or by the name under which a server knows them.
func (e *Engine) creator(info schema.Server) string { return info.User + " / " + e.config.Person }

func (s *session) sameRun(info schema.Server) error {
	if err := samePlan(s.run, s.plan); err != nil {
		return err
	}
	return s.sameServer(info)
}

func samePlan(r state.Run, p *plans.Plan) error {
	if r.PlanHash == p.Hash {
		return nil
	}
	err := error(&plans.DriftError{What: fmt.Sprintf("run %s was started with another version of this plan", r.ID), Diff: []string{"- hash " + r.PlanHash, "+ hash " + p.Hash}})
	if !r.Status.Active() {
		err = dberr.WithHint(err, "that run is %s: phasemig cleanup %s forgets it, then apply this plan", r.Status, r.ID)
	}
	return err
}

// sameServer stops a run on another server, timeline or restored backup: what the
// state says was true there. A way back that has only new things to drop is open, or they could never be removed: each
// undo asks the catalog of this server, and what the application uses was never touched.
func (s *session) sameServer(info schema.Server) error {
	if s.run.Identity == info.Identity {
		return nil
	}
	if s.back && (s.run.Phase == "" || s.run.Phase == plans.Expand) {
		s.e.observe(Note{fmt.Sprintf("run %s was begun on another server; nothing was switched, so what it made is removed from this one", s.run.ID)})
		return nil
	}
	return &plans.DriftError{What: fmt.Sprintf("run %s belongs to another server: this one is a copy, a restored backup or was failed over to", s.run.ID),
		Diff: []string{"- server " + s.run.Identity, "+ server " + info.Identity,
			"the run stood at " + string(s.run.Status) + "; compare the rows with `phasemig verify`, then `phasemig cleanup`"}}
}

func (s *session) loadSteps(ctx context.Context) error {
	if err := s.readSteps(ctx); err != nil {
		return err
	}
	return s.waitForSessions(ctx)
}

func (s *session) readSteps(ctx context.Context) error {
	list, err := s.e.db.Store.Steps(ctx, s.run.ID)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	for _, r := range list {
		s.records[r.Step] = r
	}
	return nil
}

// waitForSessions waits for a DDL that an earlier runner left running on the
// server: the lease doesn't fence it.
func (s *session) waitForSessions(ctx context.Context) error {
	limit := time.Now().Add(s.e.config.LockBudget)
	for _, r := range s.records {
		if r.Session == "" || r.State != state.Intent && r.State != state.Undoing {
			continue
		}
		for said := false; ; said = true {
			alive, err := s.e.db.Server.SessionAlive(ctx, r.Session)
			if err != nil {
				return fmt.Errorf("ask for session %s of step %s: %w", r.Session, r.Step, err)
			}
			if !alive {
				break
			}
			if !said {
				s.e.observe(Note{fmt.Sprintf("session %s of an earlier runner still works on %s: waiting for it", r.Session, r.Step)})
			}
			if time.Now().After(limit) {
				return dberr.Mark(dberr.LockTimeout, fmt.Errorf("session %s of an earlier runner still works on step %s", r.Session, r.Step))
			}
			if err := pause.For(ctx, 500*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh reports whether nothing of the run has touched the tables.
func (s *session) fresh() bool {
	for _, r := range s.records {
		if r.State != state.Undone {
			return false
		}
	}
	return true
}

// checkTables compares the live tables with what the plan assumes.
func (s *session) checkTables(ctx context.Context, fresh bool) error {
	for _, id := range s.plan.Tables() {
		t, err := s.e.db.Server.Table(ctx, id)
		if missing := new(plans.InputError); errors.As(err, &missing) && s.plan.MayMiss(id) {
			t, err = &schema.Table{Ident: id, Kind: schema.Absent}, nil
		}
		if err != nil {
			return asDrift(id, err)
		}
		if err := s.plan.CheckTable(t, fresh); err != nil {
			return err
		}
	}
	return nil
}

func asDrift(id schema.Ident, err error) error {
	var in *plans.InputError
	if errors.As(err, &in) {
		return &plans.DriftError{What: "table " + id.String() + " is gone", Diff: []string{"- table " + id.String()}}
	}
	return fmt.Errorf("read table %s: %w", id, err)
}

// ask reads what operators want, at most twice a second; the identity of the
// server every few seconds. It is called between chunks and before each step.
func (s *session) ask(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s.looking || time.Since(s.checked) < 500*time.Millisecond {
		return nil
	}
	c, err := s.e.db.Store.Control(ctx, s.run.ID)
	if err != nil {
		return fmt.Errorf("read what operators ask: %w", err)
	}
	s.control, s.checked = c, time.Now()
	if c.Abort {
		return ErrAborted
	}
	if c.Paused {
		return ErrPaused
	}
	info, err := s.e.db.Server.Info(ctx)
	if err != nil {
		return fmt.Errorf("read the server: %w", err)
	}
	return s.sameServer(info)
}

// rate is the row rate asked for at this moment.
func (s *session) rate() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.control.MaxRate > 0 {
		return s.control.MaxRate
	}
	return s.e.config.MaxRate
}

func (s *session) set(ctx context.Context, st state.Status, ph plans.PhaseName, message string) error {
	if err := s.e.db.Store.SetRun(ctx, s.lease, s.run.ID, st, ph, message); err != nil {
		return fmt.Errorf("store that the run is %s: %w", st, err)
	}
	s.acted = s.acted || st != s.run.Status
	s.run.Status, s.run.Phase, s.run.Message = st, ph, message
	return nil
}

func (s *session) put(ctx context.Context, r state.StepRecord) error {
	r.Run = s.run.ID
	if err := s.e.db.Store.PutStep(ctx, s.lease, r); err != nil {
		return fmt.Errorf("journal step %s: %w", r.Step, err)
	}
	s.records[r.Step] = r
	return nil
}

func (s *session) result() Result {
	return Result{Run: s.run.ID, Name: s.run.Name, PlanHash: s.run.PlanHash, Status: s.run.Status, Phase: s.run.Phase,
		Steps: s.results, Already: !s.acted && len(s.results) == 0, Elapsed: time.Since(s.begin)}
}
