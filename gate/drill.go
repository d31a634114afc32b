package gate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/phasemig/phasemig/drill"
)

// Drill is where the result of `phasemig drill` is read.
type Drill struct {
	File string `yaml:"file"`
	// KeyEnv names the environment variable that holds the key of its seal; empty: sealed without one.
	KeyEnv string `yaml:"key_env"`
}

func (d Drill) validate() error {
	if d.File == "" {
		return errors.New("file is needed: what phasemig drill wrote by -o")
	}
	return nil
}

// drillWish is what the settings of the gate ask for.
type drillWish struct {
	target string
	maxAge time.Duration
	rows   int
}

func drillWishOf(p map[string]any) (w drillWish, err error) {
	w.target = text(p, "target", "")
	if w.maxAge, err = duration(p, "max_age", 30*24*time.Hour); err != nil {
		return w, err
	}
	if w.rows, err = number(p, "rows", 1); err != nil {
		return w, err
	}
	if w.maxAge == 0 || w.rows < 1 {
		err = errors.New("settings max_age and rows: each must be more than nothing")
	}
	return w, err
}

// drillGate passes when a drill of exactly this plan passed, lately and with enough rows. One that didn't pass is a no; a
// drill of another plan, an old one or a small one says nothing of this. Settings: target, max_age (720h), rows (1).
func drillGate(_ context.Context, in Input) (Verdict, error) {
	w, err := drillWishOf(in.Ref.Params)
	if err != nil {
		return Verdict{}, err
	}
	d, name, err := pick("drills", in.Targets.Drills, w.target)
	if err != nil {
		return Verdict{}, err
	}
	key, err := tokenFrom(d.KeyEnv)
	if err != nil {
		return Verdict{}, fmt.Errorf("drill %s: %w", name, err)
	}
	b, err := os.ReadFile(d.File)
	if errors.Is(err, os.ErrNotExist) {
		return Unsure(fmt.Sprintf("there is no drill yet: %s is not there; phasemig drill makes it", d.File), map[string]any{"target": name}), nil
	}
	if err != nil {
		return Verdict{}, fmt.Errorf("drill %s: %w", name, err)
	}
	r, err := drill.Decode(b, []byte(key))
	if errors.Is(err, drill.ErrSeal) {
		return Failed(fmt.Sprintf("drill %s: %s: %s", name, d.File, err), map[string]any{"target": name}), nil
	}
	if err != nil {
		return Verdict{}, fmt.Errorf("drill %s: %w", name, err)
	}
	return w.judge(name, r, in), nil
}

func (w drillWish) judge(name string, r *drill.Result, in Input) Verdict {
	age := in.Now.Sub(r.Ended)
	evidence := map[string]any{"target": name, "plan_hash": r.PlanHash, "passed": r.Passed, "ended": r.Ended.UTC().Format(time.RFC3339), "age": age.Round(time.Second).String(),
		"rows": r.Rows(), "server": r.Server.Product + " " + r.Server.Version, "data": r.Data, "checks": r.Checks, "stand_ins": len(r.StandIns), "seal": r.Seal}
	switch {
	case r.PlanHash != in.Plan.Hash:
		return Unsure(fmt.Sprintf("the drill %s is of another plan (hash %.12s…, this one has %.12s…): drill this one", name, r.PlanHash, in.Plan.Hash), evidence)
	case !r.Passed:
		evidence["broken"] = r.Broken
		return Failed(fmt.Sprintf("the drill %s didn't pass: %s", name, firstBroken(r)), evidence)
	case age < -clockSkew:
		return Unsure(fmt.Sprintf("the drill %s ended at %s, which is in the future", name, r.Ended.UTC().Format(time.RFC3339)), evidence)
	case age > w.maxAge:
		return Unsure(fmt.Sprintf("the drill %s is %s old, and may be %s: drill again", name, age.Round(time.Second), w.maxAge), evidence)
	case r.Rows() < int64(w.rows):
		return Unsure(fmt.Sprintf("the drill %s had %d rows, and %d are asked for: drill with --rows %d", name, r.Rows(), w.rows, w.rows), evidence)
	}
	return Passed(fmt.Sprintf("the drill %s of this plan passed %s ago with %d rows", name, max(age, 0).Round(time.Second), r.Rows()), evidence)
}

func firstBroken(r *drill.Result) string {
	if len(r.Broken) == 0 {
		return "it doesn't say why"
	}
	b := r.Broken[0]
	return fmt.Sprintf("in the state %s, after %s: %s", b.State, b.After, b.What)
}
