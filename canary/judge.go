package canary

import (
	"fmt"
	"math"
)

// Judge compares the canary with the baseline. The error says what of the configuration or the
// data can't be judged at all; data that are merely missing or few are no error but inconclusive.
func Judge(c Config, d Data) (Verdict, error) {
	if err := c.Validate(); err != nil {
		return Verdict{}, fmt.Errorf("canary config: %w", err)
	}
	v := Verdict{Config: c, Metrics: []Result{}}
	atOnce := forbidden(c, d.Canary)
	if err := d.check(c); err != nil {
		if len(atOnce) == 0 {
			return Verdict{}, fmt.Errorf("canary data: %w", err)
		}
		// What is known to be broken isn't kept in traffic because something else can't be read.
		v.Decision, v.Reasons = Rollback, append(atOnce, "the statistics were not judged: "+err.Error())
		return v, nil
	}
	trials := make([]*trial, len(c.Metrics))
	for i, m := range c.Metrics {
		trials[i] = newTrial(m, c.Alpha, d.Baseline.Metrics[m.Name], d.Canary.Metrics[m.Name])
	}
	adjust(c.Alpha, trials)
	for _, t := range trials {
		v.Metrics = append(v.Metrics, t.conclude(c.Alpha))
	}
	v.decide(atOnce)
	return v, nil
}

// trial is a metric on its way to a result.
type trial struct {
	metric Metric
	result Result
	// binding is false where P is only shown: so few points, or points nobody vouches for,
	// can't fail a release.
	binding bool
	least   float64 // the least p that so much data can give
	noData  string  // why there is nothing to judge
	// pending are the reasons against a pass.
	pending []string
	// worse says in words what a rejection means, well what a pass means.
	worse, well string
	// small is set where the effect is too small to matter.
	small bool
}

func newTrial(m Metric, alpha float64, baseline, canary Sample) *trial {
	t := &trial{metric: m, least: 1, result: Result{Metric: m.Name, Group: m.Group, Kind: m.Kind, Critical: m.Critical, Weight: m.Weight}}
	switch m.Kind {
	case Series:
		t.series(alpha, baseline, canary)
	case Counts:
		t.rates(alpha, baseline, canary)
	case Never:
		t.never(canary)
	}
	t.vouch(baseline, canary)
	return t
}

// vouch holds back a pass, or any statement at all, where the data have holes.
func (t *trial) vouch(baseline, canary Sample) {
	for _, s := range []Sample{baseline, canary} {
		if s.Incomplete != "" {
			t.binding = false
			t.wait("the data may be incomplete: " + s.Incomplete)
		}
	}
	// A canary that fell silent leaves the points from when it was well.
	if n, m := canary.points(), baseline.points(); t.metric.Kind != Never && 2*n < m && len(canary.Times) > 0 && len(baseline.Times) > 0 {
		t.wait(fmt.Sprintf("the canary has %d points where the baseline has %d: it was silent for more than half of the window", n, m))
	}
}

// wait adds a reason against a pass, and what would help.
func (t *trial) wait(reason string, advice ...Advice) {
	t.pending = append(t.pending, reason)
	t.result.Advice = append(t.result.Advice, advice...)
}

func (t *trial) missing(reason string, advice ...Advice) {
	t.noData = reason
	t.result.Advice = append(t.result.Advice, advice...)
}

// setP keeps the p-value; binding says whether there are data enough for it to count.
func (t *trial) setP(p, least float64, binding bool) {
	t.result.P, t.least, t.binding = &p, least, binding
}

// adjust corrects the p-values for their number: Holm's procedure in each group, and the
// groups share alpha evenly. The chance that a healthy release shows as worse anywhere is then at
// most alpha, however many metrics there are; without it twenty metrics at 2 % each would raise
// a false alarm in every third release. Groups are families of their own so that a few metrics
// that matter needn't pay for many that are merely watched.
func adjust(alpha float64, trials []*trial) {
	families := map[string][]*trial{}
	for _, t := range trials {
		if t.binding && t.metric.Weight > 0 {
			families[t.metric.Group] = append(families[t.metric.Group], t)
		}
	}
	for _, family := range families {
		p := make([]float64, len(family))
		for i, t := range family {
			p[i] = *t.result.P
		}
		for i, a := range holm(p) {
			a = min(1, a*float64(len(families)))
			family[i].result.Adjusted = &a
			if least := family[i].least * float64(len(family)*len(families)); least > alpha {
				family[i].wait(fmt.Sprintf("no difference, however large, could show: the least p that so much data can give is %s after correction", short(least)))
			}
		}
	}
}

// conclude is the result once p-values are adjusted.
func (t *trial) conclude(alpha float64) Result {
	r := t.result
	switch {
	case t.noData != "":
		r.Outcome, r.Reason = t.metric.NoData, t.noData
	case t.failed(alpha):
		r.Outcome, r.Reason = Fail, t.worse
		r.Advice = nil
	case len(t.pending) > 0:
		r.Outcome, r.Reason = Inconclusive, joined(t.pending)
	default:
		r.Outcome, r.Reason = Pass, t.well
	}
	return r
}

func (t *trial) failed(alpha float64) bool {
	if t.metric.Kind == Never {
		return t.worse != ""
	}
	return t.result.Adjusted != nil && *t.result.Adjusted <= alpha && !t.small
}

func joined(list []string) string {
	s := list[0]
	for _, l := range list[1:] {
		s += "; " + l
	}
	return s
}

// short writes a number with as many digits as one reads.
func short(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.3g", f)
}
