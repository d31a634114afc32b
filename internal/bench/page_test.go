package bench

import (
	"strings"
	"testing"
)

func TestReportKeepsWhatWasNotMeasuredAnew(t *testing.T) {
	r := Report{Date: "then", Backfill: []Result{{Server: "b", Change: "rename", RatioPlain: 1}, {Server: "a", Change: "rename"}},
		Shadow: []ShadowResult{{Server: "m", Rows: 1, Ratio: 1.25, Peers: []*Peer{{Name: "tool", Took: []float64{2}, Ratio: 0.5}, {Name: "other", Failed: "exit | 1"}}}}}
	r.Repack = []RepackResult{{Server: "p", Rows: 3, Load: &Loaded{Writers: 4, Stalls: []float64{7, 9, 8}, Limited: &Limited{Limit: 5}}}}
	r.Add(Report{Date: "now", Machine: "2 cores", Backfill: []Result{{Server: "b", Change: "rename", RatioPlain: 2}, {Server: "b", Change: "retype"}}})
	if len(r.Backfill) != 3 || r.Backfill[1].RatioPlain != 2 || len(r.Shadow) != 1 || r.Date != "now" {
		t.Fatalf("%+v", r)
	}
	page := r.Page()
	for _, w := range []string{"now, on 2 cores", "| m | 1 |", "**1.25**", "| tool |", "**0.50**", "failed: exit / 1", "| b | retype |", "| p | 3 | 4 |", "**8 ms**", "| p | 3 | 5.0 ms |"} {
		if !strings.Contains(page, w) {
			t.Errorf("the page doesn't say %q:\n%s", w, page)
		}
	}
	if strings.Contains(page, "carried out by `serve`") {
		t.Error("a table of what wasn't measured")
	}
}
