package model

import "slices"

// step is one atomic step: when it may happen and what it does. All steps together are the model; every
// order of them that may admits is an execution.
type step struct {
	name     string
	over     [3]dimension // what r, i and j of its actions count
	weight   int          // how often it is taken in a random execution
	disturbs bool         // it undoes work: some executions are without it
	mischief bool         // nobody needs it: it doesn't happen when the world is calm
	dead     bool         // it makes a dead runner live; other steps are those of a living one
	only     mutants      // it exists only when one of these rules is taken away
	may      func(w *world, a *action) bool
	do       func(w *world, a *action)
}

// action is a step with its parameters.
type action struct {
	step    int8
	r, i, j int8
	p       proposal // of stepBegin
}

// dimension is what a parameter of a step counts.
type dimension uint8

const (
	one dimension = iota
	two
	three
	perRunner
	perWorker
	perLane
	perChunk
	perTxn
)

// each names the parameters r, i, j of a step; those not named are 0.
func each(d ...dimension) (over [3]dimension) {
	copy(over[:], d)
	return over
}

// size is the number of values of a parameter. Chunks and transactions may be fewer in a world.
func (v *variant) size(d dimension) int8 {
	return [...]int8{1, 2, 3, v.runners, workers, v.lanes, v.chunks, maxTxns}[d]
}

// stepBegin is the step that begins a transaction of the application; its actions carry proposals.
const stepBegin = 0

// Names that the trace and tests refer to.
const (
	nameEndBranch = "end an XA branch"
	nameShow      = "become visible"
	nameExecute   = "join the executed set"
	nameChoose    = "choose a batch"
	nameFinish    = "commit the batch and L"
)

var steps = slices.Concat(serverSteps(), runnerSteps(), abortSteps(), startSteps(), streamSteps(), copySteps(), lastResortSteps(),
	applySteps(), duplicateSteps(), cutSteps(), mutantSteps())

// choice is an action that a variant knows, with its guard.
type choice struct {
	action
	mischief bool
	may      func(w *world, a *action) bool
}

// menu holds all actions that a variant knows but those of writers: of the server, and of each runner when it lives
// and when it is dead. Which of them may happen is asked before every step, so they are listed once.
type menu struct {
	server      []choice
	alive, dead [maxRunners][]choice
}

func newMenu(v *variant) *menu {
	m := &menu{}
	for n := stepBegin + 1; n < len(steps); n++ {
		s := &steps[n]
		if s.only != 0 && s.only&v.without == 0 {
			continue
		}
		for r := range v.size(s.over[0]) {
			list := m.list(s, r)
			for i := range v.size(s.over[1]) {
				for j := range v.size(s.over[2]) {
					*list = append(*list, choice{action{step: int8(n), r: r, i: i, j: j}, s.mischief, s.may})
				}
			}
		}
	}
	return m
}

func (m *menu) list(s *step, r int8) *[]choice {
	switch {
	case s.over[0] != perRunner:
		return &m.server
	case s.dead:
		return &m.dead[r]
	}
	return &m.alive[r]
}

// actions lists what may happen now. Of the transactions that a writer could begin it takes those proposed.
func (m *menu) actions(w *world, list []action, proposals []proposal) []action {
	if !w.calm {
		for _, p := range proposals {
			if a := (action{step: stepBegin, p: p}); w.may(a) {
				list = append(list, a)
			}
		}
	}
	list = pick(w, list, m.server)
	for r := range w.v.runners {
		if w.runners[r].alive() {
			list = pick(w, list, m.alive[r])
		} else {
			list = pick(w, list, m.dead[r])
		}
	}
	return list
}

func pick(w *world, list []action, from []choice) []action {
	for i := range from {
		if c := &from[i]; !(w.calm && c.mischief) && c.may(w, &c.action) {
			list = append(list, c.action)
		}
	}
	return list
}

// may tells that an action may happen now.
func (w *world) may(a action) bool {
	s := &steps[a.step]
	if s.over[0] == perRunner && w.runners[a.r].alive() == s.dead {
		return false
	}
	return !(w.calm && s.mischief) && s.may(w, &a)
}

func (w *world) do(a action) { steps[a.step].do(w, &a) }
