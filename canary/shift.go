package canary

import (
	"math"
	"slices"
)

// Interval is a confidence interval. Level is its two-sided confidence, 0 to 1.
type Interval struct {
	Level float64 `json:"level"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// differences are all values of the canary minus all values of the baseline,
// n·m of them, of which single ones are found without making them all.
type differences struct {
	canary, baseline []float64 // sorted
}

func newDifferences(canary, baseline []float64) differences {
	return differences{slices.Sorted(slices.Values(canary)), slices.Sorted(slices.Values(baseline))}
}

func (d differences) len() int { return len(d.canary) * len(d.baseline) }

// median is the shift of Hodges and Lehmann (Annals of Mathematical Statistics 34, 1963):
// by how much the canary's values lie above the baseline's, whatever their shape.
func (d differences) median() float64 {
	n := d.len()
	if n%2 == 1 {
		return d.at((n + 1) / 2)
	}
	low, high := d.at(n/2), d.at(n/2+1)
	return low + (high-low)/2
}

// interval inverts the Mann-Whitney test: it holds the shifts that the test doesn't
// reject at this level. The count of differences to leave out on each side is taken from the
// distribution without ties, which makes the interval a little wide where there
// are ties, never too narrow. Nil: so few points can't give this level.
func (d differences) interval(level float64, by dependence) *Interval {
	tail := by.demand((1 - level) / 2)
	k := leftOut(len(d.canary), len(d.baseline), tail)
	if k < 1 {
		return nil
	}
	return &Interval{level, d.at(k), d.at(d.len() + 1 - k)}
}

// leftOut is the smallest u with P(U <= u) > tail: the k-th smallest difference is
// then the lower bound.
func leftOut(n, m int, tail float64) int {
	if exactAffordable(min(n, m), n+m) {
		return exactLeftOut(min(n, m), n+m, tail)
	}
	mean, sd := float64(n)*float64(m)/2, sdOfU(n, m, 0)
	u := math.Ceil(mean - 0.5 - sd*tailQuantile(tail))
	return int(min(max(u, 0), mean))
}

func exactLeftOut(n, all int, tail float64) int {
	ranks := make([]tie, all)
	for i := range ranks {
		ranks[i] = tie{size: 1, rank2: 2 * (i + 1)}
	}
	d := newRankSums(ranks, n)
	sum := 0.0
	for u := 0; ; u++ {
		sum += d.ways[n*(n+1)+2*u]
		if sum/d.total > tail*(1+1e-12) { // 11/220 is no more than 0.05
			return u
		}
	}
}

// at is the k-th smallest difference, from 1. The search halves the range of
// floating point numbers until one is left of which k differences are not above: 64 counts,
// each a walk along both samples. Sorting n·m differences would take the memory of all.
func (d differences) at(k int) float64 {
	last := len(d.canary) - 1
	low, high := order(d.canary[0]-d.baseline[len(d.baseline)-1]), order(d.canary[last]-d.baseline[0])
	for low < high {
		mid := low + (high-low)/2
		if d.notAbove(value(mid)) >= k {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return value(low) + 0 // a negative zero becomes zero
}

// notAbove counts the differences that are at most v.
func (d differences) notAbove(v float64) int {
	count, j := 0, len(d.baseline)
	for _, c := range d.canary {
		// A larger c needs a larger b to stay at or under v, so that j only falls.
		for i := len(d.baseline) - j; i < len(d.baseline) && c-d.baseline[i] > v; i++ {
			j--
		}
		count += j
	}
	return count
}

// order maps floating point numbers to whole numbers of the same order.
func order(f float64) uint64 {
	b := math.Float64bits(f)
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

func value(o uint64) float64 {
	if o>>63 == 1 {
		return math.Float64frombits(o &^ (1 << 63))
	}
	return math.Float64frombits(^o)
}
