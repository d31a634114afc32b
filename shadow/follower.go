package shadow

import (
	"context"
	"fmt"
	"sync"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/stream"
)

// follower reads the log into the ledger.
type follower struct {
	p    *Pair
	from stream.Position

	mu     sync.Mutex
	source stream.Source
	base   uint64 // what the Source's 0 is in the ledger's count
	txns   []stream.Txn
	last   uint64
	over   bool // what the log holds from here on is the other direction's
}

// finished says that nothing more is to be read: the tables are about to change places,
// and what the log then has under their names is not what this reading is about.
func (f *follower) finished() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
}

func (f *follower) isOver() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.over
}

// run reads until the context is over. A connection that is lost is made anew from
// the least L: what is read twice is applied twice, to the same end.
func (f *follower) run(ctx context.Context) error {
	for try := 0; ; try++ {
		begin := f.ended()
		err := f.read(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if f.isOver() {
			return nil
		}
		if !dberr.Temporary(err) {
			return err
		}
		if f.ended() > begin {
			try = 0
		}
		if try >= mostTries {
			return err
		}
		f.p.o.Note(fmt.Sprintf("reading the log: %s; reading on from where it was left", err))
		if err := pause.Backoff(ctx, try); err != nil {
			return err
		}
	}
}

// mostTries bounds what is tried again: with pauses that double up to 5 s this is
// about a minute.
const mostTries = 18

func (f *follower) ended() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *follower) read(ctx context.Context) error {
	if err := f.open(ctx); err != nil {
		return err
	}
	defer f.close()
	var changes []located
	var mark uint64
	for {
		piece, err := f.source.Next(ctx)
		if err != nil || f.isOver() {
			return err
		}
		list, m, err := f.locate(ctx, piece.Changes)
		if err != nil {
			return err
		}
		changes, mark = append(changes, list...), max(mark, m)
		seq := f.last + 1
		if piece.End {
			seq = f.base + piece.Txn.Seq
		}
		switch {
		case piece.End:
			f.finish(piece.Txn, seq)
			f.p.ledger.end(changes, seq, mark)
			changes, mark = nil, 0
		case !f.p.ledger.entire: // where keys depend on each other only whole transactions may be applied
			f.p.ledger.add(changes, seq)
			changes = nil
		}
		if err := f.room(); err != nil {
			return err
		}
	}
}

// open starts reading at the least L. The first time that is what was stored.
func (f *follower) open(ctx context.Context) error {
	least, err := f.p.ledger.beginAnew()
	if err != nil {
		return err
	}
	// Where a lane has stored nothing since the last reading began, that one began early
	// enough.
	if f.source != nil && least >= f.base {
		f.from = f.source.Resume(least - f.base)
	}
	source, err := f.p.table.Open(ctx, f.from)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.source, f.base, f.txns = source, f.last, nil
	f.p.ledger.rebase(f.base)
	return nil
}

func (f *follower) close() { _ = f.source.Close() }

func (f *follower) finish(t stream.Txn, seq uint64) {
	whole := f.p.committed()
	f.mu.Lock()
	defer f.mu.Unlock()
	t.Seq = seq
	f.last = seq
	f.p.ledger.noteLate(t)
	f.txns = append(f.txns, t)
	if whole {
		f.txns = nil // nothing is open: nobody asks
	}
	f.letGo()
}

// forget lets the log go up to what every lane has stored.
func (f *follower) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.source != nil {
		f.letGo()
	}
}

// letGo is forget with the mutex held.
func (f *follower) letGo() { f.source.Forget(max(f.p.ledger.forgettable(), f.base) - f.base) }

// room waits while the images kept take more than they may. While a batch waits for
// the log's end it doesn't: it could never come.
func (f *follower) room() error {
	g := f.p.ledger
	return g.wait(func() bool {
		return g.bytes < f.p.o.Memory || g.quiet > 0 || g.still || g.mayOverflow(f.p.o.Memory)
	})
}

func (f *follower) unseen() []stream.Txn {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.txns
}

func (f *follower) sawUpTo(seq uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.txns) > 0 && f.txns[0].Seq <= seq {
		f.txns = f.txns[1:]
	}
}

// resume is the position up to a transaction of the ledger's count.
func (f *follower) resume(seq uint64) stream.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	if seq < f.base {
		return f.from // read anew from there: nothing before it is missing
	}
	return f.source.Resume(seq - f.base)
}

// locate finds the places of changed keys. A change of the key is two changes.
func (f *follower) locate(ctx context.Context, list []stream.Change) ([]located, uint64, error) {
	var rows []stream.Row
	var mark uint64
	var kept []stream.Change
	for _, c := range list {
		if n, ok := f.p.table.MarkOf(c); ok {
			mark = max(mark, n)
			continue
		}
		kept = append(kept, c)
		if c.Before != nil {
			rows = append(rows, c.Before)
		}
		if c.After != nil {
			rows = append(rows, c.After)
		}
	}
	if len(rows) == 0 {
		return nil, mark, nil
	}
	places, err := f.placesOf(ctx, rows)
	if err != nil {
		return nil, mark, fmt.Errorf("order the keys of changed rows: %w", err)
	}
	return spread(kept, places), mark, nil
}

// placesOf asks again when the connection for asking is lost: that is no reason to
// read the log anew.
func (f *follower) placesOf(ctx context.Context, rows []stream.Row) ([]Place, error) {
	for try := 0; ; try++ {
		places, err := f.p.table.Locate(ctx, rows)
		if err == nil || !dberr.Temporary(err) || try == mostTries {
			return places, err
		}
		if err := pause.Backoff(ctx, try); err != nil {
			return nil, err
		}
	}
}

func spread(list []stream.Change, places []Place) []located {
	out := make([]located, 0, len(list))
	for _, c := range list {
		var before Place
		if c.Before != nil {
			before, places = places[0], places[1:]
		}
		if c.After == nil {
			out = append(out, located{place: before, image: Image{Key: c.Before}})
			continue
		}
		after := places[0]
		places = places[1:]
		// First the new key: it goes on with what stands under the old one.
		out = append(out, located{after, Image{Key: c.After, Row: c.After, Heir: c.Before}, before})
		if c.Before != nil && before != after {
			out = append(out, located{place: before, image: Image{Key: c.Before}})
		}
	}
	return out
}
