package model

// startSteps find the first L: a prefix of the log that every later read sees, so that nothing before it is needed.
//
// A branch that was prepared before it and ends after it is the difficult case: its COMMIT will be read and its
// rows won't. If XA RECOVER still shows it, the start tries again. If it doesn't, the branch was visible before any chunk is
// read and its COMMIT isn't needed; it stands before origin, the log's end as it is now.
func startSteps() []step {
	return []step{{
		name: "read where the log may be begun", over: each(perRunner), weight: 80,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			return r.phase == starting && r.source == oldRelation && r.start == 0 && w.startable()
		},
		do: func(w *world, a *action) { w.runners[a.r].start = w.firstL() + 1 },
	}, {
		name: "ask XA RECOVER, write the first L", over: each(perRunner), weight: 80,
		may: func(w *world, a *action) bool { return w.runners[a.r].start != 0 },
		do: func(w *world, a *action) {
			r := &w.runners[a.r]
			l := r.start - 1
			r.start = 0
			if w.inDoubt(l) && !w.broken(startInDoubt) || !w.fenced(a.r) {
				return
			}
			w.store.setL(oldRelation, l)
			w.store.first, w.store.origin = l, w.end
			if w.broken(noOrigin) {
				w.store.origin = l
			}
			w.resume(a.r)
		},
	}}
}

// startable: without any way to tell what is visible the start takes a short table lock, which waits for
// every open transaction.
func (w *world) startable() bool { return w.v.seen != byNothing || w.quiet() }

// firstL is a prefix of the log that every later read sees.
func (w *world) firstL() position {
	switch {
	case w.broken(startAtEnd):
		return w.end
	case w.v.seen == byExecuted:
		return w.executedPrefix()
	}
	return w.visiblePrefix()
}
