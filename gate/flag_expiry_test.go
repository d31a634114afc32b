package gate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

func TestFlagExpiry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flags.yaml")
	in := input("flag_expiry", map[string]any{"key": "k"})
	in.Now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	in.Targets.Flags = map[string]Flags{"f": {File: path}}
	var list []state.RetiredFlag
	var broken error
	in.Retired = func(context.Context) ([]state.RetiredFlag, error) { return list, broken }
	for _, c := range []struct {
		flag  string
		state State
		says  string
	}{
		{"metadata: {type: release, expires: 2026-12-24}", Pass, "expires on 2026-12-24"},
		{"metadata: {type: experiment, expires: \"2026-11-26T12:00:01Z\"}", Pass, ""},
		{"metadata: {expires: 2026-11-26}", Pass, "2026-11-26"}, // the day counts to its end
		{"metadata: {type: release, expires: 2026-11-25}", Fail, "expired on"},
		{"metadata: {type: release}", Fail, "has no expiry"},
		{"metadata: {type: ops, expires: 2026-12-24}", Fail, "is of the type ops"},
		{"metadata: {type: release, expires: soon}", Inconclusive, `expires "soon"`},
		{"metadata: {type: release, expires: 2026-12-24}, targeting: {if: []}", Pass, ""},
	} {
		write(t, path, "flags:\n  k: {state: ENABLED, variants: {on: true}, defaultVariant: on, "+c.flag+"}\n")
		want(t, in, c.state, c.says)
	}
	write(t, path, "metadata: {expires: 2026-12-24, type: release}\nflags:\n  k: {state: ENABLED, variants: {on: true}, defaultVariant: on}\n")
	want(t, in, Pass, "2026-12-24")
	list = []state.RetiredFlag{{Flag: "K", Run: "r0"}, {Flag: "k", Run: "r1"}}
	want(t, in, Pass, "") // its own run
	list = append(list, state.RetiredFlag{Flag: "k", Run: "r0", At: in.Now})
	want(t, in, Fail, "retired by run r0 on 2026-11-26")
	broken = errors.New("no answer")
	want(t, in, Inconclusive, "no answer")
	broken, list = nil, nil
	write(t, path, "flags: {}\n")
	want(t, in, Inconclusive, "there is no flag k")
}

func TestFlagExpiryByUnleash(t *testing.T) {
	status, body := 200, ""
	t.Setenv("FLAG_TOKEN", "s3cret")
	srv := flagServer(t, &status, &body)
	in := input("flag_expiry", map[string]any{"key": "read/name"})
	in.Retired = func(context.Context) ([]state.RetiredFlag, error) { return nil, nil }
	in.Targets.Flags = map[string]Flags{"u": {Unleash: srv.URL + "/api", TokenEnv: "FLAG_TOKEN"}}
	for _, c := range []struct {
		body  string
		state State
		says  string
	}{
		{`"type":"release","stale":false`, Pass, "not stale"},
		{`"type":"release","stale":true`, Fail, "outlived"},
		{`"type":"kill-switch","stale":false`, Fail, "kill-switch"},
		{`"stale":false`, Fail, "no expiry"},
	} {
		body = `{"name":"read/name","enabled":true,` + c.body + `}`
		want(t, in, c.state, c.says)
	}
	status = 500
	want(t, in, Inconclusive, "status 500")
}

func TestRetires(t *testing.T) {
	f := func(key, expect string) plans.GateRef {
		return plans.GateRef{Kind: "flag", Params: map[string]any{"key": key, "expect": expect}}
	}
	p := &plans.Plan{Phases: []plans.Phase{{Name: plans.Switch, Gates: []plans.GateRef{f("x", "absent")}},
		{Name: plans.Contract, Gates: []plans.GateRef{f("a", "absent"), f("b", "off"), f("a", "absent"), {Kind: "soak"}},
			Steps: []plans.Step{{Gates: []plans.GateRef{f("c", "absent")}}}}}}
	if got := Retires(p); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("retires %v", got)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
