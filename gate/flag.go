package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// flagWish are the settings of flag.
type flagWish struct {
	key, expect, target string
	// expires is when the flag is to be gone: a day, a moment, or forever.
	expires string
}

// absent is what a flag is expected to be before its code is gone.
const absent = "absent"

func flagWishOf(p map[string]any) (w flagWish, err error) {
	w = flagWish{text(p, "key", ""), "on", text(p, "target", ""), plainDay(p["expires"])}
	if w.key == "" {
		return w, errors.New("setting key: name the flag")
	}
	if v, ok := p["expect"]; ok {
		w.expect = plainValue(v)
	}
	if w.expect == "" {
		return w, errors.New("setting expect: want a value like on, off or a variant's, or absent")
	}
	if w.expires != "" && w.expires != forever {
		if _, err := expiryOf(w.expires); err != nil {
			return w, fmt.Errorf("setting %w, nor the word %s", err, forever)
		}
	}
	return w, nil
}

// flag passes when a feature flag has the expected value for everybody, or is gone where
// "absent" is expected. One evaluation proves one context: only an answer that doesn't depend on who
// asks opens a phase. Settings: key, expect (on; for a flag of true and false: on, off; else its value or variant; absent), target, expires.
func flag(ctx context.Context, in Input) (Verdict, error) {
	w, err := flagWishOf(in.Ref.Params)
	if err != nil {
		return Verdict{}, err
	}
	if v, over := w.outlived(in.Now); over {
		return v, nil
	}
	source, name, err := pick("flags", in.Targets.Flags, w.target)
	if err != nil {
		return Verdict{}, err
	}
	seen, err := source.look(ctx, w.key)
	evidence := map[string]any{"target": name, "key": w.key, "expect": w.expect}
	if err != nil {
		v := Unsure(fmt.Sprintf("flag %s of %s: %s", w.key, name, err), evidence)
		v.Retry = seen.retry
		return v, nil
	}
	evidence["answer"] = seen.raw
	return seen.verdict(w, evidence), nil
}

// flagState is a flag as its system tells it.
type flagState struct {
	found bool
	value any
	// unsure says why there is no value: it is left to the application's code, or to who asks.
	unsure  string
	variant string
	// everybody: the value doesn't depend on who asks; because says why, or why not.
	everybody bool
	because   string

	kind    string // release, experiment, ops …; "" when it isn't told
	expires string // as it is told
	timed   bool   // the system gives each type its time and tells stale
	stale   bool   // the flag has outlived its time
	raw     string
	retry   time.Duration
}

func (s flagState) verdict(w flagWish, evidence map[string]any) Verdict {
	switch {
	case w.expect == absent && !s.found:
		return Passed(fmt.Sprintf("flag %s is gone", w.key), evidence)
	case w.expect == absent:
		return Failed(fmt.Sprintf("flag %s still exists", w.key), evidence)
	case !s.found:
		return Unsure(fmt.Sprintf("there is no flag %s: the application uses what its code says", w.key), evidence)
	case s.unsure != "":
		return Unsure(fmt.Sprintf("flag %s: %s", w.key, s.unsure), evidence)
	}
	got := plainValue(s.value)
	evidence["value"] = got
	switch {
	case !s.is(w.expect):
		return Failed(fmt.Sprintf("flag %s is %s, not %s (%s)", w.key, got, w.expect, s.because), evidence)
	case !s.everybody:
		return Unsure(fmt.Sprintf("flag %s is %s for the one who asked, and may be something else for others (%s)", w.key, got, s.because), evidence)
	}
	return Passed(fmt.Sprintf("flag %s is %s for everybody (%s)", w.key, got, s.because), evidence)
}

var onWords, offWords = []string{"on", "true", "enabled"}, []string{"off", "false", "disabled"}

func (s flagState) is(expect string) bool {
	switch v := s.value.(type) {
	case bool:
		return v && slices.Contains(onWords, expect) || !v && slices.Contains(offWords, expect)
	case string, float64, int:
		return plainValue(v) == expect
	}
	return s.variant != "" && s.variant == expect
}

// plainValue writes a value as people do: on for true is a matter of is.
func plainValue(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
