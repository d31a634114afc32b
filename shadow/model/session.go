package model

// A runner's sessions on the target relation: one a copy worker, one a lane of the applier.
const slots = workers + maxLanes

// slot names a session of a runner.
type slot = int8

func laneSlot(lane int8) slot { return workers + lane }

// session is a transaction of ours on the target relation. It locks the rows and the unique values that it
// inserted or deleted until it ends.
type session struct {
	open    bool
	touched keySet
	values  valueSet
	rows    table // of the touched keys
}

type outcome uint8

const (
	done outcome = iota
	duplicateKey
	duplicateValue
)

// insertMode is the statement by which a row is inserted. Only the plain one is right.
type insertMode uint8

const (
	plain insertMode = iota
	ignore
	replace
	upsert
)

// target is the relation that a runner writes: the shadow, and the old one after the cut-over.
func (w *world) target(r int8) *table { return &w.tables[1-w.runners[r].source] }

// waits tells that a session has to wait for another one that holds the key or the value.
func (w *world) waits(r int8, s slot, k key, u value) bool {
	for or := range int8(w.v.runners) {
		for os := range slot(slots) {
			o := &w.sessions[or][os]
			if !o.open || or == r && os == s {
				continue
			}
			if o.touched&(1<<k) != 0 || w.v.unique && u != 0 && o.values&(1<<u) != 0 {
				return true
			}
		}
	}
	return false
}

// rowOf is what a session sees of its target.
func (w *world) rowOf(r int8, s slot, k key) row {
	x := &w.sessions[r][s]
	if x.touched&(1<<k) != 0 {
		return x.rows[k]
	}
	return w.target(r)[k]
}

func (w *world) write(r int8, s slot, k key, x row) {
	old := w.rowOf(r, s, k)
	c := &w.sessions[r][s]
	c.touched |= 1 << k
	c.values |= (1<<old.u | 1<<x.u) &^ 1
	c.rows[k] = x
}

// holderOf returns the key of the row that holds a unique value, -1 if there is none.
func (w *world) holderOf(r int8, s slot, u value) key {
	for k := range w.keys {
		if w.rowOf(r, s, k).u == u {
			return k
		}
	}
	return -1
}

func (w *world) remove(r int8, s slot, k key) {
	if w.rowOf(r, s, k).exists() {
		w.write(r, s, k, row{})
	}
}

// insert puts a row into the target and checks its unique keys. The caller has asked waits.
func (w *world) insert(r int8, s slot, k key, x row, how insertMode) outcome {
	if w.rowOf(r, s, k).exists() {
		switch how {
		case plain:
			return duplicateKey
		case ignore:
			return done
		}
		w.write(r, s, k, row{}) // as an update: its own old value is no duplicate
	}
	if holder := w.holderOf(r, s, x.u); w.v.unique && holder >= 0 {
		switch how {
		case plain:
			return duplicateValue
		case ignore:
			return done
		case replace:
			w.remove(r, s, holder)
		case upsert:
			w.write(r, s, holder, x) // the update lands on the row that holds the value
			return done
		}
	}
	w.write(r, s, k, x)
	return done
}

// commit ends a session's transaction and makes it visible.
func (w *world) commit(r int8, s slot) {
	x := &w.sessions[r][s]
	t := w.target(r)
	for k := range w.keys {
		if x.touched&(1<<k) != 0 {
			t[k] = x.rows[k]
		}
	}
	*x = session{}
	w.checkUncommitted(r)
}

func (w *world) rollback(r int8, s slot) { w.sessions[r][s] = session{} }

// anySession tells that a transaction of ours is open: what LOCK TABLES and the UPDATE of the epoch wait for.
func (w *world) anySession() bool {
	for r := range w.v.runners {
		for s := range slots {
			if w.sessions[r][s].open {
				return true
			}
		}
	}
	return false
}
