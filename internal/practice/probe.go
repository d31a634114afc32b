package practice

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/drill"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// probePause lies between two probes of a session: how exact a wait is measured.
const probePause = 2 * time.Millisecond

// sample is one probe.
type sample struct {
	begin, end time.Time
	writes     bool
	err        string
}

// probes ask for the locks of tables, as an application does that reads and writes there, and touch no row.
type probes struct {
	mu   sync.Mutex
	list []sample
}

// run probes until the context ends. Each table has a session that reads and one that writes.
func (p *probes) run(ctx context.Context, dsn string, t tongue, plan *plans.Plan) error {
	db, err := throwaway.Open(dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	var g errgroup.Group
	for _, id := range plan.Tables() {
		for _, writes := range []bool{false, true} {
			g.Go(func() error {
				p.repeat(ctx, db, t.probe(id, writes), writes, plan.MayMiss(id))
				return nil
			})
		}
	}
	return g.Wait()
}

func (t tongue) probe(id schema.Ident, writes bool) string {
	switch {
	case !writes:
		return "SELECT 1 FROM " + t.table(id) + " LIMIT 0"
	case t.postgres:
		return "BEGIN; LOCK TABLE " + t.table(id) + " IN ROW EXCLUSIVE MODE; ROLLBACK"
	}
	return "SELECT 1 FROM " + t.table(id) + " WHERE 1 = 0 FOR UPDATE"
}

// repeat leaves failures out on a table that isn't always there: they tell of no lock.
func (p *probes) repeat(ctx context.Context, db *sql.DB, query string, writes, mayMiss bool) {
	for ctx.Err() == nil {
		s := sample{begin: time.Now(), writes: writes}
		err := probeOnce(ctx, db, query)
		s.end = time.Now()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.err = err.Error()
		}
		if err == nil || !mayMiss {
			p.mu.Lock()
			p.list = append(p.list, s)
			p.mu.Unlock()
		}
		_ = pause.For(ctx, probePause) // ctx ends the loop
	}
}

// probeOnce has a session of its own from the pool; one that failed in a transaction isn't used again.
func probeOnce(ctx context.Context, db *sql.DB, query string) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err = conn.ExecContext(ctx, query); err != nil {
		_, _ = conn.ExecContext(ctx, "ROLLBACK") // else the next one would be told of this one's failure
	}
	return err
}

// since is the longest probe from a moment on.
func (p *probes) since(at time.Time) (longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.list {
		if s.begin.After(at) {
			longest = max(longest, s.end.Sub(s.begin))
		}
	}
	return longest
}

// tell gives each step the longest of those probes that ran, for the most part, while it did.
func (p *probes) tell(spans []span) []drill.Timing {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]drill.Timing, len(spans))
	for i, s := range spans {
		out[i] = s.Timing
	}
	for _, s := range p.list {
		best, share := -1, time.Duration(0)
		for i, x := range spans {
			if d := overlap(s, x); d > share {
				best, share = i, d
			}
		}
		if best >= 0 {
			attribute(&out[best], s)
		}
	}
	return out
}

func attribute(t *drill.Timing, s sample) {
	took := s.end.Sub(s.begin)
	switch {
	case s.err != "":
		t.Probe = s.err
	case s.writes:
		t.WriteWait = max(t.WriteWait, took)
	default:
		t.ReadWait = max(t.ReadWait, took)
	}
}

func overlap(s sample, x span) time.Duration {
	begin, end := s.begin, s.end
	if x.begin.After(begin) {
		begin = x.begin
	}
	if x.end.Before(end) {
		end = x.end
	}
	return end.Sub(begin)
}
