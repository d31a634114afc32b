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
//
// Where each statement is counted it steers what is slow of them to what may be, in the long run. A server's
// own hiccup of a tenth of a second puts the p99 of that second at ten times the
// limit, and is a few statements; work that is in the way makes many slow. The logarithm of the share adds up what the limit
// leaves, less what was slow: it moves little with each, and rests where both are the same.
type brake struct {
	share float64 // 0: no answer yet
	held  bool    // over the limit also at the least share: it isn't the work that does it

	usual     float64 // slow ones allowed in an answer, of late
	calm      float64 // answers since the last slow one
	over, may float64 // slow ones, and how many were allowed, of about the last second
}

// The constants of steering by counts. The gain was chosen on a disk whose hiccups come with what is written (at half of the time
// worked, two in three seconds): the share keeps within a third of its mean, and gets there within some 10 s.
const (
	spend      = 0.85 // of what is allowed, so that the rest is there for what can't be foreseen
	gain       = 0.03 // in the share's logarithm, for one answer's usual allowance
	longCalm   = 40.0 // answers without a slow one after which it is twice as much upwards
	leastUsual = 0.25 // so that of few statements a slow one isn't a reason to stop
	recent     = 0.75 // weight of what was seen before, at each answer, in the last second's ratio
	remembers  = 0.95 // and in what is usual
)

// nextToNothing is a share that an answer without a slow statement among many with some doesn't leave.
const nextToNothing = 2 * leastShare

// pay takes how many were slow and how many may be.
func (b *brake) pay(t Tail) {
	if b.share == 0 {
		b.share, b.usual = firstShare, t.Allowed
	}
	b.usual = remembers*b.usual + (1-remembers)*t.Allowed
	b.over, b.may = recent*b.over+t.Over, recent*b.may+t.Allowed
	b.share = min(max(b.share*max(math.Exp(b.step(t)), mostDown), leastShare), 1)
	b.held = b.share <= nextToNothing && b.over > b.may
}

// step is by how much the share's logarithm moves. Of an application that does nothing, nothing is slow.
func (b *brake) step(t Tail) float64 {
	if t.Over > 0 {
		b.calm = 0
		return gain * (spend*t.Allowed - t.Over) / max(b.usual, leastUsual)
	}
	b.calm++
	up := 1.0
	if t.Allowed > 0 {
		up = t.Allowed / max(b.usual, leastUsual)
	}
	return gain * spend * up * (1 + b.calm/longCalm)
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
