package report

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/drill"
	"github.com/phasemig/phasemig/plans"
)

func result() *drill.Result {
	made := drill.Made{Move: drill.Move{Phase: plans.Expand}, State: drill.Expanded, Elapsed: 3 * time.Second,
		Steps:   []drill.Timing{{Step: "expand.1.backfill", Elapsed: 2 * time.Second, Rows: 1000, WriteWait: 5 * time.Millisecond}},
		Checked: []drill.Checked{{Code: "old", Need: drill.Required, Said: `<script>alert("x")</script> | no`}}}
	back := drill.Made{Move: drill.Move{Phase: plans.Expand, Back: true}, State: drill.Start, Compared: &drill.Comparison{}}
	r := &drill.Result{Plan: "a<b>", PlanHash: "abc", Production: 4000, StandIns: []drill.StandIn{{Phase: plans.Contract, Gate: "soak", Why: "nothing rests"}},
		Trials: []drill.Trial{{Rows: 1000, Moves: []drill.Made{made, back, made}}, {Rows: 2000, Moves: []drill.Made{made, back, made}}}}
	r.Judge()
	r.Foresee()
	return r
}

func TestMarkdown(t *testing.T) {
	got := Markdown(result())
	for _, want := range []string{"# Drill of a&lt;b&gt;: did not pass", "in the state expanded, after expand, with 1000 rows", `&lt;script&gt;`, `\| no`,
		"| 1000 | rollback of expand |", "schema and rows equal", "| 500 |", "nothing rests", "least squares", "two sizes", "old code: not checked"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestHTML(t *testing.T) {
	got := HTML(result())
	for _, want := range []string{"<title>Drill of a&lt;b&gt;: did not pass</title>", "&lt;script&gt;", `class="bad">BROKEN`, "rows/s</text>", `role="img"`, "500 rows/s"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, bad := range []string{"<script", "http:", "https:", "src=", "href=", "@import", "url("} {
		if strings.Contains(got, bad) {
			t.Errorf("it holds %q: a report reaches for nothing", bad)
		}
	}
	if n := strings.Count(got, "<svg "); n != 3 {
		t.Errorf("%d plots, want 3", n)
	}
	wellFormed(t, got)
}

// wellFormed reads the page as XML, in which only the head's two void elements are not closed.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(page, "<!DOCTYPE html>")))
	d.AutoClose = []string{"meta"}
	d.Strict = false
	var open []string
	for {
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			if e.Name.Local != "meta" {
				open = append(open, e.Name.Local)
			}
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != e.Name.Local {
				t.Fatalf("</%s> within %v", e.Name.Local, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("not closed: %v", open)
	}
}

func TestNoProduction(t *testing.T) {
	r := result()
	r.Production = 0
	r.Foresee()
	if got := Markdown(r); !strings.Contains(got, "nothing is forecast") {
		t.Error(got)
	}
}
