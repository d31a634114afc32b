package gate

import (
	"context"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// backfillDone passes when every step of expand is done and every replica has
// applied the last of them.
func backfillDone(ctx context.Context, in Input) (Verdict, error) {
	done := map[string]state.StepRecord{}
	for _, r := range in.Steps {
		if r.State == state.StepDone {
			done[r.Step] = r
		}
	}
	position := ""
	for _, st := range in.Plan.Phase(plans.Expand).Steps {
		r, ok := done[st.ID]
		if !ok {
			return Unsure("step "+st.ID+" is not done", nil), nil
		}
		if r.Position != "" {
			position = r.Position
		}
	}
	return caughtUp(ctx, in, position)
}
