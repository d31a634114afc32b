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
// Where each statement is counted it keeps an account of the slow ones instead. A server's
// own hiccup of a tenth of a second puts the p99 of that second at ten times the
// limit, and is a few statements; work that is in the way makes many slow. What the limit
// allows over time is what counts, and a hiccup that it has room for costs nothing.
type brake struct {
	share float64 // 0: no answer yet
	held  bool    // over the limit also at the least share: it isn't the work that does it

	debt      float64 // slow ones more than allowed until now; less than 0: room
	over, may float64 // slow ones, and how many were allowed, of about the last second
}

// The account's constants.
const (
	spend    = 0.6  // of what is allowed, so that the rest is there for what can't be foreseen
	most     = 20.0 // answers' worth of room that is kept: about 5 s at four a second
	mostDebt = 40.0 // and of debt
	recent   = 0.75 // weight of what was seen before, at each answer, in the last second's ratio
)

// pay takes how many were slow and how many may be.
func (b *brake) pay(t Tail) {
	if b.share == 0 {
		b.share, b.debt = firstShare, -1 // one slow statement tells nothing
	}
	allowed := spend * t.Allowed
	room := max(most*allowed, 1)
	b.debt = min(max(b.debt+t.Over-allowed, -room), max(mostDebt*allowed, 2))
	b.over, b.may = recent*b.over+t.Over, recent*b.may+t.Allowed
	b.held = b.debt > 0 && b.share <= leastShare
	switch {
	case b.debt <= 0:
		b.share = min(b.share*(1-(mostUp-1)*b.debt/room), 1) // the more room, the faster
	case t.Over > allowed:
		b.share = max(b.share*factor(b.over/max(b.may, 1e-9)), leastShare)
	} // else what was done last has helped: wait until the debt is paid
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
