package gate

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

func input(kind string, params map[string]any) Input {
	return Input{
		Run:   state.Run{ID: "r1", Creator: "alice / alice"},
		Plan:  &plans.Plan{Hash: "h1", Replicas: plans.Replicas{"none"}, Syncs: []plans.Sync{{DualWrite: "trigger"}}, Phases: []plans.Phase{{Name: plans.Expand, Steps: []plans.Step{{ID: "expand.1.backfill"}}}}},
		Phase: plans.Contract, Ref: plans.GateRef{Kind: kind, Params: params}, Now: time.Unix(1_000_000, 0),
		SyncIntact: func(context.Context) (string, error) { return "", nil },
		Verify:     func(context.Context) (Verified, error) { return Verified{Rows: 10, Position: "p1"}, nil },
	}
}

func want(t *testing.T, in Input, s State, text string) {
	t.Helper()
	v := Check(context.Background(), in)
	if v.State != s || !strings.Contains(v.Reason, text) {
		t.Fatalf("%s: got %s (%s), want %s with %q", in.Ref.Kind, v.State, v.Reason, s, text)
	}
}

func TestUnknownGateFails(t *testing.T) { want(t, input("wish", nil), Fail, "no gate") }

func TestPreflight(t *testing.T) {
	in := input("preflight", nil)
	in.Preflight = func(context.Context) ([]Finding, error) {
		return []Finding{{Check: "a", OK: true}, {Check: "b", Detail: "so so"}}, nil
	}
	want(t, in, Pass, "")
	in.Preflight = func(context.Context) ([]Finding, error) {
		return []Finding{{Check: "grant", Detail: "TRIGGER is missing", Fix: "GRANT TRIGGER", Fatal: true}}, nil
	}
	want(t, in, Fail, "GRANT TRIGGER")
	in.Preflight = func(context.Context) ([]Finding, error) { return nil, errors.New("no answer") }
	want(t, in, Inconclusive, "no answer")
}

type fixedReplica struct{ ok bool }

func (fixedReplica) Sessions(context.Context) ([]Session, error) { return nil, nil }
func (fixedReplica) References() References                      { return nil }

func (fixedReplica) Lag(context.Context) (time.Duration, error)              { return 0, nil }
func (r fixedReplica) Reached(context.Context, string) (bool, string, error) { return r.ok, "p0", nil }

func TestBackfillDoneIsBoundToReplicas(t *testing.T) {
	in := input("backfill_done", nil)
	want(t, in, Inconclusive, "expand.1.backfill is not done")
	in.Steps = []state.StepRecord{{Step: "expand.1.backfill", State: state.StepDone, Position: "p1"}}
	want(t, in, Pass, "no replicas")
	in.Plan.Replicas = nil
	want(t, in, Inconclusive, "names no replica")
	in.Plan.Replicas = plans.Replicas{"r1"}
	reach := false
	in.Replica = func(context.Context, string) (Replica, func() error, error) {
		return fixedReplica{reach}, func() error { return nil }, nil
	}
	want(t, in, Inconclusive, "r1 has not applied p1")
	reach = true
	want(t, in, Pass, "past p1")
	in.Replica = func(context.Context, string) (Replica, func() error, error) {
		return nil, nil, errors.New("no address")
	}
	want(t, in, Inconclusive, "no address")
}

func TestDualWriteVerified(t *testing.T) {
	in := input("dual_write_verified", nil)
	want(t, in, Pass, "10 rows agree")
	in.Verify = func(context.Context) (Verified, error) {
		return Verified{Rows: 10, Differ: 1, Keys: []string{"id=3"}}, nil
	}
	want(t, in, Fail, "id=3")
	in.SyncIntact = func(context.Context) (string, error) { return "the trigger is disabled", nil }
	want(t, in, Fail, "disabled")
}

// TestDualWriteIsExercised: rows that agree and that nobody writes prove nothing.
func TestDualWriteIsExercised(t *testing.T) {
	in := input("dual_write_verified", map[string]any{"written": 100})
	counter := int64(1000)
	in.Written = func(context.Context) (int64, error) { return counter, nil }
	ask := func(s State, text string) {
		t.Helper()
		want(t, in, s, text)
		v := Check(t.Context(), in)
		data, err := json.Marshal(v.Evidence)
		if err != nil {
			t.Fatal(err)
		}
		in.Evidence = append(in.Evidence, state.Evidence{Kind: "gate:dual_write_verified", Phase: in.Phase, PlanHash: in.Plan.Hash, State: string(v.State), Data: data})
	}
	ask(Inconclusive, "0 of 100 rows were written")
	counter = 1099
	ask(Inconclusive, "99 of 100")
	counter = 1100
	ask(Pass, "100 rows were written since")
	counter = 50 // the server was started anew
	ask(Inconclusive, "0 of 100")
	counter = 151
	ask(Pass, "101 rows")
	in.Evidence = append(in.Evidence, state.Evidence{Kind: "rollback", Phase: plans.Expand})
	ask(Inconclusive, "0 of 100")
	in.Written = func(context.Context) (int64, error) { return 0, errors.New("track_counts is off") }
	want(t, in, Inconclusive, "track_counts is off")
	in.Written = nil // a drill
	want(t, in, Pass, "10 rows agree")
	for _, n := range []any{-1, 1.5, "many"} {
		if Validate(plans.GateRef{Kind: "dual_write_verified", Params: map[string]any{"written": n}}) == nil {
			t.Errorf("written: %v is taken", n)
		}
	}
}

