package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// ApplicationState is what an orchestrator says of the application's release.
type ApplicationState string

// The states. RolledBack shuts contract: old code runs again, whatever was seen before.
// Released opens it again for the gates to decide.
const (
	ApplicationRolledBack ApplicationState = "rolled_back"
	ApplicationReleased   ApplicationState = "released"
)

// ApplicationReport is one such word.
type ApplicationReport struct {
	State    ApplicationState `json:"state"`
	Revision string           `json:"revision,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	By       string           `json:"by"` // the system that reports
}

const (
	applicationGate = "application"
	// applicationKind is the evidence that holds a report. A report is no verdict of a gate.
	applicationKind = "application"
)

// ReportApplication stores a report beside the run's evidence. Contract can't begin, and doesn't
// go on with its next step, as long as the last report says rolled back.
func (e *Engine) ReportApplication(ctx context.Context, id string, r ApplicationReport) error {
	if r.State != ApplicationRolledBack && r.State != ApplicationReleased {
		return &plans.InputError{What: "report", Reason: fmt.Sprintf("state %q is not one of %s, %s", r.State, ApplicationRolledBack, ApplicationReleased)}
	}
	run, err := e.db.Store.Run(ctx, id)
	if err != nil {
		return fmt.Errorf("load run %s: %w", id, err)
	}
	if last, ok, err := e.lastReport(ctx, id); err != nil || ok && last.State == string(r.State) && last.Reason == r.words() {
		return err // said before: an orchestrator repeats itself
	}
	s := &session{e: e, run: run, plan: &plans.Plan{Hash: run.PlanHash}}
	return s.evidence(ctx, run.Phase, applicationKind, string(r.State), r.words(), r)
}

func (r ApplicationReport) words() string {
	what := "the application was released"
	if r.State == ApplicationRolledBack {
		what = "the application was rolled back"
	}
	if r.Revision != "" {
		what += " (revision " + r.Revision + ")"
	}
	what += ", says " + r.By
	if r.Reason != "" {
		what += ": " + r.Reason
	}
	return what
}

// lastReport is the newest report of a run, if there is one.
func (e *Engine) lastReport(ctx context.Context, id string) (state.Evidence, bool, error) {
	list, err := e.db.Store.Evidence(ctx, id)
	if err != nil {
		return state.Evidence{}, false, fmt.Errorf("read the evidence of run %s: %w", id, err)
	}
	for _, ev := range slices.Backward(list) {
		if ev.Kind == applicationKind {
			return ev, true, nil
		}
	}
	return state.Evidence{}, false, nil
}

// application is the verdict of the last report on contract; ok is false where there is
// nothing to judge.
func (s *session) application(ctx context.Context, ph plans.PhaseName) (v gate.Verdict, ok bool, err error) {
	if ph != plans.Contract {
		return v, false, nil
	}
	last, ok, err := s.e.lastReport(ctx, s.run.ID)
	if err != nil || !ok {
		return v, false, err
	}
	evidence := map[string]any{"report": last.Seq, "at": last.At}
	if last.State == string(ApplicationRolledBack) {
		return gate.Failed(last.Reason+"; old code may run again until a release is reported", evidence), true, nil
	}
	return gate.Passed(last.Reason, evidence), true, nil
}

// applicationStands is the error of a reported roll-back. It is asked before each step of contract, not
// only when the phase opens: hours may lie between hiding a column and dropping it.
func (s *session) applicationStands(ctx context.Context, ph plans.PhaseName) error {
	v, ok, err := s.application(ctx, ph)
	if err != nil || !ok || v.State == gate.Pass {
		return err
	}
	s.e.observe(GateChecked{Phase: ph, Gate: applicationGate, Verdict: v})
	return &gate.HeldError{Phase: ph, Gate: applicationGate, Verdict: v}
}
