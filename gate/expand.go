package gate

import (
	"context"
	"fmt"
	"maps"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// expandDone passes when everything that expand makes is there, on the target and on every named
// replica, as their catalogs show it, and each replica has applied the last of it. It is what new code waits for
// that reads replicas; whether the new side is filled is backfill_done's question.
func expandDone(ctx context.Context, in Input) (Verdict, error) {
	steps, position, missing := made(in)
	if missing != "" {
		return Unsure("step "+missing+" is not done", nil), nil
	}
	evidence := map[string]any{"steps": len(steps)}
	if v, ok, err := shows(ctx, in, "", steps, evidence); !ok || err != nil {
		return v, err
	}
	v, err := caughtUp(ctx, in, position)
	maps.Copy(v.Evidence, evidence)
	if v.State != Pass || err != nil || in.Plan.Replicas.None() {
		return v, err
	}
	for _, name := range in.Plan.Replicas {
		if bad, ok, err := shows(ctx, in, name, steps, v.Evidence); !ok || err != nil {
			return bad, err
		}
	}
	v.Reason = fmt.Sprintf("%d steps of expand show on the target and its replicas; %s", len(steps), v.Reason)
	return v, nil
}

// made are the steps of expand that leave something in the catalog, with the position of the
// last one; or the first of them that isn't done.
func made(in Input) (steps []plans.Step, position, missing string) {
	records := map[string]state.StepRecord{}
	for _, r := range in.Steps {
		records[r.Step] = r
	}
	for _, st := range in.Plan.Phase(plans.Expand).Steps {
		switch st.Kind {
		case plans.Backfill, plans.Verify, plans.CopyRows, plans.CompareShadow:
			continue
		}
		r := records[st.ID]
		if r.State != state.StepDone {
			return nil, "", st.ID
		}
		if r.Position != "" {
			position = r.Position
		}
		steps = append(steps, st)
	}
	return steps, position, ""
}

// shows looks at a catalog; "" is the target's. What was made and isn't there has been taken away, or
// was never replicated: that is a no, which waiting doesn't mend.
func shows(ctx context.Context, in Input, replica string, steps []plans.Step, evidence map[string]any) (Verdict, bool, error) {
	at := "the target"
	if replica != "" {
		at = "replica " + replica
	}
	for _, st := range steps {
		there, said, err := in.Shows(ctx, replica, st)
		if err != nil {
			return Unsure(fmt.Sprintf("%s: %s", at, err), evidence), false, nil
		}
		if !there {
			evidence["missing"] = fmt.Sprintf("%s on %s: %s", st.ID, at, said)
			return Failed(fmt.Sprintf("%s doesn't show what step %s made: %s", at, st.ID, said), evidence), false, nil
		}
	}
	return Verdict{}, true, nil
}
