package canary

import (
	"fmt"
	"math"
)

// rates judges events out of a total. Rare events can't be judged by ranks of
// minutes: nearly all minutes are zero and tie.
func (t *trial) rates(alpha float64, baseline, canary Sample) {
	if sum(canary.Total) < 1 || sum(baseline.Total) < 1 && t.metric.Limit == 0 {
		t.missing(fmt.Sprintf("no data: the baseline has %s requests, the canary %s", short(sum(baseline.Total)), short(sum(canary.Total))), noTraffic)
		return
	}
	e := &CountsEvidence{Baseline: countsSide(baseline), Canary: countsSide(canary), Level: 1 - alpha, Limit: t.metric.Limit}
	t.result.Counts = e
	e.OddsRatio = oddsRatio(e.Canary, e.Baseline)
	by := burstiness(baseline, canary)
	e.DesignEffect, e.Independent = by.effect, min(e.Baseline.Total, e.Canary.Total)/by.effect
	if e.Baseline.Total > 0 {
		e.Expected = e.Canary.Total * min(e.Baseline.Rate, 1-e.Baseline.Rate) / e.DesignEffect
	}
	e.Upper = upperBound(e.Canary.Events/e.DesignEffect, e.Canary.Total/e.DesignEffect, alpha)
	p, least := t.rateP(e, by)
	t.setP(p, least, true)
	t.worse = fmt.Sprintf("%s (p %s)", e.words(), short(p))
	t.well = e.words()
	t.rateNeeds(e, alpha, canary.step()*float64(canary.points()))
}

func countsSide(s Sample) CountsSide {
	out := CountsSide{Points: s.points(), Events: math.Round(sum(s.Events)), Total: math.Round(sum(s.Total))}
	if out.Total > 0 {
		out.Rate = out.Events / out.Total
	}
	return out
}

func oddsRatio(c, b CountsSide) *float64 {
	over, under := c.Events*(b.Total-b.Events), b.Events*(c.Total-c.Events)
	if under == 0 {
		return nil
	}
	r := over / under
	return &r
}

// rateP is Fisher's exact test against the baseline, with odds that are worse by the
// tolerance as what is still accepted. With a limit, the canary alone is tested against it as
// well, and the smaller of both p-values counts twice (Bonferroni).
func (t *trial) rateP(e *CountsEvidence, by dependence) (p, least float64) {
	p, least = t.fisher(e, by)
	if e.Limit == 0 {
		return p, least
	}
	over := by.discount(overRate(e.Canary.Events, e.Canary.Total, e.Limit))
	e.OverLimit = &over
	most := by.discount(overRate(e.Canary.Total, e.Canary.Total, e.Limit))
	return min(1, 2*min(p, over)), min(1, 2*min(least, most))
}

func (t *trial) fisher(e *CountsEvidence, by dependence) (p, least float64) {
	worse := 1 + t.metric.Tolerance
	// If all events, or all that are seen, fell to the side that makes it worst.
	up := e.drawn(worse, e.Canary.Events).atLeast(e.Canary.Events)
	down := e.drawn(1/worse, e.Canary.Events).atMost(e.Canary.Events)
	up, down = by.discount(up), by.discount(down)
	leastUp := by.discount(e.drawn(worse, e.Canary.Total).atLeast(e.Canary.Total))
	leastDown := by.discount(e.drawn(1/worse, 0).atMost(0))
	switch t.metric.Direction {
	case Increase:
		return up, leastUp
	case Decrease:
		return down, leastDown
	}
	return min(1, 2*min(up, down)), min(1, 2*min(leastUp, leastDown))
}

// drawn is Fisher's distribution if the canary had this many events.
func (e *CountsEvidence) drawn(odds, events float64) drawn {
	return newDrawn(e.Canary.Total, e.Baseline.Total, e.Baseline.Events+events, odds)
}

// burstiness is the design effect of counts: errors come in bursts, and ten of one incident
// are less evidence than ten of ten. Dividing a contingency table by it is the correction of Rao and
// Scott (Journal of the American Statistical Association 76, 1981).
//
// It is Pearson's dispersion of the counts of each point, 1 if events come singly, times the effect
// of neighbours that are alike. Only the rate of events goes on from minute to minute; that single events fall here
// or there doesn't. Where the dispersion tells both apart, the correlation is that of the rate.
// Dispersion and correlation are measured on the baseline alone where the canary is the more unsteady
// one, for the reason given at neighbours.
func burstiness(baseline, canary Sample) dependence {
	b, c := residuals(baseline), residuals(canary)
	if len(b) < leastPairs {
		return independent
	}
	r, points := neighbours(b, c, paired(baseline, canary, b, c), correlation)
	spread, n := dispersion(b), float64(len(b))
	if len(c) >= leastPairs && dispersion(c) <= mostUnsteady*spread {
		spread, n = dispersion(append(append([]float64{}, b...), c...)), n+float64(len(c))
	}
	if spread < 1+3*math.Sqrt(2/n) { // single events give as much by chance: three standard errors
		d := autoregressive(r, points)
		return dependence{max(1, spread) * d.effect, both(d.freedom, n)}
	}
	lasting := 1 - 1/spread // the part of the variance that is the rate's
	r = min(r/lasting, mostLasting)
	return dependence{spread * (1 + 2*lasting*r/(1-r)), both(max(1, points*lasting*lasting*(1-r*r)/2), n)}
}

