package gate

import (
	"context"
	"errors"
	"testing"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

func TestExpandDone(t *testing.T) {
	in := input("expand_done", nil)
	in.Plan.Phases[0].Steps = []plans.Step{{ID: "e.1", Kind: plans.AddColumns}, {ID: "e.2", Kind: plans.InstallSync}, {ID: "e.3", Kind: plans.Backfill}}
	in.Steps = []state.StepRecord{{Step: "e.1", State: state.StepDone, Position: "p1"}}
	want(t, in, Inconclusive, "step e.2 is not done")
	in.Steps = append(in.Steps, state.StepRecord{Step: "e.2", State: state.StepDone, Position: "p2"})
	lacks := ""
	var broken error
	in.Shows = func(_ context.Context, replica string, st plans.Step) (bool, string, error) {
		return replica+"/"+st.ID != lacks, "nothing there", broken
	}
	want(t, in, Pass, "no replicas")
	lacks = "/e.2"
	want(t, in, Fail, "the target doesn't show what step e.2 made")
	lacks = ""
	in.Plan.Replicas = plans.Replicas{"r1"}
	reach := false
	in.Replica = func(context.Context, string) (Replica, func() error, error) {
		return fixedReplica{reach}, func() error { return nil }, nil
	}
	want(t, in, Inconclusive, "r1 has not applied p2")
	reach = true
	want(t, in, Pass, "2 steps of expand show on the target and its replicas")
	lacks = "r1/e.1"
	want(t, in, Fail, "replica r1 doesn't show what step e.1 made")
	broken = errors.New("no answer")
	want(t, in, Inconclusive, "no answer")
}
