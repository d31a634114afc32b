package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/canary"
)

// judged shows a verdict: the decision and why, a line of numbers for each metric, and what would help
// those that are inconclusive.
func (g *page) judged(v canary.Verdict, from measured) {
	g.line("%s  %s", decisionWord(g.style, v.Decision), scoreWords(v))
	for _, r := range v.Reasons {
		g.labeled(2, "because", r)
	}
	g.labeled(2, "compared", from.words())
	g.gap()
	var rows [][]string
	for _, r := range v.Metrics {
		rows = append(rows, metricRow(r))
	}
	g.table(0, []string{"METRIC", "GROUP", "RESULT", "BASELINE", "CANARY", "CHANGE", "INTERVAL", "P", "ADJUSTED"}, rows)
	for _, r := range v.Metrics {
		g.metricNotes(r, v.Reasons)
	}
}

func decisionWord(s style, d canary.Decision) painted {
	switch d {
	case canary.Promote:
		return s.green(string(d))
	case canary.Rollback:
		return s.red(string(d))
	}
	return s.yellow(string(d))
}

func scoreWords(v canary.Verdict) string {
	s := "score " + digits(v.Score)
	if v.Best != v.Score {
		s += " to " + digits(v.Best)
	}
	return fmt.Sprintf("%s · pass %s · marginal %s · alpha %s", s, digits(v.Config.Pass), digits(v.Config.Marginal), digits(v.Config.Alpha))
}

func (m measured) words() string {
	s := m.Baseline + " with " + m.Canary
	if m.Prometheus == "" {
		return s
	}
	return fmt.Sprintf("%s, %s to %s in steps of %s, from %s", s, moment(*m.Start), moment(*m.End), seconds(m.Step), m.Prometheus)
}

// digits writes a number with three of them.
func digits(f float64) string { return strconv.FormatFloat(f, 'g', 3, 64) }

func optional(f *float64) string {
	if f == nil {
		return "-"
	}
	return digits(*f)
}

func metricRow(r canary.Result) []string {
	row := []string{r.Metric, r.Group, resultWord(r), "-", "-", "-", "-", optional(r.P), optional(r.Adjusted)}
	switch {
	case r.Series != nil:
		e := r.Series
		row[3], row[4], row[5] = seriesSide(e.Baseline), seriesSide(e.Canary), signed(e.Shift)
		if i := e.Interval; i != nil {
			row[6] = fmt.Sprintf("%s to %s (%s%%)", signed(i.Low), signed(i.High), digits(100*i.Level))
		}
	case r.Counts != nil:
		e := r.Counts
		row[3], row[4] = countsSide(e.Baseline), countsSide(e.Canary)
		if e.OddsRatio != nil {
			row[5] = "×" + digits(*e.OddsRatio)
		}
		row[6] = fmt.Sprintf("≤ %s%% (%s%%)", digits(100*e.Upper), digits(100*e.Level))
	}
	return row
}

// resultWord marks a critical metric, and one that is only shown.
func resultWord(r canary.Result) string {
	s := string(r.Outcome)
	switch {
	case r.Weight == 0:
		return s + ", only shown"
	case r.Critical:
		return s + ", critical"
	}
	return s
}

func seriesSide(s canary.SeriesSide) string {
	return fmt.Sprintf("%s (%d)", digits(s.Median), s.Points)
}

func countsSide(s canary.CountsSide) string {
	return fmt.Sprintf("%s/%s (%s%%)", number(int64(s.Events)), number(int64(s.Total)), digits(100*s.Rate))
}

func signed(f float64) string {
	if f > 0 {
		return "+" + digits(f)
	}
	return digits(f)
}

// metricNotes tells what an open metric lacks, unless that was said already, and how much points
// hang together.
func (g *page) metricNotes(r canary.Result, said []string) {
	var notes []string
	known := slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, r.Reason) })
	if r.Outcome != canary.Pass && !known {
		notes = append(notes, r.Reason)
	}
	if effect, independent := dependence(r); effect > 1.5 {
		notes = append(notes, fmt.Sprintf("points hang together: worth %s independent ones (design effect %s)", digits(independent), digits(effect)))
	}
	if len(notes) == 0 && len(r.Advice) == 0 {
		return
	}
	g.gap()
	g.line("%s", g.style.bold(r.Metric))
	for _, n := range notes {
		g.labeled(2, "note", n)
	}
	for _, a := range r.Advice {
		g.labeled(2, "advice", strings.ReplaceAll(string(a.Way), "_", " ")+": "+a.Text)
	}
}

func dependence(r canary.Result) (effect, independent float64) {
	switch {
	case r.Series != nil:
		return r.Series.DesignEffect, r.Series.Independent
	case r.Counts != nil:
		return r.Counts.DesignEffect, r.Counts.Independent
	}
	return 1, 0
}
