package shadow

import (
	"fmt"
	"sync"
	"time"
)

// entry is the newest image of one key.
type entry struct {
	place Place
	image Image
	first uint64 // the oldest transaction whose change of the key is not applied
	last  uint64 // the newest one
	bytes int
	from  Place // whose columns of the shadow's own the row goes on with: see heirs.go
}

// ledger holds every change that is neither applied nor dropped, and which chunks
// are open, reading and committed. One mutex makes the test "seen, so drop" and the step open →
// reading exclude each other.
type ledger struct {
	mu     sync.Mutex
	moved  *sync.Cond // something below changed
	chunks chunks
	lanes  []lane
	entire bool // a batch is all of what whole transactions did
	heirs  bool // rows go on with what the shadow alone has of them
	ended  uint64
	mark   uint64 // the newest mark that came back
	marked uint64 // the transaction that held it
	bytes  int
	kept   int               // of them in changes that are held
	turns  int               // how often reading was begun anew
	sure   uint64            // the newest mark whose commit has returned, where marks tell what is seen
	late   map[uint64]string // transactions that ended a two-phase commit, and its name
	quiet  int               // > 0: no chunk may begin
	builds int               // > 0: no chunk may begin, because the index of the key is built
	still  bool              // appliers rest
	store  uint64            // lanes that are idle store L at once up to here
	failed error
}

type lane struct {
	pending map[Place]*entry
	held    map[Place]*entry
	busy    map[Place]*entry // in a batch that is being applied
	stored  uint64           // L, as stored last
}

func newLedger(lanes int, heirs bool) *ledger {
	g := &ledger{lanes: make([]lane, lanes), entire: lanes == 1, heirs: heirs, late: map[uint64]string{}}
	g.moved = sync.NewCond(&g.mu)
	for i := range g.lanes {
		g.lanes[i] = lane{pending: map[Place]*entry{}, held: map[Place]*entry{}}
	}
	return g
}

// located is a change of one key.
type located struct {
	place Place
	image Image
	from  Place // of the same row before the change; "": there was none
}

// add takes changes of one transaction, in the order of the log.
func (g *ledger) add(list []located, seq uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.enter(list, seq)
	g.moved.Broadcast()
}

// enter is add with the mutex held.
func (g *ledger) enter(list []located, seq uint64) {
	for _, c := range list {
		l := &g.lanes[laneOf(c.place, len(g.lanes))]
		to := l.held
		if g.chunks.state(c.place) == committed {
			to = l.pending
		}
		from := g.inherit(l, &c)
		e := to[c.place]
		if e == nil {
			e = &entry{place: c.place, first: seq}
			to[c.place] = e
		}
		before := e.bytes
		e.image, e.last, e.from = c.image, seq, from
		e.bytes = size(c.image) + len(c.place) + entryCost
		g.bytes += e.bytes - before
		if g.chunks.state(c.place) != committed {
			g.kept += e.bytes - before
		}
	}
}

// end takes the last changes of a transaction and says that it was read to its end: in
// one step, because L stands behind a batch exactly only where no batch is taken between them.
func (g *ledger) end(list []located, seq uint64, mark uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.enter(list, seq)
	g.ended = seq
	if mark > g.mark {
		g.mark, g.marked = mark, seq
		g.came()
	}
	g.moved.Broadcast()
}

// laneOf spreads keys over lanes; a key stays in its lane.
func laneOf(p Place, lanes int) int {
	if lanes == 1 {
		return 0
	}
	h := uint32(2166136261)
	for i := 0; i < len(p); i++ {
		h = (h ^ uint32(p[i])) * 16777619
	}
	return int(h>>8) % lanes
}

// entryCost is about what the maps and headers of an entry take.
const entryCost = 300

func size(i Image) int {
	n := 0
	for _, v := range i.Row {
		n += len(v.Text) + 32
	}
	for _, v := range i.Key {
		n += len(v.Text) + 32
	}
	for _, v := range i.Heir {
		n += len(v.Text) + 32
	}
	return n
}

// begin makes what is left of a segment reading. From here on no change of its keys is dropped.
func (g *ledger) begin(number int, c bounds) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.chunks.begin(number, c)
}

// commit makes a chunk committed up to a place: what was held for it is pending.
func (g *ledger) commit(number int, to Place, all bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.chunks.commit(number, to, all)
	for i := range g.lanes {
		l := &g.lanes[i]
		for p, e := range l.held {
			if g.chunks.state(p) == committed {
				delete(l.held, p)
				g.kept -= e.bytes
				l.pending[p] = e
			}
		}
	}
	g.moved.Broadcast()
}

// reopen makes a chunk that was rolled back open again.
func (g *ledger) reopen(number int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.chunks.reopen(number)
	g.moved.Broadcast()
}

// drop forgets changes of keys of open chunks that every later read sees: those of
// transactions up to seen.
func (g *ledger) drop(seen uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.late) // asked one by one, a transaction is seen or not, however it ended
	g.dropHeld(seen)
	g.moved.Broadcast()
}

