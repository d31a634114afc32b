package backfill

import (
	"sync"
	"time"
)

// Progress is how far a walk is.
type Progress struct {
	Rows  int64 // rows walked, earlier runs included
	Total int64 // estimate; 0: unknown
	Rate  float64
	ETA   time.Duration
	Chunk int
	Hold  string
}

// meter turns counts into a smoothed rate and tells an observer at most twice a
// second.
type meter struct {
	mu      sync.Mutex
	rows    int64
	started int64 // rows when this process began
	total   int64
	begin   time.Time
	last    time.Time
	lastN   int64
	rate    float64
	tell    func(Progress)
	sizer   *Sizer
}

const tellEvery = 500 * time.Millisecond

func newMeter(rows, total int64, sizer *Sizer, tell func(Progress)) *meter {
	now := time.Now()
	return &meter{rows: rows, started: rows, total: total, begin: now, last: now, lastN: rows, tell: tell, sizer: sizer}
}

func (m *meter) add(n int64, hold string) {
	m.mu.Lock()
	m.rows += n
	now := time.Now()
	since := now.Sub(m.last)
	if since < tellEvery {
		m.mu.Unlock()
		return
	}
	current := float64(m.rows-m.lastN) / since.Seconds()
	if m.rate == 0 {
		m.rate = current
	}
	m.rate = 0.7*m.rate + 0.3*current
	m.last, m.lastN = now, m.rows
	p := m.progress(hold)
	m.mu.Unlock()
	m.tell(p)
}

func (m *meter) progress(hold string) Progress {
	p := Progress{Rows: m.rows, Total: max(m.total, m.rows), Rate: m.rate, Chunk: m.sizer.Rows(1), Hold: hold}
	if m.rate > 0 && m.total > m.rows {
		p.ETA = time.Duration(float64(m.total-m.rows) / m.rate * float64(time.Second))
	}
	return p
}

// average is the rate since this process began.
func (m *meter) average() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d := time.Since(m.begin).Seconds(); d > 0 {
		return float64(m.rows-m.started) / d
	}
	return 0
}
