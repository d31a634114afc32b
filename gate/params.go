package gate

import (
	"fmt"
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
	"dual_write_verified": {"max_age"},
	"soak":                {"for"},
	"approval":            {"by", "requester"},
	"command":             {"target"},
	"http":                {"target"},
	"window":              {"days", "from", "to", "zone", "least", "freeze"},
}

// Validate finds what is wrong with a gate's kind and settings without asking
// it, so that a plan with a misspelt gate is never made.
func Validate(g plans.GateRef) error {
	known, ok := settings[g.Kind]
	if !ok {
		return fmt.Errorf("there is no gate %q; the kinds are %v", g.Kind, Kinds())
	}
	for name := range g.Params {
		if !contains(known, name) {
			return fmt.Errorf("gate %s has no setting %q; it takes %v", g.Kind, name, known)
		}
	}
	return validateValues(g)
}

func validateValues(g plans.GateRef) error {
	var err error
	switch g.Kind {
	case "soak":
		_, err = duration(g.Params, "for", 0)
	case "dual_write_verified":
		_, err = duration(g.Params, "max_age", 0)
	case "approval":
		_, err = number(g.Params, "by", 1)
	case "window":
		_, err = windowOf(g.Params)
	case "command", "http":
		if s, ok := g.Params["target"].(string); !ok || s == "" {
			err = fmt.Errorf("setting target: name a %s defined in phasemig.yaml", g.Kind)
		}
	}
	if err != nil {
		return fmt.Errorf("gate %s: %w", g.Kind, err)
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// MaxAge is how old the verification may be that dual_write_verified rests on.
func MaxAge(g plans.GateRef) time.Duration {
	d, err := duration(g.Params, "max_age", freshFor)
	if err != nil {
		return 0
	}
	return d
}
