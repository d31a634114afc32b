package gate

import (
	"fmt"
	"time"

	"github.com/phasemig/phasemig/plans"
)

// forever is the word for a flag that is there to stay.
const forever = "forever"

// CheckFlags finds a flag that a change hangs on and whose end nobody thought of: a short-lived one that
// is left in the code wakes up some day with a value that nobody expects. Its end is the setting expires, or asked for by a gate
// flag_expiry of the same change.
func CheckFlags(set plans.GateSet) error {
	ends := map[string]bool{}
	each := func(f func(plans.GateRef) error) error {
		for _, list := range [][]plans.GateRef{set.Expand, set.Switch, set.Contract} {
			for _, g := range list {
				if err := f(g); err != nil {
					return err
				}
			}
		}
		return nil
	}
	_ = each(func(g plans.GateRef) error {
		if g.Kind == "flag_expiry" {
			ends[text(g.Params, "key", "")] = true
		}
		return nil
	})
	return each(func(g plans.GateRef) error {
		if g.Kind != "flag" {
			return nil
		}
		w, err := flagWishOf(g.Params)
		if err == nil && w.expect != absent && w.expires == "" && !ends[w.key] {
			err = fmt.Errorf("flag %s has no expiry", w.key)
		}
		return err
	})
}

// outlived says no to a flag whose time is over.
func (w flagWish) outlived(now time.Time) (Verdict, bool) {
	if w.expires == "" || w.expires == forever || w.expect == absent {
		return Verdict{}, false
	}
	end, err := expiryOf(w.expires)
	if err != nil || now.Before(end) { // it was checked with the settings
		return Verdict{}, false
	}
	return Failed(fmt.Sprintf("flag %s was to be gone by %s", w.key, w.expires), map[string]any{"key": w.key, "expires": w.expires}), true
}

// plainDay is a day as it was written: YAML reads one without quotes as a moment.
func plainDay(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case time.Time:
		if x.Equal(x.Truncate(24 * time.Hour)) {
			return x.UTC().Format(time.DateOnly)
		}
		return x.Format(time.RFC3339)
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}

// plainExpiry keeps the end as text, so that a plan means the day that was written.
func plainExpiry(g plans.GateRef) plans.GateRef {
	if _, ok := g.Params["expires"]; !ok {
		return g
	}
	params := map[string]any{}
	for k, v := range g.Params {
		params[k] = v
	}
	params["expires"] = plainDay(g.Params["expires"])
	return plans.GateRef{Kind: g.Kind, Params: params}
}
