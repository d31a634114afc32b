package model

import "math/rand/v2"

// patience is the number of fair steps after which a run that hasn't ended is stuck. A run needs about a hundred.
const patience = 3000

// simulation runs random executions of one variant. It is reused: a run allocates nothing.
type simulation struct {
	v        *variant
	w        world
	source   *rand.PCG
	rng      *rand.Rand
	menu     *menu
	list     []action
	weights  []int
	proposal [1]proposal
	path     []action // of the last run
	seed     uint64
	steps    int // of all runs
	widest   int8
}

func newSimulation(v variant) *simulation {
	pcg := rand.NewPCG(0, 0)
	return &simulation{v: &v, menu: newMenu(&v), source: pcg, rng: rand.New(pcg), weights: make([]int, len(steps))}
}

// run is one execution. The same seed gives the same one.
func (s *simulation) run(seed uint64) violation {
	s.seed = seed
	s.source.Seed(seed, 0x5eed)
	s.path = s.path[:0]
	s.weigh()
	s.w = s.newWorld()
	w := &s.w
	if w.v.life {
		s.disturb(2, 60)
		s.settle(func() bool { return w.copied() })
		s.disturb(3, 60)
		s.settle(func() bool { return w.named == newRelation })
		s.disturb(3, 60)
	} else {
		s.disturb(w.v.txns, 200)
	}
	s.settle(func() bool { return false })
	return w.violation
}

// newWorld is the beginning: some rows, an empty log, one runner.
func (s *simulation) newWorld() world {
	w := world{v: s.v}
	w.keys = 2 + min(s.upTo(s.v.keys-2), s.upTo(s.v.keys-2))
	w.values = min(maxValues, w.keys+1)
	w.chunks = min(w.keys, 2+s.upTo(s.v.chunks-2))
	w.limit = 2 + s.upTo(4)
	w.crashes, w.takeovers = s.upTo(s.v.crashes), s.upTo(s.v.takeovers)
	if s.v.full {
		w.keys, w.chunks, w.values = s.v.keys, s.v.chunks, maxValues
	}
	for k := range w.keys {
		w.chunkOf[k] = k * w.chunks / w.keys
		u := 1 + s.upTo(w.values-1)
		if s.v.full {
			u = 1 + k
		}
		if (s.v.full || s.rng.IntN(3) > 0) && (!s.v.enforced() || !w.tables[oldRelation].holds(u)) {
			w.tables[oldRelation][k].u = u
		}
	}
	w.begun()
	if s.v.full {
		w.commitSome(chunkSet(s.rng.IntN(1 << w.chunks)))
	}
	return w
}

// commitSome begins with some chunks committed.
func (w *world) commitSome(chunks chunkSet) {
	w.store.setL(oldRelation, 0)
	w.store.done = chunks
	for k := range w.keys {
		if chunks&(1<<w.chunkOf[k]) != 0 {
			w.tables[newRelation][k] = w.tables[oldRelation][k]
		}
	}
	w.resume(0)
}

// begun starts the first runner.
func (w *world) begun() {
	w.store.setL(oldRelation, missing)
	w.store.setL(newRelation, missing)
	w.take(0)
	w.resume(0)
}

// upTo is a random number from 0 to n.
func (s *simulation) upTo(n int8) int8 { return int8(s.rng.IntN(int(n) + 1)) }

// weigh makes some steps rare and others frequent, anew in each run: executions in which the applier lags far
// behind, or visibility does, are then as common as balanced ones.
func (s *simulation) weigh() {
	for i := range steps {
		s.weights[i] = steps[i].weight * []int{1, 8, 64}[s.rng.IntN(3)]
		if steps[i].disturbs {
			s.weights[i] = steps[i].weight * []int{0, 1, 8}[s.rng.IntN(3)]
		}
	}
}

// disturb lets the writers begin more transactions and runs up to n steps of any kind.
func (s *simulation) disturb(txns int8, n int) {
	w := &s.w
	w.calm = false
	w.budget += 1 + max(s.upTo(txns-1), s.upTo(txns-1))
	for n = s.rng.IntN(n + 1); n > 0 && !w.over(); n-- {
		s.list = s.menu.actions(w, s.list[:0], s.propose())
		a, ok := s.draw()
		if !ok {
			return
		}
		s.take(a)
	}
}

// propose returns a transaction that is legal now, if it finds one soon.
func (s *simulation) propose() []proposal {
	if s.w.budget == 0 {
		return nil
	}
	for range 10 {
		s.proposal[0] = proposal{
			kind: s.kind(),
			a:    s.upTo(s.w.keys - 1), b: s.upTo(s.w.keys - 1),
			u:  1 + s.upTo(s.w.values-1),
			xa: s.v.xa && s.rng.IntN(3) == 0,
		}
		if s.w.legal(s.proposal[0]) {
			return s.proposal[:]
		}
	}
	return nil
}

func (s *simulation) kind() kind {
	if k := s.v.kinds; k != nil {
		return k[s.rng.IntN(len(k))]
	}
	return kind(s.rng.IntN(int(kinds)))
}

// draw picks an action by weight, none when all that may happen weigh nothing.
func (s *simulation) draw() (action, bool) {
	sum := 0
	for _, a := range s.list {
		sum += s.weights[a.step]
	}
	if sum == 0 {
		return action{}, false
	}
	n := s.rng.IntN(sum)
	i := 0
	for n -= s.weights[s.list[0].step]; n >= 0; n -= s.weights[s.list[i].step] {
		i++
	}
	return s.list[i], true
}

// settle: the writers have stopped. A fair schedule must reach the milestone, at the latest the end.
func (s *simulation) settle(reached func() bool) {
	w := &s.w
	w.calm = true
	for range patience {
		if w.over() || reached() {
			return
		}
		s.list = s.menu.actions(w, s.list[:0], nil)
		if len(s.list) == 0 {
			break
		}
		s.take(s.list[s.rng.IntN(len(s.list))])
	}
	w.violate(stuck)
}

func (s *simulation) take(a action) {
	s.path = append(s.path, a)
	s.steps++
	s.w.do(a)
	for r := range s.w.v.runners {
		s.widest = max(s.widest, s.w.runners[r].n)
	}
}
