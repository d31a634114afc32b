package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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
// position on every replica. Settings: max_age (1h), written (0).
func dualWriteVerified(ctx context.Context, in Input) (Verdict, error) {
	least, err := number(in.Ref.Params, "written", 0)
	if err != nil {
		return Verdict{}, err
	}
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
	if err != nil || v.State != Pass || least == 0 || in.Written == nil {
		return v, err
	}
	return exercised(ctx, in, v, int64(least))
}

// writes are the counters of written rows: as they were when counting began, and how many there were since.
type writes struct {
	From  int64 `json:"from"`
	Since int64 `json:"since"`
}

// exercised lets the verdict pass when so many rows were written since the gate was asked first: that rows agree which nobody
// writes says nothing of what keeps them in step. A counter that went back, as after a restart, begins anew.
func exercised(ctx context.Context, in Input, v Verdict, least int64) (Verdict, error) {
	now, err := in.Written(ctx)
	if err != nil {
		return Verdict{Evidence: v.Evidence}, fmt.Errorf("count the rows that are written: %w", err)
	}
	from, begun := writtenFrom(in)
	if !begun || now < from {
		from, v.Keep = now, true
	}
	v.Evidence["written"] = writes{from, now - from}
	if now-from >= least {
		v.Reason += fmt.Sprintf("; %d rows were written since", now-from)
		return v, nil
	}
	v.State, v.Reason = Inconclusive, fmt.Sprintf("%s; %d of %d rows were written since they are counted: it takes traffic to show that both sides are kept in step", v.Reason, now-from, least)
	return v, nil
}

// writtenFrom is the counter when this phase began to count. What was counted before a roll-back says nothing of now.
func writtenFrom(in Input) (from int64, begun bool) {
	for _, e := range slices.Backward(in.Evidence) {
		if e.Kind == "rollback" {
			return 0, false
		}
		if e.Kind != "gate:dual_write_verified" || e.Phase != in.Phase || e.PlanHash != in.Plan.Hash {
			continue
		}
		var data struct {
			Written *writes `json:"written"`
		}
		if json.Unmarshal(e.Data, &data) == nil && data.Written != nil {
			return data.Written.From, true
		}
	}
	return 0, false
}
