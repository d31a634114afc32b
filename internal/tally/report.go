package tally

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Report is what the application went through since the start or the last Lap.
type Report struct {
	Elapsed    time.Duration
	Commits    int64
	Rollbacks  int64 // of its own
	Retries    int64 // deadlocks, lock timeouts, names of the other shape
	Statements int64
	Errors     int64
	First      []string // the first of them
	// Longest is the slowest statement.
	Longest   time.Duration
	LongestAt time.Time
	LongestOf string
}

func (r Report) String() string {
	s := fmt.Sprintf("%d commits in %.1f s (%.0f/s), %d rollbacks, %d tried again, longest statement %s at %s: %s", r.Commits, r.Elapsed.Seconds(),
		float64(r.Commits)/r.Elapsed.Seconds(), r.Rollbacks, r.Retries, r.Longest.Round(time.Millisecond), r.LongestAt.Format("15:04:05.000"), cut(r.LongestOf))
	if r.Errors > 0 {
		s += fmt.Sprintf("\n%d errors:\n%s", r.Errors, strings.Join(r.First, "\n"))
	}
	return s
}

func cut(s string) string {
	if len(s) > 120 {
		return s[:120] + "…"
	}
	return s
}

type meter struct {
	mu    sync.Mutex
	r     Report
	begin time.Time
}

func (m *meter) statement(q string, at time.Time, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.r.Statements++
	if took > m.r.Longest {
		m.r.Longest, m.r.LongestAt, m.r.LongestOf = took, at, q
	}
	if m.begin.IsZero() {
		m.begin = at
	}
}

func (m *meter) ended(committed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if committed {
		m.r.Commits++
	} else {
		m.r.Rollbacks++
	}
}

func (m *meter) retry() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.r.Retries++
}

func (m *meter) fail(q string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.r.Errors++; m.r.Errors <= 5 {
		m.r.First = append(m.r.First, fmt.Sprintf("%s: %s\n    in %s", time.Now().Format("15:04:05.000"), err, q))
	}
}

// Report is the account since the start or the last Lap.
func (f *Fleet) Report() Report {
	f.meter.mu.Lock()
	defer f.meter.mu.Unlock()
	r := f.meter.r
	r.Elapsed = max(time.Since(f.meter.begin), time.Microsecond)
	return r
}

// Lap is Report and begins a new account. Errors stay.
func (f *Fleet) Lap() Report {
	r := f.Report()
	f.meter.mu.Lock()
	defer f.meter.mu.Unlock()
	f.meter.r = Report{Errors: r.Errors, First: r.First}
	f.meter.begin = time.Now()
	return r
}

// pace spreads transactions over time.
type pace struct {
	mu   sync.Mutex
	next time.Time
	gap  time.Duration
}

func newPace(rate float64) *pace {
	if rate <= 0 {
		return &pace{}
	}
	return &pace{gap: time.Duration(float64(time.Second) / rate)}
}

// burst is how much of what was missed is caught up with.
const burst = 100 * time.Millisecond

// wait waits for the next turn; false when the context is over.
func (p *pace) wait(ctx context.Context) bool {
	if p.gap > 0 {
		rest(ctx, time.Until(p.turn()))
	}
	return ctx.Err() == nil
}

func (p *pace) turn() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if behind := time.Now().Add(-burst); p.next.Before(behind) {
		p.next = behind
	}
	p.next = p.next.Add(p.gap)
	return p.next
}
