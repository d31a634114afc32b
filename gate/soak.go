package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/state"
)

// soak passes when enough time has gone by, on the database's clock, since the
// last step before it was done. Settings: for ("24h").
func soak(_ context.Context, in Input) (Verdict, error) {
	want, err := duration(in.Ref.Params, "for", 24*time.Hour)
	if err != nil {
		return Verdict{}, err
	}
	since := lastDone(in.Steps)
	if since.IsZero() {
		return Unsure("nothing is done yet that could soak", nil), nil
	}
	gone := in.Now.Sub(since)
	evidence := map[string]any{"since": since.UTC().Format(time.RFC3339), "for": want.String(), "elapsed": gone.Round(time.Second).String()}
	if gone < want {
		v := Unsure(fmt.Sprintf("soaking: %s of %s are over", gone.Round(time.Second), want), evidence)
		v.Retry = want - gone
		return v, nil
	}
	return Passed(fmt.Sprintf("soaked for %s", gone.Round(time.Second)), evidence), nil
}

func lastDone(steps []state.StepRecord) time.Time {
	var last time.Time
	for _, r := range steps {
		if r.State == state.StepDone && r.Ended.After(last) {
			last = r.Ended
		}
	}
	return last
}
