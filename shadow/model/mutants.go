package model

// mutants is a set of rules that are taken away.
type mutants uint64

const (
	// What is dropped.
	dropUnread mutants = 1 << iota
	seenWhileReading
	seenUnlocked
	tokenAfterRead
	mergedToken
	setOfAllImages
	markerUnanswered
	markerUnordered
	neverDrop
	// The copy.
	applyWhileReading
	copyIgnores
	lostAnswerFails
	checkpointLate
	lockUndrained
	lockWhileReading
	// The batch.
	replaces
	upserts
	intermediate
	keyByKey
	// XA.
	endsAtPrepare
	seenAtPrepare
	// L.
	startAtEnd
	startInDoubt
	noOrigin
	passPrepare
	insideBranch
	positionFirst
	passHeld
	setWithHoles
	newestLane
	laneKeepsL
	// What a duplicate means.
	firstDuplicate
	secondDuplicate
	endWhileReading
	endBeforeQuiet
	rememberedEnd
	tokenAsBound
	copyGoesOn
	bugAtOnce
	// Partial images.
	fillFromShadow
	fillFromOldKey
	passFilled
	// Memory.
	limitStopsReading
	// One runner.
	noFence
	epochNotLocked
	lookBeforeEpoch
	ddlNotAwaited
	// The cut-over.
	drainBeforeLock
	lockReleased
	positionLate
	resumeUnseen
	epochNotUnderLock

	lastMutant = epochNotUnderLock
)

// mutant is a wording of the rules that loses something, and how that shows.
type mutant struct {
	name   string
	breaks mutants
	in     variant
	shows  violation
}

// allMutants must each be caught.
func allMutants() []mutant {
	e := executed()
	plainOnly := e
	plainOnly.xa = false
	lanesUnique := twoLanes(e)
	lanesUnique.unique = true
	life := wholeLife(e)
	p := partialImages(snapshot())
	return []mutant{
		{"events of chunks that aren't read yet are dropped unseen", dropUnread, e, differs},
		{"the same, with snapshots", dropUnread, snapshot(), differs},
		{"seen is asked for a chunk that is being read", seenWhileReading, e, differs},
		{"seen is asked for a chunk that is being read, with snapshots", seenWhileReading, snapshot(), differs},
		{"seen and open → reading don't exclude each other", seenUnlocked, e, differs},
		{"a chunk's token is read after the chunk", tokenAfterRead, e, differs},
		{"one merged token for all chunks", mergedToken, e, differs},
		{"every image is kept, and seen doesn't ask for all before it", setOfAllImages, everyImage(plainOnly), differs},
		{"a marker counts before it is answered", markerUnanswered, marker(), differs},
		{"a marker is used where commits become visible in any order", markerUnordered, marker(), differs},
		{"nothing is ever dropped, and the memory limit holds", neverDrop, e, stuck},

		{"events are applied before their chunk commits", applyWhileReading, e, uncommittedRow},
		{"the copy ignores duplicates", copyIgnores, e, differs},
		{"a lost answer of a commit is taken for a failure", lostAnswerFails, e, foreignRow},
		{"the checkpoint is committed after its chunk", checkpointLate, e, foreignRow},
		{"the last resort doesn't drain under its lock", lockUndrained, impatient(e), falseConflict},

		{"the last resort locks before the answer of every commit is known", lockWhileReading, impatient(e), falseConflict},

		{"REPLACE", replaces, crowded(snapshot()), differs},
		{"upsert", upserts, e, differs},
		{"intermediate images are applied", intermediate, e, falseConflict},
		{"intermediate images are applied with REPLACE", intermediate | replaces, e, differs},
		{"delete and insert key by key", keyByKey, e, falseConflict},

		{"an XA branch counts where it is prepared", endsAtPrepare, e, differs},
		{"an XA branch is seen by the id of its PREPARE", seenAtPrepare, e, differs},

		{"the stream starts at the log's end", startAtEnd, e, differs},
		{"the start doesn't ask XA RECOVER", startInDoubt, e, commitWithoutRows},
		{"a COMMIT without rows is a bug, whenever its branch became visible", noOrigin, e, commitWithoutRows},
		{"L passes an open branch's PREPARE", passPrepare, e, commitWithoutRows},
		{"L stands between a PREPARE and its end", insideBranch, e, commitWithoutRows},
		{"L is committed before its batch", positionFirst, e, differs},
		{"L passes held events", passHeld, e, differs},
		{"L passes held events, with snapshots", passHeld, snapshot(), differs},
		{"L is a set with holes", setWithHoles, plainOnly, differs},
		{"L is a set with holes, with XA", setWithHoles, e, differs},
		{"lanes resume from the newest L", newestLane, twoLanes(e), differs},
		{"a resume leaves a lane's L ahead of where it begins, and batches are split", laneKeepsL, crashing(splitBatches(twoLanes(e))), differs},
		{"lanes with a further unique key", 0, lanesUnique, falseConflict},

		{"the applier's first duplicate is a conflict", firstDuplicate, e, falseConflict},
		{"the copy's second duplicate is a conflict", secondDuplicate, e, falseConflict},
		{"E is read while a chunk is reading", endWhileReading, e, falseConflict},
		{"E is read while a chunk is reading, with snapshots", endWhileReading, snapshot(), falseConflict},
		{"E is remembered from the last chunk, and lost in a crash", rememberedEnd, e, falseConflict},
		{"E is the newest token of a committed chunk", tokenAsBound, e, falseConflict},
		{"chunks start while a duplicate is judged", copyGoesOn, e, falseConflict},

		{"a duplicate after E is our bug when the source has no equal rows any more", bugAtOnce, newKey(crowded(snapshot())), falseConflict},

		{"a partial image is filled from the shadow's row although an image is held", fillFromShadow, p, differs},
		{"the partial image of a key change is filled from the old key", fillFromOldKey, p, differs},
		{"L passes the image that a held one was filled from", passFilled, p, differs},
		{"partial images and split batches", 0, splitBatches(p), differs},

		{"the memory limit stops the reading of the log", limitStopsReading, e, stuck},

		{"two runners, no fence", noFence, twoRunners(e), foreignRow},
		{"two runners, no fence: rows are lost", noFence, twoRunners(e), differs},
		{"the epoch is checked and not locked", epochNotLocked, twoRunners(e), foreignRow},
		{"a takeover doesn't wait for the session of a DROP", ddlNotAwaited, life, staleDrop},
		{"a runner looks before it owns the epoch", lookBeforeEpoch, life, swappedAborted},

		{"the drain ends where the log ended before the lock", drainBeforeLock, e, differs},
		{"START TRANSACTION releases the lock", lockReleased, e, differs},
		{"the reverse position is written after RENAME", positionLate, life, oldDiffers},
		{"a resume repeats the cut-over from the lock without looking", resumeUnseen, life, oldDiffers},
		{"the epoch isn't read under the lock", epochNotUnderLock, life, swappedAborted},
	}
}
