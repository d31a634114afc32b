package cli

import (
	"testing"

	"github.com/phasemig/phasemig/plans"
)

// TestPhaseCost: the disk and the replicas' share are said where there is something to say.
func TestPhaseCost(t *testing.T) {
	for _, c := range []struct {
		estimate      plans.Estimate
		disk, replica string
	}{
		{plans.Estimate{Rows: 5, Bytes: 5, Seconds: 5}, "", ""},
		{plans.Estimate{DiskBytes: 3_000_000_000, ReplayRows: 1}, "about 3 GB more than now, besides the log", "apply about 1 change of a row"},
		{plans.Estimate{ReplaySeconds: 0.4}, "", ""},
		{plans.Estimate{ReplayRows: 12_000, ReplaySeconds: 90}, "", "apply about 12,000 changes of rows; fall behind by ~1m30s while they do the same"},
	} {
		if got := room(c.estimate); got != c.disk {
			t.Errorf("%+v: disk %q, want %q", c.estimate, got, c.disk)
		}
		if got := replay(c.estimate); got != c.replica {
			t.Errorf("%+v: replicas %q, want %q", c.estimate, got, c.replica)
		}
	}
}
