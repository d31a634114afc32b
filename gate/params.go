package gate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/plans"
)

// duration reads a setting like "24h".
func duration(p map[string]any, name string, def time.Duration) (time.Duration, error) {
	v, ok := p[name]
	if !ok {
		return def, nil
	}
	s, ok := v.(string)
	if !ok {
		return 0, fmt.Errorf("setting %s: want a duration like 24h, got %v", name, v)
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("setting %s: want a duration like 24h, got %q", name, s)
	}
	return d, nil
}

// number reads a whole number; a plan read from JSON holds it as float64, a
// change read from YAML as int.
func number(p map[string]any, name string, def int) (int, error) {
	switch v := p[name].(type) {
	case nil:
		return def, nil
	case int:
		return v, nil
	case float64:
		if v == float64(int(v)) {
			return int(v), nil
		}
	}
	return 0, fmt.Errorf("setting %s: want a whole number, got %v", name, p[name])
}

// settings lists what each kind may be given.
var settings = map[string][]string{
	"preflight":           {},
	"backfill_done":       {},
	"dual_write_verified": {"max_age", "written"},
	"soak":                {"for"},
	"approval":            {"by", "requester"},
	"command":             {"target"},
	"http":                {"target"},
	"window":              {"days", "from", "to", "zone", "least", "freeze"},
	"replica_lag":         {"max", "steady", "unnamed"},
	"expand_done":         {},
	"no_references":       {"soak"},
	"old_readers_safe":    {},
	"old_instances_gone":  {"sources", "new", "app", "ignore"},
	"flag":                {"key", "expect", "target", "expires"},
	"flag_expiry":         {"key", "target"},
	"backup":              {"target", "max_age"},
	"smoke":               {"old", "new"},
	"drill":               {"target", "max_age", "rows"},
	"canary":              append([]string{"target", "window", "step"}, judged...),
}

// checks look at the values of settings, where a kind has any that can be wrong.
var checks = map[string]func(p map[string]any) error{
	"soak":                func(p map[string]any) error { return durations(p, "for") },
	"dual_write_verified": dualWriteWish,
	"approval":            func(p map[string]any) error { _, err := number(p, "by", 1); return err },
	"window":              func(p map[string]any) error { _, err := windowOf(p); return err },
	"command":             func(p map[string]any) error { _, err := targetName(p); return err },
	"http":                func(p map[string]any) error { _, err := targetName(p); return err },
	"flag":                func(p map[string]any) error { _, err := flagWishOf(p); return err },
	"flag_expiry":         func(p map[string]any) error { _, _, err := flagKeyOf(p); return err },
	"backup":              func(p map[string]any) error { _, err := backupLimit(p); return err },
	"smoke":               func(p map[string]any) error { _, err := smokeOf(p); return err },
	"drill":               func(p map[string]any) error { _, err := drillWishOf(p); return err },
	"canary":              func(p map[string]any) error { _, err := trialOf(p); return err },
	"old_instances_gone":  func(p map[string]any) error { _, err := rollOf(p); return err },
	"no_references":       func(p map[string]any) error { _, err := soakOf(p); return err },
	"replica_lag":         func(p map[string]any) error { _, err := lagLimitsOf(p); return err },
}

// Validate finds what is wrong with a gate's kind and settings without asking
// it, so that a plan with a misspelt gate is never made.
func Validate(g plans.GateRef) error {
	known, ok := settings[g.Kind]
	if !ok {
		return fmt.Errorf("there is no gate %q; the kinds are %v", g.Kind, Kinds())
	}
	for name := range g.Params {
		if !slices.Contains(known, name) {
			return fmt.Errorf("gate %s has no setting %q; it takes %v", g.Kind, name, known)
		}
	}
	if check, ok := checks[g.Kind]; ok {
		if err := check(g.Params); err != nil {
			return fmt.Errorf("gate %s: %w", g.Kind, err)
		}
	}
	return nil
}

func durations(p map[string]any, name string) error {
	_, err := duration(p, name, 0)
	return err
}

func dualWriteWish(p map[string]any) error {
	n, err := number(p, "written", 0)
	if err == nil && n < 0 {
		err = fmt.Errorf("setting written: want a number of rows, got %d", n)
	}
	return errors.Join(err, durations(p, "max_age"))
}

// targetName reads the name of something that phasemig.yaml defines.
func targetName(p map[string]any) (string, error) {
	s := text(p, "target", "")
	if s == "" {
		return "", errors.New("setting target: name one that is defined in phasemig.yaml")
	}
	return s, nil
}

// oneOf reads a word out of a few.
func oneOf(p map[string]any, name string, words ...string) (string, error) {
	v, ok := p[name]
	if !ok {
		return words[0], nil
	}
	if s, ok := v.(string); ok && slices.Contains(words, s) {
		return s, nil
	}
	return "", fmt.Errorf("setting %s: want one of %s, got %v", name, strings.Join(words, ", "), v)
}

// MaxAge is how old the verification may be that dual_write_verified rests on.
func MaxAge(g plans.GateRef) time.Duration {
	d, err := duration(g.Params, "max_age", freshFor)
	if err != nil {
		return 0
	}
	return d
}
