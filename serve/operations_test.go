package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

const (
	noGates      = "gates:\n  contract: []\n"
	approvalGate = "gates:\n  contract:\n    - approval: {by: 1}\n"
)

// TestLife takes a run through its three phases over HTTP alone, with an approval that must be somebody else's.
func TestLife(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		st := newStage(t, k, approvalGate)
		o := st.apply("ci", Succeeded, plans.Expand)
		if o.Exit == nil || *o.Exit != 0 || o.Result == nil || o.Result.Status != state.Expanded || o.Requester != "ci" {
			t.Fatalf("expand: %+v", o)
		}
		st.apply("ci", Succeeded, plans.Switch)
		o = st.apply("ci", Inconclusive, plans.Contract)
		if *o.Exit != exitWaiting || o.Problem.Class != "gate_waiting" {
			t.Fatalf("contract without an approval: %+v", o.Problem)
		}
		st.call("ci", "POST", st.path()+"/approvals", map[string]any{"phase": "contract"}).want(t, http.StatusCreated, nil)
		st.apply("ci", Inconclusive, plans.Contract) // who began the run doesn't count

		var a state.Approval
		st.call("approve", "POST", st.path()+"/approvals", map[string]any{"phase": "contract", "note": "seen"}, `If-Match: "`+st.plan.Hash+`"`).want(t, http.StatusCreated, &a)
		if !strings.HasSuffix(a.By, " / approve") {
			t.Errorf("approved by %q, not by the token's name", a.By)
		}
		st.apply("ci", Succeeded, plans.Contract)
		if got := dbtest.Query(t, st.dsn, "SELECT count(*) FROM users WHERE display_name = concat('name ', id)"); got[0][0] != "2000" {
			t.Errorf("%s rows are as they were", got[0][0])
		}
		var rep engine.Report
		a2 := st.call("read", "GET", st.path(), nil).want(t, http.StatusOK, &rep)
		if rep.Status != state.Done || !strings.HasSuffix(rep.Creator, " / ci") || a2.header.Get("Etag") != `"`+st.plan.Hash+`"` {
			t.Errorf("the run: %s by %s, ETag %s", rep.Status, rep.Creator, a2.header.Get("Etag"))
		}
		if o = st.apply("ci", Succeeded, plans.Contract); !o.Result.Already {
			t.Errorf("contract again: %+v", o.Result)
		}
	})
}

// TestPlanHash: a request about another plan than the one that is there does nothing.
func TestPlanHash(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	body := map[string]any{"action": "apply", "plan": st.file, "phase": "expand"}
	st.call("run", "POST", "/v1/environments/prod/operations", body, `If-Match: "0000"`).refused(t, http.StatusPreconditionFailed, "precondition")
	body["plan_hash"] = "0000"
	st.call("run", "POST", "/v1/environments/prod/operations", body).refused(t, http.StatusPreconditionFailed, "precondition")
	body["plan_hash"] = st.plan.Hash
	st.operate("run", Succeeded, body, `If-Match: "`+st.plan.Hash+`"`)
	st.call("approve", "POST", st.path()+"/approvals", map[string]any{"phase": "contract", "plan_hash": "0000"}).refused(t, http.StatusPreconditionFailed, "precondition")

	edited := strings.Replace(string(st.file), "full_name", "full_nome", 1)
	st.call("run", "POST", "/v1/environments/prod/operations", map[string]any{"action": "apply", "plan": json.RawMessage(edited)}).refused(t, http.StatusPreconditionFailed, "drift")
}

// TestIdempotencyKey: the same request with the same key is the same operation, also when it has ended; another
// request with that key is refused, and another client's key is its own.
func TestIdempotencyKey(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	body := map[string]any{"action": "apply", "plan": st.file, "phase": "expand"}
	first := st.operate("run", Succeeded, body, "Idempotency-Key: k1")
	again := st.operate("run", Succeeded, body, "Idempotency-Key: k1")
	if first.ID != again.ID || !first.Ended.Equal(again.Ended) {
		t.Errorf("%s, then %s", first.ID, again.ID)
	}
	body["phase"] = "switch"
	st.call("run", "POST", "/v1/environments/prod/operations", body, "Idempotency-Key: k1").refused(t, http.StatusUnprocessableEntity, "key_reused")
	if !strings.Contains(st.log.String(), `"class":"key_reused"`) {
		t.Error("a key that is used for something else is not logged")
	}
	if v := st.ended(first.ID); !v.Ended.Equal(first.Ended) || v.Result.Status != "expanded" {
		t.Errorf("a replayed request changed something: %+v", v)
	}
	if other := st.operate("ci", Succeeded, body, "Idempotency-Key: k1"); other.ID == first.ID {
		t.Error("two clients share a key")
	}
	if other := st.operate("run", Succeeded, body, "Idempotency-Key: k2"); other.ID == first.ID {
		t.Error("another key found the same operation")
	}
}

