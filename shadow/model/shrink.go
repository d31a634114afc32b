package model

import "slices"

// finding is an execution that ends in a violation.
type finding struct {
	start     world
	path      []action
	violation violation
	s         *simulation
}

// String tells the execution, a line a step.
func (f *finding) String() string {
	text := trace(f.start, f.path)
	if f.violation == stuck {
		text += "     " + f.violation.String() + "\n"
	}
	return text
}

// find runs seeds until one shows a violation of the kind asked for, or of any kind, and returns it shortened; nil
// when no seed does.
func (s *simulation) find(shows violation, seeds uint64) *finding {
	for seed := range seeds {
		if x := s.run(seed); x != noViolation && (x == shows || shows == noViolation) {
			return s.finding()
		}
	}
	return nil
}

// finding makes a finding out of the last run, and leaves out of it what isn't needed.
func (s *simulation) finding() *finding {
	f := &finding{path: slices.Clone(s.path), violation: s.w.violation, s: s}
	if f.violation == stuck {
		f.path = f.path[:s.settled]
	}
	f.start = s.beginning(s.seed)
	f.start.budget = maxTxns
	for size := len(f.path) / 2; size > 0; {
		if !f.leaveOut(size) {
			size /= 2
		}
	}
	return f
}

// leaveOut leaves out some actions of the path, that many in a row, if the violation stays.
func (f *finding) leaveOut(size int) bool {
	for at := 0; at+size <= len(f.path); at++ {
		rest := slices.Concat(f.path[:at], f.path[at+size:])
		if did, shown := f.replay(rest); shown {
			f.path = did
			return true
		}
	}
	return false
}

// replay does the actions of a path that may happen, in order. It returns those, and whether they show the violation.
func (f *finding) replay(path []action) ([]action, bool) {
	w := f.start
	var did []action
	for _, a := range path {
		if !w.over() && w.may(a) {
			w.do(a)
			did = append(did, a)
		}
	}
	if f.violation == stuck {
		w = f.s.settleFrom(w)
	}
	return did, w.violation == f.violation
}

// smallest looks for the same violation in smaller worlds and returns the shortest execution of all.
func (f *finding) smallest(v variant, seeds uint64) *finding {
	for keys := int8(2); keys <= v.keys; keys++ {
		for txns := int8(1); txns <= min(v.txns, 4); txns++ {
			u := v
			u.keys, u.chunks, u.txns = keys, min(keys, v.chunks), txns
			if g := newSimulation(u).find(f.violation, seeds); g != nil && len(g.path) < len(f.path) {
				f = g
			}
		}
	}
	return f
}
