package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/phasemig/phasemig/plans"
)

// shortLived are the types of flags that a change of a schema may hang on: they are there for one
// release and are taken away.
var shortLived = []string{"release", "experiment"}

func flagKeyOf(p map[string]any) (key, target string, err error) {
	if key = text(p, "key", ""); key == "" {
		err = errors.New("setting key: name the flag")
	}
	return key, text(p, "target", ""), err
}

// flagExpiry passes when a flag is short-lived, has an end, and its key was never another
// run's: code that still knows a key from before would wake up with it. Settings: key, target.
func flagExpiry(ctx context.Context, in Input) (Verdict, error) {
	key, target, err := flagKeyOf(in.Ref.Params)
	if err != nil {
		return Verdict{}, err
	}
	evidence := map[string]any{"key": key}
	if v, old, err := retired(ctx, in, key, evidence); old || err != nil {
		return v, err
	}
	source, name, err := pick("flags", in.Targets.Flags, target)
	if err != nil {
		return Verdict{}, err
	}
	evidence["target"] = name
	s, err := source.look(ctx, key)
	if err != nil {
		v := Unsure(fmt.Sprintf("flag %s of %s: %s", key, name, err), evidence)
		v.Retry = s.retry
		return v, nil
	}
	evidence["answer"] = s.raw
	return s.expiry(key, in.Now, evidence), nil
}

func retired(ctx context.Context, in Input, key string, evidence map[string]any) (Verdict, bool, error) {
	list, err := in.Retired(ctx)
	if err != nil {
		return Verdict{}, false, err
	}
	for _, r := range list {
		if r.Flag == key && r.Run != in.Run.ID {
			evidence["retired"] = r
			return Failed(fmt.Sprintf("flag %s was retired by run %s on %s: take another key, since code that still knows this one would be switched on with it",
				key, r.Run, r.At.UTC().Format(time.DateOnly)), evidence), true, nil
		}
	}
	return Verdict{}, false, nil
}

func (s flagState) expiry(key string, now time.Time, evidence map[string]any) Verdict {
	evidence["type"], evidence["expires"] = s.kind, s.expires
	switch {
	case !s.found:
		return Unsure(fmt.Sprintf("there is no flag %s", key), evidence)
	case s.kind != "" && !slices.Contains(shortLived, s.kind):
		return Failed(fmt.Sprintf("flag %s is of the type %s, which is there to stay; a change hangs on one of %v", key, s.kind, shortLived), evidence)
	case s.stale:
		return Failed(fmt.Sprintf("flag %s has outlived the time of its type %s", key, s.kind), evidence)
	case s.timed && s.kind != "":
		return Passed(fmt.Sprintf("flag %s is of the type %s and not stale", key, s.kind), evidence)
	case s.expires == "":
		return Failed(fmt.Sprintf("flag %s has no expiry: set metadata.expires to a day like 2026-12-24", key), evidence)
	}
	end, err := expiryOf(s.expires)
	if err != nil {
		return Unsure(fmt.Sprintf("flag %s: %s", key, err), evidence)
	}
	if !now.Before(end) {
		return Failed(fmt.Sprintf("flag %s expired on %s", key, s.expires), evidence)
	}
	return Passed(fmt.Sprintf("flag %s expires on %s", key, s.expires), evidence)
}

// expiryOf reads a moment, or a day, which counts to its end in UTC.
func expiryOf(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.AddDate(0, 0, 1), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("expires %q is neither a day like 2026-12-24 nor a moment in RFC 3339", text)
	}
	return t, nil
}

// Retires lists the flags that a plan takes for gone before it contracts: their keys are used up
// when it is done.
func Retires(p *plans.Plan) []string {
	var out []string
	add := func(refs []plans.GateRef) {
		for _, ref := range refs {
			w, err := flagWishOf(ref.Params)
			if ref.Kind == "flag" && err == nil && w.expect == absent && !slices.Contains(out, w.key) {
				out = append(out, w.key)
			}
		}
	}
	ph := p.Phase(plans.Contract)
	add(ph.Gates)
	for _, st := range ph.Steps {
		add(st.Gates)
	}
	return out
}
