package cli

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// backfilling are the events of a run in the middle of its backfill.
func backfilling(pl *plans.Plan) []engine.Event {
	list := []engine.Event{
		engine.RunAttached{Run: pl.ID, Name: pl.Name, Status: "planned"},
		engine.GateChecked{Phase: plans.Expand, Gate: "preflight", Verdict: gate.Passed("", nil)},
		engine.PhaseStarted{Phase: plans.Expand, Steps: 5},
		engine.StepStarted{Step: pl.Phases[0].Steps[0]}, engine.StepDone{Step: "expand.1.add_columns"},
		engine.StepStarted{Step: pl.Phases[0].Steps[1]}, engine.StepDone{Step: "expand.2.install_sync"},
		engine.StepStarted{Step: pl.Phases[0].Steps[2]},
	}
	for i := range 70 {
		list = append(list, engine.Sampled{Sample: state.Sample{Step: "expand.3.backfill", Rows: int64(i) * 17_123, Total: 2_200_000, Rate: 20_000 + 15_000*math.Sin(float64(i)/6),
			Values: []state.Measured{
				{Name: "active_sessions", Value: 12, Limit: 32}, {Name: "lock_waits", Value: 1, Limit: 8}, {Name: "dead_rows", Value: 0.2},
				{Name: "latency", Of: "public.users", Unit: "ms", Value: 0.4, Limit: 200}, {Name: "latency", Of: "p99 of transactions", Unit: "ms", Value: 12.34, Limit: 50},
				{Name: "replica_lag", Of: "r1", Unit: "s", Value: 0.2, Limit: 5}}}})
	}
	return list
}

func played(pl *plans.Plan, list ...engine.Event) scene {
	var s scene
	for _, e := range list {
		s.see(e, pl, noon)
	}
	return s
}

// TestScene draws the view at several moments and widths, against testdata/scene.golden. No line is
// wider than it may be.
func TestScene(t *testing.T) {
	pl := fixture()
	held := append(backfilling(pl), engine.Sampled{Sample: state.Sample{Step: "expand.3.backfill", Rows: 1_180_000, Total: 2_200_000,
		Hold:   "held back: replica_lag (r1) 6.2 > 5 s; the flag file /var/run/phasemig.hold exists; throttle http https://freno.example/check/app/mysql/shop answers 429",
		Values: []state.Measured{{Name: "replica_lag", Of: "r1", Unit: "s", Value: 6.2, Limit: 5}}}})
	gates := []engine.Event{engine.RunAttached{Name: "名前を変える-users-display-name-名前を変える", Status: "expanded", Resumed: true}}
	for _, g := range []string{"backfill_done", "dual_write_verified", "old_readers_safe", "canary", "flag", "smoke", "approval"} {
		gates = append(gates, engine.GateChecked{Phase: plans.Switch, Gate: g, Verdict: gate.Passed("", nil)})
	}
	gates = append(gates, engine.GateChecked{Phase: plans.Switch, Gate: "soak", Verdict: gate.Unsure("", nil)}, engine.GateChecked{Phase: plans.Switch, Gate: "flag", Verdict: gate.Failed("", nil)},
		engine.Waiting{Reason: "gate soak before switch is not open: 1h of 24h are over"})
	lock := append(backfilling(pl), engine.StepDone{Step: "expand.3.backfill"}, engine.StepStarted{Step: pl.Phases[0].Steps[3]},
		engine.LockWaiting{Step: "expand.4.build_twin", Attempt: 3, Pause: time.Second, Holders: []dialect.Holder{{Session: "77", User: "app", Query: "SELECT\x1b[2J 1"}}})
	paused := glance(pl)
	paused.Control = state.Control{Paused: true, By: "ann"}
	scenes := []struct {
		name string
		s    scene
	}{{"backfill", played(pl, backfilling(pl)...)}, {"held", played(pl, held...)}, {"gates", played(pl, gates...)}, {"lock", played(pl, lock...)},
		{"another process", sceneOf(glance(pl))}, {"paused", sceneOf(paused)}, {"begin", scene{name: "x"}}}
	var out bytes.Buffer
	for _, c := range scenes {
		for _, width := range []int{59, 79, 119} {
			fmt.Fprintf(&out, "== %s, %d\n", c.name, width)
			for _, l := range c.s.draw(noon.Add(72*time.Second), width, false) {
				fmt.Fprintln(&out, l)
				if cells(l) > width {
					t.Errorf("%s: %d columns in %d: %s", c.name, cells(l), width, l)
				}
			}
		}
		for width := range 200 { // no width makes it fail or painted text wider
			for _, l := range c.s.draw(noon, width, true) {
				if cells(l) > width+1 || strings.Contains(strings.ReplaceAll(l, "\x1b[", ""), "\x1b") {
					t.Fatalf("%s at %d: %q", c.name, width, l)
				}
			}
		}
	}
	golden(t, "scene.golden", out.Bytes())
}