// TestRevision: contract belongs to another revision of the application than what came before it, and wants a word on the old instances.
func TestRevision(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	apply := func(want OperationStatus, phase plans.PhaseName, revision, gone string) string {
		t.Helper()
		o := st.operate("run", want, map[string]any{"action": "apply", "plan": st.file, "phase": phase, "revision": revision, "old_instances_gone": gone})
		if o.Problem == nil {
			return ""
		}
		return o.Problem.Detail
	}
	apply(Succeeded, plans.Expand, "v42", "")
	apply(Succeeded, plans.Switch, "v42", "")
	for revision, why := range map[string]string{"v42": "revision v42 of the application opened", "": "doesn't say which revision", "v43": "no instance of an old revision"} {
		if said := apply(Failed, plans.Contract, revision, ""); !strings.Contains(said, why) {
			t.Errorf("contract by revision %q: %s", revision, said)
		}
	}
	apply(Succeeded, plans.Contract, "v43", "the fleet was looked at")
	st.call("run", "POST", "/v1/environments/prod/operations", map[string]any{"action": "rollback", "run": "rename", "revision": "v43"}).refused(t, http.StatusBadRequest, "malformed")
}

// TestAttach: the same work is attached to, other work on the run is refused, and a stop leaves a run that goes on.
func TestAttach(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates, slow)
	body := map[string]any{"action": "apply", "plan": st.file, "phase": "expand"}
	var first, second Operation
	st.call("run", "POST", "/v1/environments/prod/operations", body).want(t, http.StatusAccepted, &first)
	st.begun(first.ID)
	a := st.call("ci", "POST", "/v1/environments/prod/operations", body).want(t, http.StatusAccepted, &second)
	if first.Attached || !second.Attached || second.ID != first.ID || a.header.Get("Location") != st.url+"/v1/operations/"+first.ID {
		t.Errorf("%+v, then %+v at %s", first, second, a.header.Get("Location"))
	}
	p := st.call("run", "POST", "/v1/environments/prod/operations", map[string]any{"action": "rollback", "run": "rename"}).refused(t, http.StatusConflict, "busy")
	if p.Operation != first.ID {
		t.Errorf("%+v names no operation", p)
	}
	st.call("read", "POST", "/v1/operations/"+first.ID+"/cancel", nil).refused(t, http.StatusForbidden, "forbidden")
	st.call("run", "POST", "/v1/operations/"+first.ID+"/cancel", nil).want(t, http.StatusAccepted, nil)
	if o := st.ended(first.ID); o.Status != Canceled || *o.Exit != exitTemporary {
		t.Errorf("%+v", o)
	}
	st.operate("run", Succeeded, map[string]any{"action": "rollback", "run": st.plan.ID, "all": true})
}

// TestRunThatBegins: between the answer to whoever begins a run and its first record, nobody is told that there is no such
// run; a web metric that is asked then is inconclusive, not in error.
func TestRunThatBegins(t *testing.T) {
	begin := make(chan struct{})
	var opened atomic.Int32
	st := newStage(t, throwaway.Postgres, noGates, func(c *Config) {
		open := c.Environments[0].Open
		c.Environments[0].Open = func(ctx context.Context) (*dialect.Database, error) {
			if opened.Add(1) > 1 { // the first connection is the one that answers
				select {
				case <-begin:
				case <-ctx.Done():
				}
			}
			return open(ctx)
		}
	})
	st.call("read", "GET", "/v1/environments/prod/runs", nil).want(t, http.StatusOK, nil)
	var o Operation
	st.call("run", "POST", "/v1/environments/prod/operations", map[string]any{"action": "apply", "plan": st.file, "phase": "expand"}).want(t, http.StatusAccepted, &o)
	if p := st.call("read", "GET", st.path(), nil).refused(t, http.StatusServiceUnavailable, "temporary"); p.Operation != o.ID {
		t.Errorf("%+v names no operation", p)
	}
	var v phaseVerdict
	st.call("run", "GET", st.path()+"/phases/expand?want=done", nil).want(t, http.StatusOK, &v)
	if v.Verdict != gate.Inconclusive || v.State != phaseWaiting {
		t.Errorf("%+v", v)
	}
	close(begin)
	if o = st.ended(o.ID); o.Status != Succeeded {
		t.Errorf("%+v", o)
	}
	st.call("read", "GET", st.path(), nil).want(t, http.StatusOK, nil)
}

