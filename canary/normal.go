package canary

import "math"

// upperTail is P(Z >= z) of the standard normal distribution.
func upperTail(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

// leastP keeps quantiles finite: no p-value that can be told apart from it decides anything.
const leastP = 1e-300

// tailQuantile is the z with P(Z >= z) = p. Newton's steps on the logarithm of
// the tail hold their precision where the inverse error function has none left.
func tailQuantile(p float64) float64 {
	if p > 0.5 {
		return -tailQuantile(1 - p)
	}
	p = max(p, leastP)
	z := math.Sqrt(max(0, -2*math.Log(2*p))) // never under the root, from where the steps only fall
	for range 50 {
		tail := upperTail(z)
		density := math.Exp(-z*z/2) / math.Sqrt(2*math.Pi)
		step := (math.Log(tail) - math.Log(p)) * tail / density
		z += step
		if math.Abs(step) < 1e-14*(1+z) {
			break
		}
	}
	return z
}

// studentTail is P(T >= t) of Student's distribution (Abramowitz and Stegun, 26.7.1).
func studentTail(t, freedom float64) float64 {
	tail := incompleteBeta(freedom/2, 0.5, freedom/(freedom+t*t)) / 2
	if t < 0 {
		return 1 - tail
	}
	return tail
}

// studentQuantile is the t with P(T >= t) = p.
func studentQuantile(p, freedom float64) float64 {
	if p > 0.5 {
		return -studentQuantile(1-p, freedom)
	}
	low, high := 0.0, 1.0
	for studentTail(high, freedom) > max(p, leastP) && high < 1e100 {
		low, high = high, 2*high
	}
	for range 200 {
		mid := low + (high-low)/2
		if mid == low || mid == high {
			break
		}
		if studentTail(mid, freedom) > p {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// StudentQuantile is the t with P(T >= t) = p of Student's distribution, for p in (0, 1) and any number of degrees
// of freedom above 0.
func StudentQuantile(p, freedom float64) float64 { return studentQuantile(p, freedom) }
