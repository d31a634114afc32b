package model

// chunkState is what the runner knows of a chunk.
type chunkState uint8

const (
	open chunkState = iota
	reading
	committed
)

type workerState uint8

const (
	idle     workerState = iota
	begun                // its chunk is reading, the statement hasn't begun
	copying              // the statement has its snapshot and inserts row by row
	answered             // committed with its checkpoint; the runner doesn't know yet
)

// worker copies one chunk at a time: INSERT … SELECT, the checkpoint, commit.
type worker struct {
	state    workerState
	chunk    int8
	next     key  // the next key to insert
	alone    bool // it holds the table lock: the last resort
	snapshot table
	token    entrySet // of mutants that keep tokens
}

// isOpen tells that there is a chunk to copy, and that no duplicate is being judged.
func (w *world) isOpen(r *runner, c int8) bool {
	return c < w.chunks && r.phase == streaming && r.source == oldRelation && r.cut == cutNone && r.chunks[c] == open &&
		(r.judge == noJudge || w.broken(copyGoesOn))
}

// mayStart tells that an open chunk may begin: memory has room, and a chunk that failed waits until the applier has passed
// the log's end as it was then.
func (w *world) mayStart(r *runner, c int8) bool {
	if !w.isOpen(r, c) {
		return false
	}
	held, pending := w.heldOrPending(r)
	return w.end-r.read+held+pending <= w.limit && w.passed(r, r.retry[c])
}

// passed tells that the applier has passed a position: nothing up to there is left to be applied. Events
// of a chunk that is reading are left too, those of an open chunk put no row into the shadow.
func (w *world) passed(r *runner, p position) bool {
	if r.read < p {
		return false
	}
	for i := range r.queue[:r.n] {
		if q := &r.queue[i]; q.at <= p && w.stateOf(r, q.key) != open {
			return false
		}
	}
	return true
}

// nextRow returns the next row that a worker has to insert.
func (w *world) nextRow(x *worker) (key, bool) {
	for k := x.next; k < w.keys; k++ {
		if w.chunkOf[k] == x.chunk && x.snapshot[k].exists() {
			return k, true
		}
	}
	return 0, false
}

// insertNext inserts one row of the chunk.
func (w *world) insertNext(i, s int8) {
	r := &w.runners[i]
	x := &r.workers[s]
	how := plain
	if w.broken(copyIgnores) {
		how = ignore
	}
	k, _ := w.nextRow(x)
	switch w.insert(i, s, k, x.snapshot[k], how) {
	case done:
		x.next = k + 1
	case duplicateKey:
		w.violate(foreignRow) // nobody else writes rows of this chunk before it is committed
	case duplicateValue:
		r.tries[x.chunk] = min(r.tries[x.chunk]+1, 2)
		w.checkCopyDuplicate(r, x)
		w.failChunk(i, s)
	}
}

// failChunk rolls a chunk back: a duplicate, a deadlock, a lock timeout. It is open again.
func (w *world) failChunk(i, s int8) {
	r := &w.runners[i]
	x := &r.workers[s]
	w.rollback(i, s)
	r.chunks[x.chunk], r.retry[x.chunk] = open, w.end
	w.lock.freeAfterCopy(x)
	*x = worker{}
}

// commitChunk commits the chunk with its checkpoint.
func (w *world) commitChunk(i, s int8) {
	x := &w.runners[i].workers[s]
	if !w.broken(checkpointLate) {
		w.store.done |= 1 << x.chunk
		w.store.token |= x.token
	}
	w.commit(i, s)
	x.state = answered
}

// knowChunk: the answer of the commit has come, or the checkpoint was read instead.
func (w *world) knowChunk(i, s int8) {
	r := &w.runners[i]
	x := &r.workers[s]
	w.store.done |= 1 << x.chunk // only checkpointLate has left this to do
	r.chunks[x.chunk] = committed
	if w.broken(tokenAfterRead) {
		r.forget(func(q *queued) bool {
			return w.chunkOf[q.key] == x.chunk && q.stage == waiting && x.token&(1<<q.id) != 0
		})
	}
	w.remember(r, x)
	w.lock.freeAfterCopy(x)
	*x = worker{}
}

// worker returns the worker that an action is about.
func (w *world) worker(a *action) *worker { return &w.runners[a.r].workers[a.i] }

func copySteps() []step {
	return []step{{
		name: "begin a chunk", over: each(perRunner, perWorker, perChunk), weight: 60,
		may: func(w *world, a *action) bool {
			r := &w.runners[a.r]
			return r.workers[a.i].state == idle && w.lock.state == unlocked && w.mayStart(r, a.j)
		},
		do: func(w *world, a *action) { w.beginChunk(a, false) },
	}, {
		name: "read the chunk", over: each(perRunner, perWorker), weight: 60,
		may: func(w *world, a *action) bool { return w.worker(a).state == begun },
		do: func(w *world, a *action) {
			x := w.worker(a)
			x.state, x.snapshot = copying, w.tables[oldRelation]
			if w.broken(tokenAfterRead) {
				x.token = 0
			}
		},
	}, {
		name: "insert a row", over: each(perRunner, perWorker), weight: 100,
		may: func(w *world, a *action) bool {
			x := w.worker(a)
			if x.state != copying {
				return false
			}
			k, ok := w.nextRow(x)
			return ok && !w.waits(a.r, a.i, k, x.snapshot[k].u)
		},
		do: func(w *world, a *action) { w.insertNext(a.r, a.i) },
	}, {
		name: "commit the chunk and its checkpoint", over: each(perRunner, perWorker), weight: 60,
		may: func(w *world, a *action) bool {
			if w.worker(a).state != copying {
				return false
			}
			_, more := w.nextRow(w.worker(a))
			return !more
		},
		do: func(w *world, a *action) { w.commitChunk(a.r, a.i) },
	}, {
		name: "know that the chunk is committed", over: each(perRunner, perWorker), weight: 60,
		may: func(w *world, a *action) bool { return w.worker(a).state == answered },
		do:  func(w *world, a *action) { w.knowChunk(a.r, a.i) },
	}, {
		disturbs: true, name: "abort the chunk (deadlock, lock timeout)", over: each(perRunner, perWorker), weight: 3,
		may: func(w *world, a *action) bool {
			x := w.worker(a)
			if x.state != begun && x.state != copying {
				return false
			}
			return !w.calm || w.chunkWaits(a)
		},
		do: func(w *world, a *action) { w.failChunk(a.r, a.i) },
	}}
}

// beginChunk: open → reading, and the transaction begins.
func (w *world) beginChunk(a *action, alone bool) {
	if !w.fenced(a.r) {
		return
	}
	w.runners[a.r].chunks[a.j] = reading
	*w.worker(a) = worker{state: begun, chunk: a.j, alone: alone}
	if w.broken(mergedToken | tokenAsBound) {
		w.worker(a).token = 2<<w.executedPrefix() - 1
	}
	w.sessions[a.r][a.i].open = true
}

func (w *world) chunkWaits(a *action) bool {
	x := w.worker(a)
	if x.state != copying {
		return false
	}
	k, ok := w.nextRow(x)
	return ok && w.waits(a.r, a.i, k, x.snapshot[k].u)
}
