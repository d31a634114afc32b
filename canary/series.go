package canary

import (
	"fmt"
	"math"
)

// series judges values by their ranks. What is tested is not whether anything changed but
// whether the canary is worse by more than what is accepted: the canary's values are
// moved back by that much first.
func (t *trial) series(alpha float64, baseline, canary Sample) {
	b, c := baseline.Values, canary.Values
	if len(b) == 0 || len(c) == 0 {
		t.missing(fmt.Sprintf("no data: the baseline has %d points, the canary %d", len(b), len(c)), noTraffic)
		return
	}
	m := t.metric
	e := &SeriesEvidence{
		Baseline: SeriesSide{len(b), baseline.Dropped, medianOf(b), sum(baseline.Total)},
		Canary:   SeriesSide{len(c), canary.Dropped, medianOf(c), sum(canary.Total)},
	}
	t.result.Series = e
	e.Accepted = max(m.AbsoluteTolerance, m.Tolerance*math.Abs(e.Baseline.Median))
	by := autoregressive(neighbours(b, c, paired(baseline, canary, b, c), rankCorrelation))
	e.DesignEffect, e.Independent = by.effect, float64(min(len(b), len(c)))/by.effect
	d := newDifferences(c, b)
	e.Shift, e.Interval = d.median(), d.interval(level(m.Direction, alpha), by)
	plain := mannWhitney(c, b)
	e.U, e.Exact = plain.u, plain.exact
	e.Effect = 2*plain.u/float64(len(b)*len(c)) - 1
	t.small = m.MinEffect > 0 && bad(m.Direction, e.Effect) < m.MinEffect
	p, least := worseBy(m.Direction, c, b, e.Accepted, by)
	t.setP(p, least, min(len(b), len(c)) >= m.MinPoints)
	t.worse = fmt.Sprintf("%s (p %s, effect %s)", e.words(), short(p), short(e.Effect))
	t.well = e.words()
	if t.small {
		t.well += fmt.Sprintf("; effect %s is under %s", short(e.Effect), short(m.MinEffect))
	}
	t.seriesNeeds(e, alpha, baseline.step())
}

// level is the confidence of the interval whose bound on the bad side has confidence
// 1-alpha.
func level(d Direction, alpha float64) float64 {
	if d == Either {
		return 1 - alpha
	}
	return 1 - 2*alpha
}

// bad turns a value so that up is worse.
func bad(d Direction, v float64) float64 {
	switch d {
	case Increase:
		return v
	case Decrease:
		return -v
	}
	return math.Abs(v)
}

// worseBy is the p-value of "no worse than accepted", and the least that it could be.
func worseBy(d Direction, canary, baseline []float64, accepted float64, by dependence) (p, least float64) {
	up := func() float64 { return by.discount(mannWhitney(moved(canary, -accepted), baseline).greater) }
	down := func() float64 { return by.discount(mannWhitney(moved(canary, accepted), baseline).less) }
	least = by.discount(leastTail(len(canary), len(baseline)))
	switch d {
	case Increase:
		return up(), least
	case Decrease:
		return down(), least
	}
	return min(1, 2*min(up(), down())), min(1, 2*least)
}

func moved(x []float64, by float64) []float64 {
	if by == 0 {
		return x
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v + by
	}
	return out
}

func (e *SeriesEvidence) words() string {
	s := fmt.Sprintf("median %s → %s, shift %s", short(e.Baseline.Median), short(e.Canary.Median), short(e.Shift))
	if i := e.Interval; i != nil {
		s += fmt.Sprintf(" (%s %% interval %s to %s)", short(100*i.Level), short(i.Low), short(i.High))
	}
	if e.Accepted > 0 {
		s += ", accepted " + short(e.Accepted)
	}
	return s
}

// seriesNeeds holds back a pass for which there are not data enough.
func (t *trial) seriesNeeds(e *SeriesEvidence, alpha, step float64) {
	m := t.metric
	have := min(e.Baseline.Points, e.Canary.Points)
	switch need := math.Ceil(float64(m.MinPoints) * e.DesignEffect); {
	case have < m.MinPoints:
		t.wait(fmt.Sprintf("too few points: %d, and min_points is %d%s", have, m.MinPoints, t.looks(alpha)), morePoints(float64(have), need, step)...)
	case e.Independent < float64(m.MinPoints):
		t.wait(fmt.Sprintf("the points hang together in time: %d are worth %.0f independent ones, and min_points is %d", have, math.Floor(e.Independent), m.MinPoints), morePoints(float64(have), need, step)...)
	}
	if m.Margin > 0 {
		t.marginNeeds(e, step)
	}
	if m.MinRequests > 0 {
		t.requestNeeds(e.Baseline.Requests, e.Canary.Requests, step*float64(have))
	}
}

// looks warns where a p-value that doesn't count is small.
func (t *trial) looks(alpha float64) string {
	if *t.result.P > alpha || t.small {
		return ""
	}
	return "; it looks worse: " + t.worse
}

// marginNeeds asks for proof that the canary isn't worse by the margin: the bound of the
// interval on the bad side must lie under it.
func (t *trial) marginNeeds(e *SeriesEvidence, step float64) {
	d := t.metric.Direction
	margin := t.metric.Margin * math.Abs(e.Baseline.Median)
	have := float64(min(e.Baseline.Points, e.Canary.Points))
	if e.Interval == nil {
		t.wait(fmt.Sprintf("a worsening of %s isn't ruled out: so few points give no interval", short(margin)), morePoints(have, 2*have, step)...)
		return
	}
	bound := e.Interval.High
	if d == Decrease {
		bound = -e.Interval.Low
	}
	if bound < margin || bound == margin && bound == 0 {
		return
	}
	shift := bad(d, e.Shift)
	reason := fmt.Sprintf("a worsening of %s isn't ruled out: it is up to %s", short(margin), short(bound))
	if shift >= margin {
		t.wait(reason, Advice{Way: Approval, Text: "more points would hardly rule it out: the canary looks worse by " + short(shift) + "; look, and approve or roll back by hand"})
		return
	}
	// An interval narrows with the root of the number of points.
	r := (bound - shift) / (margin - shift)
	t.wait(reason, morePoints(have, math.Ceil(have*r*r), step)...)
}

func (t *trial) requestNeeds(baseline, canary, window float64) {
	have := min(baseline, canary)
	if have >= t.metric.MinRequests {
		return
	}
	if baseline == 0 && canary == 0 {
		t.wait("min_requests is asked for, and the data have no totals", Advice{Way: CheckQuery, Text: "give the requests behind each point: a column NAME.total, or total_query"})
		return
	}
	t.wait(fmt.Sprintf("too few requests: %s on the smaller side, and min_requests is %s", short(have), short(t.metric.MinRequests)),
		moreRequests(canary, t.metric.MinRequests, share(baseline, canary), window)...)
}

// share is the canary's part of the traffic.
func share(baseline, canary float64) float64 {
	if baseline+canary == 0 {
		return 0
	}
	return canary / (baseline + canary)
}
