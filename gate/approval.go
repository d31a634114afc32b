package gate

import (
	"context"
	"fmt"
	"slices"
)

// approval passes when enough different people said yes to this phase of this
// very plan. Whoever made the run doesn't count unless requester is true.
// Settings: by (1), requester (false).
func approval(_ context.Context, in Input) (Verdict, error) {
	want, err := number(in.Ref.Params, "by", 1)
	if err != nil {
		return Verdict{}, err
	}
	own, _ := in.Ref.Params["requester"].(bool)
	var who []string
	other := ""
	for _, a := range in.Approvals {
		switch {
		case a.Phase != in.Phase || slices.Contains(who, a.By):
		case a.PlanHash != in.Plan.Hash:
			other = fmt.Sprintf("; %s approved another plan (%.12s)", a.By, a.PlanHash)
		case a.By == in.Run.Creator && !own:
			other = fmt.Sprintf("; %s started the run and doesn't count", a.By)
		default:
			who = append(who, a.By)
		}
	}
	evidence := map[string]any{"by": who, "plan_hash": in.Plan.Hash}
	if len(who) < want {
		return Unsure(fmt.Sprintf("%d of %d approvals%s; give one with `phasemig approve --phase %s`", len(who), want, other, in.Phase), evidence), nil
	}
	return Passed(fmt.Sprintf("approved by %v", who), evidence), nil
}
