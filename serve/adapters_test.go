package serve

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// flaggerBody is what Flagger posts: these keys, this order, no header but Content-Type.
func (st *stage) flaggerBody(phase, token string, more ...string) string {
	metadata := map[string]string{"token": token, "environment": "prod", "run": "rename"}
	for i := 0; i+1 < len(more); i += 2 {
		metadata[more[i]] = more[i+1]
	}
	b, err := json.Marshal(metadata)
	st.must(err)
	return `{"name":"shop","namespace":"prod","phase":"` + phase + `","checksum":"85d557f47b","metadata":` + string(b) + `}`
}

// hook is the answer to a webhook as Flagger judges it: up to 202 is success.
func (st *stage) hook(hook, body string) (success bool, a answer) {
	st.t.Helper()
	a = st.call("", "POST", "/v1/flagger/"+hook, body)
	return a.status <= 202, a
}

// TestFlagger plays each kind of hook, before expand, after it, and when the canary has failed.
func TestFlagger(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	good := st.flaggerBody("Progressing", st.secrets["run"])
	st.apply("run", Succeeded, plans.Expand)
	st.operate("run", Succeeded, map[string]any{"action": "rollback", "run": "rename"})
	for _, hook := range flaggerConfirms {
		if yes, a := st.hook(hook, good); yes {
			t.Errorf("%s goes on without an expand: %s", hook, a.body)
		}
	}
	if yes, a := st.hook("rollback", good); !yes {
		t.Errorf("rollback of a run that was taken back: %s", a.body)
	}

	st.apply("run", Succeeded, plans.Expand)
	for _, hook := range append(flaggerConfirms, "event", "post-rollout") {
		if yes, a := st.hook(hook, good); !yes {
			t.Errorf("%s after expand: %d %s", hook, a.status, a.body)
		}
	}
	if yes, a := st.hook("rollback", good); yes {
		t.Errorf("a good release is rolled back: %s", a.body)
	}
	if yes, _ := st.hook("confirm-promotion", st.flaggerBody("WaitingPromotion", st.secrets["run"], "phase", "switch")); yes {
		t.Error("promoted before switch is done")
	}
	if yes, a := st.hook("confirm-promotion", st.flaggerBody("WaitingPromotion", st.secrets["run"], "phase", "switch", "want", "open")); !yes {
		t.Errorf("the gates of switch pass: %s", a.body)
	}
	st.apply("run", Succeeded, plans.Switch)

	if yes, a := st.hook("event", st.flaggerBody("Failed", st.secrets["run"], "eventMessage", "Rolling back shop.prod", "eventType", "Warning", "timestamp", "1767225600000")); !yes {
		t.Fatalf("event: %s", a.body)
	}
	st.shut("canary prod/shop is Failed")
	st.hook("post-rollout", st.flaggerBody("Succeeded", st.secrets["run"]))
	st.apply("run", Succeeded, plans.Contract)
}

// shut fails unless contract is closed by a report of the application.
func (st *stage) shut(reason string) {
	st.t.Helper()
	o := st.apply("run", Failed, plans.Contract)
	if *o.Exit != 4 || !strings.Contains(o.Problem.Detail, reason) || o.Result.Status != "switched" {
		st.t.Errorf("contract after a roll-back of the application: %+v, %+v", o.Problem, o.Result)
	}
}

// TestFlaggerRefused: whatever isn't understood or allowed is no yes, above all not to a rollback.
func TestFlaggerRefused(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	st.apply("run", Succeeded, plans.Expand)
	for name, body := range map[string]string{
		"no token":            st.flaggerBody("Progressing", ""),
		"an unknown token":    st.flaggerBody("Progressing", "pm_x"),
		"the scope read":      st.flaggerBody("Progressing", st.secrets["read"]),
		"another environment": st.flaggerBody("Progressing", st.secrets["elsewhere"]),
		"an unknown run":      st.flaggerBody("Progressing", st.secrets["run"], "run", "nothing"),
		"no metadata":         `{"name":"shop","namespace":"prod","phase":"Progressing","checksum":""}`,
		"no JSON":             `shop`,
	} {
		for _, hook := range []string{"rollback", "confirm-rollout", "event"} {
			if yes, a := st.hook(hook, body); yes || a.status >= 500 {
				t.Errorf("%s, %s: %d %s", hook, name, a.status, a.body)
			}
		}
	}
	if yes, a := st.hook("everything", st.flaggerBody("Progressing", st.secrets["run"])); yes {
		t.Errorf("an unknown hook: %s", a.body)
	}
	st.silent()
}

