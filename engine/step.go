package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// step does one step by the protocol: intent, do, observe, done.
func (s *session) step(ctx context.Context, ph *plans.Phase, st plans.Step) error {
	rec := s.records[st.ID]
	if rec.State == state.StepDone {
		return nil
	}
	if err := s.mayRun(ctx, ph, st); err != nil {
		return err
	}
	resumed := rec.State == state.Intent
	rec.Step, rec.State = st.ID, state.Intent
	if !isCut(rec.Note) {
		rec.Note = ""
	}
	if !resumed {
		rec.Started, rec.Ended = time.Time{}, time.Time{}
	}
	if err := s.put(ctx, rec); err != nil {
		return err
	}
	if err := fault.Point("engine.step_intent"); err != nil {
		return err
	}
	s.e.observe(StepStarted{Step: st, Resumed: resumed})
	begin := time.Now()
	out, err := s.do(ctx, st)
	if err != nil {
		return err
	}
	if err := fault.Point("engine.step_done"); err != nil {
		return err
	}
	return s.done(ctx, st, out, begin)
}

// outcome is what a step reports besides that it is done.
type outcome struct {
	rows int64
	note string
}

func (s *session) done(ctx context.Context, st plans.Step, out outcome, begin time.Time) error {
	position, err := s.e.db.Server.Position(ctx)
	if err != nil {
		return fmt.Errorf("read the log's position: %w", err)
	}
	rec := s.records[st.ID]
	rec.State, rec.Rows, rec.Note, rec.Position, rec.Session = state.StepDone, out.rows, out.note, position, ""
	if err := s.put(ctx, rec); err != nil {
		return err
	}
	took := time.Since(begin)
	s.results = append(s.results, StepResult{ID: st.ID, State: "done", Rows: out.rows, Note: out.note, Elapsed: took})
	s.e.observe(StepDone{Step: st.ID, Rows: out.rows, Note: out.note, Elapsed: took})
	return fault.Point("engine.step_journaled")
}

// mayRun asks everything that must hold before a step: operators, the server's
// identity, the plan's assumptions, the step's own gates.
func (s *session) mayRun(ctx context.Context, ph *plans.Phase, st plans.Step) error {
	s.checked = time.Time{} // before a step nothing is taken from memory
	if err := s.ask(ctx); err != nil {
		return err
	}
	if err := s.checkTables(ctx, s.fresh()); err != nil {
		return err
	}
	if s.records[st.ID].State == state.Intent {
		return nil // its gates were open when it began
	}
	return s.gates(ctx, ph.Name, st.ID, st.Gates)
}

func (s *session) do(ctx context.Context, st plans.Step) (outcome, error) {
	switch st.Kind {
	case plans.Backfill:
		return s.backfill(ctx, st)
	case plans.Verify:
		return s.verifyStep(ctx, st)
	case plans.CopyRows:
		return s.copyRows(ctx, st)
	case plans.CompareShadow:
		return s.compareStep(ctx, st)
	case plans.CutOver:
		return s.cutOver(ctx, st, false)
	}
	return s.ddl(ctx, st)
}

// ddl runs a statement step until the catalog shows it done.
func (s *session) ddl(ctx context.Context, st plans.Step) (outcome, error) {
	healed, err := s.heal(ctx, st)
	if err != nil {
		return outcome{}, err
	}
	return healed, s.until(ctx, st, dialect.Done, func() error { return s.e.db.Steps.Do(ctx, s.plan, st, s.env(st)) })
}

func (s *session) observe(ctx context.Context, st plans.Step) (dialect.Outcome, string, error) {
	seen, said, err := s.e.db.Steps.Observe(ctx, s.plan, st)
	if err != nil {
		return seen, said, fmt.Errorf("look at the catalog: %w", err)
	}
	if seen == dialect.Foreign {
		return seen, said, &plans.DriftError{What: "something that this run did not make stands in the way", Diff: []string{"+ " + said}}
	}
	return seen, said, nil
}

func (s *session) env(st plans.Step) dialect.Env {
	waits := func(h []dialect.Holder) { s.e.observe(BuildWaiting{Step: st.ID, Holders: h}) }
	return dialect.Env{Lease: s.lease, LockWait: s.e.config.LockWait, LoseRows: s.loseRows, BuildWait: s.e.config.LockBudget, Waits: waits, Journal: func(ctx context.Context, id string) error {
		rec := s.records[st.ID]
		rec.Session = id
		return s.put(ctx, rec)
	}}
}

// until calls f until the catalog shows the outcome wanted. A lock that isn't
// granted is asked for again after a pause that grows; a lost connection is
// never taken for an answer.
func (s *session) until(ctx context.Context, st plans.Step, want dialect.Outcome, f func() error) error {
	limit := time.Now().Add(s.e.config.LockBudget)
	for attempt := 1; ; attempt++ {
		seen, said, err := s.observe(ctx, st)
		if err != nil {
			return unknown(err)
		}
		if seen == want {
			return nil
		}
		err = f()
		if err == nil {
			return s.confirm(ctx, st, want)
		}
		if !again(err) || ctx.Err() != nil {
			return err
		}
		if time.Now().After(limit) {
			return fmt.Errorf("gave up after %d attempts (%s): %w", attempt, said, err)
		}
		if err := s.retry(ctx, st, attempt, err); err != nil {
			return err
		}
	}
}

func again(err error) bool {
	return errors.Is(err, dberr.LockTimeout) || errors.Is(err, dberr.Deadlock) || errors.Is(err, dberr.ConnLost)
}

// unknown keeps a temporary error temporary: the statement before it may have
// worked, and the next call will look at the catalog first.
func unknown(err error) error {
	if dberr.Temporary(err) || errors.Is(err, plans.ErrStale) || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

func (s *session) confirm(ctx context.Context, st plans.Step, want dialect.Outcome) error {
	seen, said, err := s.observe(ctx, st)
	if err != nil {
		return unknown(err)
	}
	if seen != want {
		return fmt.Errorf("%w: the statements went through, but the catalog says %s: %s", ErrOutcomeUnknown, seen, said)
	}
	return nil
}

// retry reports who holds the lock and waits a growing time with jitter, so that
// the traffic that queued behind the attempt drains before the next.
func (s *session) retry(ctx context.Context, st plans.Step, attempt int, cause error) error {
	d := min(250*time.Millisecond<<min(attempt, 7), 30*time.Second)
	d = d/2 + rand.N(d/2)
	if errors.Is(cause, dberr.LockTimeout) {
		holders, err := s.e.db.Server.Holders(ctx, st.Table)
		if err != nil {
			s.e.observe(Note{"who holds the lock can't be told: " + err.Error()})
		}
		s.e.observe(LockWaiting{Step: st.ID, Attempt: attempt, Pause: d, Holders: holders})
		if len(holders) == 0 { // what was waited for is no lock of the table
			s.e.observe(Note{st.ID + ": " + cause.Error()})
		}
		if s.e.config.KillBlockers {
			s.kill(ctx, holders)
		}
	} else {
		s.e.observe(Note{fmt.Sprintf("%s: %s; trying again", st.ID, cause)})
	}
	if err := pause.For(ctx, d); err != nil {
		return err
	}
	s.checked = time.Time{}
	return s.ask(ctx)
}

func (s *session) kill(ctx context.Context, holders []dialect.Holder) {
	for _, h := range holders {
		if err := s.e.db.Server.Kill(ctx, h); err != nil {
			s.e.observe(Note{fmt.Sprintf("%s was not ended: %s", h, err)})
			continue
		}
		s.e.observe(Note{fmt.Sprintf("ended %s", h)})
	}
}
