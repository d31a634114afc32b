package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/internal/traffic"
)

// pipeline is how an orchestrator calls phasemig. Exit codes are the command line's.
type pipeline interface {
	// apply carries out a phase for a revision of the application, and returns what was said.
	apply(phase, revision string) (exit int, said string)
	// judge asks whether a phase may begin: 0 yes, 3 not yet, 4 no.
	judge(phase string) (exit int, said string)
	rollBack() (exit int, said string)
	approve(phase string)
	// tell says what became of a revision of the application.
	tell(state, revision string)
	// untold is how contract is refused while the last that was told is a roll-back.
	untold() (exit int, word string)
	// configure renews the runner's configuration.
	configure(old, new string)
	end()
}

// TestRollout plays an orchestrator, by the API and by steps that call the program, through two releases of a rename under load. The
// canary of the first one turns bad: it is taken back, and so is the schema. That of the second is good, and the rename goes through.
func TestRollout(t *testing.T) {
	beside(t)
	prometheus := prometheusFor(t)
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.Postgres} {
		t.Run(string(k), func(t *testing.T) {
			t.Run("api", func(t *testing.T) {
				if k != throwaway.Postgres && !long() { // in the short form each way is gone on one of them
					return
				}
				t.Parallel()
				r := newRollout(t, k, prometheus, "api")
				r.pipeline = r.byAPI()
				r.run(r.revision("v42", revision{slower: 3}))
			})
			t.Run("steps", func(t *testing.T) {
				if k != throwaway.MySQL && !long() {
					return
				}
				t.Parallel()
				r := newRollout(t, k, prometheus, "steps")
				r.pipeline = r.bySteps()
				r.run(r.revision("v42", revision{errors: map[string]float64{r.typo(): 1}}))
			})
		})
	}
}

// rollout is two releases on one server.
type rollout struct {
	*life
	pipeline
	prometheus, prefix string
}

func newRollout(t *testing.T, k throwaway.Kind, prometheus, way string) *rollout {
	requester := way == "steps" // one person begins the run and approves it there
	l := newGatedLife(t, k, traffic.Rename(), lifeRows, canaryGates(requester))
	return &rollout{life: l, prometheus: prometheus, prefix: string(k) + "-" + way + "-"}
}

// revision is one of this test's application: others measure into the same Prometheus.
func (r *rollout) revision(name string, measured revision) revision {
	measured.name = r.prefix + name
	return measured
}

func (r *rollout) canary(name string) string {
	return canaryOf(r.prometheus, r.prefix+"v41", r.prefix+name)
}

// typo is the SQLSTATE by which the server tells new code that a column isn't there.
func (r *rollout) typo() string {
	r.t.Helper()
	_, err := r.db.ExecContext(r.t.Context(), "SELECT displayname FROM users")
	var p *pgconn.PgError
	var m *mysql.MySQLError
	switch {
	case errors.As(err, &p):
		return p.Code
	case errors.As(err, &m):
		return string(m.SQLState[:])
	}
	r.t.Fatalf("a column that isn't there: %v", err)
	return ""
}

func (r *rollout) wants(exit int, said string, wantExit int, words ...string) {
	r.t.Helper()
	missing := func(w string) bool { return !strings.Contains(said, w) }
	if exit != wantExit || slices.ContainsFunc(words, missing) {
		r.t.Fatalf("exit %d, want %d with %q: %s", exit, wantExit, words, said)
	}
}

func (r *rollout) run(bad revision) {
	r.t.Helper()
	r.start(lifeWriters)
	defer r.fleet.Stop()
	r.bad(bad)
	r.good()
	r.life.end()
	r.evidence()
	r.pipeline.end()
}