func glance(pl *plans.Plan) engine.Glance {
	g := engine.Glance{Run: state.Run{ID: pl.ID, Name: pl.Name, Status: state.Expanding, Phase: plans.Expand}, Plan: pl, Now: noon.Add(72 * time.Second),
		Steps: []state.StepRecord{{Step: "expand.1.add_columns", State: state.StepDone, Started: noon}, {Step: "expand.2.install_sync", State: state.StepDone},
			{Step: "expand.3.backfill", State: state.Intent, Started: noon}},
		Evidence: []state.Evidence{{Phase: plans.Expand, Kind: "gate:preflight", State: "pass"}, {Phase: plans.Switch, Kind: "gate:flag", State: "fail"}}}
	for i := range 20 {
		g.Samples = append(g.Samples, state.Sample{Seq: int64(i), Step: "expand.3.backfill", At: noon.Add(time.Duration(2*i) * time.Second), Rows: int64(i) * 40_000, Total: 2_200_000, Rate: float64(1000 * i)})
	}
	return g
}

// terminalOf plays what a screen writes: it knows the few sequences that are used and wraps as terminals do.
type terminalOf struct {
	columns  int
	rows     [][]rune
	row, col int
}

func (m *terminalOf) Write(b []byte) (int, error) {
	text := []rune(string(b))
	for i := 0; i < len(text); i++ {
		switch r := text[i]; {
		case r == '\r':
			m.col = 0
		case r == '\n':
			m.row, m.col = m.row+1, 0
		case r == '\x1b':
			j := i + 2
			for text[j] < 'A' {
				j++
			}
			m.control(string(text[i+2:j]), text[j])
			i = j
		default:
			if m.col == m.columns {
				m.row, m.col = m.row+1, 0
			}
			m.put(r)
		}
	}
	return len(b), nil
}

func (m *terminalOf) line() []rune {
	for len(m.rows) <= m.row {
		m.rows = append(m.rows, nil)
	}
	return m.rows[m.row]
}

func (m *terminalOf) put(r rune) {
	l := m.line()
	for len(l) <= m.col {
		l = append(l, ' ')
	}
	l[m.col] = r
	m.rows[m.row] = l
	m.col++
}

func (m *terminalOf) control(arg string, final rune) {
	l := m.line()
	switch final {
	case 'A':
		n := 0
		fmt.Sscan(arg, &n)
		m.row = max(m.row-n, 0)
	case 'K':
		m.rows[m.row] = l[:min(m.col, len(l))]
	case 'J':
		m.rows[m.row] = l[:min(m.col, len(l))]
		m.rows = m.rows[:m.row+1]
	case 'm':
	default:
		panic("unknown sequence " + string(final))
	}
}

// narrow lays the rows out anew, as terminals do that keep long lines.
func (m *terminalOf) narrow(columns int) {
	var rows [][]rune
	for _, r := range m.rows {
		for len(r) > columns {
			rows, r = append(rows, r[:columns]), r[columns:]
		}
		rows = append(rows, r)
	}
	m.columns, m.rows, m.row = columns, rows, len(rows)-1
	m.col = min(m.col, columns)
}