// dropHeld is drop without the lock, and leaves alone what late transactions changed
// last.
func (g *ledger) dropHeld(seen uint64) {
	for i := range g.lanes {
		for p, e := range g.lanes[i].held {
			if g.late[e.last] == "" && g.chunks.state(p) == open && e.last <= seen {
				delete(g.lanes[i].held, p)
				g.bytes -= e.bytes
				g.kept -= e.bytes
			}
		}
	}
}

// batch is a Batch that is being applied.
type batch struct {
	Batch
	l       uint64
	entries []*entry
}

// Bounds of a batch of a lane whose keys don't depend on each other.
const (
	batchKeys  = 1000
	batchBytes = 2 << 20
)

// take takes what a lane has to apply. Where the shadow has a further unique key
// it is everything up to the end of the last transaction read.
func (g *ledger) take(n int) *batch {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.grab(n)
}

// grab is take with the mutex held.
func (g *ledger) grab(n int) *batch {
	l := &g.lanes[n]
	b := &batch{Batch: Batch{Lane: n}}
	l.busy = map[Place]*entry{}
	bytes := 0
	for p, e := range l.pending {
		if !g.entire && (len(b.entries) >= batchKeys || bytes >= batchBytes) {
			break
		}
		delete(l.pending, p)
		l.busy[p] = e
		b.entries = append(b.entries, e)
		b.Images = append(b.Images, e.image)
		bytes += e.bytes
	}
	b.l = l.least(g.ended)
	return b
}

// least is the transaction up to which nothing is left to do but what is in the
// batch.
func (l *lane) least(ended uint64) uint64 {
	least := ended
	for _, m := range []map[Place]*entry{l.pending, l.held} {
		for _, e := range m {
			least = min(least, e.first-1)
		}
	}
	return least
}

// applied forgets a batch that is committed.
func (g *ledger) applied(b *batch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range b.entries {
		g.bytes -= e.bytes
	}
	g.lanes[b.Lane].busy = nil
	g.lanes[b.Lane].stored = b.l
	g.moved.Broadcast()
}

// restore gives a batch back that was rolled back. Where a key has changed again
// meanwhile its newest image stays; only the oldest change is the older one.
func (g *ledger) restore(b *batch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := &g.lanes[b.Lane]
	if g.heirs {
		l.disinherit(b)
	}
	for _, e := range b.entries {
		if newer := l.pending[e.place]; newer != nil {
			newer.first = e.first
			g.bytes -= e.bytes
		} else {
			l.pending[e.place] = e
		}
	}
	l.busy = nil
	g.moved.Broadcast()
}

// rebase begins the count of a new reading of the log: lanes go on from what they
// have stored.
func (g *ledger) rebase(base uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = base
	g.turns++
	g.moved.Broadcast()
}

// turn tells readings of the log apart. After reading was begun anew older images come
// once more, so what was waited for is reached only within one turn.
func (g *ledger) turn() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.turns
}

// forgettable is the least of all lanes' stored L.
func (g *ledger) forgettable() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	least := g.lanes[0].stored
	for _, l := range g.lanes {
		least = min(least, l.stored)
	}
	return least
}

// storeUpTo asks the lanes to store L up to a transaction without waiting until they have been idle,
// for a while at most.
func (g *ledger) storeUpTo(seq uint64, most time.Duration) (over func()) {
	set := func(to uint64) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.store = to
		g.moved.Broadcast()
	}
	set(seq)
	t := time.AfterFunc(most, func() { set(0) })
	return func() {
		t.Stop()
		set(0)
	}
}

// storedAll reports whether every lane has stored L up to a transaction, or isn't asked to any
// more. The mutex is held.
func (g *ledger) storedAll(seq uint64) bool {
	for i := range g.lanes {
		if g.lanes[i].stored < min(seq, g.store) {
			return false
		}
	}
	return true
}

// mayStore reports whether a lane is asked to store L and has come further than it has stored. The
// mutex is held.
func (g *ledger) mayStore(n int) bool {
	l := &g.lanes[n]
	return l.stored < g.store && l.least(g.ended) > l.stored
}

// asked is mayStore for a lane that has just taken what there is.
func (g *ledger) asked(b *batch) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lanes[b.Lane].stored < g.store
}

// clear reports whether everything up to a transaction is applied. Keys that are
// held for an open chunk count only with held set.
func (g *ledger) clear(upTo uint64, held bool) bool {
	for i := range g.lanes {
		l := &g.lanes[i]
		maps := []map[Place]*entry{l.pending, l.busy}
		if held {
			maps = append(maps, l.held)
		}
		for _, m := range maps {
			for _, e := range m {
				if e.first <= upTo {
					return false
				}
			}
		}
	}
	return true
}

// backlog is how many keys wait and how many bytes they take.
func (g *ledger) backlog() (keys, bytes int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.lanes {
		keys += len(g.lanes[i].pending) + len(g.lanes[i].held) + len(g.lanes[i].busy)
	}
	return keys, g.bytes
}

// fail wakes everybody up for good.
func (g *ledger) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failed == nil {
		g.failed = err
	}
	g.moved.Broadcast()
}

func (g *ledger) String() string {
	keys, bytes := g.backlog()
	return fmt.Sprintf("%d keys, %d bytes", keys, bytes)
}
