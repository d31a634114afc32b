package model

import (
	"testing"
	"time"
)

func TestRules(t *testing.T) {
	for _, v := range rules() {
		t.Run(v.name, func(t *testing.T) {
			s := newSimulation(v)
			start := time.Now()
			n := 20000
			for seed := range uint64(n) {
				if x := s.run(seed); x != noViolation {
					f := s.finding()
					t.Fatalf("seed %d: %s\n%s", seed, x, f.smaller(v, 1000))
				}
			}
			t.Logf("runs=%d steps=%d queue=%d %v", n, s.steps, s.widest, time.Since(start))
		})
	}
}

func TestMutants(t *testing.T) {
	for _, m := range allMutants() {
		t.Run(m.name, func(t *testing.T) {
			v := m.in
			v.without = m.breaks
			s := newSimulation(v)
			start := time.Now()
			others := map[violation]int{}
			for seed := range uint64(200000) {
				x := s.run(seed)
				if x == m.shows {
					t.Logf("runs=%d steps=%d %v others %v\n%s", seed+1, s.steps, time.Since(start), others, s.finding())
					return
				}
				if x != 0 {
					others[x]++
				}
			}
			t.Errorf("not caught, others %v", others)
		})
	}
}
