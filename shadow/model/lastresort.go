package model

// hopeless tells that a chunk met duplicates again and again. It is done under a table lock, after a drain.
func (w *world) hopeless(r *runner) bool {
	if r.phase != streaming || r.cut != cutNone {
		return false
	}
	for c := range r.chunks {
		if r.chunks[c] == open && r.tries[c] >= w.v.tries {
			return true
		}
	}
	return false
}

// lastResortSteps copy a hopeless chunk alone: start no other, wait until none is reading, lock the table, apply
// everything, copy it. Writers wait meanwhile, so it meets no duplicate.
func lastResortSteps() []step {
	return []step{{
		name: "lock the table for one chunk", over: each(perRunner), weight: 40,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			return w.hopeless(r) && r.judge == noJudge && (r.noneReading() || w.broken(lockWhileReading)) && w.lock.state == unlocked && w.quiet() && !w.anySession()
		},
		do: func(w *world, a *action) { w.lock = tableLock{state: lockedToCopy, holder: a.r} },
	}, {
		name: "begin a chunk under the lock", over: each(perRunner, one, perChunk), weight: 80,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			return w.lock.is(lockedToCopy, a.r) && r.tries[a.j] >= w.v.tries && r.workers[0].state == idle &&
				w.isOpen(r, a.j) && (w.drained(r, w.end) || w.broken(lockUndrained))
		},
		do: func(w *world, a *action) { w.beginChunk(a, true) },
	}}
}
