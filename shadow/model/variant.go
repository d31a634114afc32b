package model

// seenBy is the way in which a flavour of server tells that a transaction is seen:
// that every later read sees it.
type seenBy uint8

const (
	// byExecuted: the transaction is in the set of executed ids, which follows visibility
	// and may do so out of order. MySQL, gtid_executed.
	byExecuted seenBy = iota
	// bySnapshot: it is visible in a snapshot taken now. PostgreSQL.
	bySnapshot
	// byMarker: it stands in the log before an own transaction that was answered and has come back.
	// Holds only where commits become visible in the order of the log. MariaDB, no GTID.
	byMarker
	// byNothing: commits become visible in any order and nothing tells which. The backlog of open chunks
	// spills to disk.
	byNothing
)

// variant is a kind of world and the rules that hold in it.
type variant struct {
	name      string
	seen      seenBy
	keys      int8 // at most; likewise chunks and txns
	chunks    int8
	txns      int8
	kinds     []kind // of transactions; all when empty
	full      bool   // the world is as large as it may be, every key has a row, and some chunks are committed
	xa        bool   // transactions may be XA branches
	unique    bool   // the shadow has a further unique key
	newKey    bool   // which the source hasn't
	partial   bool   // an image lacks the payload when its transaction left it alone: unchanged TOAST
	lanes     int8   // appliers; more than one only without a further unique key
	split     bool   // a batch is several transactions, L in the last
	allImages bool   // keys can't be compared outside the server: every image is kept
	tries     int8   // duplicates that a chunk meets before it is done under a table lock
	runners   int8
	crashes   int8
	takeovers int8 // of a runner that is still alive
	life      bool // the run goes on after the cut-over: reverse streaming and the swap back
	abortable bool // an operator may abort

	without mutants // the rules that are taken away
}

// enforced tells that the source has the further unique key too.
func (v *variant) enforced() bool { return v.unique && !v.newKey }

// executed is MySQL with GTID: out-of-order visibility, XA, one further unique key.
func executed() variant {
	return variant{name: "executed set", seen: byExecuted, keys: maxKeys, chunks: maxChunks, txns: 7, xa: true, unique: true, lanes: 1, tries: 2, runners: 1, crashes: 2}
}

// snapshot is PostgreSQL. A prepared transaction comes in its stream where it commits, like any other.
func snapshot() variant {
	v := executed()
	v.name, v.seen, v.xa = "snapshot", bySnapshot, false
	return v
}

// marker is MariaDB, and MySQL without GTID, where commits become visible in the order of the log.
func marker() variant {
	v := executed()
	v.name, v.seen = "marker", byMarker
	return v
}

// spill is the same where they don't.
func spill() variant {
	v := executed()
	v.name, v.seen = "never seen, spilled", byNothing
	return v
}

// twoRunners has a second runner, and either may take over from the other while that is alive.
func twoRunners(v variant) variant {
	v.name += ", two runners"
	v.runners, v.takeovers = 2, 2
	return v
}

// twoLanes has two appliers and no further unique key.
func twoLanes(v variant) variant {
	v.name += ", lanes"
	v.unique, v.lanes = false, 2
	return v
}

// splitBatches applies a batch in several transactions.
func splitBatches(v variant) variant {
	v.name += ", split batches"
	v.split = true
	return v
}

// everyImage keeps all images, and seen then asks for the whole log up to the event.
func everyImage(v variant) variant {
	v.name += ", every image kept"
	v.allImages = true
	return v
}

// wholeLife goes on to reverse streaming and the swap back. Two runners, crashes and aborts.
func wholeLife(v variant) variant {
	v = twoRunners(v)
	v.name += ", to the swap back"
	v.life, v.abortable, v.txns, v.keys, v.chunks = true, true, 8, 3, 2
	return v
}

// newKey adds the unique key: the source may hold two rows that are equal under it.
func newKey(v variant) variant {
	v.name += ", new unique key"
	v.newKey = true
	return v
}

// partialImages has images without what a transaction left alone.
func partialImages(v variant) variant {
	v.name += ", partial images"
	v.partial = true
	return v
}

// impatient takes the last resort at the first duplicate of a chunk.
func impatient(v variant) variant {
	v.name += ", one try"
	v.tries = 1
	return v
}

// crowded has few keys, and transactions that pass unique values on.
func crowded(v variant) variant {
	v.name += ", crowded"
	v.keys, v.chunks, v.txns = 3, 3, 5
	v.kinds, v.full = []kind{setValue, handOver, insertAfterHandOver, deleteRow}, true
	return v
}

// crashing is small and crashes often, so that a resume is resumed.
func crashing(v variant) variant {
	v.name += ", crashing"
	v.keys, v.chunks, v.txns, v.crashes, v.full = 2, 2, 3, 4, true
	return v
}

// rules are the variants that must show no violation.
func rules() []variant {
	return []variant{
		executed(),
		splitBatches(twoRunners(executed())),
		twoLanes(executed()),
		everyImage(executed()),
		snapshot(),
		partialImages(twoRunners(snapshot())),
		newKey(crowded(snapshot())),
		newKey(impatient(executed())),
		splitBatches(twoRunners(snapshot())),
		twoLanes(twoRunners(snapshot())),
		twoRunners(marker()),
		spill(),
		crashing(executed()),
		crashing(splitBatches(twoLanes(executed()))),
		crashing(twoRunners(partialImages(snapshot()))),
		wholeLife(executed()),
		wholeLife(snapshot()),
		wholeLife(splitBatches(twoLanes(marker()))),
	}
}
