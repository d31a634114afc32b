package traffic

import (
	"fmt"
	"sort"
	"sync"
)

// verb is what a write did to a row.
type verb int

const (
	inserted verb = iota
	updated
	touched   // another column than those of the scenario
	mapped    // a function of the value that was there
	deleted   //
	rederived // the new side was made anew from the old one
)

func (v verb) String() string {
	return [...]string{"insert", "update", "touch", "map", "delete", "rederive"}[v]
}

// write is one committed write of one row. Version is the row's version after it.
type write struct {
	version int64
	verb    verb
	side    Version
	set     []bool // which columns of the side
	values  []Value
	f       func(Value) Value
}

// sides is what a row holds at one version.
type sides struct {
	alive bool
	old   []Value
	nu    []Value
}

// Model knows what every row must hold: the rows loaded at first by rule, all
// others by the log of committed writes.
type Model struct {
	scenario Scenario
	loaded   int64

	mu        sync.Mutex
	rows      map[int64][]write
	uncertain map[int64]bool // a commit got no answer
	seen      []sight
}

// sight is what a reader saw.
type sight struct {
	id, version int64
	side        Version
	values      []Value
}

// keptSights bounds what readers remember.
const keptSights = 50_000

func newModel(s Scenario, loaded int) *Model {
	return &Model{scenario: s, loaded: int64(loaded), rows: map[int64][]write{}, uncertain: map[int64]bool{}}
}

// commit takes the writes of a committed transaction.
func (m *Model) commit(t map[int64][]write) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, list := range t {
		m.rows[id] = append(m.rows[id], list...)
	}
}

func (m *Model) doubt(t map[int64][]write) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id := range t {
		m.uncertain[id] = true
	}
}

func (m *Model) saw(s sight) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.seen) < keptSights {
		m.seen = append(m.seen, s)
	}
}

// Rederive says that the new side was dropped and is made anew from the old one:
// after a rollback of expand. No writer may be at work.
func (m *Model) Rederive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, list := range m.rows {
		last := m.last(id, list)
		m.rows[id] = append(list, write{version: last, verb: rederived})
	}
}

func (m *Model) last(id int64, list []write) int64 {
	last := int64(0)
	if id <= m.loaded {
		last = 1
	}
	for _, w := range list {
		last = max(last, w.version)
	}
	return last
}

// first is the row before any write.
func (m *Model) first(id int64) (sides, int64) {
	if id < 1 || id > m.loaded {
		return sides{}, 0
	}
	old := []Value{m.scenario.load.of(id)}
	return sides{true, old, m.scenario.up(old)}, 1
}

// history is what the row holds at each of its versions, and the last version.
// A gap in the versions is an error: somebody wrote who isn't in the log.
func (m *Model) history(id int64) (map[int64]sides, int64, error) {
	now, version := m.first(id)
	all := map[int64]sides{version: now}
	list := m.rows[id]
	sort.SliceStable(list, func(i, j int) bool { return list[i].version < list[j].version })
	for _, w := range list {
		if w.verb == rederived {
			if now.alive {
				now = sides{true, now.old, m.scenario.up(now.old)}
				all[version] = now
			}
			continue
		}
		if w.version != version+1 {
			return all, version, fmt.Errorf("version %d (%s) follows version %d", w.version, w.verb, version)
		}
		version, now = w.version, m.apply(now, w)
		all[version] = now
	}
	return all, version, nil
}

// apply is the rule of a column sync: an insert of the new version wins where it
// says anything; an update by bytes changed; no change moves nothing.
func (m *Model) apply(now sides, w write) sides {
	switch w.verb {
	case deleted:
		return sides{}
	case touched:
		return now
	case inserted:
		return m.insert(w)
	}
	if m.scenario.SameName {
		return m.both(m.next(now.old, w)[0])
	}
	if w.side == Old {
		if next := m.next(now.old, w); !sameValues(next, now.old) {
			return sides{true, next, m.scenario.up(next)}
		}
		return now
	}
	if next := m.next(now.nu, w); !sameValues(next, now.nu) {
		return sides{true, m.scenario.down(next), next}
	}
	return now
}

func (m *Model) next(now []Value, w write) []Value {
	next := append([]Value(nil), now...)
	for i := range next {
		switch {
		case w.verb == mapped:
			next[i] = w.f(next[i])
		case w.set[i]:
			next[i] = w.values[i]
		}
	}
	return next
}

func (m *Model) insert(w write) sides {
	if m.scenario.SameName {
		return m.both(w.values[0])
	}
	if w.side == Old {
		return sides{true, w.values, m.scenario.up(w.values)}
	}
	for _, v := range w.values {
		if !v.Null {
			return sides{true, m.scenario.down(w.values), w.values}
		}
	}
	old := make([]Value, len(m.scenario.Columns[Old]))
	for i := range old {
		old[i] = Null
	}
	return sides{true, old, m.scenario.up(old)}
}

// both is the row after a write under a name that both versions use: which of
// the two columns had the name then, nobody can tell, and it may not matter.
func (m *Model) both(v Value) sides {
	nu := m.scenario.up([]Value{v})
	old := v
	if !nu[0].same(v) {
		old.Or = &nu[0]
	}
	return sides{true, []Value{old}, nu}
}
