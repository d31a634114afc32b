package model

// lane is one applier. Its batch is what is chosen in the queue.
type lane struct {
	busy   bool
	judged bool     // a duplicate in this batch is a conflict
	L      position // is written with the last transaction of the batch
	P      position // the batch's end
}

// mine tells that an event belongs to a lane's batch.
func (w *world) mine(q *queued, n int8) bool { return q.stage != waiting && w.laneOf(q.key) == n }

// ready tells that an event is pending for a lane.
func (w *world) ready(r *runner, q *queued, n int8) bool {
	if q.stage != waiting || w.laneOf(q.key) != n {
		return false
	}
	s := w.stateOf(r, q.key)
	return s == committed || s == reading && w.broken(applyWhileReading)
}

// choose begins a batch: all pending keys of the lane up to P, the last entry that was read.
func (w *world) choose(i, n int8) {
	r := &w.runners[i]
	if !w.fenced(i) {
		return
	}
	r.lanes[n] = lane{busy: true, judged: r.judge == judging, P: r.read}
	for e := range r.queue[:r.n] {
		q := &r.queue[e]
		if w.ready(r, q, n) {
			q.stage = chosen
			if !w.broken(intermediate) {
				r.supersede(e, q.key)
			}
		}
	}
	r.lanes[n].L = w.resumePoint(r, n)
	if w.broken(positionFirst) {
		w.store.L[r.source][n] = r.lanes[n].L
	}
	w.sessions[i][laneSlot(n)].open = !w.v.split
	w.lock.void = w.lock.void || w.broken(lockReleased) && w.lock.is(lockedToSwap, i)
}

// supersede marks older images of a key as done: only the newest of a batch is applied.
func (r *runner) supersede(newest int, k key) {
	for e := range r.queue[:newest] {
		if q := &r.queue[e]; q.key == k && q.stage == chosen {
			q.stage = inserted
		}
	}
}

// resumePoint is L for a batch: before every held or pending event that isn't in it and before what that was filled
// from, before every open XA branch, and never between a PREPARE and its end.
func (w *world) resumePoint(r *runner, n int8) position {
	l := r.read
	for e := range r.queue[:r.n] {
		q := &r.queue[e]
		if w.laneOf(q.key) != n || q.stage != waiting || w.broken(passHeld) && w.stateOf(r, q.key) != committed {
			continue
		}
		needs := q.first
		if w.broken(passFilled) {
			needs = q.at
		}
		l = min(l, needs-1)
	}
	for t := range w.txns[:w.nTxns] {
		if r.branches&(1<<t) != 0 && !w.broken(passPrepare) {
			l = min(l, w.txns[t].prepared-1)
		}
	}
	for !w.broken(insideBranch) {
		before := w.outOfBranches(r, l)
		if before == l {
			break
		}
		l = before
	}
	return l
}

// outOfBranches moves a position out of the XA branch that it stands in, of those whose PREPARE was read.
func (w *world) outOfBranches(r *runner, l position) position {
	for t := range w.txns[:w.nTxns] {
		if x := &w.txns[t]; x.xa && x.prepared > r.from && x.ended != 0 && x.prepared <= l && l < x.ended {
			return x.prepared - 1
		}
	}
	return l
}

// mayChoose tells that a lane may begin a batch: something is pending, or only L moves.
func (w *world) mayChoose(r *runner, n int8) bool {
	if r.phase != streaming || r.lanes[n].busy || r.cut > cutLocked {
		return false
	}
	if r.judge == quieting || r.judge == asking || r.judge == judging && r.read < r.E {
		return false
	}
	for e := range r.queue[:r.n] {
		if w.ready(r, &r.queue[e], n) {
			return true
		}
	}
	return w.resumePoint(r, n) > w.store.L[r.source][n]
}

// next returns the event that the lane's next statement is for: all keys are deleted before the first row is
// inserted, so that no row of the batch meets the old value of another one.
func (w *world) next(r *runner, n int8) *queued {
	var first *queued
	for e := range r.queue[:r.n] {
		q := &r.queue[e]
		if !w.mine(q, n) || q.stage == inserted {
			continue
		}
		if q.stage == chosen || w.broken(keyByKey|intermediate) {
			return q
		}
		if first == nil {
			first = q
		}
	}
	return first
}

// applyNext executes the next statement of a lane's batch; in a transaction of its own when batches are split.
func (w *world) applyNext(i, n int8) {
	r := &w.runners[i]
	s := laneSlot(n)
	if w.v.split {
		if !w.fenced(i) {
			return
		}
		w.sessions[i][s].open = true
	}
	q := w.next(r, n)
	if q.stage == chosen {
		w.fillFromShadowRow(i, s, q)
		if !w.broken(replaces | upserts) {
			w.remove(i, s, q.key)
		}
		q.stage = deleted
	} else if w.applyRow(i, s, q) != done {
		w.meetDuplicate(i, n)
		return
	}
	if w.v.split {
		w.commit(i, s)
	}
}

