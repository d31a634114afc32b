package throttle

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Act is what a signal does when it is over its limit.
type Act string

// The acts.
const (
	Hold Act = ""     // nothing is written until it is not over any more
	Slow Act = "slow" // the share of the time that may be worked follows it
	Stop Act = "stop" // the run ends, to be called again
)

// Signal is one measured value that may hold the work back.
type Signal struct {
	Name  string  `json:"name"` // "replica_lag", "active_sessions", "lock_waits", "dead_rows" …
	Value float64 `json:"value"`
	Limit float64 `json:"limit"` // at or under: go on; 0: only shown
	Unit  string  `json:"unit,omitempty"`
	Of    string  `json:"of,omitempty"` // which replica, which table
	Act   Act     `json:"act,omitempty"`
	// Tail is what slows, in place of the value, where each of what was measured is counted.
	Tail *Tail `json:"-"`
	// Longest is how long a chunk may take for it, since what waits for a chunk waits as long; 0: as long as
	// it likes.
	Longest time.Duration `json:"-"`
	// Why is set in place of value and limit where there is no number to tell: the signal is over.
	Why string `json:"why,omitempty"`
}

// Tail counts, of what ended since the answer before, what was over the limit, and how
// many may be for the limit to hold.
type Tail struct{ Over, Allowed float64 }

// Over reports whether the value is over its limit.
func (s Signal) Over() bool { return s.Why != "" || s.Limit > 0 && s.Value > s.Limit }

func (s Signal) String() string {
	name := s.Name
	if s.Of != "" {
		name += " (" + s.Of + ")"
	}
	if s.Why != "" {
		return name + " " + s.Why
	}
	sign := "of"
	if s.Over() {
		sign = ">"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", name, number(s.Value), sign, number(s.Limit), s.Unit))
}

// number shows three digits, and every digit of a whole number.
func number(v float64) string {
	if v == float64(int64(v)) {
		return fmt.Sprintf("%d", int64(v))
	}
	return fmt.Sprintf("%.3g", v)
}

// Source is asked for signals at its own interval.
type Source struct {
	Name    string        // in reasons: "replica r1"
	Every   time.Duration // between an answer and the next question; 500 ms
	Timeout time.Duration // for one answer; 2 s
	Ask     func(ctx context.Context) ([]Signal, error)
}

func (s Source) every() time.Duration {
	if s.Every <= 0 {
		return 500 * time.Millisecond
	}
	return s.Every
}

func (s Source) timeout() time.Duration {
	if s.Timeout <= 0 {
		return 2 * time.Second
	}
	return s.Timeout
}

// patience is how old an answer may be. A source under way answers or times out
// well before; an older answer means that nobody asks any more.
func (s Source) patience() time.Duration { return s.every() + s.timeout() + 2*time.Second }