// mostLasting bounds the correlation of a rate. Incidents that last longer, ten points and more, can't be told
// from a few points, and a reading that says so is more often noise.
const mostLasting = 0.9

// both are the degrees of freedom of a product of two estimates.
func both(f, g float64) float64 { return 1 / (1/f + 1/g) }

// mostUnsteady is how many times as dispersed as the baseline a healthy canary may be: beyond the
// 99th percentile of the F distribution for sixty points each.
const mostUnsteady = 2

// residuals are Pearson's: how far each point's count is off its expectation, in
// standard deviations. Nil: no events, or nothing but events.
func residuals(s Sample) []float64 {
	events, total := sum(s.Events), sum(s.Total)
	if events <= 0 || events >= total {
		return nil
	}
	rate := events / total
	out := make([]float64, len(s.Events))
	for i, e := range s.Events {
		if n := s.Total[i]; n > 0 {
			out[i] = (e - n*rate) / math.Sqrt(n*rate*(1-rate))
		}
	}
	return out
}

func dispersion(residuals []float64) float64 {
	squares := 0.0
	for _, r := range residuals {
		squares += r * r
	}
	return squares / float64(len(residuals)-1)
}

func (e *CountsEvidence) words() string {
	s := fmt.Sprintf("%s of %s (%s) → %s of %s (%s)",
		short(e.Baseline.Events), short(e.Baseline.Total), percent(e.Baseline.Rate), short(e.Canary.Events), short(e.Canary.Total), percent(e.Canary.Rate))
	if e.Limit > 0 {
		s += fmt.Sprintf(", at most %s at %s %% confidence, limit %s", percent(e.Upper), short(100*e.Level), percent(e.Limit))
	}
	return s
}

func percent(rate float64) string { return short(100*rate) + " %" }

// rateNeeds holds back a pass for which there are not requests enough.
func (t *trial) rateNeeds(e *CountsEvidence, alpha, window float64) {
	m := t.metric
	part := share(e.Baseline.Total, e.Canary.Total)
	if m.MinRequests > 0 {
		t.requestNeeds(e.Baseline.Total, e.Canary.Total, window)
	}
	switch {
	case m.Limit > 0 && e.Upper > m.Limit:
		reason := fmt.Sprintf("a rate over the limit of %s isn't ruled out: %s of %s allow up to %s", percent(m.Limit), short(e.Canary.Events), short(e.Canary.Total), percent(e.Upper))
		need := neededFor(e, m.Limit, alpha)
		if need == 0 {
			t.wait(reason, Advice{Way: Approval, Text: "more requests would hardly rule it out: the rate itself is " + percent(e.Canary.Rate) + "; look, and approve or roll back by hand"})
			return
		}
		t.wait(reason, append(moreRequests(e.Canary.Total, need, part, window), acceptBound(t.metric.Direction, e)...)...)
	case m.Limit == 0 && e.Expected < m.MinEvents:
		t.wait(fmt.Sprintf("too few events to compare: the canary was due %s by the baseline's rate, and min_events is %s", short(e.Expected), short(m.MinEvents)), t.eventAdvice(e, part, window)...)
	}
}

func (t *trial) eventAdvice(e *CountsEvidence, part, window float64) []Advice {
	if e.Expected == 0 {
		return acceptBound(t.metric.Direction, e)
	}
	need := math.Ceil(e.Canary.Total * t.metric.MinEvents / e.Expected)
	return append(moreRequests(e.Canary.Total, need, part, window), acceptBound(t.metric.Direction, e)...)
}

// neededFor is how many requests of the canary would rule out the limit if its rate
// stays as it is; 0 if none would.
func neededFor(e *CountsEvidence, limit, alpha float64) float64 {
	if e.Canary.Events == 0 {
		return math.Ceil(needed(limit, alpha) * e.DesignEffect)
	}
	enough := func(n float64) bool { // P(X <= k) at the limit, see upperBound
		n /= e.DesignEffect
		k := e.Canary.Rate * n
		return k < n && 1-incompleteBeta(k+1, n-k, limit) <= alpha
	}
	low, high := e.Canary.Total, 2*e.Canary.Total
	for !enough(high) {
		if high > 1e6*e.Canary.Total {
			return 0
		}
		low, high = high, 2*high
	}
	for high-low > max(1, high/1000) {
		if mid := (low + high) / 2; enough(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return math.Ceil(high)
}
