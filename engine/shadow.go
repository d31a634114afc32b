package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
)

// shadowOf opens the pair of tables of an ALTER TABLE.
func (s *session) shadowOf(ctx context.Context, alter int, reverse bool, workers int) (dialect.Shadow, error) {
	a := &s.plan.Alters[alter]
	t, err := s.e.db.Shadow(ctx, dialect.ShadowWork{Plan: s.plan, Alter: alter, Fence: s.lease.Fence(a.Table), Reverse: reverse, Workers: workers})
	if err != nil {
		return nil, fmt.Errorf("open %s and its shadow: %w", a.Table, err)
	}
	return t, nil
}

func (s *session) pairOptions() shadow.Options {
	return shadow.Options{Repair: s.e.config.Repair, Note: func(text string) { s.e.observe(Note{text}) }}
}

// copyStep is the id of the step whose segments say what is copied of a table.
func (s *session) copyStep(alter int) string {
	for _, st := range s.plan.Phase(plans.Expand).Steps {
		if st.Kind == plans.CopyRows && st.Alter == alter {
			return st.ID
		}
	}
	return ""
}

// copyRows copies the table in chunks and follows its changes until both are in
// step.
func (s *session) copyRows(ctx context.Context, st plans.Step) (outcome, error) {
	t, err := s.shadowOf(ctx, st.Alter, false, s.e.config.Workers)
	if err != nil {
		return outcome{}, err
	}
	defer t.Close()
	if err := s.beginCopy(ctx, t, st); err != nil {
		return outcome{}, err
	}
	done, err := s.e.db.Store.Segments(ctx, s.run.ID, st.ID)
	if err != nil {
		return outcome{}, fmt.Errorf("read what is copied: %w", err)
	}
	if err := s.buildEarly(ctx, st, done); err != nil {
		return outcome{}, err
	}
	pair, err := shadow.Open(ctx, t, done, s.pairOptions())
	if err != nil {
		return outcome{}, err
	}
	var sum backfill.Summary
	err = s.besideOthers(ctx, st.Alter, func(ctx context.Context) error {
		return pair.Run(ctx, func(ctx context.Context) error {
			var err error
			if sum, err = s.copyAll(ctx, t, pair, st); err != nil {
				return err
			}
			if err := fault.Point("shadow.copied"); err != nil {
				return err
			}
			if err := s.buildLate(ctx, st); err != nil {
				return err
			}
			return pair.Settle(ctx)
		})
	})
	if errors.Is(err, dberr.DataError) {
		err = dberr.WithHint(err, "the new shape can't hold a row as it is: mend the row and call again, or take the run back with phasemig rollback %s and change the ALTER", s.run.ID)
	}
	if err != nil {
		return outcome{}, err
	}
	return outcome{sum.Rows, fmt.Sprintf("%d rows copied by this call, %.0f rows/s; in step", sum.Written, sum.Rate)}, nil
}

// buildEarly builds on the empty copy what the end would be faster for, where the application's latency has a limit: a build of
// all rows at once can't be slowed.
func (s *session) buildEarly(ctx context.Context, st plans.Step, done []state.Segment) error {
	if l, err := s.limits(); err != nil || l.latency == 0 || len(done) > 0 {
		return err
	}
	return s.buildIndexes(ctx, st, "building every index before the first row is copied, since --max-latency is set")
}

// buildLate builds the indexes that the copy went without, while changes are followed.
func (s *session) buildLate(ctx context.Context, st plans.Step) error {
	return s.buildIndexes(ctx, st, "every row is copied; building the indexes that were left for the end")
}

func (s *session) buildIndexes(ctx context.Context, st plans.Step, note string) error {
	if len(s.plan.Alters[st.Alter].Late) == 0 {
		return nil
	}
	err := s.until(ctx, st, dialect.Done, func() error {
		s.e.observe(Note{st.ID + ": " + note})
		return s.e.db.Steps.Do(ctx, s.plan, st, s.env(st))
	})
	if err != nil {
		return fmt.Errorf("build the indexes of the copy: %w", err)
	}
	return fault.Point("shadow.indexed")
}

// beginCopy finds where the log is to be read from, once, before the first chunk.
func (s *session) beginCopy(ctx context.Context, t dialect.Shadow, st plans.Step) error {
	at, err := t.Resume(ctx)
	if err != nil && !errors.Is(err, dberr.NotThere) {
		return fmt.Errorf("read where the log was left: %w", err)
	}
	if at != "" {
		return nil
	}
	if err := t.Begin(ctx); err != nil {
		return fmt.Errorf("find where to read the log from: %w", err)
	}
	return fault.Point("shadow.begun")
}

