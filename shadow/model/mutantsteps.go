package model

// mutantSteps are steps that no rule knows. Each exists only in the mutant that needs it.
func mutantSteps() []step {
	return []step{{
		name: "look which chunks are open", over: each(perRunner), weight: 40, only: seenUnlocked,
		may: func(w *world, a *action) bool {
			return w.runners[a.r].phase == streaming && w.openChunks(&w.runners[a.r]) != w.runners[a.r].looked
		},
		do: func(w *world, a *action) { w.runners[a.r].looked = w.openChunks(&w.runners[a.r]) },
	}, {
		name: "read the token after the chunk", over: each(perRunner, perWorker), weight: 60, only: tokenAfterRead,
		may: func(w *world, a *action) bool {
			return w.worker(a).state == copying && w.worker(a).token == 0 && w.executed != 0
		},
		do: func(w *world, a *action) { w.worker(a).token = w.executed },
	}, {
		name: "take a lost answer for a failure", over: each(perRunner, perWorker), weight: 20, mischief: true, only: lostAnswerFails,
		may: func(w *world, a *action) bool { return w.worker(a).state == answered },
		do:  func(w *world, a *action) { w.failChunk(a.r, a.i) },
	}, {
		name: "look at the catalog before the epoch is taken", over: each(perRunner), weight: 40, dead: true, only: lookBeforeEpoch,
		may: func(w *world, a *action) bool { return w.runners[a.r].saw == 0 && !w.calm },
		do:  func(w *world, a *action) { w.runners[a.r].saw = 1 + w.named },
	}, {
		name: "write the reverse position after RENAME", over: each(perRunner), weight: 40, only: positionLate,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			return r.phase == starting && r.source == newRelation
		},
		do: func(w *world, a *action) {
			w.store.setL(newRelation, w.end)
			w.resume(a.r)
		},
	}}
}

func (w *world) openChunks(r *runner) chunkSet {
	var s chunkSet
	for c := range w.chunks {
		if r.chunks[c] == open {
			s |= 1 << c
		}
	}
	return s
}
