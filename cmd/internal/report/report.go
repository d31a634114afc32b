package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"clock": clock, "took": took, "count": count}).Parse(pageText))

// HTML draws a run. chain is the error of its evidence (state.CheckChain), nil where it is whole: the page
// says so, since a page with broken evidence must not look like a proof. does says what a step does.
func HTML(g engine.Glance, chain error, does func(*plans.Plan, plans.Step) string) ([]byte, error) {
	p := page{Glance: g, Charts: charts(g.Samples), Phases: phases(g, does), Verdict: verdict(g), Elapsed: g.Updated.Sub(g.Created)}
	if chain != nil {
		p.Broken = chain.Error()
	}
	if n := len(g.Evidence); n > 0 {
		p.Head = g.Evidence[n-1].Hash
	}
	for _, t := range g.Tables {
		p.TableNames = append(p.TableNames, t.String())
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("draw the report: %w", err)
	}
	return b.Bytes(), nil
}

// page is what the template gets.
type page struct {
	engine.Glance
	TableNames []string
	Elapsed    time.Duration
	Verdict    verdictWords
	Broken     string
	Head       string
	Charts     []drawn
	Phases     []phase
}

type drawn struct {
	Title, Unit string
	Lines       []string
	SVG         template.HTML
}

type phase struct {
	Name    plans.PhaseName
	Steps   []step
	Gates   []entry // the last verdict of each gate
	Records []entry // everything else that was stored about it
}

type step struct {
	ID, Does string
	Because  string
	SQL      []string
	Undo     []string
	State    string
	Started  time.Time
	Took     time.Duration
	Rows     int64
	Note     string
}

type entry struct {
	Seq          int64
	Kind, State  string
	At           time.Time
	Reason, Data string
}

// verdictWords are the end of the run in a word and a sentence.
type verdictWords struct{ Class, Word, Why string }

func verdict(g engine.Glance) verdictWords {
	switch g.Status {
	case state.Done:
		return verdictWords{"pass", "done", "Every phase is done and the old side is dropped."}
	case state.RolledBack:
		return verdictWords{"unsure", "rolled back", "Everything that the run did was taken back."}
	case state.Aborted:
		return verdictWords{"fail", "aborted", g.Message}
	case state.Expanded:
		return verdictWords{"unsure", "expanded", "Old and new stand side by side and are kept in step; rollback is open."}
	case state.Switched:
		return verdictWords{"unsure", "switched", "The new side is in use, the old one is still there; rollback is open."}
	}
	return verdictWords{"unsure", strings.ReplaceAll(string(g.Status), "_", " "), g.Message}
}

func phases(g engine.Glance, does func(*plans.Plan, plans.Step) string) []phase {
	var out []phase
	for _, ph := range g.Plan.Phases {
		p := phase{Name: ph.Name}
		for _, st := range ph.Steps {
			p.Steps = append(p.Steps, stepOf(g, st, does(g.Plan, st)))
		}
		p.Gates, p.Records = entries(g.Evidence, ph.Name)
		out = append(out, p)
	}
	return out
}

func stepOf(g engine.Glance, st plans.Step, does string) step {
	out := step{ID: st.ID, Does: does, Because: st.Because, SQL: st.SQL, Undo: st.Undo, State: "not begun"}
	i := slices.IndexFunc(g.Steps, func(r state.StepRecord) bool { return r.Step == st.ID })
	if i < 0 {
		return out
	}
	r := g.Steps[i]
	out.State, out.Started, out.Rows, out.Note = string(r.State), r.Started, r.Rows, r.Note
	if !r.Ended.IsZero() {
		out.Took = r.Ended.Sub(r.Started)
	}
	return out
}

func entries(list []state.Evidence, ph plans.PhaseName) (gates, rest []entry) {
	for _, e := range list {
		if e.Phase != ph {
			continue
		}
		one := entry{e.Seq, e.Kind, e.State, e.At, e.Reason, indented(e.Data)}
		name, isGate := strings.CutPrefix(e.Kind, "gate:")
		if !isGate {
			rest = append(rest, one)
			continue
		}
		one.Kind = name
		if i := slices.IndexFunc(gates, func(g entry) bool { return g.Kind == name }); i >= 0 {
			gates[i] = one
		} else {
			gates = append(gates, one)
		}
	}
	return gates, rest
}

func indented(data json.RawMessage) string {
	var b bytes.Buffer
	if len(data) == 0 || json.Indent(&b, data, "", "  ") != nil {
		return string(data)
	}
	return b.String()
}

// charts are the pictures for which there is anything to show.
func charts(list []state.Sample) []drawn {
	if len(list) < 2 {
		return nil
	}
	a := newAxis(list)
	rate := line{name: "rows/s"}
	for _, s := range list {
		rate.values = append(rate.values, s.Rate)
	}
	var out []drawn
	for _, c := range []chart{
		{"Throughput", "rows/s", []line{rate}},
		{"Replica lag", "s", series(list, func(m state.Measured) string {
			switch m.Name {
			case "replica_lag":
				return m.Of
			case "replication_lag":
				return "slowest replica, by its own word"
			}
			return ""
		})},
		{"Latency of the application", "ms", series(list, func(m state.Measured) string {
			if m.Name == "latency" && strings.HasPrefix(m.Of, "p99 of ") {
				return m.Of
			}
			return ""
		})},
		{"Sessions that wait for locks", "", series(list, func(m state.Measured) string {
			if m.Name == "lock_waits" {
				return "lock waits"
			}
			return ""
		})},
	} {
		if c.empty() {
			continue
		}
		d := drawn{Title: c.title, Unit: c.unit, SVG: c.svg(a)}
		for _, l := range c.lines {
			d.Lines = append(d.Lines, l.name)
		}
		out = append(out, d)
	}
	return out
}

// series makes a line of each value that has a name.
func series(list []state.Sample, name func(state.Measured) string) []line {
	var out []line
	for i, s := range list {
		for _, m := range s.Values {
			n := name(m)
			if n == "" {
				continue
			}
			at := slices.IndexFunc(out, func(l line) bool { return l.name == n })
			if at < 0 {
				at = len(out)
				out = append(out, line{name: n, values: unmeasured(len(list))})
			}
			out[at].values[i], out[at].limit = m.Value, m.Limit
		}
	}
	return out
}

func unmeasured(n int) []float64 {
	return slices.Repeat([]float64{math.NaN()}, n)
}

func took(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// count writes 1234567 as 1,234,567, and nothing for none.
func count(n int64) string {
	if n == 0 {
		return ""
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