func (s *session) copyAll(ctx context.Context, t dialect.Shadow, pair *shadow.Pair, st plans.Step) (backfill.Summary, error) {
	total, err := t.Rows(ctx)
	if err != nil {
		return backfill.Summary{}, fmt.Errorf("estimate the rows: %w", err)
	}
	var sum backfill.Summary
	err = s.paced(ctx, st, func(ctx context.Context, pace *throttle.Pacer) error {
		sum, err = backfill.New(copied{t, pair}, segments{s, st.ID}, backfill.Options{
			Run: s.run.ID, Step: st.ID, Workers: s.e.config.Workers, Target: s.e.config.ChunkTarget, ChunkRows: s.e.config.ChunkRows, Total: total, Once: true,
			Pace: pace, Control: s.ask,
			Progress: func(p backfill.Progress) { s.e.observe(progress(st.ID, p)) },
		}).Run(ctx)
		return err
	})
	return sum, err
}

// copied is a pair as the backfill walks it: filling a chunk is copying it.
type copied struct {
	t    dialect.Shadow
	pair *shadow.Pair
}

// Boundary is asked for the ends of segments, where about n rows is enough.
func (c copied) Boundary(ctx context.Context, low, _ backfill.Key, n int) (backfill.Key, error) {
	return c.t.About(ctx, low, n)
}

// Ping and Trips implement backfill.Distant.
func (c copied) Ping(ctx context.Context) error { return c.t.Ping(ctx) }
func (c copied) Trips() int                     { return c.t.Trips() }

// Step implements backfill.Stepper.
func (c copied) Step(ctx context.Context, seg state.Segment, n int) (state.Segment, backfill.Filled, error) {
	got, err := c.pair.Copy(ctx, seg, n)
	return got.Next, backfill.Filled{Written: got.Rows}, err
}

// Fill is never asked for: a Stepper steps.
func (c copied) Fill(context.Context, backfill.Chunk, state.Segment) (backfill.Filled, error) {
	return backfill.Filled{}, errors.New("a copy finds the ends of its chunks by itself")
}

// Missing finds nothing: a chunk copies every row of its range.
func (c copied) Missing(context.Context, backfill.Chunk, int) ([]backfill.Key, error) {
	return nil, nil
}

// FillOne is never asked for, since nothing is missing.
func (c copied) FillOne(context.Context, backfill.Key, time.Duration) (backfill.Filled, error) {
	return backfill.Filled{}, errors.New("a copy has no single rows to fill")
}

// besideMemory is what images may take of a table that is only kept in step: nothing holds them back there.
const besideMemory = 4 << 20

// besideOthers keeps the plan's other copies in step while f works on one of them: what is copied of the one goes through the log, and
// the server would keep all of it for the others, or have thrown it away, until their turn comes.
func (s *session) besideOthers(ctx context.Context, alter int, f func(context.Context) error) error {
	for _, i := range s.plan.Shadows() {
		if i == alter || s.records[s.copyStep(i)].State != state.StepDone {
			continue
		}
		inner, o := f, s.pairOptions()
		o.Memory = besideMemory
		f = func(ctx context.Context) error {
			return s.followingBy(ctx, i, s.swapped(i), 1, o, func(ctx context.Context, _ dialect.Shadow, _ *shadow.Pair) error { return inner(ctx) })
		}
	}
	return f(ctx)
}

// following opens the pair and keeps it in step while f works.
func (s *session) following(ctx context.Context, alter int, reverse bool, f func(context.Context, dialect.Shadow, *shadow.Pair) error) error {
	return s.followingBy(ctx, alter, reverse, s.e.config.Workers, s.pairOptions(), f)
}

func (s *session) followingBy(ctx context.Context, alter int, reverse bool, workers int, o shadow.Options, f func(context.Context, dialect.Shadow, *shadow.Pair) error) error {
	t, err := s.shadowOf(ctx, alter, reverse, workers)
	if err != nil {
		return err
	}
	defer t.Close()
	pair, err := shadow.Open(ctx, t, nil, o)
	if err != nil {
		return err
	}
	pair.Whole()
	return pair.Run(ctx, func(ctx context.Context) error { return f(ctx, t, pair) })
}

func (s *session) compareStep(ctx context.Context, st plans.Step) (outcome, error) {
	got, err := s.compareShadow(ctx, st.Alter, st.ID)
	if err != nil {
		return outcome{}, err
	}
	if err := fault.Point("verify.evidence"); err != nil {
		return outcome{}, err
	}
	if err := s.storeVerified(ctx, s.phaseOf(st), []TableVerified{got}); err != nil {
		return outcome{}, err
	}
	return outcome{got.Rows, "all rows agree on their stored bytes"}, s.repairable(got.err())
}

