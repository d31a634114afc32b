package model

import (
	"testing"
	"time"
)

// TestMutants: each rule that is taken away shows. With -v the shortest execution that was found is told.
func TestMutants(t *testing.T) {
	for _, m := range allMutants() {
		t.Run(m.name, func(t *testing.T) {
			v := m.in
			v.without = m.breaks
			s := newSimulation(v)
			begin := time.Now()
			seeds := uint64(1_000_000)
			f := s.find(m.shows, seeds)
			if f == nil {
				t.Fatalf("not caught in %d runs: the model can't see that %q", seeds, m.shows)
			}
			t.Logf("runs=%d time=%s\n%s", s.seed+1, time.Since(begin).Round(time.Millisecond), f)
			if m.breaks != 0 {
				holds(t, m.in)
			}
		})
	}
}

// holds: it is the mutant that showed the violation, not its variant.
func holds(t *testing.T, v variant) {
	s := newSimulation(v)
	if f := s.find(noViolation, times(300)); f != nil {
		t.Errorf("without the mutant, seed %d:\n%s", s.seed, f)
	}
}

// TestEveryRuleIsTakenAway: no switch is without a test.
func TestEveryRuleIsTakenAway(t *testing.T) {
	tested := endBeforeQuiet // by TestEndBeforeQuiet
	for _, m := range allMutants() {
		tested |= m.breaks
	}
	if all := lastMutant<<1 - 1; tested != all {
		t.Errorf("not tested: %b", all&^tested)
	}
}

// TestShortening: what a finding tells is an execution that shows the violation, and no step of it can be left out.
func TestShortening(t *testing.T) {
	v := executed()
	v.without = passHeld
	s := newSimulation(v)
	f := s.find(differs, 10_000)
	if f == nil {
		t.Fatal("no violation found")
	}
	if _, shown := f.replay(f.path); !shown {
		t.Errorf("the path doesn't show %q:\n%s", f.violation, f)
	}
	if f.leaveOut(1) {
		t.Errorf("a step could be left out")
	}
	g := f.smallest(v, 2000)
	if len(g.path) > len(f.path) || g.violation != f.violation {
		t.Errorf("%d steps, and %d in a smaller world:\n%s", len(f.path), len(g.path), g)
	}
}
