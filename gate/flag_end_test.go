package gate

import (
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/phasemig/phasemig/plans"
)

func gates(t *testing.T, text string) plans.GateSet {
	t.Helper()
	var g plans.GateSet
	if err := yaml.Unmarshal([]byte(text), &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestCheckFlags(t *testing.T) {
	for text, want := range map[string]string{
		"switch: [flag: {key: k}]":                                             "flag k has no expiry",
		"switch: [flag: {key: k, expires: 2026-12-24}]":                        "",
		"switch: [flag: {key: k, expires: \"2026-12-24T10:00:00Z\"}]":          "",
		"switch: [flag: {key: k, expires: forever}]":                           "",
		"switch: [flag: {key: k, expires: some day}]":                          "neither a day",
		"contract: [flag: {key: k, expect: absent}]":                           "",
		"expand: [flag_expiry: {key: k}]\nswitch: [flag: {key: k}]":            "",
		"expand: [flag_expiry: {key: other}]\nswitch: [flag: {key: k}]":        "flag k has no expiry",
		"switch: [flag: {key: k}]\ncontract: [flag: {key: k, expect: absent}]": "flag k has no expiry",
		"switch: [soak]": "",
	} {
		err := CheckFlags(gates(t, text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestFlagOutlived: the day counts to its end, on the database's clock.
func TestFlagOutlived(t *testing.T) {
	in := input("flag", map[string]any{"key": "k", "expires": "2026-12-24"})
	in.Now = time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC)
	if v := Check(t.Context(), in); v.State != Fail || !strings.Contains(v.Reason, "was to be gone by 2026-12-24") {
		t.Errorf("%+v", v)
	}
	in.Now = in.Now.Add(-time.Second)
	if v := Check(t.Context(), in); v.State == Fail {
		t.Errorf("%+v", v)
	}
	in.Ref.Params["expires"] = forever
	in.Now = in.Now.AddDate(100, 0, 0)
	if v := Check(t.Context(), in); v.State == Fail {
		t.Errorf("%+v", v)
	}
}

// TestExpiryStaysADay: a day that YAML reads as a moment is a day in the plan.
func TestExpiryStaysADay(t *testing.T) {
	for text, want := range map[string]string{"2026-12-24": "2026-12-24", "2026-12-24T10:00:00Z": "2026-12-24T10:00:00Z", "forever": "forever"} {
		g, err := Complete(gates(t, "switch: [flag: {key: k, expires: "+text+"}]").Switch[0])
		if err != nil || g.Params["expires"] != want || g.Params["key"] != "k" {
			t.Errorf("%s: %v, %v", text, g.Params, err)
		}
	}
}