// TestArgoWebMetric asks as a web metric does and reads as jsonPath does: {$.verdict}, {$.phase_state}.
func TestArgoWebMetric(t *testing.T) {
	st := newStage(t, throwaway.Postgres, approvalGate)
	st.apply("run", Succeeded, plans.Expand)
	ask := func(method, path string) (v phaseVerdict) {
		t.Helper()
		st.call("run", method, st.path()+path, nil).want(t, http.StatusOK, &v)
		return v
	}
	if v := ask("GET", "/phases/expand?want=done"); v.Verdict != gate.Pass || v.State != phaseDone || v.Value != 1 {
		t.Errorf("expand: %+v", v)
	}
	if v := ask("POST", "/phases/switch?want=done"); v.Verdict != gate.Inconclusive || v.Value != 0 {
		t.Errorf("switch, not begun: %+v", v)
	}
	if v := ask("GET", "/phases/switch"); v.Verdict != gate.Pass || len(v.Gates) == 0 {
		t.Errorf("the gates of switch: %+v", v)
	}
	st.apply("run", Succeeded, plans.Switch)
	if v := ask("GET", "/phases/contract"); v.Verdict != gate.Inconclusive || !strings.Contains(v.Reason, "approval") {
		t.Errorf("the gates of contract: %+v", v)
	}
	st.call("run", "POST", st.path()+"/application", map[string]any{"state": "rolled_back", "revision": "v42", "reason": "on-rollout-aborted"}).want(t, http.StatusOK, nil)
	st.until("a new answer", func() bool { return ask("GET", "/phases/contract").Verdict == gate.Fail })
	st.call("run", "GET", st.path()+"/phases/contract?want=nothing", nil).refused(t, 400, "malformed")
	st.call("run", "GET", st.path()+"/phases/nothing", nil).refused(t, 400, "malformed")
	st.call("run", "GET", "/v1/environments/prod/runs/nothing/phases/expand", nil).refused(t, 404, "not_found")
}

// TestArgoWhileTheDatabaseIsAway: a web metric takes any status but 200 for an error, and some of those in a row abort
// a rollout; a database that can't be reached is inconclusive, which pauses it.
func TestArgoWhileTheDatabaseIsAway(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	st.must(st.stop())
	st.dsn = "postgres://nobody@127.0.0.1:1/nothing?connect_timeout=2"
	st.start()
	var v phaseVerdict
	st.call("run", "GET", st.path()+"/phases/expand", nil).want(t, http.StatusOK, &v)
	if v.Verdict != gate.Inconclusive || v.Reason == "" {
		t.Errorf("%+v", v)
	}
	if yes, a := st.hook("rollback", st.flaggerBody("Progressing", st.secrets["run"])); yes {
		t.Errorf("a release is rolled back because the database is away: %s", a.body)
	}
	st.call("", "GET", "/readyz", nil).want(t, http.StatusServiceUnavailable, nil)
	st.call("", "GET", "/healthz", nil).want(t, http.StatusOK, nil)
}

// TestSpinnakerWebhookStage does what the stage does with statusUrlResolution locationHeader and webhookResponse, statusJsonPath $.status and
// progressJsonPath $.progress: both must be text in every answer, the first one included.
func TestSpinnakerWebhookStage(t *testing.T) {
	st := newStage(t, throwaway.MySQL, noGates, slow)
	a := st.call("run", "POST", "/v1/environments/prod/operations", map[string]any{"action": "apply", "plan": st.file, "phase": "expand"}).want(t, http.StatusAccepted, nil)
	var first map[string]any
	a.want(t, http.StatusAccepted, &first)
	location := a.header.Get("Location")
	if location != first["status_url"] || !strings.HasPrefix(location, st.url) {
		t.Fatalf("Location %q, status_url %v", location, first["status_url"])
	}
	path := strings.TrimPrefix(location, st.url)
	successes, terminals := "SUCCEEDED", "FAILED,INCONCLUSIVE,INTERRUPTED"
	st.until("a status that the stage ends by", func() bool {
		var v map[string]any
		st.call("read", "GET", path, nil).want(t, http.StatusOK, &v)
		status, isText := v["status"].(string)
		progress, alsoText := v["progress"].(string)
		if !isText || !alsoText || progress == "" {
			t.Fatalf("status %v, progress %v", v["status"], v["progress"])
		}
		if strings.Contains(terminals, status) {
			t.Fatalf("ended %s: %v", status, v["error"])
		}
		return status == successes
	})
	st.call("run", "POST", strings.TrimPrefix(first["cancel_url"].(string), st.url), nil).want(t, http.StatusAccepted, nil) // cancelEndpoint of a stage that has ended
}

