package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/phasemig/phasemig/state"
)

// strip is one line of the view. What doesn't fit any more is cut.
type strip struct {
	text strings.Builder
	left int
}

func (s *strip) add(paint func(string) painted, text string) *strip {
	if text = fit(clean(strings.ReplaceAll(text, "\n", " ")), s.left); text == "" {
		return s
	}
	s.left -= cells(text)
	s.text.WriteString(string(paint(text)))
	return s
}

func plain(s string) painted { return painted(s) }

// draw makes the lines of the view, none wider than so many columns.
func (s scene) draw(now time.Time, columns int, st style) []string {
	v := &view{scene: s, now: now, columns: columns, style: st}
	v.head()
	v.track()
	if s.does != "" {
		v.line().add(st.dim, "  "+s.does)
	}
	v.progress()
	v.values()
	v.texts(st.yellow, s.sample.Hold)
	for _, w := range s.waits[:min(len(s.waits), 4)] {
		v.texts(st.yellow, w)
	}
	if s.quiet > 10*time.Second {
		v.texts(st.red, fmt.Sprintf("nothing was heard of the runner for %s: is it still there?", duration(s.quiet.Round(time.Second))))
	}
	v.gateLines()
	var out []string
	for _, l := range v.lines {
		out = append(out, strings.TrimRight(l.text.String(), " "))
	}
	return out
}

type view struct {
	scene
	now     time.Time
	columns int
	style   style
	lines   []*strip
}

func (v *view) line() *strip {
	s := &strip{left: v.columns}
	v.lines = append(v.lines, s)
	return s
}

// head is a rule with the run's name and where it stands.
func (v *view) head() {
	l := v.line().add(v.style.dim, "── ").add(v.style.bold, fit(cmp.Or(v.name, "…"), v.columns/2))
	for _, w := range v.titles() {
		l.add(v.style.dim, " · ").add(plain, w)
	}
	if l.left > 1 {
		l.add(v.style.dim, " "+strings.Repeat("─", l.left-1))
	}
}

func (v *view) titles() []string {
	var out []string
	if v.phase != "" {
		out = append(out, string(v.phase))
	}
	if i := slices.IndexFunc(v.steps, func(s sceneStep) bool { return s.id == v.step }); i >= 0 {
		out = append(out, fmt.Sprintf("step %d of %d", i+1, len(v.steps)))
	} else if v.status != "" {
		out = append(out, strings.ReplaceAll(v.status, "_", " "))
	}
	if !v.since.IsZero() && v.step != "" {
		out = append(out, duration(max(v.now.Sub(v.since), 0).Truncate(time.Second)))
	}
	return out
}

// track shows the steps of the phase; those that are done make room first.
func (v *view) track() {
	if len(v.steps) == 0 {
		if v.step != "" {
			v.line().add(v.style.cyan, "▶ "+v.step)
		}
		return
	}
	skip := 0
	for trackWidth(v.steps[skip:], skip) > v.columns && skip < len(v.steps) && v.steps[skip].done {
		skip++
	}
	l, gap := v.line(), ""
	if skip > 0 {
		l.add(v.style.green, fmt.Sprintf("✓ %d done", skip))
		gap = "  "
	}
	for _, s := range v.steps[skip:] {
		l.add(plain, gap)
		gap = "  "
		switch {
		case s.id == v.step:
			l.add(v.style.cyan, "▶ "+shortStep(s.id))
		case s.done:
			l.add(v.style.green, "✓ ").add(plain, shortStep(s.id))
		default:
			l.add(v.style.dim, "○ "+shortStep(s.id))
		}
	}
}

func trackWidth(list []sceneStep, skipped int) int {
	n := 0
	if skipped > 0 {
		n = cells(fmt.Sprintf("✓ %d done  ", skipped))
	}
	for _, s := range list {
		n += cells(shortStep(s.id)) + 4
	}
	return n - 2
}

// shortStep is a step's ID without its phase and number.
func shortStep(id string) string { return id[strings.LastIndexByte(id, '.')+1:] }

