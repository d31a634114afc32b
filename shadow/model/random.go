package model

import "math/rand/v2"

// patience is the number of fair steps after which a run that hasn't ended is stuck. A run needs about fifty.
const patience = 3000

// simulation runs random executions of one variant. It is used again and again: a run allocates nothing.
type simulation struct {
	v       *variant
	menu    *menu
	w       world
	source  *rand.PCG
	rng     *rand.Rand
	weights []int // of the steps, in this run

	list     []action // what may happen
	proposal [1]proposal
	seed     uint64
	path     []action // of the last run
	settled  int      // where in it the last fair part begins

	taken  []int // how often each step was taken in all runs
	images int8  // the longest queue of all runs
}

func newSimulation(v variant) *simulation {
	pcg := rand.NewPCG(0, 0)
	return &simulation{v: &v, menu: newMenu(&v), source: pcg, rng: rand.New(pcg), weights: make([]int, len(steps)), taken: make([]int, len(steps))}
}

// run is one execution: steps of any kind, then fair ones to the end. The same seed gives the same execution.
func (s *simulation) run(seed uint64) violation {
	s.w = s.beginning(seed)
	s.path = s.path[:0]
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

// beginning draws the weights of a run and the world that it begins with: some rows, an empty log, one runner.
func (s *simulation) beginning(seed uint64) world {
	s.seed = seed
	s.source.Seed(seed, 0x5eed)
	s.weigh()
	v := s.v
	w := world{v: v, keys: v.keys, chunks: v.chunks, values: maxValues, limit: 2 + s.upTo(4)}
	w.crashes, w.takeovers = s.upTo(v.crashes), s.upTo(v.takeovers)
	if !v.full {
		w.keys = 2 + min(s.upTo(v.keys-2), s.upTo(v.keys-2))
		w.chunks = min(w.keys, 2+s.upTo(v.chunks-2))
		w.values = min(maxValues, w.keys+1)
	}
	for k := range w.keys {
		w.chunkOf[k] = k * w.chunks / w.keys
		if v.full {
			w.tables[oldRelation][k].u = 1 + k
		} else if u := 1 + s.upTo(w.values-1); s.rng.IntN(3) > 0 && (!v.enforced() || !w.tables[oldRelation].holds(u)) {
			w.tables[oldRelation][k].u = u
		}
	}
	w.firstRunner()
	if v.full {
		w.commitSome(chunkSet(s.rng.IntN(1 << w.chunks)))
	}
	return w
}

// upTo is a random number from 0 to n.
func (s *simulation) upTo(n int8) int8 { return int8(s.rng.IntN(int(n) + 1)) }

// weigh makes some steps rare and others frequent, anew in each run. So executions in which the applier lags far
// behind, or visibility does, are as common as balanced ones.
func (s *simulation) weigh() {
	for i := range steps {
		factors := [3]int{1, 8, 64}
		if steps[i].disturbs {
			factors = [3]int{0, 1, 8}
		}
		s.weights[i] = steps[i].weight * factors[s.rng.IntN(3)]
	}
}

// disturb lets the writers begin up to some transactions more and runs up to n steps of any kind.
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
			a:    s.upTo(s.w.keys - 1),
			b:    s.upTo(s.w.keys - 1),
			u:    1 + s.upTo(s.w.values-1),
			xa:   s.v.xa && s.rng.IntN(3) == 0,
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
	i := 0
	for n := s.rng.IntN(sum) - s.weights[s.list[0].step]; n >= 0; n -= s.weights[s.list[i].step] {
		i++
	}
	return s.list[i], true
}

// settle: the writers have stopped. A fair schedule must reach the milestone, at the latest the end.
func (s *simulation) settle(reached func() bool) {
	w := &s.w
	w.calm = true
	s.settled = len(s.path)
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

// settleFrom is a fair schedule from a given state to the end.
func (s *simulation) settleFrom(w world) world {
	s.w = w
	s.path = s.path[:0]
	s.settle(func() bool { return false })
	return s.w
}

func (s *simulation) take(a action) {
	s.path = append(s.path, a)
	s.taken[a.step]++
	s.w.do(a)
	for r := range s.v.runners {
		s.images = max(s.images, s.w.runners[r].n)
	}
}

// stepsTaken is the number of steps of all runs.
func (s *simulation) stepsTaken() int {
	n := 0
	for _, k := range s.taken {
		n += k
	}
	return n
}
