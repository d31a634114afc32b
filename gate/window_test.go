package gate

import (
	"testing"
	"time"

	"github.com/phasemig/phasemig/plans"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWindow(t *testing.T) {
	office := map[string]any{"days": "mon-fri", "from": "09:00", "to": "17:00", "zone": "Europe/Berlin", "least": "1h",
		"freeze": []any{"2026-12-24T00:00:00Z", time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC), "2026-12-28..2027-01-03"}}
	night := map[string]any{"days": "fri", "from": "22:00", "to": "04:00", "freeze": []any{"2026-12-05"}}
	always := map[string]any{"days": "sun-sat"}
	for _, c := range []struct {
		name   string
		params map[string]any
		now    string
		state  State
		says   string
		retry  time.Duration
	}{
		{"open, in summer time", office, "2026-07-01T07:00:00Z", Pass, "8h0m0s are left", 0},
		{"an hour before, in summer time", office, "2026-07-01T06:59:00Z", Inconclusive, "it opens Wed 2026-07-01 09:00 CEST", time.Minute},
		{"open, in winter time", office, "2026-12-01T08:00:00Z", Pass, "inside the window (mon-fri 09:00–17:00 Europe/Berlin)", 0},
		{"just closed", office, "2026-12-01T16:00:00Z", Inconclusive, "it opens Wed 2026-12-02 09:00 CET", 16 * time.Hour},
		{"too little is left", office, "2026-12-01T15:30:00Z", Inconclusive, "only 30m0s of the window", 16*time.Hour + 30*time.Minute},
		{"on Saturday", office, "2026-12-05T10:00:00Z", Inconclusive, "it opens Mon 2026-12-07 09:00 CET", 46 * time.Hour},
		{"a frozen day", office, "2026-12-24T10:00:00Z", Inconclusive, "a freeze is on: 2026-12-24", 10*24*time.Hour + 22*time.Hour},
		{"a frozen week", office, "2026-12-29T10:00:00Z", Inconclusive, "a freeze is on: 2026-12-28 to 2027-01-03", 5*24*time.Hour + 22*time.Hour},
		{"after midnight, of the day before", night, "2026-11-28T03:00:00Z", Pass, "1h0m0s are left", 0},
		{"the day before's is not today's", night, "2026-11-27T03:00:00Z", Inconclusive, "opens Fri 2026-11-27 22:00 UTC", 19 * time.Hour},
		{"a freeze cuts it off", night, "2026-12-04T23:00:00Z", Pass, "1h0m0s are left", 0},
		{"always", always, "2026-12-05T10:00:00Z", Pass, "14h0m0s are left", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input("window", c.params)
			in.Now = at(t, c.now)
			want(t, in, c.state, c.says)
			if v := Check(t.Context(), in); v.Retry != c.retry {
				t.Errorf("retry in %s, want %s", v.Retry, c.retry)
			}
		})
	}
}

func TestWindowSettings(t *testing.T) {
	for _, p := range []map[string]any{{"days": "monday"}, {"from": "9"}, {"to": "25:00"}, {"zone": "Berlin"}, {"zone": "Local"}, {"least": 5}, {"freeze": "2026-12-24"},
		{"freeze": []any{"24.12.2026"}}, {"freeze": []any{"2026-12-24..2026-12-20"}}, {"till": "17:00"}} {
		if err := Validate(plans.GateRef{Kind: "window", Params: p}); err == nil {
			t.Errorf("%v is taken", p)
		}
	}
	if err := Validate(plans.GateRef{Kind: "window", Params: map[string]any{"days": "Sat, sun", "from": "22:00", "to": "04:00", "zone": "America/New_York", "freeze": []any{"2026-12-24"}}}); err != nil {
		t.Error(err)
	}
}
