package model

// Sizes of the largest world.
const (
	maxKeys    = 5
	maxValues  = 5
	maxChunks  = 3
	maxTxns    = 8
	maxLog     = 2 * maxTxns // an XA branch stands in the log twice
	maxQueue   = 3 * maxTxns
	maxRunners = 2
	workers    = 2
	maxLanes   = 2
)

type (
	// key is a primary key: 0, 1, 2 …
	key = int8
	// value is what the further unique key holds: 1 is written a, 2 is written b …
	value = int8
	// position names an entry of the log, counted from 1, and at the same time the
	// prefix of the log that ends with it. 0 is the empty log.
	position = int8
	// keySet and valueSet have bit n for key or value n; entrySet bit n for the log's entry n.
	keySet   = uint8
	valueSet = uint8
	entrySet = uint32
)

// row is a row without its key, or no row when u is 0.
type row struct {
	u       value
	payload int8 // everything else in the row: the number of the transaction that wrote it last
}

func (x row) exists() bool { return x.u != 0 }

// table holds the row of each key.
type table [maxKeys]row

// The two relations. Which of them is the application's table is decided by its name.
const (
	oldRelation = 0
	newRelation = 1 // the shadow
)

// world is one state of everything: the server, what is stored in it, and the memory
// of the runners. It holds no reference to anything that changes, so an assignment
// copies it and two worlds can be compared.
type world struct {
	v       *variant
	keys    int8
	values  int8
	chunks  int8
	chunkOf [maxKeys]int8 // the chunk of each key; chunks are ranges in the order of keys
	limit   int8          // a chunk starts only while unread log + held + pending stay under it

	server
	store   store
	runners [maxRunners]runner

	budget    int8 // transactions that the writers may still begin
	crashes   int8 // and that many crashes and takeovers may still happen
	takeovers int8
	calm      bool // the writers have stopped, and nothing happens that nobody needs
	aborted   bool // "aborted" was reported
	refused   bool // a conflict was reported, and the source has it
	rolled    bool // the old relation has the name again
	violation violation
}

// over tells that the run has ended, well or not.
func (w *world) over() bool {
	if w.violation != 0 || w.rolled || w.refused {
		return true
	}
	if w.aborted {
		return w.lock.state == unlocked
	}
	return !w.v.life && w.named == newRelation
}

func (w *world) broken(m mutants) bool { return w.v.without&m != 0 }

// violate notes the first violation.
func (w *world) violate(v violation) {
	if w.violation == 0 {
		w.violation = v
	}
}

// copied tells that the checkpoint table knows every chunk as committed.
func (w *world) copied() bool { return w.store.done == 1<<w.chunks-1 }

// firstRunner starts a run: nothing is stored yet.
func (w *world) firstRunner() {
	w.store.setL(oldRelation, missing)
	w.store.setL(newRelation, missing)
	w.take(0)
	w.resume(0)
}

// commitSome begins with some chunks committed.
func (w *world) commitSome(chunks chunkSet) {
	w.store.setL(oldRelation, 0)
	w.store.done = chunks
	for k := range w.keys {
		if chunks&(1<<w.chunkOf[k]) != 0 {
			w.tables[newRelation][k] = w.tables[oldRelation][k]
		}
	}
	w.resume(0)
}

// tinyWorld has a row under every key and lets that many transactions and crashes come.
func tinyWorld(v variant, txns, crashes int8) world {
	w := world{v: &v, keys: v.keys, chunks: v.chunks, values: v.keys + 1, limit: 4, budget: txns, crashes: crashes, takeovers: v.takeovers}
	for k := range w.keys {
		w.chunkOf[k] = k * w.chunks / w.keys
		w.tables[oldRelation][k].u = 1 + k
	}
	w.firstRunner()
	return w
}

// copiedWorld is a tiny world in which every chunk is committed: the cut-over comes next.
func copiedWorld(v variant, txns, crashes int8) world {
	w := tinyWorld(v, txns, crashes)
	w.commitSome(1<<w.chunks - 1)
	return w
}
