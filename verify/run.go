package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/internal/fault"
)

// Options of a verification.
type Options struct {
	Table  string        // for messages
	Target time.Duration // how long a chunk's read should take; 0: 500 ms
	// Pace is asked after a chunk of some rows that took so long. Part is what part of a
	// chunk that is meant to take so long should be read at once. Both may be nil.
	Pace      func(ctx context.Context, rows int64, took time.Duration) error
	Part      func(chunk time.Duration) float64
	Progress  func(rows int64)
	ShownKeys int // keys of differing rows to name; 0: 10
}

// Result of a verification of every row.
type Result struct {
	Rows   int64
	Differ int64
	Keys   []string
	// Low and High are the first chunk that differs.
	Low, High string
}

// Err is nil when nothing differs, else a *DivergedError.
func (r Result) Err(table string) error {
	if r.Differ == 0 {
		return nil
	}
	return &DivergedError{Table: table, Rows: r.Rows, Differ: r.Differ, Low: r.Low, High: r.High, Keys: r.Keys}
}

// Run reads every row in chunks.
func Run(ctx context.Context, c Comparer, o Options) (Result, error) {
	if o.Target == 0 {
		o.Target = 500 * time.Millisecond
	}
	if o.ShownKeys == 0 {
		o.ShownKeys = 10
	}
	if o.Part == nil {
		o.Part = func(time.Duration) float64 { return 1 }
	}
	var res Result
	size := 5_000.0
	for low := ""; ; {
		begin := time.Now()
		high, err := c.Boundary(ctx, low, "", int(size))
		if err != nil {
			return res, fmt.Errorf("verify after %q: %w", low, err)
		}
		got, err := compare(ctx, c, low, high, o.ShownKeys)
		if err != nil {
			return res, fmt.Errorf("verify (%q, %q]: %w", low, high, err)
		}
		res.add(got, low, high, o.ShownKeys)
		took := time.Since(begin)
		if err := step(ctx, o, got.Rows, res.Rows, took); err != nil {
			return res, err
		}
		if high == "" {
			return res, nil
		}
		size = min(max(size*min(float64(o.Target)*o.Part(o.Target)/float64(took), 2), 500), 200_000)
		low = high
	}
}

// compare reads a chunk, and once more where it differs: a reader must not take
// a moment between two statements of an application for a difference.
func compare(ctx context.Context, c Comparer, low, high string, keys int) (Compared, error) {
	got, err := c.Compare(ctx, low, high, keys)
	if err != nil || got.Differ == 0 {
		return got, err
	}
	return c.Compare(ctx, low, high, keys)
}

func (r *Result) add(c Compared, low, high string, keys int) {
	r.Rows += c.Rows
	if c.Differ == 0 {
		return
	}
	if r.Differ == 0 {
		r.Low, r.High = low, high
	}
	r.Differ += c.Differ
	r.Keys = append(r.Keys, c.Keys[:min(len(c.Keys), keys-len(r.Keys))]...)
}

func step(ctx context.Context, o Options, rows, total int64, took time.Duration) error {
	if o.Progress != nil {
		o.Progress(total)
	}
	if err := fault.Point("verify.chunk"); err != nil {
		return err
	}
	if o.Pace != nil {
		return o.Pace(ctx, rows, took)
	}
	return ctx.Err()
}
