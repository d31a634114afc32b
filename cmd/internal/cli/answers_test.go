package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

// TestAnswers holds what commands print against testdata/answers.golden.
func TestAnswers(t *testing.T) {
	g := &page{width: 100}
	users := schema.Ident{Schema: "public", Name: "users"}
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	run := state.Run{ID: "0123456789ab", Name: "users-display-name", PlanHash: "aa11", Status: state.Expanded, Phase: plans.Expand, Tables: []schema.Ident{users},
		Creator: "app / ann", Created: at, Updated: at.Add(time.Hour), Message: "gate soak before switch is not open: soaking"}
	stray := dialect.Artifact{Kind: "trigger", Table: users, Name: "~pm_0123456789ab_0", Run: run.ID, Remove: []string{`DROP TRIGGER "~pm_0123456789ab_0" ON "public"."users"`}}
	show := func(head string, f func()) { g.line("== %s", head); f(); g.gap() }

	show("apply", func() {
		g.outcome(engine.Result{Run: run.ID, Name: run.Name, Status: state.Expanded, Evidence: "ff00", Next: "phasemig apply --phase switch",
			Steps: []engine.StepResult{{ID: "expand.1.add_columns", State: "done", Elapsed: 12 * time.Millisecond}, {ID: "expand.3.backfill", State: "done", Rows: 300000, Elapsed: 12 * time.Second}}}, false, "12.5s · 300,000 rows at 25,000 rows/s · 1 gate passed")
		g.outcome(engine.Result{Run: run.ID, Name: run.Name, Status: state.Done, Already: true}, true, "")
	})
	show("apply --dry-run", func() {
		pl := fixture()
		g.dryRun(pl, pl.Phases[0].Steps[:1])
		g.dryRun(pl, nil)
	})
	show("list", func() { g.runs([]state.Run{run}); g.runs(nil) })
	show("status", func() {
		g.report(engine.Report{Run: run, Control: state.Control{Paused: true, By: "bob", MaxRate: 5000}, Revertible: true, Unreturnable: 0,
			Steps:     []state.StepRecord{{Step: "expand.3.backfill", State: state.StepDone, Rows: 300000, Started: at, Ended: at.Add(time.Minute), Note: "2 passes"}},
			Segments:  []state.Segment{{Rows: 1000, Done: true}, {Rows: 500}},
			Artifacts: []dialect.Artifact{stray},
			Approvals: []state.Approval{{Phase: plans.Contract, By: "eve / eve", At: at, PlanHash: "0123456789abcdef", Note: "go"}},
			Evidence:  []state.Evidence{{Seq: 1, Phase: plans.Expand, Kind: "gate:preflight", State: "pass", At: at, Reason: "nothing stands against it", Hash: "ff00"}}}, false)
	})
	show("gates", func() {
		g.gates([]engine.GateResult{{Phase: plans.Switch, Gate: plans.GateRef{Kind: "backfill_done"}, Verdict: gate.Passed("no replicas", nil)},
			{Phase: plans.Contract, Step: "contract.2.drop", Gate: plans.GateRef{Kind: "soak", Params: map[string]any{"for": "24h"}}, Verdict: gate.Unsure("soaking: 1h of 24h are over", nil)},
			{Phase: plans.Contract, Gate: plans.GateRef{Kind: "command", Params: map[string]any{"target": "smoke"}}, Verdict: gate.Failed("exit 1", nil)}})
	})
	show("verify", func() {
		g.verified(engine.VerifyResult{Tables: []engine.TableVerified{{Table: "public.users", Columns: "full_name = display_name", Rows: 300000, Differ: 2, Keys: []string{"id=17", "id=18"}, Elapsed: time.Second}}})
	})
	show("cleanup", func() {
		g.cleaned(engine.CleanupResult{Removed: []dialect.Artifact{stray}, DryRun: true})
		g.cleaned(engine.CleanupResult{Removed: []dialect.Artifact{stray}, Runs: []string{run.ID}})
		g.cleaned(engine.CleanupResult{})
	})
	show("doctor", func() {
		g.advice([]dialect.Advice{{Check: "connection", OK: true, Detail: "PostgreSQL 18.6"}, {Check: "owner of public.users", Fatal: true, Detail: "owned by bob", Fix: `GRANT "bob" TO "app"`},
			{Check: "replica role", Detail: "user triggers would fire", Fix: "GRANT SET ON PARAMETER session_replication_role TO app"}})
	})
	golden(t, "answers.golden", g.bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update writes it anew):\n%s", path, got)
	}
}

// TestShut: `gates --phase` ends as apply would.
func TestShut(t *testing.T) {
	pass, fail, unsure := gate.Passed("", nil), gate.Failed("", nil), gate.Unsure("", nil)
	for _, c := range []struct {
		verdicts []gate.Verdict
		exit     int
	}{{nil, 0}, {[]gate.Verdict{pass, pass}, 0}, {[]gate.Verdict{unsure, pass}, 3}, {[]gate.Verdict{unsure, fail, unsure}, 4}} {
		var list []engine.GateResult
		for _, v := range c.verdicts {
			list = append(list, engine.GateResult{Verdict: v})
		}
		exit := 0
		if err := shut(list); err != nil {
			exit = classify(t.Context(), err).exit
		}
		if exit != c.exit {
			t.Errorf("%v: exit %d, want %d", c.verdicts, exit, c.exit)
		}
	}
}

// TestEnding: what was reached stands beside the error in one document.
func TestEnding(t *testing.T) {
	var out bytes.Buffer
	p := &program{format: formatJSON, Host: Host{Stdout: &out, Stderr: &bytes.Buffer{}, Getenv: os.Getenv}}
	p.emitResult(engine.Result{Run: "r", Status: state.Expanded}, errors.New("x"), "")
	code := p.finish(t.Context(), &gate.HeldError{Phase: plans.Switch, Gate: "soak", Verdict: gate.Unsure("soaking", nil)})
	var doc struct {
		Error struct {
			Class, Message, Hint string
			Exit                 int
			Details              struct{ Gate string }
		}
		Result struct{ Status string }
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if code != 3 || doc.Error.Exit != 3 || doc.Error.Class != "gate_waiting" || doc.Error.Details.Gate != "soak" || doc.Result.Status != "expanded" {
		t.Errorf("exit %d, %s", code, out.String())
	}
}

func TestOneOfName(t *testing.T) {
	list := []state.Run{{ID: "a", Name: "n", Status: state.Expanded}, {ID: "b", Name: "n", Status: state.Done}, {ID: "c", Name: "m", Status: state.Switched}}
	if err := oneOfName(list, "n"); err != nil {
		t.Error(err)
	}
	list[1].Status = state.Switching
	if err := oneOfName(list, "n"); err == nil || classify(t.Context(), err).exit != exitUsage {
		t.Errorf("two active runs of one name: %v", err)
	}
}