// repairable says what can be done about rows that differ.
func (s *session) repairable(err error) error {
	return dberr.WithHint(err, "only phasemig may write to the copy: find out what else did; then phasemig verify %s --repair copies these rows anew", s.run.ID)
}

// compareShadow compares every row of both tables while they are kept in step.
func (s *session) compareShadow(ctx context.Context, alter int, step string) (TableVerified, error) {
	a := &s.plan.Alters[alter]
	if s.lease.Token == "" {
		return TableVerified{}, fmt.Errorf("%w: the tables are compared by the runner that keeps them in step", ErrWrongPhase)
	}
	out := TableVerified{Table: a.Table.String(), Columns: wholeTable}
	begin := time.Now()
	swapped := s.swapped(alter)
	err := s.besideOthers(ctx, alter, func(ctx context.Context) error {
		return s.following(ctx, alter, swapped, func(ctx context.Context, t dialect.Shadow, pair *shadow.Pair) error {
			return s.pacedReads(ctx, plans.Step{ID: step, Table: a.Table}, func(ctx context.Context, pace *throttle.Pacer) error {
				return s.comparison(t, pair, pace, step, alter, &out).run(ctx)
			})
		})
	})
	if err != nil {
		return out, err
	}
	out.Elapsed = time.Since(begin)
	if out.Position, err = s.e.db.Server.Position(ctx); err != nil {
		return out, fmt.Errorf("read the log's position: %w", err)
	}
	return out, nil
}

// swapped reports whether the journal has a table and its shadow changed places.
func (s *session) swapped(alter int) bool {
	for _, st := range s.plan.Phase(plans.Switch).Steps {
		if st.Kind == plans.CutOver && st.Alter == alter {
			return s.records[st.ID].State == state.StepDone
		}
	}
	return false
}

// walk gives the segments of the copy as ranges: together they are the whole key
// space.
func (s *session) walk(ctx context.Context, alter int, out chan<- shadow.Range) error {
	list, err := s.e.db.Store.Segments(ctx, s.run.ID, s.copyStep(alter))
	if err != nil {
		return fmt.Errorf("read what was copied: %w", err)
	}
	if len(list) == 0 || s.swapped(alter) { // their keys are the old shape's
		list = []state.Segment{{}}
	}
	// What was copied last may still be in the server's memory. From the beginning on, a table that doesn't fit would be read from
	// the disk again as a whole, each part of it a moment after the one that it needs was thrown out.
	for _, seg := range slices.Backward(list) {
		select {
		case out <- shadow.Range{Low: seg.Low, High: seg.High}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// cutOver exchanges the tables, by the catalog's word: one that a crash or a lost
// answer left done is done.
func (s *session) cutOver(ctx context.Context, st plans.Step, back bool) (outcome, error) {
	want, run := dialect.Done, s.e.db.Steps.Do
	if back {
		want, run = dialect.NotStarted, s.e.db.Steps.Undo
	}
	var held time.Duration
	err := s.until(ctx, st, want, func() error {
		seen, said, err := s.observe(ctx, st)
		if err != nil {
			return err
		}
		if seen == dialect.Partial { // the names have changed; only marks are missing
			return run(ctx, s.plan, st, s.env(st))
		}
		s.e.observe(Note{st.ID + ": " + said})
		return s.following(ctx, st.Alter, back, func(ctx context.Context, t dialect.Shadow, pair *shadow.Pair) error {
			if back {
				if err := s.mayGoBack(ctx, t, pair); err != nil {
					return err
				}
			}
			var err error
			held, err = pair.CutOver(ctx, plans.LockBudget)
			return err
		})
	})
	if err != nil {
		return outcome{}, err
	}
	return outcome{0, fmt.Sprintf("the table was locked for %s", held.Round(time.Millisecond))}, nil
}

// mayGoBack brings the old table up to date and counts what it can't hold.
func (s *session) mayGoBack(ctx context.Context, t dialect.Shadow, pair *shadow.Pair) error {
	if s.loseRows {
		return nil
	}
	if err := pair.Drain(ctx); err != nil {
		return err
	}
	n, sample, err := t.Unreturnable(ctx, 10)
	if err != nil {
		return fmt.Errorf("count the rows that can't go back: %w", err)
	}
	if n > 0 {
		return &UnreturnableError{Count: n, Sample: sample}
	}
	return nil
}

func (s *session) swapBack(ctx context.Context, st plans.Step) error {
	seen, _, err := s.observe(ctx, st)
	if err != nil {
		return unknown(err)
	}
	if seen == dialect.NotStarted {
		return nil
	}
	_, err = s.cutOver(ctx, st, true)
	return err
}