// bad is the release whose canary is taken back.
func (r *rollout) bad(v42 revision) {
	r.t.Helper()
	exit, said := r.pipeline.apply("expand", "v42")
	r.wants(exit, said, 0)
	r.fleet.SetVersions(lifeWriters, 1)
	exit, said = r.pipeline.apply("switch", "v42")
	r.wants(exit, said, 3, "MANUAL") // nothing is measured yet
	measured(r.t, r.prometheus, r.revision("v41", revision{}), v42)
	exit, said = r.judge("switch")
	r.wants(exit, said, 4, "ROLLBACK")
	exit, said = r.pipeline.apply("switch", "v42")
	r.wants(exit, said, 4, "ROLLBACK")
	r.check("the canary", r.names(false), func() {})

	r.fleet.SetVersions(lifeWriters, 0)
	r.tell("rolled_back", "v42")
	exit, said = r.rollBack()
	r.wants(exit, said, 0)
	r.check("the roll-back", traffic.Names{Old: r.scenario.Columns[traffic.Old]}, r.fleet.Model().Rederive)
	sameTable(r.t, "the roll-back", describe(r.t, r.kind, r.dsn, "users"), r.original)
}

// good is the release that goes through.
func (r *rollout) good() {
	r.t.Helper()
	exit, said := r.pipeline.apply("expand", "v43")
	r.wants(exit, said, 0)
	r.fleet.SetVersions(lifeWriters, 1)
	r.configure(r.prefix+"v42", r.prefix+"v43")
	measured(r.t, r.prometheus, r.revision("v43", revision{}))
	exit, said = r.judge("switch")
	r.wants(exit, said, 0)
	exit, said = r.pipeline.apply("switch", "v43")
	r.wants(exit, said, 0)
	r.both("the switch", r.names(true))

	r.fleet.SetVersions(0, lifeWriters)
	wantExit, word := r.untold()
	exit, said = r.pipeline.apply("contract", "v44")
	r.wants(exit, said, wantExit, word)
	r.tell("released", "v43")
	exit, said = r.pipeline.apply("contract", "v44")
	r.wants(exit, said, 3, "approval")
	r.approve("contract")
	exit, said = r.pipeline.apply("contract", "v44")
	r.wants(exit, said, 0)
	r.fleetOf(0, "contract", traffic.Names{New: r.columns(finals)})
}

// evidence: each word of the canary's judge is in the chain, with the numbers behind it.
func (r *rollout) evidence() {
	r.t.Helper()
	type entry struct {
		Kind, State string
		Data        json.RawMessage
	}
	chain := document[struct{ Evidence []entry }](r.t, r.home.must(0, "audit", r.plan.ID, "--output", "json")).Evidence
	var said []string
	for _, e := range chain {
		if e.Kind != "gate:canary" {
			continue
		}
		var v struct {
			Verdict string
			Metrics []struct{ Metric string }
		}
		if err := json.Unmarshal(e.Data, &v); err != nil || len(v.Metrics) != 3 {
			r.t.Errorf("the evidence lacks numbers: %v, %s", err, e.Data)
		}
		said = append(said, e.State+" "+v.Verdict)
	}
	if got := slices.Compact(said); !slices.Equal(got, []string{"inconclusive MANUAL", "fail ROLLBACK", "pass PROMOTE"}) {
		r.t.Errorf("the canary was judged %v", got)
	}
}

// byAPI calls `phasemig serve`, as Spinnaker's webhook stage and Argo's web metric do.
type byAPI struct {
	*served
	hash  string
	build atomic.Int64
}

func (r *rollout) byAPI() *byAPI {
	s := &subject{t: r.t, kind: r.kind, dsn: r.dsn, db: r.db, home: r.home, plan: r.plan}
	return &byAPI{served: s.serve(r.canary("v42")), hash: r.plan.Hash}
}

func (a *byAPI) runPath() string { return "/v1/environments/prod/runs/" + a.plan.ID }

func endOf(o map[string]any) (int, string) {
	said, _ := o["progress"].(string)
	if p, ok := o["error"].(map[string]any); ok {
		said, _ = p["detail"].(string)
	}
	exit, _ := o["exit"].(float64)
	return int(exit), said
}

