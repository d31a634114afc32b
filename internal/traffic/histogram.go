package traffic

import (
	"math"
	"time"
)

// buckets are eight to an octave from 1 µs on: a percentile is right to 9 %.
const buckets = 8 * 27

// histogram counts latencies.
type histogram struct {
	count [buckets]int64
	total int64
}

func bucket(d time.Duration) int {
	us := float64(d) / float64(time.Microsecond)
	if us <= 1 {
		return 0
	}
	return min(int(math.Log2(us)*8), buckets-1)
}

func (h *histogram) add(d time.Duration) {
	h.count[bucket(d)]++
	h.total++
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.count {
		h.count[i] += n
	}
	h.total += o.total
}

// at is the latency that the share q of all was at or under.
func (h *histogram) at(q float64) time.Duration {
	want := int64(math.Ceil(q * float64(h.total)))
	var seen int64
	for i, n := range h.count {
		if seen += n; seen >= want && n > 0 {
			return time.Duration(math.Exp2(float64(i+1)/8) * float64(time.Microsecond))
		}
	}
	return 0
}
