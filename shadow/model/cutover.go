package model

// cutState is how far a runner is with a swap of the names: the cut-over, or the swap back.
type cutState uint8

const (
	cutNone       cutState = iota
	cutIntended            // the intent is journaled, with the ids of both relations
	cutLocked              // LOCK TABLES was granted; drains
	cutPositioned          // the reverse position is committed
	cutRenaming            // RENAME was sent; the server executes it, whatever becomes of the runner
	cutRenamed             // it was answered; the lock is still held
)

type lockState uint8

const (
	unlocked     lockState = iota
	lockedToCopy           // by the last resort of the copy
	lockedToSwap
	lockedInRename // the server executes RENAME: the lock outlives its runner
	lockedOrphan   // the same, and the runner is gone
)

// tableLock is LOCK TABLES on both relations, the checkpoint table and the epoch's row.
type tableLock struct {
	state  lockState
	holder int8
	end    position // the log's end read under it
	from   int8     // the relation that RENAME takes the name from
	void   bool     // when lockReleased is broken: the server has released it silently
}

func (l *tableLock) is(s lockState, holder int8) bool { return l.state == s && l.holder == holder }

// abandon: the session of a runner has ended.
func (l *tableLock) abandon(holder int8) {
	switch {
	case l.holder != holder:
	case l.state == lockedInRename:
		l.state = lockedOrphan
	case l.state != lockedOrphan:
		*l = tableLock{}
	}
}

func (l *tableLock) freeAfterCopy(x *worker) {
	if x.alone {
		*l = tableLock{}
	}
}

// drained tells that everything up to a position in the log is applied.
func (w *world) drained(r *runner, to position) bool {
	_, pending := w.heldOrPending(r)
	return r.read >= to && pending == 0 && w.lanesIdle(r) && r.judge == noJudge
}

// mayCutOver: all chunks committed, no lane busy, nothing held.
func (w *world) mayCutOver(r *runner) bool {
	if r.phase != streaming || r.cut != cutNone || r.judge != noJudge || !r.noneReading() {
		return false
	}
	for c := range w.chunks {
		if r.source == oldRelation && r.chunks[c] != committed {
			return false
		}
	}
	return w.lanesIdle(r)
}

// lockTables takes the lock by name. A runner that finds the names changed was replaced: it stops.
func (w *world) lockTables(i int8) {
	r := &w.runners[i]
	if (w.named != r.source || w.dropped) && !w.broken(resumeUnseen) {
		w.stop(i)
		return
	}
	w.lock = tableLock{state: lockedToSwap, holder: i, end: w.end}
	r.cut = cutLocked
}

// writePosition reads the epoch under the lock and commits the reverse position.
func (w *world) writePosition(i int8) {
	r := &w.runners[i]
	if !w.broken(epochNotUnderLock) && !w.fenced(i) {
		return
	}
	if !w.broken(positionLate) {
		w.store.setL(1-r.source, w.end)
	}
	r.cut = cutPositioned
}

// rename is what the server does; the runner that sent it may be gone.
func (w *world) rename() {
	w.swap(w.lock.from)
	if w.lock.state == lockedOrphan {
		w.lock = tableLock{}
		return
	}
	w.lock.state = lockedToSwap
	w.runners[w.lock.holder].cut = cutRenamed
}

// swap changes the names of the relations, unless the one that should lose the name hasn't got it.
func (w *world) swap(from int8) {
	if w.named != from {
		return
	}
	w.checkSwap()
	w.named = 1 - from
	w.rolled = w.named == oldRelation
	w.checkAborted()
}

// mayWritePosition: everything up to the log's end as it was read under the lock is applied.
func (w *world) mayWritePosition(r *runner) bool {
	to := w.lock.end
	if w.broken(drainBeforeLock) {
		to = r.read
	}
	return w.drained(r, to)
}

// lanesIdle tells that no batch is under way.
func (w *world) lanesIdle(r *runner) bool {
	for n := range w.v.lanes {
		if r.lanes[n].busy {
			return false
		}
	}
	return true
}

func cutSteps() []step {
	return []step{{
		disturbs: true, name: "journal the intent to swap", over: each(perRunner), weight: 4,
		may: func(w *world, a *action) bool {
			return w.mayCutOver(&w.runners[a.r]) && w.lock.state == unlocked && (w.v.life || w.runners[a.r].source == oldRelation)
		},
		do: func(w *world, a *action) {
			if w.fenced(a.r) {
				w.store.intent = true
				w.runners[a.r].cut = cutIntended
			}
		},
	}, {
		name: "lock the tables", over: each(perRunner), weight: 60,
		may: func(w *world, a *action) bool {
			return w.runners[a.r].cut == cutIntended && w.lock.state == unlocked && w.quiet() && !w.anySession()
		},
		do: func(w *world, a *action) { w.lockTables(a.r) },
	}, {
		disturbs: true, name: "give the swap up", over: each(perRunner), mischief: true, weight: 5,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			return r.cut >= cutIntended && r.cut <= cutPositioned && w.lanesIdle(r)
		},
		do: func(w *world, a *action) {
			w.runners[a.r].cut = cutNone
			w.lock.abandon(a.r)
		},
	}, {
		name: "check the epoch, write the reverse position", over: each(perRunner), weight: 60,
		may: func(w *world, a *action) bool {
			return w.runners[a.r].cut == cutLocked && w.mayWritePosition(&w.runners[a.r])
		},
		do: func(w *world, a *action) { w.writePosition(a.r) },
	}, {
		name: "send RENAME", over: each(perRunner), weight: 60,
		may: func(w *world, a *action) bool { return w.runners[a.r].cut == cutPositioned },
		do: func(w *world, a *action) {
			w.runners[a.r].cut = cutRenaming
			w.lock.state, w.lock.from = lockedInRename, w.runners[a.r].source
		},
	}, {
		name: "execute RENAME", weight: 60,
		may: func(w *world, a *action) bool { return w.lock.state >= lockedInRename },
		do:  func(w *world, a *action) { w.rename() },
	}, {
		name: "unlock, turn round", over: each(perRunner), weight: 60,
		may: func(w *world, a *action) bool { return w.runners[a.r].cut == cutRenamed },
		do: func(w *world, a *action) {
			w.lock = tableLock{}
			w.store.intent = false
			w.resume(a.r)
		},
	}}
}
