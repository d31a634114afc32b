package backfill

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/state"
)

// claims hands out segments: first those that an earlier run left open, then new
// ones at the frontier. A segment is stored before anybody works on it, so the
// frontier survives a crash too.
type claims struct {
	mu       sync.Mutex
	r        *Runner
	open     []state.Segment
	frontier Key
	end      Key // "": there is none
	number   int
	all      bool // the last segment, up to the end, is handed out
	rows     int64
}

func newClaims(r *Runner, stored []state.Segment, end Key) *claims {
	c := &claims{r: r, number: -1, end: end}
	for _, s := range stored {
		c.rows += s.Rows
		if !s.Done {
			c.open = append(c.open, s)
		}
		if s.Number > c.number {
			c.number, c.frontier, c.all = s.Number, s.High, s.High == end || s.High == ""
		}
	}
	return c
}

func (c *claims) next(ctx context.Context) (state.Segment, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) > 0 {
		s := c.open[0]
		c.open = c.open[1:]
		return s, true, nil
	}
	if c.all {
		return state.Segment{}, false, nil
	}
	return c.claim(ctx)
}

func (c *claims) claim(ctx context.Context) (state.Segment, bool, error) {
	o := c.r.o
	high, err := c.r.table.Boundary(ctx, c.frontier, c.end, o.SegmentRows)
	if err != nil {
		return state.Segment{}, false, fmt.Errorf("find the end of the segment after %q: %w", c.frontier, err)
	}
	if high == "" {
		high = c.end
	}
	s := state.Segment{Run: o.Run, Step: o.Step, Pass: 1, Number: c.number + 1, Low: c.frontier, High: high, Cursor: c.frontier}
	if err := c.r.segments.PutSegment(ctx, s); err != nil {
		return s, false, fmt.Errorf("open segment %d: %w", s.Number, err)
	}
	c.number, c.frontier, c.all = s.Number, high, high == c.end
	return s, true, fault.Point("backfill.segment_opened")
}

type counter struct{ n atomic.Int64 }

func (c *counter) add(n int64)  { c.n.Add(n) }
func (c *counter) value() int64 { return c.n.Load() }
