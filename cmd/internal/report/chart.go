package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/state"
)

// The places of a chart, in units of its viewBox.
const (
	chartWidth  = 920
	chartHeight = 190
	left        = 64
	right       = 12
	top         = 22
	bottom      = 26
)

// longestGap is the time between two samples beyond which nobody was at work: the time axis leaves it out.
const longestGap = 3

// axis puts the samples of a run on one line of working time, on which the days between two
// calls take no room.
type axis struct {
	samples []state.Sample
	at      []float64 // working seconds, one a sample
	breaks  []int     // samples before which nobody was at work for a while
	bands   []band    // steps
}

type band struct {
	step     string
	from, to int // samples, both included
}

func newAxis(list []state.Sample) axis {
	a := axis{samples: list}
	usual := usualGap(list)
	now := 0.0
	for i, s := range list {
		if i > 0 {
			gap := s.At.Sub(list[i-1].At).Seconds()
			if gap > longestGap*usual || gap < 0 {
				a.breaks = append(a.breaks, i)
				gap = usual
			}
			now += gap
		}
		a.at = append(a.at, now)
		if n := len(a.bands); n > 0 && a.bands[n-1].step == s.Step {
			a.bands[n-1].to = i
		} else {
			a.bands = append(a.bands, band{s.Step, i, i})
		}
	}
	return a
}

// usualGap is the median time between samples, at least a second.
func usualGap(list []state.Sample) float64 {
	var gaps []float64
	for i := 1; i < len(list); i++ {
		gaps = append(gaps, list[i].At.Sub(list[i-1].At).Seconds())
	}
	if len(gaps) == 0 {
		return 1
	}
	slices.Sort(gaps)
	return max(gaps[len(gaps)/2], 1)
}

func (a axis) x(i int) float64 {
	last := a.at[len(a.at)-1]
	if last == 0 {
		return left
	}
	return left + a.at[i]/last*(chartWidth-left-right)
}

// line is one curve: a value a sample, NaN where it wasn't measured.
type line struct {
	name   string
	values []float64
	limit  float64 // 0: none
}

// chart is one picture.
type chart struct {
	title, unit string
	lines       []line
}

func (c chart) empty() bool {
	return !slices.ContainsFunc(c.lines, func(l line) bool {
		return slices.ContainsFunc(l.values, func(v float64) bool { return !math.IsNaN(v) })
	})
}

// ceiling is a round number at or over the largest value; limits that are far over it aren't shown.
func (c chart) ceiling() float64 {
	most := 0.0
	for _, l := range c.lines {
		for _, v := range l.values {
			if v > most { // false for NaN
				most = v
			}
		}
	}
	for _, l := range c.lines {
		if l.limit > most && l.limit <= 2*most {
			most = l.limit
		}
	}
	return round(most)
}

func round(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if v <= m*unit*1.000001 {
			return m * unit
		}
	}
	return 10 * unit
}

// svg draws the chart. Every text in it is escaped here.
func (c chart) svg(a axis) template.HTML {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, chartWidth, chartHeight, esc(c.title))
	c.background(p, a)
	ceil := c.ceiling()
	y := func(v float64) float64 { return top + (1-min(v/ceil, 1))*(chartHeight-top-bottom) }
	for _, share := range []float64{0, 0.5, 1} {
		p(`<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text class="tick" x="%d" y="%.1f" text-anchor="end">%s</text>`,
			left, chartWidth-right, y(share*ceil), y(share*ceil), left-6, y(share*ceil)+4, esc(short(share*ceil)))
	}
	for i, l := range c.lines {
		if l.limit > 0 && l.limit <= ceil {
			p(`<line class="limit" x1="%d" x2="%d" y1="%.1f" y2="%.1f"><title>limit %s %s</title></line>`, left, chartWidth-right, y(l.limit), y(l.limit), esc(short(l.limit)), esc(c.unit))
		}
		p(`<path class="curve c%d" d="%s"/>`, i%5, path(a, l.values, y))
		c.points(p, a, l, y)
	}
	p(`</svg>`)
	return template.HTML(b.String())
}

// background shades the steps by turns and the time in which the work was held back, and labels the axis.
func (c chart) background(p func(string, ...any), a axis) {
	for i, bd := range a.bands {
		from, to := a.x(bd.from), float64(chartWidth-right)
		if i+1 < len(a.bands) {
			to = a.x(a.bands[i+1].from)
		}
		p(`<rect class="band b%d" x="%.1f" y="%d" width="%.1f" height="%d"><title>%s</title></rect>`, i%2, from, top, max(to-from, 1), chartHeight-top-bottom, esc(bd.step))
		if to-from > float64(6*len(bd.step)) {
			p(`<text class="step" x="%.1f" y="%d">%s</text>`, from+3, top-7, esc(bd.step))
		}
	}
	for i, s := range a.samples {
		if s.Hold != "" {
			p(`<rect class="held" x="%.1f" y="%d" width="%.1f" height="%d"><title>%s: %s</title></rect>`,
				a.x(i), top, max(a.x(min(i+1, len(a.samples)-1))-a.x(i), 1.5), chartHeight-top-bottom, clock(s.At), esc(s.Hold))
		}
	}
	for _, i := range a.breaks {
		p(`<line class="break" x1="%.1f" x2="%.1f" y1="%d" y2="%d"><title>nobody at work until %s</title></line>`, a.x(i), a.x(i), top, chartHeight-bottom, clock(a.samples[i].At))
	}
	last := ""
	for i, at := range ticks(a) {
		anchor := "middle"
		if i == 0 {
			anchor = "start"
		}
		when := a.samples[at].At.UTC()
		layout := "15:04:05"
		if day := when.Format(time.DateOnly); day != last {
			last, layout = day, "Jan 2 15:04"
		}
		p(`<text class="tick" x="%.1f" y="%d" text-anchor="%s">%s</text>`, a.x(at), chartHeight-8, anchor, when.Format(layout))
	}
}

// ticks are samples about a sixth of the width apart.
func ticks(a axis) []int {
	var out []int
	for i := range a.samples {
		if x := a.x(i); len(out) == 0 || x-a.x(out[len(out)-1]) > (chartWidth-left-right)/6 {
			out = append(out, i)
		}
	}
	return out
}

// points make the values readable under a pointer.
func (c chart) points(p func(string, ...any), a axis, l line, y func(float64) float64) {
	for i, v := range l.values {
		if !math.IsNaN(v) {
			p(`<circle class="point" cx="%.1f" cy="%.1f" r="4"><title>%s %s: %s %s</title></circle>`, a.x(i), y(v), clock(a.samples[i].At), esc(l.name), esc(short(v)), esc(c.unit))
		}
	}
}

// path is drawn anew behind a break and behind a value that is missing.
func path(a axis, values []float64, y func(float64) float64) string {
	var b strings.Builder
	pen := "M"
	for i, v := range values {
		if slices.Contains(a.breaks, i) {
			pen = "M"
		}
		if math.IsNaN(v) {
			pen = "M"
			continue
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", pen, a.x(i), y(v))
		pen = "L"
	}
	return b.String()
}

func esc(s string) string { return template.HTMLEscapeString(s) }

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// short writes a number of an axis.
func short(v float64) string {
	switch {
	case v >= 1e9:
		return trim(v/1e9) + "G"
	case v >= 1e6:
		return trim(v/1e6) + "M"
	case v >= 1e4:
		return trim(v/1e3) + "k"
	}
	return trim(v)
}

func trim(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
