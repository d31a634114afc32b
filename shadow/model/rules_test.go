package model

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// long tells that PHASEMIG_LONG asks for the long form, which takes about ten minutes of one core.
var long = os.Getenv("PHASEMIG_LONG") != ""

// times is a number of runs, or that of the long form.
func times(n uint64) uint64 {
	if long {
		return 50 * n
	}
	return n
}

// TestRules: with the rules as they are no random execution shows a violation.
func TestRules(t *testing.T) {
	taken := make([]int, len(steps))
	variants := 0
	for _, v := range rules() {
		t.Run(v.name, func(t *testing.T) {
			s := newSimulation(v)
			begin := time.Now()
			runs := times(10_000)
			for seed := range runs {
				if x := s.run(seed); x != noViolation {
					t.Fatalf("seed %d: %s\n%s", seed, x, s.finding().smallest(v, 2000))
				}
			}
			t.Logf("runs=%d steps=%d images=%d time=%s", runs, s.stepsTaken(), s.images, time.Since(begin).Round(time.Millisecond))
			variants++
			for i, n := range s.taken {
				taken[i] += n
			}
		})
	}
	if variants < len(rules()) {
		return // only some were asked for
	}
	for i, n := range taken {
		if n == 0 && steps[i].only == 0 {
			t.Errorf("never taken: %s", steps[i].name)
		}
	}
}

// TestCombinations: nor with what the variants have one by one put together at random.
func TestCombinations(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0x5eed))
	steps := 0
	for range times(250) {
		v := combination(rng)
		s := newSimulation(v)
		if f := s.find(noViolation, 100); f != nil {
			t.Fatalf("%s, seed %d: %s\n%s", v.name, s.seed, f.violation, f)
		}
		steps += s.stepsTaken()
	}
	t.Logf("runs=%d steps=%d", 100*times(250), steps)
}

// combination draws a variant. Two pairs exclude each other by the rules: lanes and a further unique key (twoLanes drops
// it), split batches and partial images.
func combination(rng *rand.Rand) variant {
	v := []func() variant{executed, snapshot, marker, spill}[rng.IntN(4)]()
	likely := func(f func(variant) variant) {
		if rng.IntN(3) == 0 {
			v = f(v)
		}
	}
	likely([]func(variant) variant{crowded, crashing, wholeLife}[rng.IntN(3)])
	likely(twoRunners)
	likely([]func(variant) variant{splitBatches, partialImages}[rng.IntN(2)])
	likely(impatient)
	likely(everyImage)
	if !v.life {
		likely(newKey)
	}
	likely(twoLanes)
	return v
}

// TestSameSeedSameExecution: a seed in a message is enough to see the execution again.
func TestSameSeedSameExecution(t *testing.T) {
	a, b := newSimulation(wholeLife(executed())), newSimulation(wholeLife(executed()))
	for seed := range uint64(100) {
		a.run(seed)
	}
	a.run(7)
	b.run(7)
	if a.w.tables != b.w.tables || len(a.path) != len(b.path) {
		t.Errorf("%d steps, then %d", len(a.path), len(b.path))
	}
	for i := range a.path {
		if a.path[i] != b.path[i] {
			t.Fatalf("step %d differs", i)
		}
	}
}
