package engine

import (
	"errors"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
)

// ErrStopped says that Apply has ended before the step that Options.Before names.
var ErrStopped = errors.New("stopped before the step, as asked")

// Rehearsal makes a run one of practice, on a server that serves nobody: the replicas of the plan aren't
// asked, since they are production's, and gates may be answered in place of what they ask.
type Rehearsal struct {
	// Answer is the verdict of a stand-in; false: the gate is asked. It is stored as the gate's own
	// would be, so its reason must say what it is.
	Answer func(ph plans.PhaseName, step string, ref plans.GateRef) (gate.Verdict, bool)
}

// standIn answers a gate of a run of practice, where it is to be answered.
func (s *session) standIn(ph plans.PhaseName, step string, ref plans.GateRef) (gate.Verdict, bool) {
	if r := s.e.config.Rehearsal; r != nil {
		return r.Answer(ph, step, ref)
	}
	return gate.Verdict{}, false
}

// gated is the plan as gates see it.
func (s *session) gated() *plans.Plan {
	if s.e.config.Rehearsal == nil {
		return s.plan
	}
	p := *s.plan
	p.Replicas = plans.Replicas{"none"}
	return &p
}
