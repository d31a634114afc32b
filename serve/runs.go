package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

func (s *Server) health(*http.Request) (reply, error) {
	return reply{body: map[string]string{"status": "ok", "version": s.config.Version}}, nil
}

// ready asks each environment for its runs. It names none: whoever asks has shown no token.
func (s *Server) ready(r *http.Request) (reply, error) {
	for _, t := range s.targets {
		if _, err := t.known(r.Context()); err != nil {
			s.config.Log.Warn("not ready", "environment", t.Name, "error", s.problemOf(r, "", err).Detail)
			return reply{status: http.StatusServiceUnavailable, body: map[string]bool{"ready": false}}, nil
		}
	}
	return reply{body: map[string]bool{"ready": true}}, nil
}

// known is the list of runs; a server on which nothing was run yet has none.
func (t *target) known(ctx context.Context) ([]state.Run, error) {
	list, err := t.list(ctx)
	if notYet(err) {
		return nil, nil
	}
	return list, err
}

// environments also tells a page what its token may do.
func (s *Server) environments(r *http.Request) (reply, error) {
	who := caller(r.Context())
	names := []string{}
	for _, e := range s.config.Environments {
		if who.reaches(e.Name) {
			names = append(names, e.Name)
		}
	}
	return reply{body: map[string]any{"environments": names, "token": who.Name, "scopes": who.Scopes}}, nil
}

// target is the environment that the path names.
func (s *Server) target(r *http.Request) (*target, error) {
	t := s.targets[r.PathValue("env")]
	if t == nil {
		return nil, notFound("there is no environment %q", r.PathValue("env"))
	}
	return t, nil
}

// runOf is the run that the path names, and its environment.
func (s *Server) runOf(r *http.Request) (*target, state.Run, error) {
	t, err := s.target(r)
	if err != nil {
		return nil, state.Run{}, err
	}
	run, err := t.find(r.Context(), r.PathValue("run"))
	if errors.Is(err, state.ErrNotFound) || notYet(err) {
		if op := s.ops.on(t.Name, r.PathValue("run")); op != "" {
			err = beginning(r.PathValue("run"), op)
		}
	}
	return t, run, err
}

func (s *Server) runs(r *http.Request) (reply, error) {
	t, err := s.target(r)
	if err != nil {
		return reply{}, err
	}
	list, err := t.known(r.Context())
	if list == nil {
		list = []state.Run{}
	}
	return reply{body: map[string]any{"runs": list}}, err
}

func (s *Server) run(r *http.Request) (reply, error) {
	t, run, err := s.runOf(r)
	if err != nil {
		return reply{}, err
	}
	rep, err := t.report(r.Context(), run.ID)
	if err != nil {
		return reply{}, err
	}
	return reply{body: rep, header: http.Header{"Etag": {quoted(rep.PlanHash)}}}, nil
}

func quoted(hash string) string { return `"` + hash + `"` }

// phaseOf reads a phase's name; empty is allowed where all are meant.
func phaseOf(name string) (plans.PhaseName, error) {
	ph := plans.PhaseName(name)
	if name != "" && !slices.Contains(plans.PhaseNames(), ph) {
		return "", malformed("phase %q is not one of expand, switch, contract", name)
	}
	return ph, nil
}

// checkHash compares the plan's hash with what the request says that it is about: the header If-Match, or a
// field of the body. Without either everything matches.
func checkHash(r *http.Request, field, is string) error {
	for _, want := range []string{r.Header.Get("If-Match"), field} {
		if want != "" && want != "*" && want != is && want != quoted(is) {
			return otherPlan(want, is)
		}
	}
	return nil
}

// phaseState is where a run stands in one of its phases.
type phaseState string

const (
	phaseWaiting   phaseState = "waiting"
	phaseRunning   phaseState = "running"
	phaseDone      phaseState = "done"
	phaseTakenBack phaseState = "taken_back" // or being taken back
	phaseStopped   phaseState = "stopped"    // aborted within it
)

// standing tells it from the run's status.
func standing(r state.Run, ph plans.PhaseName) phaseState {
	at, n := slices.Index(plans.PhaseNames(), ph), 0
	within := phaseWaiting
	switch r.Status {
	case state.Expanding, state.Switching, state.Contracting:
		within = phaseRunning
		n = map[state.Status]int{state.Expanding: 0, state.Switching: 1, state.Contracting: 2}[r.Status]
	case state.Expanded, state.Switched, state.Done:
		n = map[state.Status]int{state.Expanded: 1, state.Switched: 2, state.Done: 3}[r.Status]
	case state.RolledBack:
		return phaseTakenBack
	case state.RollingBack, state.Aborted:
		within = map[state.Status]phaseState{state.RollingBack: phaseTakenBack, state.Aborted: phaseStopped}[r.Status]
		n = max(slices.Index(plans.PhaseNames(), r.Phase), 0)
	}
	switch {
	case at < n:
		return phaseDone
	case at == n:
		return within
	}
	return phaseWaiting
}

// words of a phase's state for a log of an orchestrator.
func (p phaseState) words(r state.Run, ph plans.PhaseName) string {
	return fmt.Sprintf("%s of %s is %s (the run is %s)", ph, r.Name, map[phaseState]string{phaseWaiting: "not begun", phaseRunning: "at work",
		phaseDone: "done", phaseTakenBack: "taken back", phaseStopped: "stopped"}[p], r.Status)
}
