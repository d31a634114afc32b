package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// flaggerRequest is what Flagger sends to a webhook (pkg/controller/webhook.go). It sends no headers of ours, so the metadata of
// the Canary resource carry the token, and which run is meant.
type flaggerRequest struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Phase     string `json:"phase"` // of the canary, not of the run
	Checksum  string `json:"checksum"`
	// Metadata is that of the webhook in the Canary resource; for event hooks Flagger puts eventMessage, eventType and
	// timestamp in.
	Metadata map[string]string `json:"metadata"`
}

// flaggerAnswer is read by people: Flagger itself looks at the status alone, up to 202 is yes.
type flaggerAnswer struct {
	Run    string `json:"run"`
	Yes    bool   `json:"yes"`
	Reason string `json:"reason"`
}

// The hooks that ask whether to go on: 200 is go, all else is stay.
var flaggerConfirms = []string{"confirm-rollout", "pre-rollout", "rollout", "confirm-traffic-increase", "confirm-promotion"}

// The hooks that tell, and whose answer changes nothing.
var flaggerReports = []string{"post-rollout", "event"}

// flaggerRollback asks whether to roll back, and there 200 is yes: a server that answered every hook with 200 would take
// back each release.
const flaggerRollback = "rollback"

func (s *Server) flagger(r *http.Request) (reply, error) {
	var in flaggerRequest
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return reply{}, err
	}
	if err := json.Unmarshal(b, &in); err != nil { // other versions send other fields beside these
		return reply{}, malformed("the body is not what Flagger sends: %v", err)
	}
	environment := in.Metadata["environment"]
	who, p := s.admit(in.Metadata["token"], ScopeRun, environment)
	if p != nil {
		return reply{}, p
	}
	t := s.targets[environment]
	if t == nil {
		return reply{}, notFound("metadata.environment: there is no environment %q", environment)
	}
	run, err := t.find(r.Context(), in.Metadata["run"])
	if err != nil {
		return reply{}, err
	}
	switch hook := r.PathValue("hook"); {
	case slices.Contains(flaggerConfirms, hook):
		return s.flaggerConfirm(r.Context(), t, run, in)
	case hook == flaggerRollback:
		return s.flaggerRollback(r.Context(), t, run)
	case slices.Contains(flaggerReports, hook):
		return s.flaggerReport(r.Context(), t, run, in, who)
	default:
		return reply{}, notFound("Flagger has no hook %q", hook)
	}
}

// flaggerConfirm says go when the phase that metadata names is done (want: done, the default), or may begin (want: open).
// Without a phase it is expand: from its end on old and new code may run side by side.
func (s *Server) flaggerConfirm(ctx context.Context, t *target, run state.Run, in flaggerRequest) (reply, error) {
	ph, err := phaseOf(cmp.Or(in.Metadata["phase"], string(plans.Expand)))
	if err != nil {
		return reply{}, err
	}
	v, err := s.judgePhase(ctx, t, run, ph, cmp.Or(in.Metadata["want"], wantDone))
	if err != nil {
		return reply{}, err
	}
	return flaggerReply(run, v.Verdict == gate.Pass, v.Reason), nil
}

// flaggerRollback says yes, roll back, only for what was seen: the run was stopped or taken back, or its canary
// was judged bad. Not being able to tell is no reason to take a release back.
func (s *Server) flaggerRollback(ctx context.Context, t *target, run state.Run) (reply, error) {
	switch run.Status {
	case state.Aborted, state.RollingBack, state.RolledBack:
		return flaggerReply(run, true, "the run is "+string(run.Status)), nil
	}
	rep, err := t.report(ctx, run.ID)
	if err != nil {
		return reply{}, err
	}
	for _, e := range slices.Backward(rep.Evidence) {
		if e.Kind == "gate:canary" {
			return flaggerReply(run, e.State == string(gate.Fail), "canary: "+e.Reason), nil
		}
	}
	return flaggerReply(run, false, "the run is "+string(run.Status)+", and nothing speaks against the new code"), nil
}

// flaggerReport takes the end of a canary as the application's state: Failed means that the old code has all the traffic
// again.
func (s *Server) flaggerReport(ctx context.Context, t *target, run state.Run, in flaggerRequest, who Token) (reply, error) {
	states := map[string]engine.ApplicationState{"Failed": engine.ApplicationRolledBack, "Succeeded": engine.ApplicationReleased}
	st, ends := states[in.Phase]
	if !ends {
		return reply{body: flaggerAnswer{run.ID, true, "taken note of"}}, nil
	}
	e, err := t.engine(ctx, who.Name)
	if err != nil {
		return reply{}, err
	}
	rep := engine.ApplicationReport{State: st, Revision: in.Checksum, Reason: "canary " + in.Namespace + "/" + in.Name + " is " + in.Phase, By: who.Name + " (Flagger)"}
	if err := e.ReportApplication(ctx, run.ID, rep); err != nil {
		return reply{}, err
	}
	t.views.forget(run.ID)
	return reply{body: flaggerAnswer{run.ID, true, rep.Reason}}, nil
}

// flaggerReply answers 200 for yes and 409 for no.
func flaggerReply(run state.Run, yes bool, reason string) reply {
	out := reply{body: flaggerAnswer{run.ID, yes, reason}}
	if !yes {
		out.status = http.StatusConflict
	}
	return out
}
