package throttle

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Histogram counts statements by how long they took at most.
type Histogram map[time.Duration]int64

// Count is how many there are.
func (h Histogram) Count() int64 {
	var n int64
	for _, c := range h {
		n += c
	}
	return n
}

// Quantile is the least duration that a share q of the statements didn't exceed; 0
// when there are none. Of fewer than 1/(1-q) statements it is the longest.
func (h Histogram) Quantile(q float64) time.Duration {
	want := int64(math.Ceil(q * float64(h.Count())))
	for _, d := range slices.Sorted(maps.Keys(h)) {
		if want -= h[d]; want <= 0 {
			return d
		}
	}
	return 0
}

// Over is how many took longer.
func (h Histogram) Over(limit time.Duration) (n int64) {
	for d, c := range h {
		if d > limit {
			n += c
		}
	}
	return n
}

// Sum is how long all took together; a minute stands for everything longer, such as the end of a
// bucket that has none.
func (h Histogram) Sum() (sum time.Duration) {
	for d, c := range h {
		sum += min(d, time.Minute) * time.Duration(c)
	}
	return sum
}

// Remove takes away n statements that took about as long as mean: those from the
// nearest durations that there are. What is known of statements to be left out is how many
// there were and how long they took together.
func (h Histogram) Remove(n int64, mean time.Duration) {
	far := func(d time.Duration) float64 { return math.Abs(math.Log(max(float64(d), 1) / max(float64(mean), 1))) }
	near := slices.SortedFunc(maps.Keys(h), func(a, b time.Duration) int {
		if fa, fb := far(a), far(b); fa < fb || fa == fb && a < b {
			return -1
		}
		return 1
	})
	for _, d := range near {
		take := min(n, h[d])
		if h[d] -= take; h[d] <= 0 {
			delete(h, d)
		}
		if n -= take; n == 0 {
			return
		}
	}
}

// Ended is what ended between two readings.
type Ended struct {
	Statements   Histogram
	Transactions int64 // 0: not known
	// Each tells that the durations are those of single statements; else they are means of kinds
	// of them.
	Each bool
}

// Transactions turns latencies of statements into those of the transactions they are part
// of. Applications feel transactions, servers count statements: one is slow when one
// of its statements is, so of transactions of k statements each the p99 is about
// the quantile 1 - 0.01/k of the statements, and the time that the k - 1 others take as a rule.
// Time that the application spends in between isn't counted.
type Transactions struct {
	statements, transactions float64 // with less weight the longer ago
	took                     float64 // by the statements together
}

// remembered is the weight of what was seen before, at each answer: some 25 s at four a second.
const remembered = 0.99

// mostPerTransaction bounds k: beyond it the quantile is the longest statement of all.
const mostPerTransaction = 100

// See takes what ended since the answer before.
func (t *Transactions) See(e Ended) {
	if e.Transactions > 0 {
		t.statements = remembered*t.statements + float64(e.Statements.Count())
		t.transactions = remembered*t.transactions + float64(e.Transactions)
		t.took = remembered*t.took + float64(e.Statements.Sum())
	}
}

// each is how many statements a transaction has.
func (t *Transactions) each() float64 {
	if t.transactions == 0 {
		return 1
	}
	return min(max(t.statements/t.transactions, 1), mostPerTransaction)
}

// Slow is the share of the statements that may be slow for one transaction in a hundred
// to be.
func (t *Transactions) Slow() float64 { return 0.01 / t.each() }

// Rest is how long the other statements of a transaction take as a rule.
func (t *Transactions) Rest() time.Duration {
	if t.statements == 0 {
		return 0
	}
	return time.Duration((t.each() - 1) * t.took / t.statements)
}

// Window adds up the histograms of the last span, so that a quantile rests on enough
// statements and still follows within the span.
type Window struct {
	Span  time.Duration
	parts []part
}

type part struct {
	at time.Time
	h  Histogram
}

// Add takes what ended until now and returns the sum of the window.
func (w *Window) Add(now time.Time, h Histogram) Histogram {
	w.parts = append(w.parts, part{now, h})
	w.parts = slices.DeleteFunc(w.parts, func(p part) bool { return now.Sub(p.at) >= w.Span })
	sum := Histogram{}
	for _, p := range w.parts {
		for d, n := range p.h {
			sum[d] += n
		}
	}
	return sum
}