// TestApplicationRolledBack: a report shuts contract, at its beginning and between its steps, until a release is
// reported; a repeated report is one entry.
func TestApplicationRolledBack(t *testing.T) {
	st := newStage(t, throwaway.Postgres, "gates:\n  contract:\n    - soak: {for: 24h}\n")
	st.apply("run", Succeeded, plans.Expand)
	st.apply("run", Succeeded, plans.Switch)
	st.apply("run", Inconclusive, plans.Contract) // hidden; the drop waits for the soak
	for range 2 {
		st.call("run", "POST", st.path()+"/application", map[string]any{"state": "rolled_back", "reason": "aborted"}).want(t, http.StatusOK, nil)
	}
	if o := st.apply("run", Failed, plans.Contract); *o.Exit != 4 || !strings.Contains(o.Problem.Detail, "rolled back, says run: aborted") {
		t.Errorf("between the steps: %+v", o.Problem)
	}
	st.call("run", "POST", st.path()+"/application", map[string]any{"state": "released"}).want(t, http.StatusOK, nil)
	st.apply("run", Inconclusive, plans.Contract)
	st.call("run", "POST", st.path()+"/application", map[string]any{"state": "gone"}).refused(t, http.StatusUnprocessableEntity, "input")

	var rep engine.Report
	st.call("read", "GET", st.path(), nil).want(t, http.StatusOK, &rep)
	n := 0
	for _, e := range rep.Evidence {
		if e.Kind == "application" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d reports are stored, not 2", n)
	}
}

// TestNotify: somebody is told once when an approval is missing, however often the pipeline asks, and at every failure.
func TestNotify(t *testing.T) {
	told := make(chan notification, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var n notification
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil || r.Header.Get("X-Key") != "from the environment" {
			t.Errorf("told %v, %v", r.Header, err)
		}
		told <- n
	}))
	defer hook.Close()
	t.Setenv("HOOK_KEY", "from the environment")
	t.Setenv("PHASEMIG_PASSWORD", "secret")
	file := t.TempDir() + "/told"
	st := newStage(t, throwaway.Postgres, approvalGate, func(c *Config) {
		c.Notify = []Notifier{{URL: hook.URL, HeaderEnv: map[string]string{"X-Key": "HOOK_KEY"}}, {Argv: []string{"sh", "-c", "cat >> " + file + "; env >> " + file}}}
	})
	st.apply("run", Succeeded, plans.Expand)
	st.apply("run", Succeeded, plans.Switch)
	for range 3 {
		st.apply("run", Inconclusive, plans.Contract)
	}
	if n := <-told; n.Event != "waiting_for_approval" || n.Name != "rename" || n.Phase != plans.Contract || n.PlanHash != st.plan.Hash {
		t.Errorf("%+v", n)
	}
	st.call("run", "POST", st.path()+"/application", map[string]any{"state": "rolled_back"}).want(t, http.StatusOK, nil)
	st.apply("run", Failed, plans.Contract)
	if n := <-told; n.Event != "failed" || n.Class != "gate_failed" {
		t.Errorf("%+v", n)
	}
	st.must(st.stop())
	if len(told) > 0 {
		t.Errorf("told again: %+v", <-told)
	}
	st.commandTold(file)
}

// TestMetrics: what a scrape shows after a run's expand and a refused contract.
func TestMetrics(t *testing.T) {
	st := newStage(t, throwaway.Postgres, approvalGate, slow)
	st.apply("run", Succeeded, plans.Expand)
	st.apply("run", Succeeded, plans.Switch)
	st.apply("run", Inconclusive, plans.Contract)
	text := string(st.call("read", "GET", "/metrics", nil).want(t, http.StatusOK, nil).body)
	for _, line := range []string{
		`phasemig_phase_state{environment="prod",id="` + st.plan.ID + `",phase="switch",run="rename",state="done"} 1`,
		`phasemig_phase_state{environment="prod",id="` + st.plan.ID + `",phase="contract",run="rename",state="waiting"} 1`,
		`phasemig_gate_verdict{environment="prod",gate="approval",phase="contract",run="rename"} 0`,
		`phasemig_gate_verdict{environment="prod",gate="backfill_done",phase="switch",run="rename"} 1`,
		`phasemig_step_rows{environment="prod",run="rename",step="expand.3.backfill"} 2000`,
		`phasemig_operations_total{action="apply",environment="prod",status="SUCCEEDED"} 2`,
		`phasemig_environment_up{environment="prod"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
}
