package plans

import (
	"testing"

	"github.com/phasemig/phasemig/schema"
)

// TestPhaseEstimate: what a phase costs is the sum of its steps, and no part of what is agreed to.
func TestPhaseEstimate(t *testing.T) {
	steps := []Step{{Estimate: Estimate{Rows: 10, Bytes: 400, Seconds: 2, DiskBytes: 100, ReplayRows: 10}}, {Estimate: Estimate{Rows: 20, Seconds: 3, DiskBytes: 50, ReplaySeconds: 3}}}
	if got, want := sum(steps), (Estimate{Rows: 20, Bytes: 400, Seconds: 5, DiskBytes: 150, ReplayRows: 10, ReplaySeconds: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	p := &Plan{Phases: []Phase{{Name: Expand, Steps: steps}}}
	before := p.ComputeHash()
	p.Phases[0].Estimate, p.Phases[0].Steps[0].Estimate = sum(steps), Estimate{}
	if p.ComputeHash() != before {
		t.Error("an estimate changes the hash")
	}
}

func TestShare(t *testing.T) {
	table := &schema.Table{Columns: make([]schema.Column, 4), Bytes: 400}
	for columns, want := range map[int]int64{0: 0, 1: 100, 3: 300, 9: 400} {
		if got := Share(table, columns); got != want {
			t.Errorf("%d columns: %d, want %d", columns, got, want)
		}
	}
	if got := Share(&schema.Table{Bytes: 5}, 1); got != 0 {
		t.Errorf("of no columns: %d", got)
	}
}
