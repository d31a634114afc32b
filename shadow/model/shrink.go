package model

// world and path of the shortest execution known that ends in a violation.
type finding struct {
	start     world
	path      []action
	violation violation
}

func (f *finding) String() string { return trace(f.start, f.path) }

// replay does the actions of a path that may happen, in order, and returns those it did.
func replay(w world, path []action, shows violation) ([]action, bool) {
	var did []action
	for _, a := range path {
		if w.over() {
			break
		}
		if w.may(a) {
			w.do(a)
			did = append(did, a)
		}
	}
	return did, w.violation == shows
}

// shorten leaves actions out as long as the violation stays.
func (f *finding) shorten() {
	for size := len(f.path) / 2; size > 0; {
		if !f.leaveOut(size) {
			size /= 2
		}
	}
}

func (f *finding) leaveOut(size int) bool {
	for at := 0; at+size <= len(f.path); at++ {
		rest := append(append([]action{}, f.path[:at]...), f.path[at+size:]...)
		if did, ok := replay(f.start, rest, f.violation); ok {
			f.path = did
			return true
		}
	}
	return false
}

// find runs seeds until one shows a violation of the kind asked for, any kind when it is noViolation, and
// returns it shortened; nil when no seed does.
func (s *simulation) find(shows violation, seeds uint64) *finding {
	for seed := range seeds {
		if x := s.run(seed); x != noViolation && (x == shows || shows == noViolation) {
			return s.finding()
		}
	}
	return nil
}

// finding makes a finding out of the last run.
func (s *simulation) finding() *finding {
	path := append([]action{}, s.path...)
	found := s.w.violation
	s.source.Seed(s.seed, 0x5eed)
	s.weigh()
	f := &finding{start: s.newWorld(), path: path, violation: found}
	f.start.budget = maxTxns
	if found != stuck {
		f.shorten()
	}
	return f
}

// smaller looks for the same violation in smaller worlds and returns the shortest of all.
func (f *finding) smaller(v variant, seeds uint64) *finding {
	best := f
	for keys := int8(2); keys <= v.keys; keys++ {
		for txns := int8(1); txns <= min(v.txns, 4); txns++ {
			u := v
			u.keys, u.txns = keys, txns
			s := newSimulation(u)
			for found := range 5 {
				_ = found
				if g := s.find(f.violation, seeds); g != nil && len(g.path) < len(best.path) {
					best = g
				}
			}
		}
	}
	return best
}
