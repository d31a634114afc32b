package model

// violation is what must never happen.
type violation uint8

const (
	noViolation violation = iota
	differs
	oldDiffers
	falseConflict
	uncommittedRow
	foreignRow
	commitWithoutRows
	tooManyImages
	positionMissing
	swappedAborted
	staleDrop
	stuck
	violations
)

var violationNames = [violations]string{
	"no violation",
	"the shadow differs from the source at the cut-over",
	"the old table differs from the new one at the swap back",
	"a conflict is reported, and the source has none",
	"a row of a chunk that isn't committed is in the shadow",
	"the copy meets a row of its own key",
	"the COMMIT of an XA branch whose rows were not read",
	"more than one image of a key is kept",
	"the swap is done and the reverse position is missing",
	"aborted was reported, and the tables are swapped",
	"a runner that was replaced drops the shadow",
	"the writers have stopped, and the run doesn't come to its end",
}

func (v violation) String() string { return violationNames[v] }

// checkSwap: at the moment of RENAME both relations hold the same rows.
func (w *world) checkSwap() {
	if w.tables[oldRelation] == w.tables[newRelation] {
		return
	}
	if w.named == oldRelation {
		w.violate(differs)
	} else {
		w.violate(oldDiffers)
	}
}

func (w *world) checkAborted() {
	if w.aborted && w.named == newRelation {
		w.violate(swappedAborted)
	}
}

// checkDrop: the shadow is dropped by a runner that still owns the epoch.
func (w *world) checkDrop() {
	if w.ddl.epoch != w.store.epoch {
		w.violate(staleDrop)
	}
}

// checkUncommitted: the shadow holds rows of committed chunks only. It is asked after each commit of ours.
func (w *world) checkUncommitted(i int8) {
	if w.runners[i].source != oldRelation || w.broken(checkpointLate) {
		return
	}
	for k := range w.keys {
		if w.tables[newRelation][k].exists() && w.store.done&(1<<w.chunkOf[k]) == 0 {
			w.violate(uncommittedRow)
		}
	}
}

// checkQueue: one image of each key waits, whatever the writers do.
func (w *world) checkQueue(r *runner) {
	if w.v.allImages || w.broken(intermediate) {
		return
	}
	var keys keySet
	for i := range r.queue[:r.n] {
		if q := &r.queue[i]; q.stage == waiting {
			if keys&(1<<q.key) != 0 {
				w.violate(tooManyImages)
			}
			keys |= 1 << q.key
		}
	}
}
