package model

// event is the full image of one row after a change, or a delete.
type event struct {
	key     key
	row     row
	partial bool // the payload isn't in the image
	from    key  // of a key change: the old key
}

// kind is what a transaction of the application does.
type kind uint8

const (
	insertRow kind = iota
	deleteRow
	updateRow           // the unique value stays
	setValue            // another unique value
	swapValues          // two rows exchange their values through a third one
	handOver            // 1: a→c, 2: →a
	insertAfterHandOver // 1: a→c, insert (2,a)
	changeKey           // delete 1, insert 2 with all that 1 had
	kinds
)

var kindNames = [kinds]string{"insert", "delete", "update", "set", "swap", "hand over", "hand over and insert", "change key"}

// proposal is a transaction that a writer would like to run.
type proposal struct {
	kind kind
	a, b key
	u    value // a value that is free
	xa   bool
}

// txn is a transaction of the application. It holds its locks until it is visible, so only
// independent transactions overtake each other.
type txn struct {
	events   [3]event
	n        int8
	keys     keySet
	values   valueSet
	relation int8
	xa       bool
	prepared position // of its XA PREPARE
	ended    position // where it ends in the log; 0 for an open XA branch
	rollback bool
	visible  bool // or rolled back: it holds no lock any more
}

// legal tells that the application's table and the locks on it admit a transaction now.
func (w *world) legal(p proposal) bool {
	if p.xa && !w.v.xa || p.a >= w.keys || p.b >= w.keys {
		return false
	}
	t := &w.tables[w.named]
	keys, values := w.locked()
	has := func(k key) bool { return t[k].exists() && keys&(1<<k) == 0 }
	lacks := func(k key) bool { return !t[k].exists() && keys&(1<<k) == 0 }
	free := p.u >= 1 && p.u <= w.values && (!w.v.enforced() || values&(1<<p.u) == 0 && !t.holds(p.u))
	switch p.kind {
	case insertRow:
		return lacks(p.a) && free
	case deleteRow, updateRow:
		return has(p.a)
	case setValue:
		return has(p.a) && free && t[p.a].u != p.u
	case swapValues, handOver:
		return p.a != p.b && has(p.a) && has(p.b) && free
	case insertAfterHandOver:
		return has(p.a) && lacks(p.b) && free
	}
	return has(p.a) && lacks(p.b) // changeKey
}

func (t *table) holds(u value) bool {
	for k := range t {
		if t[k].u == u {
			return true
		}
	}
	return false
}

// build makes the transaction out of a legal proposal.
func (w *world) build(p proposal, payload int8) txn {
	t := &w.tables[w.named]
	x := txn{relation: w.named, xa: p.xa}
	a, b := t[p.a], t[p.b]
	switch p.kind {
	case insertRow:
		w.put(&x, p.a, row{p.u, payload})
	case deleteRow:
		w.put(&x, p.a, row{})
	case updateRow:
		w.put(&x, p.a, row{a.u, payload})
	case setValue:
		w.set(&x, p.a, p.u, payload)
	case swapValues:
		w.set(&x, p.a, p.u, payload)
		w.set(&x, p.b, a.u, payload)
		w.set(&x, p.a, b.u, payload)
	case handOver:
		w.set(&x, p.a, p.u, payload)
		w.set(&x, p.b, a.u, payload)
	case insertAfterHandOver:
		w.set(&x, p.a, p.u, payload)
		w.put(&x, p.b, row{a.u, payload})
	case changeKey:
		w.put(&x, p.a, row{})
		w.put(&x, p.b, row{a.u, payload})
		w.move(&x, p.a, p.b, a)
	}
	return x
}

// put adds an event with a full image.
func (w *world) put(x *txn, k key, to row) {
	x.events[x.n] = event{key: k, row: to, from: k}
	x.n++
	x.keys |= 1 << k
	if w.v.enforced() {
		x.values |= (1<<to.u | 1<<w.tables[x.relation][k].u) &^ 1
	}
}

// set adds an update of the unique value. Where images are partial it leaves the payload alone.
func (w *world) set(x *txn, k key, u value, payload int8) {
	if !w.v.partial {
		w.put(x, k, row{u, payload})
		return
	}
	w.put(x, k, row{u, w.tables[x.relation][k].payload})
	x.events[x.n-1].partial = true
}

// move makes the last event that of a key change. Its image must be full: the payload of the old key's row can't
// be had later. With fillFromOldKey broken it isn't.
func (w *world) move(x *txn, from, to key, old row) {
	if w.v.partial && w.broken(fillFromOldKey) {
		x.events[x.n-1] = event{key: to, row: old, partial: true, from: from}
	}
}