func TestSoakRunsOnTheGivenClock(t *testing.T) {
	in := input("soak", map[string]any{"for": "1h"})
	want(t, in, Inconclusive, "nothing is done")
	in.Steps = []state.StepRecord{{State: state.StepDone, Ended: in.Now.Add(-59 * time.Minute)}}
	want(t, in, Inconclusive, "59m0s of 1h0m0s")
	in.Steps[0].Ended = in.Now.Add(-time.Hour)
	want(t, in, Pass, "soaked")
	in.Ref.Params["for"] = "soon"
	want(t, in, Inconclusive, "want a duration")
}

func TestApprovalCountsOthersOnThisPlanOnly(t *testing.T) {
	in := input("approval", map[string]any{"by": 2})
	ok := func(by string) state.Approval { return state.Approval{Phase: plans.Contract, PlanHash: "h1", By: by} }
	in.Approvals = []state.Approval{ok("alice / alice"), ok("bob / bob"), ok("bob / bob")}
	want(t, in, Inconclusive, "1 of 2")
	in.Approvals = append(in.Approvals, state.Approval{Phase: plans.Contract, PlanHash: "h0", By: "carol"})
	want(t, in, Inconclusive, "another plan")
	in.Approvals = append(in.Approvals, state.Approval{Phase: plans.Switch, PlanHash: "h1", By: "dave"})
	want(t, in, Inconclusive, "1 of 2")
	in.Approvals = append(in.Approvals, ok("erin"))
	want(t, in, Pass, "erin")
}

func TestCommand(t *testing.T) {
	in := input("command", map[string]any{"target": "check"})
	want(t, in, Inconclusive, "not defined in this runner's phasemig.yaml")
	t.Setenv("PHASEMIG_PASSWORD", "secret")
	for script, w := range map[string]State{"exit 0": Pass, `test -z "$PHASEMIG_PASSWORD"`: Pass, "echo no; exit 1": Fail, "exit 75": Inconclusive, "sleep 5": Inconclusive,
		`test "$PHASEMIG_PLAN_HASH" = h1`: Pass} {
		in.Targets.Commands = map[string]Command{"check": {Argv: []string{"sh", "-c", script}, Timeout: 500 * time.Millisecond}}
		want(t, in, w, "")
	}
	in.Targets.Commands = map[string]Command{"check": {Argv: []string{"/no/such/program"}}}
	want(t, in, Inconclusive, "no such file")
}

func TestHTTP(t *testing.T) {
	status, body := 200, `{"verdict":{"state":"ok"}}`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer srv.Close()
	in := input("http", map[string]any{"target": "t"})
	want(t, in, Inconclusive, "not defined")
	set := func(h HTTP) { h.URL = srv.URL; in.Targets.HTTP = map[string]HTTP{"t": h} }
	set(HTTP{Fail: []int{409}})
	want(t, in, Pass, "200")
	status = 409
	want(t, in, Fail, "409")
	status = 503
	want(t, in, Inconclusive, "503")
	status = 200
	set(HTTP{Field: "verdict.state", Expect: "ok"})
	want(t, in, Pass, "ok")
	body = `{"verdict":{"state":"bad"}}`
	want(t, in, Fail, "bad")
	body = `{}`
	want(t, in, Inconclusive, "no field")
	srv.Close()
	want(t, in, Inconclusive, "gave no answer")
}

func TestValidateFindsMisspeltGates(t *testing.T) {
	for _, g := range []plans.GateRef{{Kind: "sok"}, {Kind: "soak", Params: map[string]any{"fro": "1h"}}, {Kind: "soak", Params: map[string]any{"for": "x"}},
		{Kind: "http"}, {Kind: "approval", Params: map[string]any{"by": 1.5}}} {
		if Validate(g) == nil {
			t.Errorf("%+v was taken", g)
		}
	}
	for _, g := range []plans.GateRef{{Kind: "preflight"}, {Kind: "soak", Params: map[string]any{"for": "1h"}}, {Kind: "approval", Params: map[string]any{"by": float64(2)}}} {
		if err := Validate(g); err != nil {
			t.Error(err)
		}
	}
	for _, k := range Kinds() {
		if _, ok := settings[k]; !ok {
			t.Errorf("gate %s has no list of settings", k)
		}
	}
}
