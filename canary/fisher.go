package canary

import "math"

// drawn is Fisher's conditional distribution (Statistical Methods for Research Workers,
// 1934): of the events of both sides together, how many fall to the canary if its odds are `odds`
// times the baseline's. At odds 1 it is the hypergeometric distribution of Fisher's exact test.
type drawn struct {
	canary, baseline, events float64 // totals of each side, events of both; whole numbers
	odds                     float64
	mode                     float64 // the most likely number
	sum                      float64 // of all weights, the mode's being 1
}

// newDrawn needs canary + baseline >= events.
func newDrawn(canary, baseline, events, odds float64) drawn {
	d := drawn{canary: canary, baseline: baseline, events: events, odds: odds}
	low, high := d.support()
	for low < high { // the ratio falls with x: the mode is where it passes 1
		mid := math.Floor((low + high) / 2)
		if d.ratio(mid) > 1 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	d.mode = low
	d.sum = d.upward(d.mode) + d.downward(d.mode) - 1
	return d
}

// support is the least and the greatest number that the totals allow.
func (d drawn) support() (low, high float64) {
	return max(0, d.events-d.baseline), min(d.canary, d.events)
}

// ratio is the weight of x+1 over the weight of x.
func (d drawn) ratio(x float64) float64 {
	return (d.canary - x) / (x + 1) * (d.events - x) / (d.baseline - d.events + x + 1) * d.odds
}

// atLeast is P(X >= x), atMost is P(X <= x). The far tail is summed by itself, so that
// it keeps its precision where one minus the rest would have none.
func (d drawn) atLeast(x float64) float64 {
	low, high := d.support()
	switch {
	case x <= low:
		return 1
	case x > high:
		return 0
	case x <= d.mode:
		return max(0, 1-d.atMost(x-1))
	}
	return min(1, d.weight(x)*d.upward(x)/d.sum)
}

func (d drawn) atMost(x float64) float64 {
	low, high := d.support()
	switch {
	case x >= high:
		return 1
	case x < low:
		return 0
	case x >= d.mode:
		return max(0, 1-d.atLeast(x+1))
	}
	return min(1, d.weight(x)*d.downward(x)/d.sum)
}

// weight is that of x over that of the mode; 0 where it is too small to be told.
func (d drawn) weight(x float64) float64 {
	log := 0.0
	for i := d.mode; i < x && log > vanishing; i++ {
		log += math.Log(d.ratio(i))
	}
	for i := d.mode; i > x && log > vanishing; i-- {
		log -= math.Log(d.ratio(i - 1))
	}
	return math.Exp(log)
}

const (
	vanishing  = -745  // exp of it is the least number above zero
	negligible = 1e-18 // of a sum: less than its last bit
)

// upward and downward sum the weights from x on, x's own being 1.
func (d drawn) upward(x float64) float64 {
	_, high := d.support()
	sum, term := 1.0, 1.0
	for ; x < high && term > negligible*sum; x++ {
		term *= d.ratio(x)
		sum += term
	}
	return sum
}

func (d drawn) downward(x float64) float64 {
	low, _ := d.support()
	sum, term := 1.0, 1.0
	for ; x > low && term > negligible*sum; x-- {
		term /= d.ratio(x - 1)
		sum += term
	}
	return sum
}
