package canary

import "math"

// Points of one minute are not independent of those of the minute before: load, caches
// and incidents last longer. Sixty points that hang together say less than sixty, and a test that
// takes them for sixty raises false alarms. The design effect is the factor by which they say less.

// dependence is a design effect and how well it is known.
type dependence struct {
	effect  float64 // 1: independent
	freedom float64 // degrees of freedom of the estimate; only where effect is over 1
}

// independent is the dependence of what is known to be independent.
var independent = dependence{effect: 1}

// mostCorrelation bounds what is believed of a correlation measured on few points; the
// design effect is then at most 39.
const mostCorrelation = 0.95

// leastPairs is how many points are needed to measure a correlation at all.
const leastPairs = 8

// autoregressive is the design effect (1+r)/(1-r) of points whose neighbours have the correlation r,
// measured on n of them: that of a first-order autoregression (Bayley and Hammersley, Supplement to the
// Journal of the Royal Statistical Society 8, 1946).
func autoregressive(r, n float64) dependence {
	// The logarithm of the effect has a standard error of 2/√(n(1-r²)); that of a variance with f
	// degrees of freedom has √(2/f).
	return dependence{(1 + r) / (1 - r), max(1, n*(1-r*r)/2)}
}

// neighbours is the correlation r of neighbours in time if the canary is healthy, and the number n of points
// that it is measured on.
//
// The canary's own points are left out where they hang together more than the baseline's by more than
// chance: a canary that breaks halfway must not excuse itself by its unsteadiness. And where the
// differences of both sides at the same moment hang together less, these count: a load that rises
// on both sides alike is no dependence that matters. By more than chance is by two standard errors: a
// correlation of n points has a variance of 1/n at most, so the difference of two has 2/n; that of
// the differences contains the mean of both, so theirs has 1/n - 1/2n.
func neighbours(baseline, canary []float64, pairs [][2]float64, of func([]float64) float64) (r, n float64) {
	r, n = of(baseline), float64(len(baseline))
	if own := of(canary); own-r <= 2*math.Sqrt(2/min(n, float64(len(canary)))) {
		weight := n / (n + float64(len(canary)))
		r = weight*r + (1-weight)*own
		n += float64(len(canary))
	}
	if apart := of(gaps(pairs)); len(pairs) >= leastPairs && r-apart > 2*math.Sqrt(0.5/float64(len(pairs))) {
		r, n = apart, float64(len(pairs))
	}
	return r, n
}

func gaps(pairs [][2]float64) []float64 {
	out := make([]float64, len(pairs))
	for i, p := range pairs {
		out[i] = p[1] - p[0]
	}
	return out
}

// rankCorrelation is that of the ranks, which the long tails of latencies don't move.
func rankCorrelation(values []float64) float64 { return correlation(midranks(values)) }

// correlation is the lag-one autocorrelation, 0 to mostCorrelation. The estimate is low by
// (1+3r)/n on average (Kendall, Biometrika 41, 1954), which is put back.
func correlation(values []float64) float64 {
	n := float64(len(values))
	if len(values) < leastPairs {
		return 0
	}
	mean := sum(values) / n
	var with, all float64
	for i, v := range values {
		all += (v - mean) * (v - mean)
		if i > 0 {
			with += (v - mean) * (values[i-1] - mean)
		}
	}
	if all == 0 {
		return 0 // all values are equal
	}
	r := with / all
	r += (1 + 3*r) / n
	return min(max(r, 0), mostCorrelation)
}

// discount weakens a p-value whose observations are worth only one in effect each: its
// normal score shrinks by the root of the effect, as the standard error of a mean grows by it (Kish, Survey
// Sampling, 1965, §8.2), and since the effect is an estimate, Student's distribution takes the
// normal one's place.
func (d dependence) discount(p float64) float64 {
	if d.effect <= 1 {
		return p
	}
	return studentTail(tailQuantile(p)/math.Sqrt(d.effect), d.freedom)
}

// demand is the inverse of discount: what p has to be so that this much is left of it.
func (d dependence) demand(p float64) float64 {
	if d.effect <= 1 {
		return p
	}
	return upperTail(studentQuantile(p, d.freedom) * math.Sqrt(d.effect))
}

// paired joins what both sides measured at the same moment.
func paired(baseline, canary Sample, b, c []float64) [][2]float64 {
	if len(baseline.Times) == 0 || len(canary.Times) == 0 {
		if len(b) != len(c) {
			return nil
		}
		out := make([][2]float64, len(b))
		for i := range b {
			out[i] = [2]float64{b[i], c[i]}
		}
		return out
	}
	var out [][2]float64
	for i, j := 0, 0; i < len(b) && j < len(c); {
		switch x, y := baseline.Times[i], canary.Times[j]; {
		case x < y:
			i++
		case x > y:
			j++
		default:
			out = append(out, [2]float64{b[i], c[j]})
			i++
			j++
		}
	}
	return out
}
