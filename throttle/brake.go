package throttle

import "math"

// The brake's constants. A sample of a latency is a window of a second seen four
// times, so a gain of a third each time answers a lasting overshoot about in proportion within
// that second, and a single spike doesn't stop the work. Growing is slower than
// shrinking: what is too much hurts the application, what is too little costs time.
const (
	setpoint   = 0.85 // of the limit: a value that is steered to the limit itself is over it half of the time
	gainDown   = 0.35
	gainUp     = 0.15
	mostDown   = 0.4 // a single answer takes away at most so much of the share
	mostUp     = 1.1
	leastShare = 1.0 / 64
	firstShare = 1.0 / 4 // before anything is known
)

// brake turns answers into the share of the time that may be worked. It is a
// controller by the ratio of value and limit: pauses grow in proportion to the
// overshoot, instead of work and standstill taking turns.
type brake struct {
	share float64 // 0: no answer yet
	held  bool    // over the limit also at the least share: it isn't the work that does it
}

// see takes the ratio of a value and its limit.
func (b *brake) see(ratio float64) {
	if b.share == 0 {
		b.share = firstShare
	}
	b.held = ratio > 1 && b.share <= leastShare
	b.share = min(max(b.share*factor(ratio), leastShare), 1)
}

func factor(ratio float64) float64 {
	if ratio <= 0 {
		return mostUp
	}
	gain := gainUp
	if ratio > setpoint {
		gain = gainDown
	}
	return min(max(math.Pow(setpoint/ratio, gain), mostDown), mostUp)
}
