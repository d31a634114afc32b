package backfill

import (
	"sync"
	"time"
)

// Bounds of a chunk in rows. Below the least the fixed cost of a transaction
// dominates; above the most a chunk that meets a slow moment holds its row locks
// far beyond the target.
const (
	leastRows = 20
	mostRows  = 50_000
	firstRows = 500
)

// leastTarget is how short a chunk gets when only a share of the time may be worked.
// Below it the pauses alone grow: most of a chunk's time would be its fixed cost.
const leastTarget = 20 * time.Millisecond

// Sizer chooses how many rows a chunk takes so that it lasts about the target.
// It shrinks at once and grows at most by half a step, since a chunk that is too
// small only costs time and one that is too large holds locks.
type Sizer struct {
	mu     sync.Mutex
	target time.Duration
	rows   float64
	fixed  bool
}

// NewSizer starts at 500 rows; fixed > 0 pins the size.
func NewSizer(target time.Duration, fixed int) *Sizer {
	if fixed > 0 {
		return &Sizer{rows: float64(fixed), fixed: true}
	}
	return &Sizer{target: target, rows: firstRows}
}

// Rows is the size of the next chunk when a part of one should be done at once.
func (s *Sizer) Rows(part float64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fixed || part >= 1 || s.target <= leastTarget {
		return int(s.rows)
	}
	return max(int(s.rows*max(part, float64(leastTarget)/float64(s.target))), leastRows)
}

// Took tells how long a chunk lasted that n rows were asked for. One that was asked to be
// shorter counts in proportion.
func (s *Sizer) Took(n int, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fixed || n <= 0 || d <= 0 {
		return
	}
	want := float64(s.target) * float64(n) / s.rows
	s.rows = min(max(s.rows*min(want/float64(d), 1.5), leastRows), mostRows)
}

// Shrink halves the size after a chunk was rolled back by a conflict.
func (s *Sizer) Shrink() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.fixed {
		s.rows = max(s.rows/2, leastRows)
	}
}
