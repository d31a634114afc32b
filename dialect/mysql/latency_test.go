package mysql

import (
	"maps"
	"testing"
	"time"

	"github.com/phasemig/phasemig/throttle"
)

const ms = time.Millisecond

// Of two readings the difference counts; ours goes out of it by session and kind.
func TestWithoutOurs(t *testing.T) {
	const oneMS, hundred = "1000000000", "100000000000" // picoseconds
	before := map[string]total{oneMS: {n: 10}}
	after := map[string]total{oneMS: {n: 1010}, hundred: {n: 9}}
	ended, whole := since(before, after)
	if !whole || ended[oneMS].n != 1000 || ended[hundred].n != 9 {
		t.Fatalf("ended: %v, %v", ended, whole)
	}
	ours := map[string]total{"1 insert_select": {"insert_select", 7, 7 * 110 * ms}, "1 select": {"select", 20, 10 * ms}, "2 select": {"select", 1, 90 * ms}}
	if got, want := withoutOurs(ended, ours), (throttle.Histogram{ms: 980, 100 * ms: 1}); !maps.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
	if _, whole := since(after, before); whole {
		t.Error("a table that was emptied passes for one that goes on")
	}
}

// A hiccup of the server catches one of ours as it does the application's: it is told from the others, and so are two long
// ones from many quick.
func TestUsualSplits(t *testing.T) {
	u := usual{}
	calm := map[string]total{"1 commit": {"commit", 30, 60 * ms}, "2 insert": {"insert", 1, 80 * ms}}
	if got := u.split(calm, throttle.Histogram{}); !maps.Equal(got, calm) {
		t.Errorf("without a hiccup: %v", got)
	}
	stalled := map[string]total{"1 commit": {"commit", 30, 160 * ms}, "2 insert": {"insert", 1, 200 * ms}}
	got := u.split(stalled, throttle.Histogram{2 * ms: 900, 104 * ms: 5})
	if want := map[string]total{"1 commit": {"commit", 29, 58 * ms}, "1 commit long": {"commit", 1, 102 * ms}, "2 insert": {"insert", 1, 200 * ms}}; !maps.Equal(got, want) {
		t.Errorf("with one: %v, want %v", got, want)
	}
	got = u.split(map[string]total{"1 commit": {"commit", 30, 656 * ms}}, throttle.Histogram{2 * ms: 900, 302 * ms: 2})
	if want := map[string]total{"1 commit": {"commit", 28, 56 * ms}, "1 commit long": {"commit", 2, 600 * ms}}; !maps.Equal(got, want) {
		t.Errorf("with two long ones: %v, want %v", got, want)
	}
	if got := u.split(stalled, throttle.Histogram{2 * ms: 900}); !maps.Equal(got, stalled) {
		t.Errorf("where nothing long has ended: %v", got)
	}
}

func TestMeansWithoutOurs(t *testing.T) {
	ended := map[string]total{"update": {"update", 110, 2200 * ms}, "insert_select": {"insert_select", 7, 770 * ms}}
	ours := map[string]total{"1 u": {"update", 6, 1000 * ms}, "2 u": {"update", 4, 200 * ms}, "1 i": {"insert_select", 7, 770 * ms}}
	if got, want := meansWithoutOurs(ended, ours), (throttle.Histogram{10 * ms: 100}); !maps.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
}

func TestPicoseconds(t *testing.T) {
	for text, want := range map[string]time.Duration{"10000000": 10 * time.Microsecond, "18446744073709551615": 18446744073709551615 / 1000, "": 0} {
		if got := picoseconds(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
