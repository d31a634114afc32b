package report

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

var update = flag.Bool("update", false, "write the expectation anew")

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const hostile = `</title><script>alert("x")</script>&'`

func finished() engine.Glance {
	g := engine.Glance{Run: state.Run{ID: "0123456789ab", Name: "users " + hostile, Status: state.Done, PlanHash: "aa11", Creator: "app / ann", Created: noon, Updated: noon.Add(26 * time.Hour),
		Tables: []schema.Ident{{Schema: "public", Name: "users"}}}}
	g.Plan = &plans.Plan{Phases: []plans.Phase{
		{Name: plans.Expand, Steps: []plans.Step{{ID: "expand.1.add_columns", Because: "The catalog only.", SQL: []string{"ALTER TABLE users ADD x text /*" + hostile + "*/"}, Undo: []string{"ALTER TABLE users DROP x"}}, {ID: "expand.2.backfill"}}},
		{Name: plans.Switch}, {Name: plans.Contract, Steps: []plans.Step{{ID: "contract.1.drop"}}}}}
	g.Steps = []state.StepRecord{{Step: "expand.1.add_columns", State: state.StepDone, Started: noon, Ended: noon.Add(12 * time.Millisecond)},
		{Step: "expand.2.backfill", State: state.StepDone, Started: noon.Add(time.Second), Ended: noon.Add(91 * time.Second), Rows: 2_200_000, Note: hostile}}
	for i := range 60 {
		s := state.Sample{Seq: int64(i), At: noon.Add(time.Duration(2+i) * time.Second), Step: "expand.2.backfill", Rate: 20_000 + 9_000*math.Sin(float64(i)/5),
			Values: []state.Measured{{Name: "replica_lag", Of: "r1", Value: float64(i%9) / 2, Limit: 5}, {Name: "lock_waits", Value: float64(i % 3)}}}
		if i > 10 {
			s.Values = append(s.Values, state.Measured{Name: "latency", Of: "p99 of transactions", Value: 12 + float64(i%7), Limit: 50}, state.Measured{Name: "replica_lag", Of: hostile, Value: 1})
		}
		if i > 30 && i < 40 {
			s.Hold = "held back: " + hostile
		}
		if i >= 50 {
			s.At, s.Step = s.At.Add(24*time.Hour), "contract.1.drop"
		}
		g.Samples = append(g.Samples, s)
	}
	prev := ""
	for i, e := range []state.Evidence{{Phase: plans.Expand, Kind: "gate:preflight", State: "inconclusive"}, {Phase: plans.Expand, Kind: "gate:preflight", State: "pass", Reason: hostile, Data: []byte(`{"a":"</pre>"}`)},
		{Phase: plans.Expand, Kind: "phase", State: "done", Reason: "expand is done"}, {Phase: plans.Switch, Kind: "gate:flag", State: "fail", Reason: "it is off"}} {
		e.Seq, e.Previous, e.At = int64(i+1), prev, noon.Add(time.Duration(i)*time.Minute)
		e.Hash = e.Seal()
		prev = e.Hash
		g.Evidence = append(g.Evidence, e)
	}
	return g
}

func does(*plans.Plan, plans.Step) string { return "does something" }

// TestHTML compares the page of a finished run with testdata/report.html (open it in a browser; -update writes it
// anew), and holds it to what is promised: it loads nothing, and no text of a server or a user is markup.
func TestHTML(t *testing.T) {
	g := finished()
	b, err := HTML(g, state.CheckChain(g.Evidence), does)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "report.html")
	if *update {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != string(b) {
		t.Errorf("%s differs (%v): go test ./cmd/internal/report -update", path, err)
	}
	page := string(b)
	for _, load := range []string{"<script", "<link", "<img", "src=", "href=", "url(", "@import", "http://", "https://"} {
		if strings.Contains(page, load) {
			t.Errorf("the page holds %s", load)
		}
	}
	if n := strings.Count(page, "<svg"); n != 4 {
		t.Errorf("%d pictures, want 4", n)
	}
	for _, said := range []string{"the chain is whole", "2,200,000", "expand is done", "Every phase is done", ">fail<"} {
		if !strings.Contains(page, said) {
			t.Errorf("the page doesn't say %q", said)
		}
	}
	if strings.Contains(page, ">inconclusive<") {
		t.Error("a verdict that was overtaken is shown")
	}
	for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1) {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("a picture is not well-formed: %v", err)
			}
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Error("a picture has numbers that are none")
		}
	}
}

// TestOdd: what is missing, broken or all the same makes a page, too.
func TestOdd(t *testing.T) {
	g := finished()
	g.Evidence[1].Reason = "edited"
	b, err := HTML(g, state.CheckChain(g.Evidence), does)
	if err != nil || !strings.Contains(string(b), "evidence broken") || strings.Contains(string(b), "the chain is whole") {
		t.Errorf("broken evidence: %v", err)
	}
	for _, n := range []int{0, 1, 2} {
		g := finished()
		g.Samples = g.Samples[:n]
		for i := range g.Samples {
			g.Samples[i].At, g.Samples[i].Rate = noon, 0
		}
		b, err := HTML(g, nil, does)
		if err != nil || strings.Contains(string(b), "NaN") || strings.Contains(string(b), "<svg") != (n == 2) {
			t.Errorf("%d samples: %v", n, err)
		}
	}
	for _, st := range []state.Status{state.Planned, state.Expanding, state.Expanded, state.Switched, state.RollingBack, state.RolledBack, state.Aborted} {
		g := finished()
		g.Status, g.Message = st, "because"
		b, err := HTML(g, nil, does)
		if err != nil || !strings.Contains(string(b), "<b>"+strings.ReplaceAll(string(st), "_", " ")+"</b>") {
			t.Errorf("%s: %v", st, err)
		}
	}
}

// TestAxis: a day between two calls takes no more room than two samples.
func TestAxis(t *testing.T) {
	a := newAxis(finished().Samples)
	if fmt.Sprint(a.breaks) != "[50]" || len(a.bands) != 2 || a.at[59] != 59 {
		t.Errorf("breaks %v, bands %v, %v working seconds", a.breaks, a.bands, a.at[59])
	}
	for v, want := range map[float64]float64{0: 1, 0.3: 0.5, 1: 1, 7: 10, 23_400: 25_000, 51: 100} {
		if got := round(v); math.Abs(got-want) > 1e-9 {
			t.Errorf("round(%v) = %v, want %v", v, got, want)
		}
	}
}
