package canary

import "fmt"

// decide draws the verdict from the metrics' results. The rules, the first that holds:
//
//  1. The canary met an unknown column or table, or an event that may never be: ROLLBACK.
//  2. A critical metric failed: ROLLBACK.
//  3. Even if all inconclusive metrics passed, the score would be under marginal: ROLLBACK.
//  4. A metric with weight is inconclusive: MANUAL. Inconclusive never passes by itself.
//  5. The score is under pass: MANUAL.
//  6. PROMOTE.
func (v *Verdict) decide(atOnce []string) {
	v.weigh()
	failed, open := v.named(Fail), v.named(Inconclusive)
	critical := []string{}
	for _, r := range v.Metrics {
		if r.Outcome == Fail && r.Critical && r.Weight > 0 && r.Kind != Never {
			critical = append(critical, "critical "+r.Metric+": "+r.Reason)
		}
	}
	switch {
	case len(atOnce) > 0:
		v.Decision, v.Reasons = Rollback, append(atOnce, critical...)
	case len(critical) > 0:
		v.Decision, v.Reasons = Rollback, critical
	case v.Best < v.Config.Marginal:
		v.Decision = Rollback
		v.Reasons = append([]string{fmt.Sprintf("the score is %s at best, under marginal %s", short(v.Best), short(v.Config.Marginal))}, failed...)
	case len(open) > 0:
		v.Decision, v.Reasons = Manual, append(open, failed...)
	case v.Score < v.Config.Pass:
		v.Decision = Manual
		v.Reasons = append([]string{fmt.Sprintf("the score is %s, under pass %s", short(v.Score), short(v.Config.Pass))}, failed...)
	default:
		v.Decision = Promote
		v.Reasons = append([]string{fmt.Sprintf("the score is %s, pass is %s", short(v.Score), short(v.Config.Pass))}, failed...)
	}
}

// weigh computes the score and what it could be at best.
func (v *Verdict) weigh() {
	var passed, failed, all float64
	for _, r := range v.Metrics {
		all += r.Weight
		switch r.Outcome {
		case Pass:
			passed += r.Weight
		case Fail:
			failed += r.Weight
		}
	}
	v.Score, v.Best = 100*passed/all, 100*(all-failed)/all
}

// named lists the metrics with weight that have this outcome, with their reasons.
func (v *Verdict) named(o Outcome) []string {
	var out []string
	for _, r := range v.Metrics {
		if r.Outcome == o && r.Weight > 0 {
			out = append(out, r.Metric+": "+r.Reason)
		}
	}
	return out
}
