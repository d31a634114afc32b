package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect"
)

func TestLate(t *testing.T) {
	last := time.Date(2030, 1, 1, 0, 0, 10, 0, time.UTC)
	for _, c := range []struct{ seen, ago, want time.Duration }{
		{0, 0, 0},           // the last one is there
		{0, time.Second, 0}, // and none was written since
		{time.Second, 0, 0}, // a later one: written while the replica was asked
		{-200 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond},
		{-8 * time.Second, time.Second, 9 * time.Second},
	} {
		if got := late(last, last.Add(c.seen), c.ago); got != c.want {
			t.Errorf("seen %s from the last, which was written %s ago: %s late, want %s", c.seen, c.ago, got, c.want)
		}
	}
}

// Names need not be unique: each takes one follower away.
func TestUnnamed(t *testing.T) {
	known := []dialect.Follower{{Name: "walreceiver", Shown: "a"}, {Name: "17", Shown: "b"}, {Name: "walreceiver", Shown: "c"}}
	for _, c := range []struct{ names, want []string }{
		{nil, []string{"a", "b", "c"}},
		{[]string{"walreceiver"}, []string{"b", "c"}},
		{[]string{"17", "walreceiver", "walreceiver", "walreceiver"}, nil},
	} {
		if got := unnamed(known, slices.Clone(c.names)); !slices.Equal(got, c.want) {
			t.Errorf("%v named: %v are not, want %v", c.names, got, c.want)
		}
	}
}
