package model

const missing position = -1

// chunkSet has bit n for chunk n.
type chunkSet = uint8

// store is what is kept in the target server and survives every runner. It is written in
// the transactions that it describes.
type store struct {
	epoch int8
	done  chunkSet // checkpoints: the chunks that are committed
	// L is where a resume begins to read the log, for each lane. L[newRelation] is the reverse position, written
	// by the cut-over, and L of the reverse stream from then on.
	L     [2][maxLanes]position
	first position // the first L
	// origin is the log's end as it was when XA RECOVER showed no branch from before the first L. An XA COMMIT
	// up to there whose rows were not read was visible before the first chunk was read.
	origin position
	intent bool // a cut-over has been begun

	passed entrySet // instead of L, when setWithHoles is broken
	token  entrySet // when mergedToken is broken
}

func (s *store) setL(relation int8, p position) {
	for lane := range s.L[relation] {
		s.L[relation][lane] = p
	}
}

// resumeFrom is the least L of all lanes, for all of them.
func (w *world) resumeFrom(relation int8) position {
	l := w.store.L[relation][:w.v.lanes]
	if w.broken(newestLane) {
		return max(l[0], l[len(l)-1])
	}
	return min(l[0], l[len(l)-1])
}
