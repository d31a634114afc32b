package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
	"github.com/phasemig/phasemig/verify"
)

// columns opens a sync for work on its rows, in whichever state its names are.
func (s *session) columns(ctx context.Context, sync, workers int) (dialect.Columns, error) {
	w, err := s.e.work(ctx, s.plan, sync)
	if err != nil {
		return nil, err
	}
	w.Fence, w.Workers = s.lease.Fence(w.Plan.Syncs[sync].Table), workers
	c, err := s.e.db.Columns(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("open the columns of %s: %w", s.plan.Syncs[sync].Table, err)
	}
	return c, nil
}

// work tells from the live table which names the columns have at this moment.
func (e *Engine) work(ctx context.Context, p *plans.Plan, sync int) (dialect.Work, error) {
	y := &p.Syncs[sync]
	t, err := e.db.Server.Table(ctx, y.Table)
	if err != nil {
		return dialect.Work{}, asDrift(y.Table, err)
	}
	_, away := t.Column(y.Old[0].Hidden)
	return dialect.Work{Plan: p, Sync: sync, Swapped: away && y.Swap, Hidden: away && !y.Swap, Workers: 1}, nil
}

func (s *session) backfill(ctx context.Context, st plans.Step) (outcome, error) {
	c, err := s.columns(ctx, st.Sync, s.e.config.Workers)
	if err != nil {
		return outcome{}, err
	}
	defer c.Close()
	total, err := c.Rows(ctx)
	if err != nil {
		return outcome{}, fmt.Errorf("estimate the rows: %w", err)
	}
	var sum backfill.Summary
	err = s.paced(ctx, st, func(ctx context.Context, pace *throttle.Pacer) error {
		sum, err = backfill.New(c, segments{s, st.ID}, backfill.Options{
			Run: s.run.ID, Step: st.ID, Workers: s.e.config.Workers, Target: s.e.config.ChunkTarget, ChunkRows: s.e.config.ChunkRows, Total: total,
			Pace:     pace,
			Control:  s.ask,
			Progress: func(p backfill.Progress) { s.e.observe(progress(st.ID, p)) },
			Blocked:  func(k backfill.Key, d time.Duration) { s.blocked(ctx, st, k, d) },
		}).Run(ctx)
		return err
	})
	if err != nil {
		return outcome{}, err
	}
	return outcome{sum.Rows, fmt.Sprintf("%d rows written by this call, %.0f rows/s", sum.Written, sum.Rate)}, nil
}

func progress(step string, p backfill.Progress) Progress {
	return Progress{Step: step, Rows: p.Rows, Total: p.Total, Rate: p.Rate, ETA: p.ETA, Chunk: p.Chunk, Hold: p.Hold}
}

// blocked tells about a row that somebody keeps locked.
func (s *session) blocked(ctx context.Context, st plans.Step, k backfill.Key, d time.Duration) {
	if d < 5*time.Second {
		return
	}
	holders, err := s.e.db.Server.Holders(ctx, st.Table)
	if err != nil {
		holders = nil
	}
	s.e.observe(LockWaiting{Step: st.ID + " row " + k, Pause: d, Holders: holders})
}

// segments binds the store to one step.
type segments struct {
	s    *session
	step string
}

func (g segments) Segments(ctx context.Context) ([]state.Segment, error) {
	return g.s.e.db.Store.Segments(ctx, g.s.run.ID, g.step)
}

func (g segments) PutSegment(ctx context.Context, seg state.Segment) error {
	return g.s.e.db.Store.PutSegment(ctx, g.s.lease, seg)
}

// verifyStep compares every row and stores the result as evidence.
func (s *session) verifyStep(ctx context.Context, st plans.Step) (outcome, error) {
	var got TableVerified
	err := s.pacedReads(ctx, st, func(ctx context.Context, pace *throttle.Pacer) error {
		var err error
		got, err = s.compare(ctx, st.Sync, st.ID, pace)
		return err
	})
	if err != nil {
		return outcome{}, err
	}
	if err := fault.Point("verify.evidence"); err != nil {
		return outcome{}, err
	}
	if err := s.storeVerified(ctx, s.phaseOf(st), []TableVerified{got}); err != nil {
		return outcome{}, err
	}
	note := "all rows agree on their stored bytes"
	if got.Unreturnable > 0 {
		note = fmt.Sprintf("%s; %d can't go back", note, got.Unreturnable)
	}
	return outcome{got.Rows, note}, got.err()
}

func (s *session) phaseOf(st plans.Step) plans.PhaseName {
	name, _, _ := strings.Cut(st.ID, ".")
	return plans.PhaseName(name)
}

// compare reads every row of one sync.
func (s *session) compare(ctx context.Context, sync int, step string, pace *throttle.Pacer) (TableVerified, error) {
	y := &s.plan.Syncs[sync]
	c, err := s.columns(ctx, sync, 1)
	if err != nil {
		return TableVerified{}, err
	}
	defer c.Close()
	total, err := c.Rows(ctx)
	if err != nil {
		return TableVerified{}, fmt.Errorf("estimate the rows: %w", err)
	}
	begin := time.Now()
	r, err := verify.Run(ctx, c, verify.Options{Table: y.Table.String(),
		Pace: func(ctx context.Context, _ int64, took time.Duration) error {
			if err := s.ask(ctx); err != nil {
				return err
			}
			_, err := pace.Wait(ctx, 0, took)
			return err
		},
		Part: pace.Part,
		Progress: func(n int64) {
			s.e.observe(Progress{Step: step, Rows: n, Total: max(total, n), Rate: float64(n) / time.Since(begin).Seconds()})
		}})
	if err != nil {
		return TableVerified{}, err
	}
	lost, _, err := c.Unreturnable(ctx, 0)
	if err != nil {
		return TableVerified{}, fmt.Errorf("count the rows that can't go back: %w", err)
	}
	position, err := s.e.db.Server.Position(ctx)
	if err != nil {
		return TableVerified{}, fmt.Errorf("read the log's position: %w", err)
	}
	return TableVerified{Table: y.Table.String(), Columns: y.Old[0].Name, Rows: r.Rows, Differ: r.Differ, Keys: r.Keys,
		Unreturnable: lost, Elapsed: time.Since(begin), Position: position}, nil
}

func (t TableVerified) err() error {
	return verify.Result{Rows: t.Rows, Differ: t.Differ, Keys: t.Keys}.Err(t.Table)
}
