package gate

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/drill"
	"github.com/phasemig/phasemig/plans"
)

func TestDrill(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	good := drill.Result{Format: drill.Format, Plan: "p", PlanHash: "this", Passed: true, Ended: now.Add(-time.Hour), Trials: []drill.Trial{{Rows: 500}, {Rows: 5000}}}
	change := func(f func(*drill.Result)) *drill.Result { r := good; f(&r); return &r }
	for name, c := range map[string]struct {
		result *drill.Result
		params map[string]any
		spoil  bool
		key    string // of the file's seal; the gate's is "k"
		want   State
		says   string
	}{
		"passed":        {&good, nil, false, "k", Pass, "5000 rows"},
		"enough rows":   {&good, map[string]any{"rows": 5000, "max_age": "1h"}, false, "k", Pass, "1h0m0s ago"},
		"none yet":      {nil, nil, false, "k", Inconclusive, "no drill yet"},
		"other plan":    {change(func(r *drill.Result) { r.PlanHash = "that" }), nil, false, "k", Inconclusive, "another plan"},
		"broken":        {change(func(r *drill.Result) { r.Passed = false; r.Broken = []drill.Broken{{State: "expanded", What: "x"}} }), nil, false, "k", Fail, "in the state expanded"},
		"stale":         {&good, map[string]any{"max_age": "59m"}, false, "k", Inconclusive, "drill again"},
		"small":         {&good, map[string]any{"rows": 5001}, false, "k", Inconclusive, "--rows 5001"},
		"of the future": {change(func(r *drill.Result) { r.Ended = now.Add(time.Hour) }), nil, false, "k", Inconclusive, "future"},
		"changed":       {&good, nil, true, "k", Fail, "was changed"},
		"other key":     {&good, nil, false, "other", Fail, "was changed"},
		"no key":        {&good, nil, false, "", Fail, "without the key"},
		"no such":       {&good, map[string]any{"target": "none"}, false, "k", Inconclusive, "not defined"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "drill.json")
			if c.result != nil {
				writeDrill(t, file, *c.result, c.key, c.spoil)
			}
			t.Setenv("DRILL_KEY", "k")
			in := Input{Plan: &plans.Plan{Hash: "this"}, Ref: plans.GateRef{Kind: "drill", Params: c.params}, Now: now,
				Targets: Targets{Drills: map[string]Drill{"practice": {File: file, KeyEnv: "DRILL_KEY"}}}}
			v := Check(context.Background(), in)
			if v.State != c.want || !strings.Contains(v.Reason, c.says) {
				t.Errorf("%s: %s", v.State, v.Reason)
			}
		})
	}
}

func writeDrill(t *testing.T, file string, r drill.Result, key string, spoil bool) {
	t.Helper()
	if err := r.Close([]byte(key)); err != nil {
		t.Fatal(err)
	}
	if spoil {
		r.Trials = []drill.Trial{{Rows: 1_000_000}}
	}
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDrillSettings(t *testing.T) {
	for _, p := range []map[string]any{{"rows": 0}, {"max_age": "0s"}, {"rows": "many"}, {"age": "1h"}} {
		if err := Validate(plans.GateRef{Kind: "drill", Params: p}); err == nil {
			t.Errorf("%v: taken", p)
		}
	}
	if err := (Targets{Drills: map[string]Drill{"practice": {}}}).Validate(); err == nil {
		t.Error("a drill without a file was taken")
	}
}
