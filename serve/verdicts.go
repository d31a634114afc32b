package serve

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// question is one asking of the gates of a run. It goes on when the request that began it is answered: the
// comparison of every row takes longer than a poller waits, and the next poll must find it further on.
type question struct {
	done    chan struct{}
	results []engine.GateResult
	err     error
	at      time.Time // when it was answered
}

const (
	questionTime = time.Hour       // the longest that gates may take
	verdictFor   = 5 * time.Second // how old an answer may be
)

// ask asks the gates of a phase, or of all, and waits for gateTime. ok is false when they are still being asked.
func (s *Server) ask(ctx context.Context, t *target, run state.Run, ph plans.PhaseName) (results []engine.GateResult, ok bool, err error) {
	q := s.question(t, run, ph)
	wait := time.NewTimer(gateTime)
	defer wait.Stop()
	select {
	case <-q.done:
		return q.results, true, q.err
	case <-wait.C:
		return nil, false, nil
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	}
}

// question finds the one that is under way or fresh, or begins one.
func (s *Server) question(t *target, run state.Run, ph plans.PhaseName) *question {
	s.askMu.Lock()
	defer s.askMu.Unlock()
	key := t.Name + "/" + run.ID + "/" + string(ph)
	if q := s.asking[key]; q != nil && !q.stale() {
		return q
	}
	q := &question{done: make(chan struct{})}
	s.asking[key] = q
	s.work.Go(func() error {
		defer close(q.done)
		q.results, q.err = s.gatesOf(t, run, ph)
		q.at = time.Now()
		t.views.forget(run.ID)
		return nil
	})
	return q
}

func (q *question) stale() bool {
	select {
	case <-q.done:
		return time.Since(q.at) > verdictFor
	default:
		return false
	}
}

func (s *Server) gatesOf(t *target, run state.Run, ph plans.PhaseName) ([]engine.GateResult, error) {
	ctx, cancel := context.WithTimeout(s.life, questionTime)
	defer cancel()
	pl, err := planOf(run)
	if err != nil {
		return nil, err
	}
	e, err := t.engine(ctx, "")
	if err != nil {
		return nil, err
	}
	list, err := e.Gates(ctx, pl, ph)
	for _, g := range list {
		s.meter.verdict(t.Name, run.Name, string(g.Phase), g.Gate.Kind, g.Verdict.State)
	}
	return list, err
}

func (s *Server) gates(r *http.Request) (reply, error) {
	t, run, err := s.runOf(r)
	if err != nil {
		return reply{}, err
	}
	ph, err := phaseOf(r.URL.Query().Get("phase"))
	if err != nil {
		return reply{}, err
	}
	list, ok, err := s.ask(r.Context(), t, run, ph)
	if list == nil {
		list = []engine.GateResult{}
	}
	verdict, _ := judge(list, ok)
	return reply{body: map[string]any{"run": run.ID, "gates": list, "verdict": verdict, "asking": !ok}}, err
}

// judge makes one verdict of many: the first that said no, else the first that isn't open.
func judge(list []engine.GateResult, answered bool) (gate.State, string) {
	if !answered {
		return gate.Inconclusive, "the gates are still being asked"
	}
	verdict, reason := gate.Pass, "all gates pass"
	for _, g := range list {
		if g.Verdict.State == gate.Fail {
			return gate.Fail, g.Gate.Kind + ": " + g.Verdict.Reason
		}
		if g.Verdict.State != gate.Pass && verdict == gate.Pass {
			verdict, reason = g.Verdict.State, g.Gate.Kind+": "+g.Verdict.Reason
		}
	}
	return verdict, reason
}

// phaseVerdict is one word on a phase, for those who read one word. Value is 1, 0 or -1 for pass, inconclusive, fail.
type phaseVerdict struct {
	Run     string              `json:"run"`
	Name    string              `json:"name"`
	Phase   plans.PhaseName     `json:"phase"`
	Verdict gate.State          `json:"verdict"`
	Value   int                 `json:"value"`
	State   phaseState          `json:"phase_state"`
	Reason  string              `json:"reason"`
	Hash    string              `json:"plan_hash"`
	Gates   []engine.GateResult `json:"gates"`
}

// The two questions about a phase.
const (
	wantOpen = "open" // may it begin
	wantDone = "done"
)

// phase answers 200 also when the target can't be asked: a web metric takes any other status for an error, and a few
// of those in a row end a rollout that nothing is wrong with.
func (s *Server) phase(r *http.Request) (reply, error) {
	ph, err := phaseOf(r.PathValue("phase"))
	if err != nil {
		return reply{}, err
	}
	want := r.URL.Query().Get("want")
	if want != "" && want != wantOpen && want != wantDone {
		return reply{}, malformed("want=%s is not one of %s, %s", want, wantOpen, wantDone)
	}
	t, run, err := s.runOf(r)
	var v phaseVerdict
	if err == nil {
		v, err = s.judgePhase(r.Context(), t, run, ph, want)
	}
	if err != nil {
		p := s.problemOf(r, r.PathValue("run"), err).completed()
		if p.Status != http.StatusServiceUnavailable {
			return reply{}, err
		}
		v = phaseVerdict{Run: r.PathValue("run"), Phase: ph, Verdict: gate.Inconclusive, State: phaseWaiting, Reason: p.Detail, Gates: []engine.GateResult{}}
	}
	return reply{body: v}, nil
}

// judgePhase asks the gates only of a phase that has not begun: a phase is opened once.
func (s *Server) judgePhase(ctx context.Context, t *target, run state.Run, ph plans.PhaseName, want string) (phaseVerdict, error) {
	v := phaseVerdict{Run: run.ID, Name: run.Name, Phase: ph, Hash: run.PlanHash, State: standing(run, ph), Gates: []engine.GateResult{}}
	v.Reason = v.State.words(run, ph)
	switch {
	case v.State == phaseTakenBack || v.State == phaseStopped:
		v.Verdict = gate.Fail
	case v.State == phaseDone || v.State == phaseRunning && want != wantDone:
		v.Verdict = gate.Pass
	case want == wantDone:
		v.Verdict = gate.Inconclusive
	default:
		list, ok, err := s.ask(ctx, t, run, ph)
		if err != nil {
			return v, err
		}
		if v.Verdict, v.Reason = judge(list, ok); list != nil {
			v.Gates = list
		}
	}
	v.Value = map[gate.State]int{gate.Pass: 1, gate.Fail: -1}[v.Verdict]
	return v, nil
}

// notYet: the server holds no state of phasemig because nothing was run there.
func notYet(err error) bool { return errors.Is(err, state.ErrNotInstalled) }