// apply sends the request twice with a build's key, as a caller does that got no answer.
func (a *byAPI) apply(phase, revision string) (int, string) {
	a.t.Helper()
	request := map[string]any{"action": "apply", "phase": phase, "plan": json.RawMessage(a.home.read("plan.json")), "revision": revision}
	if phase == "contract" {
		request["old_instances_gone"] = oldGone
	}
	match, key := "If-Match: \""+a.hash+"\"", fmt.Sprintf("Idempotency-Key: build %d", a.build.Add(1))
	o := a.toTheEnd(request, match, key)
	if again := a.toTheEnd(request, match, key); again["operation"] != o["operation"] {
		a.t.Fatalf("the same request is another operation: %v, %v", o, again)
	}
	return endOf(o)
}

func (a *byAPI) judge(phase string) (int, string) {
	a.t.Helper()
	status, v := a.ask("ci", "GET", a.runPath()+"/phases/"+phase, nil)
	if status != http.StatusOK {
		a.t.Fatalf("%d %v", status, v)
	}
	exits := map[any]int{"pass": 0, "inconclusive": 3, "fail": 4}
	return exits[v["verdict"]], v["reason"].(string)
}

func (a *byAPI) rollBack() (int, string) {
	a.t.Helper()
	return endOf(a.toTheEnd(map[string]any{"action": "rollback", "run": a.plan.ID, "all": true}))
}

func (a *byAPI) approve(phase string) {
	a.t.Helper()
	if status, v := a.ask("alice", "POST", a.runPath()+"/approvals", map[string]any{"phase": phase, "plan_hash": a.hash}); status != http.StatusCreated {
		a.t.Fatalf("%d %v", status, v)
	}
}

func (a *byAPI) tell(state, revision string) {
	a.t.Helper()
	if status, v := a.ask("ci", "POST", a.runPath()+"/application", map[string]any{"state": state, "revision": revision}); status != http.StatusOK {
		a.t.Fatalf("%d %v", status, v)
	}
}

func (a *byAPI) untold() (int, string) { return 4, "was rolled back" }

func (a *byAPI) configure(old, new string) {
	a.t.Helper()
	a.end()
	a.home.write("phasemig.yaml", strings.ReplaceAll(a.home.read("phasemig.yaml"), old, new))
	a.start()
}

func (a *byAPI) end() {
	a.t.Helper()
	a.process.signal(syscall.SIGTERM)
	a.process.wait().want(a.t, 0)
}

// bySteps calls the program, as a Kubernetes job and a step of GitHub Actions do.
type bySteps struct{ r *rollout }

func (r *rollout) bySteps() *bySteps {
	r.home.write("phasemig.yaml", r.canary("v42"))
	return &bySteps{r}
}

// oldGone is what the pipeline knows that phasemig can't be told by a gate here.
const oldGone = "every pod was looked at"

func (s *bySteps) call(args ...string) (int, string) {
	s.r.t.Helper()
	c := s.r.home.call(args...)
	return c.exit, c.stdout + c.stderr
}

func (s *bySteps) apply(phase, revision string) (int, string) {
	s.r.t.Helper()
	return s.call("apply", "plan.json", "--phase", phase, "--revision", revision, "--old-instances-gone", oldGone)
}

func (s *bySteps) judge(phase string) (int, string) {
	s.r.t.Helper()
	return s.call("gates", "plan.json", "--phase", phase)
}

func (s *bySteps) rollBack() (int, string) {
	s.r.t.Helper()
	return s.call("rollback", s.r.plan.ID, "--all")
}

func (s *bySteps) approve(phase string) {
	s.r.t.Helper()
	s.r.home.must(0, "approve", s.r.plan.ID, "--phase", phase)
}

// tell does nothing: a pipeline of steps tells by what it calls.
func (s *bySteps) tell(string, string) {}

func (s *bySteps) untold() (int, string) { return 3, "approval" }

func (s *bySteps) configure(old, new string) {
	s.r.t.Helper()
	s.r.home.write("phasemig.yaml", strings.ReplaceAll(s.r.home.read("phasemig.yaml"), old, new))
}

func (s *bySteps) end() {}
