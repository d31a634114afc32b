package canary

import "math"

// utest is a Mann-Whitney test (Mann and Whitney, Annals of Mathematical Statistics 18,
// 1947) of the canary against the baseline. It asks whether a value of one tends to be
// larger than a value of the other, and assumes no shape of their distributions.
type utest struct {
	u       float64 // pairs in which the canary's value is larger; an equal pair counts half
	greater float64 // P(U >= u) if both are alike
	less    float64 // P(U <= u) if both are alike
	exact   bool    // by counting, else by the normal approximation
}

// either is the two-sided p-value: the smaller tail doubled, as scipy does it.
func (t utest) either() float64 { return min(1, 2*min(t.greater, t.less)) }

// mannWhitney tests two samples, neither of them empty.
func mannWhitney(canary, baseline []float64) utest {
	g := ties(canary, baseline)
	n, m := len(canary), len(baseline)
	sum2 := rankSum2(g)
	t := utest{u: float64(sum2-n*(n+1)) / 2}
	if exactAffordable(min(n, m), n+m) {
		t.exact = true
		t.greater, t.less = exactTails(g, n, m, sum2)
		return t
	}
	t.greater, t.less = normalTails(t.u, n, m, tieTerm(g))
	return t
}

// exactTails counts the choices of the smaller sample, which is cheaper. The ranks of
// both add up to a constant, so that a high sum of one is a low sum of the other.
func exactTails(g []tie, n, m, sum2 int) (greater, less float64) {
	if n <= m {
		d := newRankSums(g, n)
		return d.atLeast(sum2), d.atMost(sum2)
	}
	d := newRankSums(swapped(g), m)
	rest := (n+m)*(n+m+1) - sum2
	return d.atMost(rest), d.atLeast(rest)
}

// normalTails is the normal approximation with the correction for ties and the
// continuity correction of a half.
func normalTails(u float64, n, m int, tied float64) (greater, less float64) {
	mean := float64(n) * float64(m) / 2
	sd := sdOfU(n, m, tied)
	if sd == 0 {
		return 1, 1 // all values are equal
	}
	return upperTail((u - mean - 0.5) / sd), upperTail((mean - u - 0.5) / sd)
}

// sdOfU is the standard deviation of U; tied is 0 without ties.
func sdOfU(n, m int, tied float64) float64 {
	all := float64(n + m)
	v := float64(n) * float64(m) / 12 * (all + 1 - tied/(all*(all-1)))
	return math.Sqrt(max(0, v))
}

// tieTerm is the sum of t³ - t over all ties.
func tieTerm(g []tie) float64 {
	sum := 0.0
	for _, t := range g {
		f := float64(t.size)
		sum += f*f*f - f
	}
	return sum
}

// leastTail is the smallest one-sided p-value that n against m points can
// give: every value of one above all of the other.
func leastTail(n, m int) float64 {
	if exactAffordable(min(n, m), n+m) {
		return math.Exp(-logChoose(n+m, n))
	}
	greater, _ := normalTails(float64(n)*float64(m), n, m, 0)
	return greater
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}
