package throttle

import (
	"math"
	"testing"
)

// application is a latency that grows with the share of the work.
type application struct{ idle, full float64 } // over the limit

func (a application) ratio(share float64) float64 { return a.idle + (a.full-a.idle)*share }

// steer runs the brake for some seconds and returns the highest ratio of the last half.
func steer(b *brake, a application, seconds int) (worst float64) {
	var window [4]float64 // an answer is of a second, seen four times
	for i := range 4 * seconds {
		window[i%4] = a.ratio(max(b.share, 0))
		seen := 0.0
		for _, v := range window {
			seen = max(seen, v)
		}
		b.see(seen)
		if i > 2*seconds {
			worst = max(worst, a.ratio(b.share))
		}
	}
	return worst
}

// TestBrakeSettlesUnderTheLimit: whatever the work costs, the share settles where
// the value is under the limit, and not at a standstill.
func TestBrakeSettlesUnderTheLimit(t *testing.T) {
	for _, a := range []application{{0.5, 1.5}, {0.5, 4}, {0.5, 20}, {0.1, 2}, {0.7, 3}} {
		var b brake
		worst := steer(&b, a, 120)
		room := (setpoint - a.idle) / (a.full - a.idle)
		if worst > 1 || b.held || b.share < 0.5*room {
			t.Errorf("%+v: %.2f of the limit at a share of %.3f, where %.3f is possible", a, worst, b.share, room)
		}
	}
}

func TestBrakeLetsGo(t *testing.T) {
	b := brake{share: leastShare}
	if steer(&b, application{0.1, 0.3}, 30); b.share != 1 {
		t.Errorf("share %g while nothing is slow", b.share)
	}
	if steer(&b, application{0, 0}, 1); b.share != 1 {
		t.Errorf("share %g where the application does nothing", b.share)
	}
}

// TestBrakeReactsWithinASecond: an overshoot takes most of the share away with the
// answers of one second.
func TestBrakeReactsWithinASecond(t *testing.T) {
	for ratio, most := range map[float64]float64{1.5: 0.55, 2: 0.35, 5: 0.1} {
		b := brake{share: 1}
		for range 4 {
			b.see(ratio)
		}
		if b.share > most || b.share < 0.02 {
			t.Errorf("share %.3f after a second at %g of the limit, want at most %g", b.share, ratio, most)
		}
	}
}

// TestBrakeHolds: when next to no work is done and the value is over the limit, it is
// not the work.
func TestBrakeHolds(t *testing.T) {
	var b brake
	steer(&b, application{1.2, 1.3}, 20)
	if !b.held {
		t.Error("the work goes on though the application alone is over the limit")
	}
	if b.see(0.9); b.held {
		t.Error("the work is held though the application is under the limit")
	}
}

func TestFactorIsContinuous(t *testing.T) {
	for _, r := range []float64{setpoint} {
		if a, b := factor(r-1e-9), factor(r+1e-9); math.Abs(a-b) > 1e-6 || math.Abs(a-1) > 1e-6 {
			t.Errorf("at %g: %g and %g", r, a, b)
		}
	}
}