// fillFromShadowRow takes the payload that is still unknown from the shadow's own row, before that is deleted. Where
// there is none the chunk has read a later delete, and its event is to come.
func (w *world) fillFromShadowRow(i int8, s slot, q *queued) {
	if q.row.payload != unknown {
		return
	}
	old := w.rowOf(i, s, q.key)
	if q.from != q.key {
		old = w.target(i)[q.from]
	}
	if old.exists() {
		q.row.payload = old.payload
	} else {
		q.row = row{}
	}
}

// applyRow inserts the newest image of a key, if there is one.
func (w *world) applyRow(i int8, s slot, q *queued) outcome {
	q.stage = inserted
	how := plain
	switch {
	case w.broken(replaces):
		how = replace
	case w.broken(upserts):
		how = upsert
	}
	if !q.row.exists() {
		w.remove(i, s, q.key) // replaces and upserts haven't deleted it yet
		return done
	}
	return w.insert(i, s, q.key, q.row, how)
}

// failBatch rolls a batch back: what was chosen is pending again, unless a newer image has come.
func (w *world) failBatch(i, n int8) {
	r := &w.runners[i]
	w.rollback(i, laneSlot(n))
	r.lanes[n] = lane{}
	for e := range r.queue[:r.n] {
		if q := &r.queue[e]; w.mine(q, n) {
			q.stage = waiting
		}
	}
	if w.v.allImages || w.broken(intermediate) {
		return
	}
	var newest [maxKeys]position
	for _, q := range r.queue[:r.n] {
		newest[q.key] = max(newest[q.key], q.at)
	}
	r.forget(func(q *queued) bool { return q.stage == waiting && q.at < newest[q.key] })
}

// finish commits the batch with L, or its last transaction when it is split.
func (w *world) finish(i, n int8) {
	r := &w.runners[i]
	l := &r.lanes[n]
	if w.v.split && !w.fenced(i) {
		return
	}
	w.store.L[r.source][n] = l.L
	r.forget(func(q *queued) bool { return w.mine(q, n) })
	if w.broken(setWithHoles) {
		w.store.passed |= w.finished(r, l.P)
	}
	if l.judged {
		r.judge, r.E = noJudge, 0
	}
	*l = lane{}
	w.commit(i, laneSlot(n))
}

// finished is the set of entries of which nothing is left to do.
func (w *world) finished(r *runner, upTo position) entrySet {
	var s entrySet
	for t := range w.txns[:w.nTxns] {
		x := &w.txns[t]
		if x.ended == 0 || x.ended > upTo {
			continue
		}
		left := false
		for e := range r.queue[:r.n] {
			left = left || r.queue[e].at == x.ended
		}
		if !left {
			s |= 1<<x.ended | 1<<x.prepared
		}
	}
	return s
}

func applySteps() []step {
	return []step{{
		name: nameChoose, over: each(perRunner, perLane), weight: 50,
		may: func(w *world, a *action) bool { return w.mayChoose(&w.runners[a.r], a.i) },
		do:  func(w *world, a *action) { w.choose(a.r, a.i) },
	}, {
		name: "apply a row", over: each(perRunner, perLane), weight: 100,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			if !r.lanes[a.i].busy {
				return false
			}
			q := w.next(r, a.i)
			return q != nil && !w.batchWaits(a, q)
		},
		do: func(w *world, a *action) { w.applyNext(a.r, a.i) },
	}, {
		name: nameFinish, over: each(perRunner, perLane), weight: 60,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			return r.lanes[a.i].busy && w.next(r, a.i) == nil
		},
		do: func(w *world, a *action) { w.finish(a.r, a.i) },
	}, {
		disturbs: true, name: "abort the batch (deadlock, lock timeout)", over: each(perRunner, perLane), weight: 3,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			if !r.lanes[a.i].busy {
				return false
			}
			q := w.next(r, a.i)
			return !w.calm || q != nil && w.batchWaits(a, q)
		},
		do: func(w *world, a *action) { w.failBatch(a.r, a.i) },
	}}
}

// batchWaits tells that a lane's next statement waits for a lock.
func (w *world) batchWaits(a *action, q *queued) bool {
	u := q.row.u
	if q.stage == chosen {
		u = 0
	}
	return w.waits(a.r, laneSlot(a.i), q.key, u)
}
