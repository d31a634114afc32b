package model

import "math/bits"

// entryKind is what stands in the log.
type entryKind uint8

const (
	rowsEntry     entryKind = iota // a plain transaction: its rows, and it ends here
	prepareEntry                   // XA PREPARE: the rows
	commitEntry                    // XA COMMIT: no rows
	rollbackEntry                  // XA ROLLBACK: no rows
)

type entry struct {
	kind entryKind
	txn  int8
}

// server is the database: two relations, the application's transactions, the log, and
// our own transactions on the target relation.
type server struct {
	tables  [2]table // what a read sees
	named   int8     // the relation that has the application's name
	dropped bool     // the shadow was dropped by an abort

	txns     [maxTxns]txn
	nTxns    int8
	log      [maxLog + 1]entry // from 1 to end
	end      position
	executed entrySet
	ending   [maxTxns]int8 // transactions that have ended in the log and are not visible, in that order
	nEnding  int8

	sessions [maxRunners][slots]session
	lock     tableLock
	ddl      ddl
}

// locked returns the keys and values of transactions that are not visible yet.
func (w *world) locked() (keys keySet, values valueSet) {
	for i := range w.txns[:w.nTxns] {
		if t := &w.txns[i]; !t.visible {
			keys |= t.keys
			values |= t.values
		}
	}
	return keys, values
}

// quiet tells that no transaction of the application is open: what LOCK TABLES waits for.
func (w *world) quiet() bool {
	for i := range w.txns[:w.nTxns] {
		if !w.txns[i].visible {
			return false
		}
	}
	return true
}

func (w *world) append(k entryKind, txn int8) position {
	w.end++
	w.log[w.end] = entry{k, txn}
	return w.end
}

// begin logs a transaction of the application: a plain one ends with it, an XA branch is prepared.
func (w *world) begin(p proposal) {
	n := w.nTxns
	x := w.build(p, n+1)
	w.nTxns++
	w.budget--
	if p.xa {
		x.prepared = w.append(prepareEntry, n)
	} else {
		x.ended = w.append(rowsEntry, n)
		w.ending[w.nEnding] = n
		w.nEnding++
	}
	w.txns[n] = x
}

// endBranch logs the end of an XA branch.
func (w *world) endBranch(n int8, rollback bool) {
	x := &w.txns[n]
	k := commitEntry
	if rollback {
		k = rollbackEntry
	}
	x.ended, x.rollback = w.append(k, n), rollback
	w.ending[w.nEnding] = n
	w.nEnding++
}

// show makes the i-th transaction that has ended in the log visible and frees its locks.
func (w *world) show(i int8) {
	n := w.ending[i]
	copy(w.ending[i:], w.ending[i+1:w.nEnding])
	w.nEnding--
	w.ending[w.nEnding] = 0
	x := &w.txns[n]
	x.visible = true
	if w.v.seen != byExecuted {
		w.executed |= 1 << x.ended // no set of its own: visible is all there is
	}
	if x.rollback {
		return
	}
	for _, e := range x.events[:x.n] {
		w.tables[x.relation][e.key] = e.row
	}
}

// executable returns the entries whose id may join the executed set: a PREPARE at once, although nothing of it
// is visible, an end when it is visible.
func (w *world) executable() entrySet {
	var s entrySet
	for p := position(1); p <= w.end; p++ {
		if w.log[p].kind == prepareEntry || w.txns[w.log[p].txn].visible {
			s |= 1 << p
		}
	}
	return s &^ w.executed
}

// execute adds the i-th of them to the executed set.
func (w *world) execute(i int8) {
	s := w.executable()
	for ; i > 0; i-- {
		s &= s - 1
	}
	w.executed |= s & -s
}

// executedPrefix is the longest prefix of the log that is wholly in the executed set.
func (w *world) executedPrefix() position {
	return min(w.end, position(bits.TrailingZeros32(^(w.executed >> 1))))
}

// visiblePrefix is the longest prefix of the log that holds no end of a transaction that is not visible.
func (w *world) visiblePrefix() position {
	if w.nEnding == 0 {
		return w.end
	}
	return w.txns[w.ending[0]].ended - 1
}

// inDoubt tells that XA RECOVER shows a branch that was prepared in the given prefix of the log.
func (w *world) inDoubt(upTo position) bool {
	for i := range w.txns[:w.nTxns] {
		if t := &w.txns[i]; t.xa && t.prepared <= upTo && !t.visible {
			return true
		}
	}
	return false
}

func serverSteps() []step {
	return []step{{
		name: "begin a transaction", weight: 60, mischief: true,
		may: func(w *world, a *action) bool {
			return w.budget > 0 && w.nTxns < maxTxns && (w.lock.state == unlocked || w.lock.void) && w.legal(a.p)
		},
		do: func(w *world, a *action) { w.begin(a.p) },
	}, {
		name: nameEndBranch, over: each(one, perTxn, two), weight: 40,
		may: func(w *world, a *action) bool { return a.i < w.nTxns && w.txns[a.i].xa && w.txns[a.i].ended == 0 },
		do:  func(w *world, a *action) { w.endBranch(a.i, a.j == 1) },
	}, {
		name: nameShow, over: each(one, three), weight: 60,
		may: func(w *world, a *action) bool {
			return a.i < w.nEnding && (a.i == 0 || w.v.seen != byMarker || w.broken(markerUnordered))
		},
		do: func(w *world, a *action) { w.show(a.i) },
	}, {
		name: nameExecute, over: each(one, three), weight: 60,
		may: func(w *world, a *action) bool {
			return w.v.seen == byExecuted && int(a.i) < bits.OnesCount32(w.executable())
		},
		do: func(w *world, a *action) { w.execute(a.i) },
	}}
}
