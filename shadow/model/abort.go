package model

// ddlState is how far a DROP is that runs outside LOCK TABLES, where no lock on the epoch fences it.
type ddlState uint8

const (
	ddlNone   ddlState = iota
	ddlSent            // its session is journaled; the server executes it, whatever becomes of the runner
	ddlOrphan          // the same, and the runner is gone
)

// ddl is the statement that drops the shadow. A takeover waits until its session is gone.
type ddl struct {
	state  ddlState
	holder int8
	epoch  int8
}

func (d *ddl) abandon(holder int8) {
	if d.state == ddlSent && d.holder == holder {
		d.state = ddlOrphan
	}
}

// beginAbort begins an abort if the swap hasn't happened; else the run goes on.
func (w *world) beginAbort(i int8) {
	swapped := w.named == newRelation
	if saw := w.runners[i].saw; saw != 0 {
		swapped = saw-1 == newRelation
	}
	if swapped {
		w.resume(i)
		return
	}
	w.runners[i] = runner{phase: aborting, epoch: w.store.epoch}
}

// executeDrop is done by the server: DROP TABLE IF EXISTS by name.
func (w *world) executeDrop() {
	if w.named == oldRelation {
		w.dropped = true
		w.checkDrop()
	}
	if w.ddl.state == ddlSent {
		w.runners[w.ddl.holder].phase = reporting
	}
	w.ddl = ddl{}
}

func abortSteps() []step {
	return []step{{
		name: "take over to abort", over: each(perRunner), mischief: true, weight: 10, dead: true,
		may: func(w *world, a *action) bool {
			return w.v.abortable && w.mayTakeOver()
		},
		do: func(w *world, a *action) {
			w.spendTakeover()
			w.take(a.r)
			w.beginAbort(a.r)
		},
	}, {
		name: "journal the session, send DROP of the shadow", over: each(perRunner), weight: 40,
		may: func(w *world, a *action) bool { return w.runners[a.r].phase == aborting && w.ddl.state == ddlNone },
		do: func(w *world, a *action) {
			if w.fenced(a.r) {
				w.runners[a.r].phase = dropping
				w.ddl = ddl{state: ddlSent, holder: a.r, epoch: w.runners[a.r].epoch}
			}
		},
	}, {
		name: "execute DROP", weight: 40,
		may: func(w *world, a *action) bool {
			return w.ddl.state != ddlNone && w.lock.state == unlocked && !w.anySession()
		},
		do: func(w *world, a *action) { w.executeDrop() },
	}, {
		name: "report aborted", over: each(perRunner), weight: 40,
		may: func(w *world, a *action) bool { return w.runners[a.r].phase == reporting },
		do: func(w *world, a *action) {
			if w.fenced(a.r) {
				w.aborted = true
				w.checkAborted()
				w.stop(a.r)
			}
		},
	}}
}
