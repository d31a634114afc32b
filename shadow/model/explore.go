package model

import (
	"hash/maphash"
	"slices"
)

// exploration is every execution of one tiny world, breadth first.
type exploration struct {
	menu  *menu
	kinds []kind
	limit int // of states

	ids    map[uint64]int32 // by the hash of the state
	nodes  []node
	worlds []world // of the states that are not expanded yet, in the order of nodes
	next   int32   // the first of them
	steps  int
	found  violation // the exploration ends with the first
}

// node is a state that was seen: how it was reached first, and where it leads without mischief.
type node struct {
	parent int32
	by     action
	over   bool
	leads  []int32
}

var hashSeed = maphash.MakeSeed()

// explore visits every state that can be reached from a world, or stops at a limit.
func explore(w world, kinds []kind, limit int) *exploration {
	x := &exploration{menu: newMenu(w.v), kinds: kinds, limit: limit, ids: map[uint64]int32{}}
	x.visit(&w, -1, action{})
	var list []action
	for len(x.worlds) > 0 && len(x.nodes) < limit {
		w := x.worlds[0]
		x.worlds = x.worlds[1:]
		if w.over() {
			x.nodes[x.next].over = true
			if w.violation != noViolation {
				x.found = w.violation
				return x
			}
		} else {
			list = x.menu.actions(&w, list[:0], w.proposals(kinds))
			x.expand(&w, list)
		}
		x.next++
	}
	return x
}

// expand does each action on a copy of the world.
func (x *exploration) expand(w *world, list []action) {
	for _, a := range list {
		x.steps++
		after := *w
		after.do(a)
		id := x.visit(&after, x.next, a)
		if !steps[a.step].mischief {
			x.nodes[x.next].leads = append(x.nodes[x.next].leads, id)
		}
	}
}

// visit returns the number of a state.
func (x *exploration) visit(w *world, parent int32, by action) int32 {
	h := maphash.Comparable(hashSeed, *w)
	id, known := x.ids[h]
	if !known {
		id = int32(len(x.nodes))
		x.ids[h] = id
		x.nodes = append(x.nodes, node{parent: parent, by: by})
		x.worlds = append(x.worlds, *w)
	}
	return id
}

// complete tells that no state was left out.
func (x *exploration) complete() bool { return len(x.worlds) == 0 }

// finding is the shortest execution that shows a violation, nil when none does.
func (x *exploration) finding(start world) *finding {
	if x.found == noViolation {
		return nil
	}
	return &finding{start: start, path: x.path(x.next), violation: x.found}
}

// path is the shortest way to a state.
func (x *exploration) path(id int32) []action {
	var back []action
	for ; x.nodes[id].parent >= 0; id = x.nodes[id].parent {
		back = append(back, x.nodes[id].by)
	}
	slices.Reverse(back)
	return back
}

// hopeless returns a state from which the run can't come to its end any more although nothing disturbs it, -1 when
// there is none.
func (x *exploration) hopeless() int32 {
	from := make([][]int32, len(x.nodes))
	var list []int32
	ends := make([]bool, len(x.nodes))
	for id := range x.nodes {
		for _, to := range x.nodes[id].leads {
			from[to] = append(from[to], int32(id))
		}
		if x.nodes[id].over {
			ends[id] = true
			list = append(list, int32(id))
		}
	}
	for len(list) > 0 {
		id := list[len(list)-1]
		list = list[:len(list)-1]
		for _, f := range from[id] {
			if !ends[f] {
				ends[f] = true
				list = append(list, f)
			}
		}
	}
	for id := range ends {
		if !ends[id] {
			return int32(id)
		}
	}
	return -1
}

// proposals lists the transactions that are legal now. Of the free unique values it takes one: they are alike.
func (w *world) proposals(kinds []kind) []proposal {
	if w.budget == 0 {
		return nil
	}
	var list []proposal
	for _, k := range kinds {
		for a := range w.keys {
			for b := range w.keys {
				if k.oneKey() && b != a {
					continue
				}
				for _, xa := range []bool{false, true} {
					if p, ok := w.firstLegal(proposal{kind: k, a: a, b: b, xa: xa}); ok {
						list = append(list, p)
					}
				}
			}
		}
	}
	return list
}

func (k kind) oneKey() bool { return k <= setValue }

func (w *world) firstLegal(p proposal) (proposal, bool) {
	for p.u = 1; p.u <= w.values; p.u++ {
		if w.legal(p) {
			return p, true
		}
	}
	return p, false
}
