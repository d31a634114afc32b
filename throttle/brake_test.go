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

// hiccups is an application of 900 statements an answer, a quarter of a second each, of which one and a half may be slow. The
// server stalls every so many answers and makes some slow, whoever works; at a share over room the work does so.
type hiccups struct {
	every, slow int
	room        float64
}

// account runs the brake and returns the mean share and the part of what was allowed that was slow, both of the last half.
func (a hiccups) account(b *brake, answers int) (share, slow float64) {
	const allowed = 1.5
	for i := range answers {
		over := 0.0
		if a.every > 0 && i%a.every == 0 {
			over += float64(a.slow)
		}
		if b.share > a.room {
			over += 40 * (b.share - a.room)
		}
		b.pay(Tail{Over: over, Allowed: allowed})
		if i >= answers/2 {
			share += b.share
			slow += over
		}
	}
	n := float64(answers - answers/2)
	return share / n, slow / n / allowed
}

// TestBrakeHasRoomForHiccups: stalls of the server that the limit has room for slow nothing, and with
// them, too, the work gets most of what is possible without going over the limit.
func TestBrakeHasRoomForHiccups(t *testing.T) {
	for name, c := range map[string]struct {
		a           hiccups
		share, slow float64 // at least, at most
	}{
		"nothing is slow":         {hiccups{room: 1}, 1, 0},
		"a stall every 2 s":       {hiccups{every: 8, slow: 4, room: 1}, 0.9, 0.4},
		"the work is":             {hiccups{room: 0.3}, 0.25, 1},
		"stalls, and the work is": {hiccups{every: 8, slow: 4, room: 0.3}, 0.2, 1},
		"far too much":            {hiccups{every: 1, slow: 30, room: 1}, 0, 99},
	} {
		var b brake
		share, slow := c.a.account(&b, 800)
		if share < c.share || slow > c.slow {
			t.Errorf("%s: a share of %.2f, want %.2f; %.2f of what may be slow was, want at most %.2f", name, share, c.share, slow, c.slow)
		}
		if held := name == "far too much"; b.held != held {
			t.Errorf("%s: held %t", name, b.held)
		}
	}
}

// TestBrakePaysWithinASecond: lasting slowness takes the share away within the answers of one
// second, however long nothing was slow, and it comes back within half a minute.
func TestBrakePaysWithinASecond(t *testing.T) {
	b := brake{share: 1, usual: 1.5, calm: 200}
	for range 4 {
		b.pay(Tail{Over: 90, Allowed: 1.5})
	}
	if b.share > 0.1 {
		t.Errorf("share %.3f after a second in which one statement in ten was slow", b.share)
	}
	answers := 0
	for ; b.share < 1 && answers < 400; answers++ {
		b.pay(Tail{Allowed: 1.5})
	}
	if answers > 4*30 {
		t.Errorf("%d answers until all is given back", answers)
	}
}

// TestBrakeOfFewStatements: where little is measured a single slow one isn't a reason to stop.
func TestBrakeOfFewStatements(t *testing.T) {
	var b brake
	for range 40 {
		b.pay(Tail{Allowed: 0.02})
	}
	before := b.share
	if b.pay(Tail{Over: 1, Allowed: 0.02}); b.share < 0.85*before {
		t.Errorf("share %g → %g", before, b.share)
	}
}
