package model

// judge is how far the runner is with finding out what a duplicate of the applier means.
type judge uint8

const (
	noJudge  judge = iota
	quieting       // no chunk starts; wait until none is reading
	judging        // the log's end E is known: stream to it, take everything pending, apply
	asking         // a duplicate after that: ask the source
)

// meetDuplicate: a duplicate proves nothing until the log was read to an end that was taken when no chunk was
// reading. After that the source had two equal rows at the batch's end P; it can't where it has the unique key itself.
func (w *world) meetDuplicate(i, n int8) {
	r := &w.runners[i]
	judged, p := r.lanes[n].judged, r.lanes[n].P
	w.failBatch(i, n)
	if judged && w.v.newKey {
		r.judge, r.judged = asking, p
		return
	}
	if judged || w.broken(firstDuplicate) {
		w.violate(falseConflict)
		return
	}
	r.judge = quieting
	if w.broken(endBeforeQuiet) {
		r.E = w.end
	}
}

// checkCopyDuplicate: the copy never decides; under the table lock after a drain it meets none.
func (w *world) checkCopyDuplicate(r *runner, x *worker) {
	if x.alone && w.v.newKey && w.sourceHasConflict() {
		w.refused = true
		return
	}
	if x.alone || r.tries[x.chunk] >= 2 && w.broken(secondDuplicate) {
		w.violate(falseConflict)
	}
}

// sourceHasConflict is one statement on the source that finds two rows equal under the new definition.
func (w *world) sourceHasConflict() bool {
	t := &w.tables[oldRelation]
	for k := range w.keys {
		for j := range k {
			if t[k].exists() && t[k].u == t[j].u {
				return true
			}
		}
	}
	return false
}

// askSource: the source's rows may have been equal at P and no more. Then the log has gone on since, and all
// begins anew; only if nothing has come since P is the duplicate our bug.
func (w *world) askSource(r *runner) {
	switch {
	case w.sourceHasConflict():
		w.refused = true
	case w.broken(bugAtOnce) || r.judged == w.end && w.nEnding == 0:
		w.violate(falseConflict)
	default:
		r.judge, r.judged = quieting, 0
	}
}

// remember keeps what mutants judge by instead of the log's end.
func (w *world) remember(r *runner, x *worker) {
	switch {
	case w.broken(rememberedEnd):
		r.remember = w.end
	case w.broken(tokenAsBound):
		for p := r.remember + 1; x.token&(1<<p) != 0; p++ {
			r.remember = p
		}
	}
}

func duplicateSteps() []step {
	return []step{{
		name: "ask the source for two equal rows", over: each(perRunner), weight: 60,
		may: func(w *world, a *action) bool { return w.runners[a.r].judge == asking },
		do:  func(w *world, a *action) { w.askSource(&w.runners[a.r]) },
	}, {
		name: "read the log's end E", over: each(perRunner), weight: 60,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			return r.judge == quieting && (r.noneReading() || w.broken(copyGoesOn|endWhileReading))
		},
		do: func(w *world, a *action) {
			r := &w.runners[a.r]
			r.judge = judging
			switch {
			case w.broken(rememberedEnd | tokenAsBound):
				r.E = r.remember
			case !w.broken(endBeforeQuiet):
				r.E = w.end
			}
		},
	}}
}

// noneReading tells that no chunk is reading and the answer of every commit is known.
func (r *runner) noneReading() bool {
	for i := range r.workers {
		if r.workers[i].state != idle {
			return false
		}
	}
	return true
}
