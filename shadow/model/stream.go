package model

// stage is how far the applier is with an event.
type stage uint8

const (
	waiting  stage = iota // held or pending
	chosen                // in the batch
	deleted               // in the batch, its key was deleted
	inserted              // in the batch, done
)

// queued is an event in the memory of a runner: the newest image of its key. An event of a
// committed chunk is pending, one of a chunk that is open or reading is held.
type queued struct {
	event
	at    position // where its transaction ends
	first position // the oldest event that it has something from: itself, unless it was filled
	id    position // the entry whose id is asked for when "seen" is asked: the same
	stage stage
}

// laneOf is where an event is applied: a key stays in its lane.
func (w *world) laneOf(k key) int8 { return k % w.v.lanes }

func (w *world) stateOf(r *runner, k key) chunkState {
	if r.source == newRelation {
		return committed // the reverse stream has no chunks
	}
	return r.chunks[w.chunkOf[k]]
}

// readEntry reads one entry of the log. A transaction counts where it ends: the rows of an XA branch are kept
// from its PREPARE and become events at its COMMIT.
func (w *world) readEntry(i int8) {
	r := &w.runners[i]
	r.read++
	if w.broken(setWithHoles) && w.store.passed&(1<<r.read) != 0 {
		return
	}
	e := w.log[r.read]
	x := &w.txns[e.txn]
	if x.relation != r.source {
		return
	}
	branch := uint8(1) << e.txn
	switch e.kind {
	case rowsEntry:
		w.queueAll(r, x, r.read)
	case prepareEntry:
		if w.broken(endsAtPrepare) {
			w.queueAll(r, x, r.read)
			return
		}
		r.branches |= branch
	case rollbackEntry:
		r.branches &^= branch
	case commitEntry:
		w.endOfBranch(r, x, r.branches&branch != 0)
		r.branches &^= branch
	}
}

// endOfBranch: an XA COMMIT makes events of the rows of its PREPARE, if that was read.
func (w *world) endOfBranch(r *runner, x *txn, known bool) {
	switch {
	case known && w.broken(seenAtPrepare):
		w.queueAll(r, x, x.prepared)
	case known:
		w.queueAll(r, x, r.read)
	case r.read > w.store.origin && !w.broken(endsAtPrepare):
		w.violate(commitWithoutRows)
	}
}

func (w *world) queueAll(r *runner, x *txn, id position) {
	for _, e := range x.events[:x.n] {
		w.queueEvent(r, queued{event: e, at: r.read, first: r.read, id: id})
	}
}

// queueEvent keeps the newest image of a key; one that a batch is busy with stays beside it.
func (w *world) queueEvent(r *runner, e queued) {
	s := w.stateOf(r, e.key)
	if w.broken(dropUnread) && s == open || w.broken(mergedToken) && s == committed && w.store.token&(1<<e.id) != 0 {
		return
	}
	if e.partial {
		w.fillFromHeld(r, &e)
	}
	if !w.v.allImages && !w.broken(intermediate) {
		r.forget(func(q *queued) bool { return q.key == e.key && q.stage == waiting })
	}
	r.queue[r.n] = e
	r.n++
	w.checkQueue(r)
}

// unknown is a payload that isn't in an image.
const unknown = -1

// fillFromHeld takes the payload that a partial image lacks from the newest image of its key, if there is one.
func (w *world) fillFromHeld(r *runner, e *queued) {
	e.row.payload = unknown
	if w.broken(fillFromShadow) {
		return
	}
	for i := range r.queue[:r.n] {
		if q := &r.queue[i]; q.key == e.from && q.row.exists() {
			e.row.payload, e.first = q.row.payload, q.first
		}
	}
}

// forget removes events from the queue.
func (r *runner) forget(which func(q *queued) bool) {
	n := int8(0)
	for i := range r.queue[:r.n] {
		if !which(&r.queue[i]) {
			r.queue[n] = r.queue[i]
			n++
		}
	}
	clear(r.queue[n:r.n])
	r.n = n
}

// seen tells that every later read sees an event's transaction.
func (w *world) seen(r *runner, e *queued) bool {
	switch w.v.seen {
	case byMarker:
		// The marker was answered, so it and all before it are visible; and it has come back.
		answered := w.visiblePrefix() >= r.marker || w.broken(markerUnanswered|markerUnordered)
		return r.marker >= e.id && answered && r.read >= r.marker
	case byNothing:
		return false
	}
	if w.v.allImages && !w.broken(setOfAllImages) {
		return w.executedPrefix() >= e.id // an older image of the key may be left over: ask for all before it too
	}
	return w.executed&(1<<e.id) != 0
}

// unneeded tells that an event can be dropped: no read has begun that may have missed it, and
// every later one sees it.
func (w *world) unneeded(r *runner, e *queued) bool {
	if e.stage != waiting || r.source == newRelation {
		return false
	}
	s := w.stateOf(r, e.key)
	drops := s == open || s == reading && w.broken(seenWhileReading)
	if w.broken(seenUnlocked) {
		drops = r.looked&(1<<w.chunkOf[e.key]) != 0
	}
	return drops && w.seen(r, e)
}

func (w *world) anyUnneeded(r *runner) bool {
	if r.n == 0 || w.v.seen == byNothing || w.broken(neverDrop) {
		return false
	}
	for i := range r.queue[:r.n] {
		if w.unneeded(r, &r.queue[i]) {
			return true
		}
	}
	return false
}

// heldOrPending counts what lies in memory. What is held for an open chunk is on disk when it can never be dropped.
func (w *world) heldOrPending(r *runner) (held, pending int8) {
	for i := range r.queue[:r.n] {
		q := &r.queue[i]
		switch s := w.stateOf(r, q.key); {
		case q.stage != waiting || s == committed:
			pending++
		case s == reading || w.v.seen != byNothing:
			held++
		}
	}
	return held, pending
}

func streamSteps() []step {
	return []step{{
		name: "read the log", over: each(perRunner), weight: 80,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			if r.phase != streaming || r.read >= w.end {
				return false
			}
			held, pending := w.heldOrPending(r)
			return held+pending < w.limit || !w.broken(limitStopsReading)
		},
		do: func(w *world, a *action) { w.readEntry(a.r) },
	}, {
		// One step with the look at the chunks: the mutex that excludes open → reading.
		name: "drop what is seen", over: each(perRunner), weight: 60,
		may: func(w *world, a *action) bool {
			return w.runners[a.r].phase == streaming && w.anyUnneeded(&w.runners[a.r])
		},
		do: func(w *world, a *action) {
			r := &w.runners[a.r]
			r.forget(func(q *queued) bool { return w.unneeded(r, q) })
			r.looked = 0
		},
	}, {
		name: "write a marker", over: each(perRunner), weight: 40,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			return w.v.seen == byMarker && r.phase == streaming && r.n > 0 && r.marker < w.end && r.read >= r.marker
		},
		do: func(w *world, a *action) { w.runners[a.r].marker = w.end },
	}}
}