// TestEndOfTheServer: operations stop at a safe point, Run says so, and the next server goes on; it also answers about
// operations of the first one.
func TestEndOfTheServer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		st := newStage(t, k, noGates, slow)
		body := map[string]any{"action": "apply", "plan": st.file, "phase": "expand"}
		var first Operation
		st.call("run", "POST", "/v1/environments/prod/operations", body).want(t, http.StatusAccepted, &first)
		st.begun(first.ID)
		if err := st.stop(); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("the server ended with %v", err)
		}
		st.config.Environments[0].Engine.MaxRate = 0
		st.start()
		if o := st.ended(first.ID); o.Status != Interrupted || *o.Exit != exitTemporary {
			t.Errorf("of an earlier server: %+v", o)
		}
		st.operate("run", Succeeded, body)
		if o := st.ended(first.ID); o.Status != Succeeded {
			t.Errorf("of an earlier server, when the phase is done: %+v", o)
		}
		st.call("read", "GET", "/v1/operations/prod~nothing~apply~expand~x", nil).refused(t, http.StatusNotFound, "not_found")
	})
}

// TestWait: an operation that may wait stands until the approval is there, and then goes on by itself.
func TestWait(t *testing.T) {
	st := newStage(t, throwaway.Postgres, "gates:\n  expand:\n    - approval: {by: 1, requester: true}\n")
	var o Operation
	st.call("run", "POST", "/v1/environments/prod/operations", map[string]any{"action": "apply", "plan": st.file, "phase": "expand", "wait": true}).want(t, http.StatusAccepted, &o)
	st.until("the wait", func() bool {
		st.call("read", "GET", "/v1/operations/"+o.ID, nil).want(t, http.StatusOK, &o)
		return o.Status == Waiting
	})
	if !strings.Contains(o.Progress, "approval") {
		t.Errorf("it waits, and says %q", o.Progress)
	}
	st.call("approve", "POST", st.path()+"/approvals", map[string]any{"phase": "expand"}).want(t, http.StatusCreated, nil)
	if o = st.ended(o.ID); o.Status != Succeeded {
		t.Errorf("%+v", o)
	}
}

// TestSteer: pause, resume, throttle and abort are stored in the caller's name and read back.
func TestSteer(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	st.apply("run", Succeeded, plans.Expand)
	var c struct {
		Control state.Control `json:"control"`
	}
	st.call("run", "POST", st.path()+"/pause", nil).want(t, http.StatusOK, &c)
	if !c.Control.Paused || !strings.HasPrefix(c.Control.By, "run, by phasemig serve") {
		t.Errorf("pause: %+v", c)
	}
	if o := st.apply("run", Inconclusive, plans.Switch); o.Problem.Class != "paused" {
		t.Errorf("paused: %+v", o.Problem)
	}
	st.call("run", "POST", st.path()+"/throttle", map[string]any{"max_rate": 500, "max_lag": "3s", "max_load": "sessions=90"}).want(t, http.StatusOK, &c)
	if c.Control.MaxRate != 500 || c.Control.Limits.String() != "max-lag 3s, max-load sessions=90" {
		t.Errorf("throttle: %+v", c)
	}
	for _, bad := range []map[string]any{{}, {"max_rate": -1}, {"max_lag": "-1s"}, {"max_lag": "soon"}, {"max_load": "sessions"}} {
		st.call("run", "POST", st.path()+"/throttle", bad).refused(t, http.StatusBadRequest, "malformed")
	}
	st.call("run", "POST", st.path()+"/throttle", map[string]any{"max_load": "no_such_variable=1"}).refused(t, http.StatusUnprocessableEntity, "input")
	st.call("run", "POST", st.path()+"/resume", nil).want(t, http.StatusOK, &c)
	if c.Control.Paused || c.Control.MaxRate != 500 {
		t.Errorf("resume: %+v", c)
	}
	st.call("run", "POST", st.path()+"/abort", nil).want(t, http.StatusOK, nil)
	st.operate("run", Succeeded, map[string]any{"action": "rollback", "run": "rename", "all": true})
	st.call("run", "POST", "/v1/environments/prod/operations", map[string]any{"action": "rollback", "run": "rename", "lose_rows": true}).refused(t, http.StatusForbidden, "forbidden")
}
