package source

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/phasemig/phasemig/canary"
)

// Window is the time that is judged, in steps.
type Window struct {
	Start, End time.Time
	Step       time.Duration
}

// mostPoints is how many Prometheus gives for one series (its own limit is 11,000).
const mostPoints = 11_000

// Check finds a window that can't be asked for.
func (w Window) Check() error {
	_, err := w.aligned()
	return err
}

// aligned moves both ends down to whole steps since 1970, so that the baseline, the canary and a
// later call see the same moments, and Prometheus can cache them. A point speaks of the step before
// it: the first one is a step after the start.
func (w Window) aligned() (Window, error) {
	if w.Step < time.Second || w.Step%time.Millisecond != 0 {
		return w, fmt.Errorf("step %s: at least a second, in whole milliseconds", w.Step)
	}
	down := func(t time.Time) time.Time {
		ms, step := t.UnixMilli(), w.Step.Milliseconds()
		return time.UnixMilli(ms - ms%step).UTC()
	}
	out := Window{down(w.Start).Add(w.Step), down(w.End), w.Step}
	n := out.End.Sub(out.Start)/w.Step + 1
	if n < 1 || n > mostPoints {
		return w, fmt.Errorf("the window from %s to %s has %d steps of %s; 1 to %d can be asked for", w.Start.UTC().Format(time.RFC3339), w.End.UTC().Format(time.RFC3339), max(n, 0), w.Step, mostPoints)
	}
	return out, nil
}

// Labels select the sides of a release: label matchers of PromQL, as in track="canary".
type Labels struct {
	Baseline, Canary string
}

func (l Labels) check() error {
	if l.Baseline == "" || l.Canary == "" {
		return errors.New("labels of the baseline and of the canary are needed")
	}
	if l.Baseline == l.Canary {
		return fmt.Errorf("baseline and canary have the same labels %s: each would be compared with itself", l.Baseline)
	}
	return nil
}

// The words that a query holds in place of what a call decides.
const (
	labelsWord = "$labels"
	stepWord   = "$step"
)

// fill puts labels and step into a query.
func fill(query, labels string, step time.Duration) string {
	query = strings.ReplaceAll(query, labelsWord, labels)
	return strings.ReplaceAll(query, stepWord, duration(step))
}

// duration is written as PromQL takes it, which knows no fractions.
func duration(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + "ms" }

// checkQueries finds what can't be asked before anything is.
func checkQueries(c canary.Config) error {
	var errs []error
	for _, m := range c.Metrics {
		errs = append(errs, checkQuery(m.Name, "query", m.Query))
		if m.TotalQuery != "" || m.Kind == canary.Counts {
			errs = append(errs, checkQuery(m.Name, "total_query", m.TotalQuery))
		}
	}
	return errors.Join(errs...)
}

func checkQuery(metric, key, query string) error {
	if query == "" {
		return fmt.Errorf("metric %s has no %s", metric, key)
	}
	if !strings.Contains(query, labelsWord) {
		return fmt.Errorf("%s of metric %s doesn't hold %s, where the labels of a side are put: both sides would read the same", key, metric, labelsWord)
	}
	return nil
}
