package canary

import (
	"math"
	"testing"
)

func close9(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > 1e-9 {
		t.Errorf("%s: got %.13f, want %.13f", what, got, want)
	}
}

// vectors are published or enumerated values; x is the canary. Asymptotic ones are with the corrections for ties and
// continuity; where fewer digits were published the rest is the formula's, worked out elsewhere.
var vectors = []struct {
	name                         string
	x, y                         []float64
	u                            float64
	greater, less, either, asymp float64
}{
	// The example in the documentation of scipy.stats.mannwhitneyu.
	{"males and females", []float64{19, 22, 16, 29, 24}, []float64{20, 11, 17, 12}, 17, 7.0 / 126, 122.0 / 126, 0.1111111111111111, 0.1113468865331404},
	{"five apart", []float64{6, 7, 8, 9, 10}, []float64{1, 2, 3, 4, 5}, 25, 1.0 / 252, 1, 0.007936507936507936, 0.0121857803553},
	{"four apart", []float64{5, 6, 7, 8}, []float64{1, 2, 3, 4}, 16, 1.0 / 70, 1, 0.02857142857142857, 0.0303828219766},
	{"ties", []float64{1, 2, 2, 3, 5}, []float64{2, 3, 4, 5, 5, 6}, 6.5, 445.0 / 462, 37.0 / 462, 0.1601731601731602, 0.1358517022166},
	{"nearly all tied", []float64{1, 1, 1}, []float64{1, 1, 1, 1, 2}, 6, 1, 0.625, 1, 0.6055766163353},
	// Seven minutes in ten at a hundred, against ten at one.
	{"seven of ten", []float64{100, 100, 100, 100, 100, 100, 100, 1, 1, 1}, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 85, 120.0 / 77520, 1, 240.0 / 77520, 0.0016167728306},
	// Errors in three minutes out of six, against none.
	{"sparse", []float64{0, 1, 2, 1, 0, 0}, []float64{0, 0, 0, 0, 0, 0}, 27, 20.0 / 220, 1, 0.18181818181818182, 0.0731397996589},
}

func TestMannWhitneyVectors(t *testing.T) {
	for _, v := range vectors {
		got := mannWhitney(v.x, v.y)
		if !got.exact || got.u != v.u {
			t.Errorf("%s: U %v, exact %v; want U %v, exact", v.name, got.u, got.exact, v.u)
		}
		close9(t, v.name+" greater", got.greater, v.greater)
		close9(t, v.name+" less", got.less, v.less)
		close9(t, v.name+" either", got.either(), v.either)
		g, l := normalTails(v.u, len(v.x), len(v.y), tieTerm(ties(v.x, v.y)))
		close9(t, v.name+", normal", min(1, 2*min(g, l)), v.asymp)
	}
}

// TestSdOfU is against the first example without correction for continuity.
func TestSdOfU(t *testing.T) {
	close9(t, "males and females", 2*upperTail((17-10)/sdOfU(5, 4, 0)), 0.0864107329737)
}

// TestSmallestP are the least two-sided p-values of n against m points.
func TestSmallestP(t *testing.T) {
	for _, c := range []struct {
		n, m int
		p    float64
	}{{3, 3, 0.1}, {4, 4, 2.0 / 70}, {5, 5, 2.0 / 252}, {6, 6, 2.0 / 924}, {8, 8, 2.0 / 12870}, {10, 10, 2.0 / 184756}, {3, 8, 2.0 / 165}, {2, 13, 2.0 / 105}} {
		close9(t, "least", 2*leastTail(c.n, c.m), c.p)
	}
}
