package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/throttle"
)

// comparison is that of every row of a table and its shadow, by ranges.
type comparison struct {
	s     *session
	t     dialect.Shadow
	pair  *shadow.Pair
	pace  *throttle.Pacer
	sizer *backfill.Sizer
	away  *backfill.Distance
	step  string
	alter int
	total int64
	begin time.Time

	mu  sync.Mutex
	out *TableVerified
}

func (s *session) comparison(t dialect.Shadow, pair *shadow.Pair, pace *throttle.Pacer, step string, alter int, out *TableVerified) *comparison {
	return &comparison{s: s, t: t, pair: pair, pace: pace, sizer: backfill.NewSizer(s.e.config.ChunkTarget, 0), away: &backfill.Distance{Of: t}, step: step, alter: alter, begin: time.Now(), out: out}
}

func (c *comparison) run(all context.Context) error {
	var err error
	if c.total, err = c.t.Rows(all); err != nil {
		return fmt.Errorf("estimate the rows: %w", err)
	}
	ranges := make(chan shadow.Range)
	g, ctx := errgroup.WithContext(all)
	g.Go(func() error {
		defer close(ranges)
		return c.s.walk(ctx, c.alter, ranges)
	})
	for range c.s.e.config.Workers {
		g.Go(func() error {
			for r := range ranges {
				if err := c.parts(ctx, r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	got, err := c.pair.CompareStrangers(all, c.t)
	c.add(got)
	return err
}

// parts compares a range: as a whole, or, while the latency of the application is
// limited, as much at a time as a chunk is.
func (c *comparison) parts(ctx context.Context, r shadow.Range) error {
	for low := r.Low; ; {
		part, n, err := c.next(ctx, low, r.High)
		if err != nil {
			return err
		}
		begin := time.Now()
		got, err := c.pair.Compare(ctx, c.t, part)
		if err != nil {
			return err
		}
		took := time.Since(begin)
		if n > 0 {
			c.sizer.Took(n, c.away.Off(ctx, took))
		}
		rows := c.add(got)
		c.s.e.observe(Progress{Step: c.step, Rows: rows, Total: max(c.total, rows), Rate: float64(rows) / time.Since(c.begin).Seconds()})
		if err := c.rest(ctx, took); err != nil {
			return err
		}
		if part.High == r.High {
			return nil
		}
		low = part.High
	}
}

// next is the range up to high, or its first n rows; n is 0 for the whole.
func (c *comparison) next(ctx context.Context, low, high string) (shadow.Range, int, error) {
	whole := shadow.Range{Low: low, High: high}
	l, err := c.s.limits()
	if err != nil || l.latency == 0 {
		return whole, 0, err
	}
	n := c.sizer.Rows(c.pace.Part(c.s.e.config.ChunkTarget))
	end, err := c.t.Boundary(ctx, low, high, n)
	if err != nil {
		return whole, 0, fmt.Errorf("cut %s: %w", whole, err)
	}
	if end == "" {
		return whole, 0, nil
	}
	return shadow.Range{Low: low, High: end}, n, nil
}

func (c *comparison) rest(ctx context.Context, took time.Duration) error {
	if err := c.s.ask(ctx); err != nil {
		return err
	}
	if err := fault.Point("verify.chunk"); err != nil {
		return err
	}
	_, err := c.pace.Wait(ctx, 0, took)
	return err
}

// add counts, and returns how many rows were compared.
func (c *comparison) add(got shadow.Compared) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.Rows += got.Rows
	c.out.Differ += int64(len(got.Differ))
	c.out.Repaired += int64(len(got.Repaired))
	c.out.RepairedKeys = append(c.out.RepairedKeys, got.Repaired[:min(len(got.Repaired), max(10-len(c.out.RepairedKeys), 0))]...)
	c.out.Keys = append(c.out.Keys, got.Differ[:min(len(got.Differ), max(10-len(c.out.Keys), 0))]...)
	return c.out.Rows
}
