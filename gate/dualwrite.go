package gate

import (
	"context"
	"fmt"
	"time"
)

// Defaults of dual_write_verified.
const (
	// freshFor is how old a verification may be. It reads every row, so it isn't
	// asked for anew at each call of a gate that something else keeps shut.
	freshFor = time.Hour
)

// dualWriteVerified passes when what keeps both sides in step is intact and
// every row was just compared and found equal, on the primary and up to the same
// position on every replica. Settings: max_age (1h).
func dualWriteVerified(ctx context.Context, in Input) (Verdict, error) {
	if len(in.Plan.Syncs) > 0 && in.Plan.Syncs[0].DualWrite == "trigger" {
		wrong, err := in.SyncIntact(ctx)
		if err != nil {
			return Verdict{}, err
		}
		if wrong != "" {
			return Failed(wrong, nil), nil
		}
	}
	got, err := in.Verify(ctx)
	if err != nil {
		return Verdict{}, err
	}
	evidence := map[string]any{"rows": got.Rows, "differ": got.Differ, "unreturnable": got.Unreturnable, "verified_at": got.At.UTC().Format(time.RFC3339)}
	if got.Differ > 0 {
		evidence["keys"] = got.Keys
		return Failed(fmt.Sprintf("%d of %d rows differ between the old and the new side, the first: %v", got.Differ, got.Rows, got.Keys), evidence), nil
	}
	v, err := caughtUp(ctx, in, got.Position)
	for k, x := range v.Evidence {
		evidence[k] = x
	}
	v.Evidence = evidence
	if v.State == Pass {
		v.Reason = fmt.Sprintf("%d rows agree; %s", got.Rows, v.Reason)
	}
	return v, err
}