// progress shows rows, and how fast they go.
func (v *view) progress() {
	p := v.sample
	if p.Rows == 0 && p.Total == 0 {
		return
	}
	words := plural(p.Rows, "row", "rows")
	l := v.line().add(plain, "  ")
	if p.Total > 0 {
		share := float64(p.Rows) / float64(p.Total)
		words = fmt.Sprintf("%s of ~%s rows", number(p.Rows), number(p.Total))
		l.add(v.style.cyan, gauge(share, min(max(v.columns-cells(words)-12, 8), 48))).add(v.style.bold, fmt.Sprintf(" %3d%%  ", int(min(100*share, 100))))
	}
	l.add(plain, words)
	l = v.line().add(plain, "  ").add(v.style.bold, number(int64(p.Rate))).add(plain, " rows/s  ")
	eta := ""
	if d := p.ETA(); d > 0 {
		eta = "  " + duration(d.Round(time.Second)) + " to go"
	}
	if room := min(l.left-cells(eta), 60); room > 4 {
		l.add(v.style.cyan, sparkline(v.rates, room))
	}
	l.add(plain, eta)
}

// values shows what may hold the work back, the most telling first, as far as there is room.
func (v *view) values() {
	l := v.line()
	n := 0
	for _, m := range shownValues(v.sample.Values) {
		text := valueName(m) + " " + amount(m.Value, m.Unit)
		if m.Limit > 0 {
			text = valueName(m) + " " + amount(m.Value, "") + " of " + amount(m.Limit, m.Unit)
		}
		gap := "  "
		if n > 0 {
			gap = " · "
		}
		if cells(gap+text) > l.left {
			continue
		}
		paint := plain
		if m.Limit > 0 && m.Value > m.Limit {
			paint = v.style.yellow
		}
		l.add(v.style.dim, gap).add(paint, text)
		n++
	}
	if n == 0 {
		v.lines = v.lines[:len(v.lines)-1]
	}
}

// shownValues are those that a human asks for, in this order.
func shownValues(list []state.Measured) []state.Measured {
	rank := func(m state.Measured) int {
		if isLatency(m) {
			return 1
		}
		return slices.Index([]string{"replica_lag", "", "replication_lag", "lock_waits", "active_sessions"}, m.Name)
	}
	list = slices.DeleteFunc(slices.Clone(list), func(m state.Measured) bool { return rank(m) < 0 })
	slices.SortStableFunc(list, func(a, b state.Measured) int { return cmp.Compare(rank(a), rank(b)) })
	return list
}

func valueName(m state.Measured) string {
	switch {
	case m.Name == "replica_lag":
		return strings.TrimSpace("lag " + m.Of)
	case m.Name == "replication_lag":
		return "replication lag"
	case isLatency(m):
		return "latency"
	}
	return strings.ReplaceAll(m.Name, "_", " ")
}

// amount shows three digits, and no more than the value has.
func amount(v float64, unit string) string {
	s := strconv.FormatFloat(v, 'g', 3, 64)
	if v >= 1000 || v == float64(int64(v)) {
		s = number(int64(v))
	}
	return strings.TrimSpace(s + " " + unit)
}

// texts shows a sentence in two lines at most.
func (v *view) texts(paint func(string) painted, text string) {
	if text == "" {
		return
	}
	list := wrap(clean(text), v.columns-2)
	for i, l := range list[:min(len(list), 2)] {
		if i == 1 && len(list) > 2 {
			l += " …"
		}
		v.line().add(paint, "  "+l)
	}
}

// gateLines shows the gates of the phase.
func (v *view) gateLines() {
	if len(v.gates) == 0 {
		return
	}
	l := v.line().add(v.style.dim, "  gates ")
	for _, g := range v.gates {
		if l.left < cells(g.name)+3 && len(v.lines) < 12 {
			l = v.line().add(plain, "        ")
		}
		m := mark(v.style, g.state)
		l.add(func(string) painted { return m }, "✓").add(plain, " "+g.name+" ")
	}
}
