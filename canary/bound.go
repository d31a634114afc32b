package canary

import "math"

// upperBound is the rate that n observations with k events rule out to be exceeded, at
// one-sided confidence 1-alpha (Clopper and Pearson, Biometrika 26, 1934). Without an event it is
// 1 - alpha^(1/n), which at 95 % is close to 3/n. k and n may be fractions: a design effect divides them.
func upperBound(k, n, alpha float64) float64 {
	switch {
	case n <= 0 || k >= n:
		return 1
	case k <= 0:
		return -math.Expm1(math.Log(alpha) / n)
	}
	low, high := k/n, 1.0
	for range 200 {
		mid := (low + high) / 2
		if mid == low || mid == high {
			break
		}
		if 1-incompleteBeta(k+1, n-k, mid) > alpha { // P(X <= k) at rate mid
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// overRate is P(X >= k) of n observations at this rate: small if the true rate is higher.
func overRate(k, n, rate float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n:
		return 0
	}
	return min(1, incompleteBeta(k, n-k+1, rate))
}

// needed is the number of observations, all without an event, that rule out a rate above
// the limit: about 3 over the limit at 95 %.
func needed(limit, alpha float64) float64 {
	return math.Ceil(math.Log(alpha) / math.Log1p(-limit))
}

// incompleteBeta is the regularised incomplete beta function I_x(a, b), the
// distribution function of a binomial count (Abramowitz and Stegun, 26.5.24), by its continued
// fraction 26.5.8.
func incompleteBeta(a, b, x float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2): // the fraction converges fast below the mean only
		return 1 - incompleteBeta(b, a, 1-x)
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab - la - lb + a*math.Log(x) + b*math.Log1p(-x))
	return min(1, front/a*betaFraction(a, b, x))
}

// betaFraction evaluates 1/(1+ d1/(1+ d2/(1+ …))) by Lentz's method as Thompson and Barnett
// gave it (Journal of Computational Physics 64, 1986): numerator and denominator are followed as
// ratios. It ends after a number of terms that grows as the root of a and b.
func betaFraction(a, b, x float64) float64 {
	f, c, d := 1.0, 1.0, 0.0
	for i := 1; i < 1_000_000; i++ {
		term := betaTerm(a, b, x, i)
		c = notZero(1 + term/c)
		d = 1 / notZero(1+term*d)
		f *= c * d
		if math.Abs(c*d-1) < 1e-15 {
			break
		}
	}
	return 1 / f
}

func notZero(v float64) float64 {
	if v == 0 {
		return 1e-300
	}
	return v
}

// betaTerm is the i-th coefficient d_i of 26.5.8, from 1.
func betaTerm(a, b, x float64, i int) float64 {
	m := float64(i / 2)
	if i%2 == 0 {
		return m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
	}
	return -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
}
