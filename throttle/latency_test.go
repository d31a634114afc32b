package throttle

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// TestQuantileIsTheSortedOne compares with the definition on random samples.
func TestQuantileIsTheSortedOne(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		h, all := Histogram{}, []time.Duration{}
		for range 1 + r.IntN(300) {
			d := time.Duration(1+r.IntN(50)) * ms
			h[d]++
			all = append(all, d)
		}
		slices.Sort(all)
		for _, percent := range []int{50, 90, 99, 100} {
			want := all[(len(all)*percent+99)/100-1]
			if got := h.Quantile(float64(percent) / 100); got != want {
				t.Fatalf("p%d of %d values: %s, want %s", percent, len(all), got, want)
			}
		}
	}
	if got := (Histogram{}).Quantile(.99); got != 0 {
		t.Errorf("of nothing: %s", got)
	}
}

func TestRemoveTakesTheNearest(t *testing.T) {
	h := Histogram{1 * ms: 900, 2 * ms: 95, 8 * ms: 5, 140 * ms: 6, 160 * ms: 8}
	h.Remove(13, 150*ms) // ours: thirteen chunks
	if h[140*ms]+h[160*ms] != 1 || h.Count() != 1001 {
		t.Errorf("left: %v", h)
	}
	h.Remove(1, 170*ms)
	if want := (Histogram{1 * ms: 900, 2 * ms: 95, 8 * ms: 5}); !maps.Equal(h, want) {
		t.Errorf("left: %v", h)
	}
	if p := h.Quantile(.99); p != 2*ms {
		t.Errorf("p99 %s", p)
	}
	h.Remove(5000, ms)
	if h.Count() != 0 {
		t.Errorf("left: %v", h)
	}
}

// TestTransactionsP99: of transactions of six statements, of which one in a hundred has a slow
// one, the quantile of the statements and the time of the five others is the transactions' p99;
// and where nobody counts transactions it is that of statements.
func TestTransactionsP99(t *testing.T) {
	h := Histogram{1 * ms: 59_890, 10 * ms: 100, 50 * ms: 10} // 10,000 transactions, 110 of them slow
	var w Transactions
	w.See(Ended{Statements: h, Transactions: 10_000})
	if got := h.Quantile(1 - w.Slow()); got != 10*ms {
		t.Errorf("p99 of transactions %s at the share %g", got, w.Slow())
	}
	if got := w.Rest(); got < 5*ms || got > 6*ms {
		t.Errorf("the five others take %s", got)
	}
	if got := h.Quantile(.99); got != ms {
		t.Errorf("p99 of statements %s", got)
	}
	var unknown Transactions
	if unknown.See(Ended{Statements: h}); unknown.Slow() != .01 || unknown.Rest() != 0 {
		t.Errorf("share %g, rest %s without transactions", unknown.Slow(), unknown.Rest())
	}
	if unknown.See(Ended{Statements: h, Transactions: 1}); unknown.Slow() != .01/mostPerTransaction {
		t.Errorf("share %g with one", unknown.Slow())
	}
	for range 2000 { // autocommit from now on
		w.See(Ended{Statements: Histogram{ms: 100}, Transactions: 120})
	}
	if got := w.Slow(); got > .01 || got < .0099 || w.Rest() != 0 {
		t.Errorf("share %g, rest %s of single statements", got, w.Rest())
	}
}

func TestWindowForgets(t *testing.T) {
	w, now := Window{Span: time.Second}, time.Now()
	w.Add(now, Histogram{500 * ms: 1})
	if got := w.Add(now.Add(900*ms), Histogram{ms: 1}); got.Quantile(1) != 500*ms || got.Count() != 2 {
		t.Errorf("within the span: %v", got)
	}
	if got := w.Add(now.Add(1000*ms), Histogram{ms: 1}); got.Quantile(1) != ms || got.Count() != 2 {
		t.Errorf("behind the span: %v", got)
	}
}
