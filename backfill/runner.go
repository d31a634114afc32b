package backfill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/state"
)

// Segments stores where the walk is. Fill advances a segment by itself, in the
// transaction of its rows; these open one and read them all.
type Segments interface {
	Segments(ctx context.Context) ([]state.Segment, error)
	PutSegment(ctx context.Context, s state.Segment) error
}

// Pace holds a worker back; see package throttle.
type Pace interface {
	// Wait returns when the next chunk may be written, after one of n rows that took so
	// long; before the first one both are zero. It tells why it held or slowed the walk.
	Wait(ctx context.Context, n int64, took time.Duration) (hold string, err error)
	// Part is what part of a chunk that is meant to take so long should be done at once at
	// this moment, 0 < part ≤ 1.
	Part(chunk time.Duration) float64
}

// Options of a walk.
type Options struct {
	Run, Step   string
	Workers     int
	Target      time.Duration // how long a chunk should take
	ChunkRows   int           // 0: sized by Target
	Once        bool          // no row is skipped: there is nothing to come back for
	SegmentRows int           // 0: 100,000; how much of the key space a worker claims at once
	Total       int64         // estimate for progress
	Pace        Pace
	// Control is asked before each chunk; an error ends the walk (paused,
	// aborted, schema changed).
	Control  func(ctx context.Context) error
	Progress func(Progress)
	// Blocked is told about a row that stays locked, now and then.
	Blocked func(key Key, since time.Duration)
}

// Summary is what a finished walk did.
type Summary struct {
	Rows    int64 // rows walked, all runs together
	Written int64 // rows written by this process
	Passes  int   // searches for rows that were locked when their chunk came by
	Rate    float64
}

// Runner walks one table.
type Runner struct {
	table    Table
	segments Segments
	o        Options
	sizer    *Sizer
	distance Distance
	meter    *meter
	claims   *claims
	written  counter
}

// New prepares a walk; Run does it.
func New(t Table, s Segments, o Options) *Runner {
	o.Workers = max(o.Workers, 1)
	o.SegmentRows = cmp.Or(o.SegmentRows, 100_000)
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Control == nil {
		o.Control = func(context.Context) error { return nil }
	}
	if o.Blocked == nil {
		o.Blocked = func(Key, time.Duration) {}
	}
	return &Runner{table: t, segments: s, o: o, sizer: NewSizer(o.Target, o.ChunkRows), distance: Distance{Of: t}}
}

// Run walks the key space once in parallel, then looks for rows that were locked
// when their chunk came by until there are none. It goes on where the stored
// segments end.
func (r *Runner) Run(ctx context.Context) (Summary, error) {
	stored, err := r.segments.Segments(ctx)
	if err != nil {
		return Summary{}, fmt.Errorf("read segments: %w", err)
	}
	end, err := r.end(ctx)
	if err != nil {
		return Summary{}, err
	}
	r.claims = newClaims(r, stored, end)
	r.meter = newMeter(r.claims.rows, r.o.Total, r.sizer, r.o.Progress)
	if err := r.walkAll(ctx); err != nil {
		return Summary{}, err
	}
	if err := fault.Point("backfill.pass_finished"); err != nil {
		return Summary{}, err
	}
	passes := 0
	if !r.o.Once {
		if passes, err = r.sweep(ctx); err != nil {
			return Summary{}, err
		}
	}
	r.o.Progress(r.meter.progress(""))
	return Summary{Rows: r.meter.rows, Written: r.written.value(), Passes: passes, Rate: r.meter.average()}, nil
}

// end is where this walk ends; an earlier one may have ended before it, and its rows need nothing.
func (r *Runner) end(ctx context.Context) (Key, error) {
	e, ok := r.table.(Ender)
	if !ok {
		return "", nil
	}
	end, err := e.End(ctx)
	if err != nil {
		return "", fmt.Errorf("find the table's last row: %w", err)
	}
	return end, nil
}

func (r *Runner) walkAll(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for range r.o.Workers {
		g.Go(func() error { return r.worker(ctx) })
	}
	return g.Wait()
}

func (r *Runner) worker(ctx context.Context) error {
	var last worked
	for {
		seg, ok, err := r.claims.next(ctx)
		if err != nil || !ok {
			return err
		}
		if err := r.walk(ctx, seg, &last); err != nil {
			return err
		}
	}
}

// worked is what a worker's last chunk was, for the pace.
type worked struct {
	rows int64
	took time.Duration
}