func (m *terminalOf) String() string {
	var out []string
	for _, r := range m.rows {
		out = append(out, strings.TrimRight(string(r), " "))
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n")
}

// TestScreen: lines that stay are above, the view is drawn over, also after the terminal has become narrower, and
// nothing of it is left at the end.
func TestScreen(t *testing.T) {
	m := &terminalOf{columns: 40}
	s := &screen{out: m, size: func() (int, int) { return m.columns, 10 }}
	see := func(want string) {
		t.Helper()
		if got := m.String(); got != want {
			t.Errorf("the terminal shows\n%s\n--- want\n%s", got, want)
		}
	}
	fmt.Fprint(m, "$ phasemig\n")
	s.draw([]string{"one " + strings.Repeat("x", 30), "two", "\x1b[2mthree\x1b[0m"})
	s.draw([]string{"ONE " + strings.Repeat("x", 30), "TWO"})
	see("$ phasemig\nONE xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\nTWO")
	s.above("a word\n", []string{"three"})
	see("$ phasemig\na word\nthree")
	s.draw([]string{strings.Repeat("y", 39), strings.Repeat("z", 39), "end"})
	m.narrow(15)
	s.draw([]string{"small", "view"})
	see("$ phasemig\na word\nsmall\nview")
	s.draw(strings.Split(strings.Repeat("l ", 30), " "))
	if n := len(m.rows); n > 12 {
		t.Errorf("a view of more lines than the terminal has: %d rows", n)
	}
	s.clear()
	see("$ phasemig\na word")
	s.clear()
	see("$ phasemig\na word")
}

// TestWatcherView: while a call is at work the view stands below what was said, a clock moves it, and its end, by an
// error too, leaves only what was said.
func TestWatcherView(t *testing.T) {
	m := &terminalOf{columns: 80}
	pl := fixture()
	w := &watcher{p: &program{format: formatText}, out: m, now: func() time.Time { return noon }, plan: pl, screen: &screen{out: m, size: func() (int, int) { return m.columns, 24 }}}
	err := w.during(context.Background(), func() error {
		for _, e := range backfilling(pl) {
			w.event(e)
		}
		w.redraw()
		if got := m.String(); !strings.Contains(got, "rows/s") || !strings.Contains(got, "expand: 5 steps\n") {
			t.Errorf("the view is not there:\n%s", got)
		}
		return context.Canceled
	})
	if err != context.Canceled {
		t.Error(err)
	}
	w.redraw() // a clock that comes late
	want := "run 0123456789ab (users-display-name) begins\n  ✓ gate preflight:\nexpand: 5 steps\n  expand.1.add_columns …\n  expand.1.add_columns is done in 0s\n" +
		"  expand.2.install_sync …\n  expand.2.install_sync is done in 0s\n  expand.3.backfill …"
	if got := m.String(); got != want {
		t.Errorf("left on the terminal:\n%s\n--- want\n%s", got, want)
	}
}

func TestSparkline(t *testing.T) {
	for _, c := range []struct {
		values []float64
		n      int
		want   string
	}{{nil, 5, ""}, {[]float64{0, 0}, 5, "▁▁"}, {[]float64{9, 0, 1, 2, 4}, 4, "▁▂▄█"}, {[]float64{-1, 7}, 9, "▁█"}} {
		if got := sparkline(c.values, c.n); got != c.want {
			t.Errorf("%v: %q, want %q", c.values, got, c.want)
		}
	}
	for share, want := range map[float64]string{0: "░░░░", 0.5: "██░░", 1: "████", 7: "████", -1: "░░░░", 0.54: "██▏░"} {
		if got := gauge(share, 4); got != want {
			t.Errorf("gauge %v: %q, want %q", share, got, want)
		}
	}
}

// TestTally: the last words of a call.
func TestTally(t *testing.T) {
	var s tally
	if got := s.words(time.Second); got != "" {
		t.Errorf("nothing happened: %q", got)
	}
	for _, e := range append(backfilling(fixture()), engine.Throttled{Reason: "replica_lag (r1) 6 > 5 s"}, engine.LockWaiting{},
		engine.StepDone{Step: "expand.3.backfill", Rows: 2_200_000, Elapsed: 100 * time.Second}) {
		s.see(e)
	}
	want := "2m · 2,200,000 rows walked at 22,000 rows/s · 1 gate passed · 1 lock asked for again · held back or slowed for 1s, last by replica_lag (r1) 6 > 5 s · latency at most 12.3 ms · lag r1 at most 0.2 s"
	if got := s.words(2 * time.Minute); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}
