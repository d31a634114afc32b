package model

// phase is what a runner is busy with.
type phase uint8

const (
	dead      phase = iota
	starting        // no L has been written yet
	streaming       // reads the log, copies, applies, cuts over
	aborting        // an operator's abort: it owned the epoch when it found the swap not done
	dropping        // DROP of the shadow was sent
	reporting       // DROP was answered
)

// runner is the memory of one runner. All of it is lost in a crash.
type runner struct {
	phase  phase
	epoch  int8
	source int8     // the relation whose events it reads; it writes the other one
	from   position // it has read the log from here
	read   position // to here

	chunks  [maxChunks]chunkState
	retry   [maxChunks]position // a chunk that failed waits until the applier has passed this
	tries   [maxChunks]int8     // how often it met a duplicate
	workers [workers]worker

	queue    [maxQueue]queued
	n        int8
	branches uint8 // XA branches whose PREPARE was read and whose end wasn't
	marker   position
	lanes    [maxLanes]lane
	judge    judge
	E        position
	judged   position // P of the batch that met a duplicate after E

	cut cutState

	start    position // the prefix that may become the first L
	looked   chunkSet // when seenUnlocked is broken: the chunks that were open when it looked
	saw      int8     // when lookBeforeEpoch is broken: 1 + the relation that had the name
	remember position // when rememberedEnd or tokenAsBound is broken: H
}

func (r *runner) alive() bool { return r.phase != dead }

// owner returns the runner whose epoch is the stored one, -1 when it is dead.
func (w *world) owner() int8 {
	for i := range w.v.runners {
		if r := &w.runners[i]; r.alive() && r.epoch == w.store.epoch {
			return i
		}
	}
	return -1
}

// fenced opens a transaction of a runner: it share-locks the epoch's row and checks its own epoch. A runner that
// was replaced learns it here and stops.
func (w *world) fenced(i int8) bool {
	if w.runners[i].epoch == w.store.epoch || w.broken(noFence) {
		return true
	}
	w.stop(i)
	return false
}

// stop ends a runner and all its sessions: a crash, or it found itself replaced.
func (w *world) stop(i int8) {
	w.runners[i] = runner{}
	w.sessions[i] = [slots]session{}
	w.lock.abandon(i)
	w.ddl.abandon(i)
}

// epochLocked tells that a transaction holds the epoch's row in share mode.
func (w *world) epochLocked() bool {
	if w.broken(noFence | epochNotLocked) {
		return false
	}
	return w.anySession() || w.lock.state != unlocked && !w.broken(epochNotUnderLock)
}

// take gives a runner the epoch.
func (w *world) take(i int8) {
	w.store.epoch++
	w.runners[i].epoch = w.store.epoch
}

// resume builds the memory of a runner from what is stored and from the catalog: only who owns the epoch looks,
// and then what it sees is final.
func (w *world) resume(i int8) {
	r := &w.runners[i]
	*r = runner{epoch: r.epoch, source: w.named, phase: streaming}
	if w.dropped {
		r.phase = aborting // begun by a runner that is gone
		return
	}
	if w.store.intent && w.broken(resumeUnseen) {
		r.source, r.cut = oldRelation, cutIntended
	}
	l := w.resumeFrom(r.source)
	if l == missing {
		if r.source == newRelation && !w.broken(positionLate) {
			w.violate(positionMissing)
			return
		}
		r.phase = starting
		return
	}
	if !w.broken(laneKeepsL) {
		w.store.setL(r.source, l) // with the epoch: a lane may be behind its own L again from now on
	}
	r.from, r.read = l, l
	if w.broken(setWithHoles) && r.source == oldRelation {
		r.from, r.read = w.store.first, w.store.first
	}
	for c := range w.chunks {
		if w.store.done&(1<<c) != 0 {
			r.chunks[c] = committed
		}
	}
}

func runnerSteps() []step {
	return []step{{
		disturbs: true, name: "crash", over: each(perRunner), mischief: true, weight: 6,
		may: func(w *world, a *action) bool { return w.crashes > 0 && w.runners[a.r].alive() },
		do: func(w *world, a *action) {
			w.crashes--
			w.stop(a.r)
		},
	}, {
		// A dead runner is replaced at once, a live one only when its lease seems to be over.
		name: "take over", over: each(perRunner), weight: 40, dead: true,
		may: func(w *world, a *action) bool { return w.mayTakeOver() },
		do: func(w *world, a *action) {
			w.spendTakeover()
			w.take(a.r)
			w.resume(a.r)
		},
	}}
}

// mayTakeOver: the UPDATE of the epoch waits for every transaction that holds it in share mode.
func (w *world) mayTakeOver() bool {
	if w.epochLocked() || w.aborted || w.ddl.state != ddlNone && !w.broken(ddlNotAwaited) {
		return false
	}
	return w.owner() < 0 || w.takeovers > 0 && !w.calm
}

func (w *world) spendTakeover() {
	if w.owner() >= 0 {
		w.takeovers--
	}
}
