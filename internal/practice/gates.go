package practice

import (
	"slices"
	"sync"

	"github.com/phasemig/phasemig/drill"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
)

// asked are the gates that look at the database itself. All others ask production, people or the calendar.
var asked = []string{"preflight", "backfill_done", "dual_write_verified", "expand_done", "old_readers_safe"}

// whys say what the stand-in leaves out.
var whys = map[string]string{
	"soak":               "nothing rests in a drill",
	"approval":           "nobody approves a drill",
	"window":             "a drill has no working hours",
	"replica_lag":        "the drill's server has no replicas",
	"flag":               "flags are production's",
	"flag_expiry":        "flags are production's",
	"backup":             "the drill's rows need no backup",
	"smoke":              "--old-check and --new-check stand for it",
	"canary":             "a drill has no traffic to measure",
	"old_instances_gone": "no instance uses the drill's server",
	"no_references":      "nobody sends statements to the drill's server",
	"drill":              "this is the drill",
}

// standIns answers gates, and keeps which ones it answered.
type standIns struct {
	mu   sync.Mutex
	list []drill.StandIn
}

func (s *standIns) answer(ph plans.PhaseName, step string, ref plans.GateRef) (gate.Verdict, bool) {
	v, ok := stay(ph, step, ref)
	if !ok {
		return v, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in := drill.StandIn{Phase: ph, Step: step, Gate: ref.Kind, Why: why(ref.Kind)}
	if !slices.Contains(s.list, in) {
		s.list = append(s.list, in)
	}
	return v, true
}

// stay is the stand-in itself.
func stay(_ plans.PhaseName, _ string, ref plans.GateRef) (gate.Verdict, bool) {
	if slices.Contains(asked, ref.Kind) {
		return gate.Verdict{}, false
	}
	return gate.Passed("stand-in of a drill: "+why(ref.Kind), map[string]any{"stand_in": true}), true
}

func why(kind string) string {
	if w, ok := whys[kind]; ok {
		return w
	}
	return "it asks production"
}
