package drill

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/canary"
	"github.com/phasemig/phasemig/plans"
)

// farthest is how many times the largest size a line is followed to without a warning. What was measured says nothing
// about memory that ends, or a log that fills, beyond it.
const farthest = 10

// confidence of the intervals.
const confidence = 0.95

// Point is one measurement.
type Point struct {
	Rows    float64 `json:"rows"`
	Seconds float64 `json:"seconds"`
}

// Line is seconds = Base + Each · rows by least squares.
type Line struct {
	Base    float64 `json:"base_seconds"`
	Each    float64 `json:"seconds_per_row"`
	Points  int     `json:"points"`
	Sizes   int     `json:"sizes"`
	Freedom int     `json:"degrees_of_freedom"`
	// Spread is the standard deviation of the points about the line; without a degree of freedom it can't be told.
	Spread float64 `json:"residual_seconds,omitempty"`
	// Slack is half the interval of Each, at 95 %.
	Slack float64 `json:"slope_half_interval,omitempty"`

	mean, squares float64 // of the rows
}

// Fit draws the line. It needs two sizes; ok is false with fewer.
func Fit(points []Point) (l Line, ok bool) {
	n := float64(len(points))
	sizes := map[float64]bool{}
	var sx, sy float64
	for _, p := range points {
		sizes[p.Rows] = true
		sx, sy = sx+p.Rows, sy+p.Seconds
	}
	if len(sizes) < 2 {
		return l, false
	}
	l = Line{Points: len(points), Sizes: len(sizes), Freedom: len(points) - 2, mean: sx / n}
	var sxy float64
	for _, p := range points {
		l.squares += (p.Rows - l.mean) * (p.Rows - l.mean)
		sxy += (p.Rows - l.mean) * (p.Seconds - sy/n)
	}
	l.Each = sxy / l.squares
	l.Base = sy/n - l.Each*l.mean
	if l.Freedom > 0 {
		var rss float64
		for _, p := range points {
			d := p.Seconds - l.At(p.Rows)
			rss += d * d
		}
		l.Spread = math.Sqrt(rss / float64(l.Freedom))
		l.Slack = l.quantile() * l.Spread / math.Sqrt(l.squares)
	}
	return l, true
}

// At is the line's value.
func (l Line) At(rows float64) float64 { return l.Base + l.Each*rows }

// Between is the interval in which a further measurement of so many rows lies with 95 %, if the line holds (Draper and
// Smith, Applied Regression Analysis, 3rd edition, 3.1). ok is false without a degree of freedom.
func (l Line) Between(rows float64) (low, high float64, ok bool) {
	if l.Freedom < 1 {
		return 0, 0, false
	}
	d := rows - l.mean
	half := l.quantile() * l.Spread * math.Sqrt(1+1/float64(l.Points)+d*d/l.squares)
	return max(0, l.At(rows)-half), max(0, l.At(rows)+half), true
}

// Grows reports whether the slope can be told from nothing.
func (l Line) Grows() bool { return l.Freedom > 0 && l.Each-l.Slack > 0 }

func (l Line) quantile() float64 {
	return canary.StudentQuantile((1-confidence)/2, float64(l.Freedom))
}

// What a forecast is of.
const (
	OfTime      = "time"
	OfReadWait  = "read_wait"
	OfWriteWait = "write_wait"
)

// Forecast is what a step, or a phase, would take with production's rows.
type Forecast struct {
	Step    string  `json:"step"` // a step's id, or a phase's name for all of it
	Of      string  `json:"of"`
	Rows    int64   `json:"rows"`
	Points  []Point `json:"points"`
	Line    *Line   `json:"line,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
	// Low and High bound it at 95 %, where Bounded.
	Low     float64 `json:"low_seconds,omitempty"`
	High    float64 `json:"high_seconds,omitempty"`
	Bounded bool    `json:"bounded"`
	Beyond  float64 `json:"times_the_largest_size"`
	// Warnings are what the points don't support.
	Warnings []string `json:"warnings,omitempty"`
}

// Foresee makes the forecasts of a result. None are made where the plan doesn't know how many rows there are.
func (r *Result) Foresee() {
	r.Forecasts = nil
	if r.Production <= 0 {
		return
	}
	for _, s := range r.series() {
		r.Forecasts = append(r.Forecasts, foresee(s, r.Production))
	}
}

func foresee(s series, rows int64) Forecast {
	f := Forecast{Step: s.step, Of: s.of, Rows: rows, Points: s.points}
	largest := 0.0
	for _, p := range s.points {
		largest = max(largest, p.Rows)
	}
	if largest > 0 {
		f.Beyond = float64(rows) / largest
	}
	l, ok := Fit(s.points)
	if !ok {
		f.Warnings = append(f.Warnings, "one size only: through that no line can be drawn; drill two sizes or more")
		return f
	}
	f.Line, f.Seconds = &l, max(0, l.At(float64(rows)))
	f.Low, f.High, f.Bounded = l.Between(float64(rows))
	f.Warnings = warnings(l, f)
	return f
}

func warnings(l Line, f Forecast) (out []string) {
	if !f.Bounded {
		out = append(out, "as many points as the line has numbers: how far it is off can't be told")
	}
	if f.Bounded && !l.Grows() {
		out = append(out, "by these points it doesn't grow with the rows; the interval covers what they leave open")
	}
	if f.Beyond > farthest {
		out = append(out, fmt.Sprintf("production has %.0f times the rows of the largest size: a line is followed to %d times at most, drill a larger one", f.Beyond, farthest))
	}
	if l.Sizes == 2 {
		out = append(out, "two sizes: whether it is a line at all can't be seen")
	}
	return out
}

// series is one thing that was measured at several sizes.
type series struct {
	step, of string
	points   []Point
}

// series lists the steps in the plan's order, as they were carried out, each with its time and waits, and the phases.
func (r *Result) series() []series {
	var order []string
	seconds := map[string][]Point{}
	add := func(step, of string, rows int64, d time.Duration) {
		key := step + "\x00" + of
		if seconds[key] == nil {
			order = append(order, key)
		}
		seconds[key] = append(seconds[key], Point{float64(rows), d.Seconds()})
	}
	for _, t := range r.Trials {
		for _, m := range t.Moves {
			if m.Back || m.Phase == "" || m.Error != "" {
				continue
			}
			for _, s := range m.Steps {
				add(s.Step, OfTime, t.Rows, s.Elapsed)
				add(s.Step, OfReadWait, t.Rows, s.ReadWait)
				add(s.Step, OfWriteWait, t.Rows, s.WriteWait)
			}
			if m.Before == "" && m.Phase != plans.Contract {
				add(string(m.Phase), OfTime, t.Rows, m.Elapsed)
			}
		}
	}
	var out []series
	for _, key := range order {
		step, of, _ := strings.Cut(key, "\x00")
		out = append(out, series{step, of, seconds[key]})
	}
	slices.SortStableFunc(out, func(a, b series) int { return phaseOrder(a.step) - phaseOrder(b.step) })
	return out
}

func phaseOrder(step string) int {
	name, _, _ := strings.Cut(step, ".")
	return slices.Index(plans.PhaseNames(), plans.PhaseName(name))
}