// mostPaid bounds the time that a pause is in proportion to: in a chunk that took longer
// somebody else was waited for.
const mostPaid = 500 * time.Millisecond

// walk does one segment chunk by chunk. The pace is asked before each, the first one too:
// a server that is over its limits isn't begun on.
func (r *Runner) walk(ctx context.Context, seg state.Segment, last *worked) error {
	for !seg.Done {
		if err := r.o.Control(ctx); err != nil {
			return err
		}
		hold, err := r.o.Pace.Wait(ctx, last.rows, last.took)
		if err != nil {
			return err
		}
		begin := time.Now()
		next, err := r.chunk(ctx, seg)
		if err != nil {
			return err
		}
		*last = worked{next.Rows - seg.Rows, min(time.Since(begin), mostPaid)}
		r.meter.add(last.rows, hold)
		seg = next
	}
	return fault.Point("backfill.segment_finished")
}

// chunk fills the next rows of a segment and returns the segment as it is stored
// now.
func (r *Runner) chunk(ctx context.Context, seg state.Segment) (state.Segment, error) {
	for try := 1; ; try++ {
		next, err := r.attempt(ctx, seg)
		if err == nil || !retryable(err) || try == mostTries {
			return next, err
		}
		r.sizer.Shrink()
		if err := pause.Backoff(ctx, try); err != nil {
			return seg, err
		}
		if errors.Is(err, dberr.ConnLost) {
			// Only the server knows whether the commit went through.
			if seg, err = r.reread(ctx, seg); err != nil {
				return seg, err
			}
			if seg.Done {
				return seg, nil
			}
		}
	}
}

// mostTries bounds the retries of one chunk: with pauses that double up to 5 s a
// conflict that lasts longer than about half a minute is somebody's standing lock.
const mostTries = 12

func retryable(err error) bool {
	return errors.Is(err, dberr.Deadlock) || errors.Is(err, dberr.LockTimeout) || errors.Is(err, dberr.ConnLost)
}

func (r *Runner) attempt(ctx context.Context, seg state.Segment) (state.Segment, error) {
	n := r.sizer.Rows(r.o.Pace.Part(r.o.Target))
	begin := time.Now()
	if s, ok := r.table.(Stepper); ok {
		next, filled, err := s.Step(ctx, seg, n)
		if err != nil {
			return seg, fmt.Errorf("copy %d rows after %q: %w", n, seg.Cursor, err)
		}
		r.written.add(filled.Written)
		if !next.Done {
			r.sizer.Took(n, r.distance.Off(ctx, time.Since(begin)))
		}
		return next, nil
	}
	high, err := r.table.Boundary(ctx, seg.Cursor, seg.High, n)
	if err != nil {
		return seg, fmt.Errorf("find the end of the chunk after %q: %w", seg.Cursor, err)
	}
	rows := int64(n)
	if high == "" {
		if rows, err = r.tail(ctx, Chunk{seg.Cursor, seg.High}); err != nil {
			return seg, err
		}
	}
	next := seg
	next.Cursor, next.Rows = high, seg.Rows+rows
	if high == "" || high == seg.High {
		high, next.Cursor, next.Done = seg.High, seg.High, true
	}
	filled, err := r.table.Fill(ctx, Chunk{seg.Cursor, high}, next)
	if err != nil {
		return seg, fmt.Errorf("fill the chunk (%q, %q]: %w", seg.Cursor, high, err)
	}
	r.written.add(filled.Written)
	if !next.Done {
		r.sizer.Took(n, r.distance.Off(ctx, time.Since(begin)))
	}
	return next, nil
}

// tail is the number of rows of a segment's last chunk.
func (r *Runner) tail(ctx context.Context, c Chunk) (int64, error) {
	t, ok := r.table.(Counter)
	if !ok {
		return 0, nil
	}
	n, err := t.Count(ctx, c)
	if err != nil {
		return 0, fmt.Errorf("count the rows of the last chunk (%q, %q]: %w", c.Low, c.High, err)
	}
	return n, nil
}

// reread finds the segment as the server has it.
func (r *Runner) reread(ctx context.Context, seg state.Segment) (state.Segment, error) {
	list, err := r.segments.Segments(ctx)
	if err != nil {
		return seg, fmt.Errorf("read the segment after a lost connection: %w", err)
	}
	for _, s := range list {
		if s.Pass == seg.Pass && s.Number == seg.Number {
			return s, nil
		}
	}
	return seg, fmt.Errorf("segment %d is gone from the state tables", seg.Number)
}

// pause waits a growing time with jitter: two workers that met must not meet
// again.
