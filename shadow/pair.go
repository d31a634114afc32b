package shadow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/stream"
)

// Pair is a table and its shadow, being kept in step.
type Pair struct {
	table  Table
	o      Options
	ledger *ledger
	follow *follower
	met    map[int]int // duplicates met by each segment's next chunk
	calm   calm

	building sync.Mutex // see late.go
}

// Open prepares a pair from what is stored: done are the segments of the copy as
// they stand. Run does the work.
func Open(ctx context.Context, t Table, done []state.Segment, o Options) (*Pair, error) {
	o.Memory = cmp.Or(o.Memory, 24<<20)
	o.Sample = cmp.Or(o.Sample, 50*time.Millisecond)
	if o.Note == nil {
		o.Note = func(string) {}
	}
	p := &Pair{table: t, o: o, ledger: newLedger(t.Lanes(), t.Keeps()), met: map[int]int{}}
	if err := p.restore(ctx, done); err != nil {
		return nil, err
	}
	from, err := t.Resume(ctx)
	if err != nil {
		return nil, fmt.Errorf("read where the log was left: %w", err)
	}
	if from == "" {
		return nil, errors.New("read where the log was left: the copy was never begun")
	}
	p.follow = &follower{p: p, from: from}
	return p, nil
}

// Whole says that every chunk is committed, as it is for a reverse pair.
func (p *Pair) Whole() {
	p.ledger.mu.Lock()
	defer p.ledger.mu.Unlock()
	p.ledger.chunks.whole = true
}

func (p *Pair) restore(ctx context.Context, done []state.Segment) error {
	for _, s := range done {
		at, err := p.places(ctx, s.Low, s.High, s.Cursor)
		if err != nil {
			return err
		}
		p.ledger.chunks.restore(s, at[0], at[1], at[2])
	}
	return nil
}

// places asks for the places of keys; "" has none.
func (p *Pair) places(ctx context.Context, keys ...string) ([]Place, error) {
	out := make([]Place, len(keys))
	var ask []string
	for _, k := range keys {
		if k != "" {
			ask = append(ask, k)
		}
	}
	got, err := p.table.Places(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("order keys: %w", err)
	}
	for i, n := 0, 0; i < len(keys); i++ {
		if keys[i] != "" {
			out[i] = got[n]
			n++
		}
	}
	return out, nil
}

// Run follows the log and applies what it reads, beside f, until f returns. f copies,
// verifies or waits; its error is Run's, unless following failed first. A connection that is lost is
// made anew, and reading goes on where the last batch was stored.
func (p *Pair) Run(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	g, gctx := errgroup.WithContext(ctx)
	var result error
	var over atomic.Bool
	guard := func(run func(context.Context) error) func() error {
		return func() error {
			err := run(gctx)
			if over.Load() { // what was cut off because the work is done is no failure
				return errOver
			}
			if err != nil {
				p.ledger.fail(err)
			}
			return err
		}
	}
	g.Go(guard(p.follow.run))
	g.Go(guard(p.sample))
	for n := range p.ledger.lanes {
		g.Go(guard(func(ctx context.Context) error { return p.apply(ctx, n) }))
	}
	g.Go(guard(p.wake))
	g.Go(func() error {
		result = f(gctx)
		over.Store(true)
		p.ledger.fail(cmp.Or(result, errOver))
		cancel(errOver)
		return errOver
	})
	if err := g.Wait(); !errors.Is(err, errOver) {
		return err
	}
	return result
}

// errOver ends the loops of a pair whose work is done.
var errOver = errors.New("over")

// wake lets those who wait for the ledger see that the context is over.
func (p *Pair) wake(ctx context.Context) error {
	<-ctx.Done()
	p.ledger.fail(context.Cause(ctx))
	return context.Cause(ctx)
}

// sample forgets changes that every later read sees, while chunks are open.
func (p *Pair) sample(ctx context.Context) error {
	t := time.NewTicker(p.o.Sample)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.C:
		}
		if p.committed() {
			continue
		}
		if err := p.forget(ctx); err != nil {
			return err
		}
	}
}

func (p *Pair) forget(ctx context.Context) error {
	txns := p.follow.unseen()
	if len(txns) == 0 {
		return nil
	}
	seen, err := p.table.Seen(ctx)
	if err != nil {
		if dberr.Temporary(err) {
			return nil // asked again in a moment; nothing was dropped
		}
		return fmt.Errorf("ask which transactions are visible: %w", err)
	}
	if seen == nil {
		return p.forgetByMark(ctx)
	}
	if fault.Broken("shadow.seen") {
		seen = func(stream.Txn) bool { return true }
	}
	if upTo := prefix(txns, seen); upTo > 0 {
		p.follow.sawUpTo(upTo)
		p.ledger.drop(upTo)
	}
	return nil
}

// prefix is the last transaction before the first one that isn't seen.
func prefix(txns []stream.Txn, seen func(stream.Txn) bool) uint64 {
	upTo := uint64(0)
	for _, t := range txns {
		if !seen(t) {
			break
		}
		upTo = t.Seq
	}
	return upTo
}

func (p *Pair) committed() bool {
	p.ledger.mu.Lock()
	defer p.ledger.mu.Unlock()
	return p.ledger.chunks.whole
}

// Backlog is how many keys wait to be applied and how many bytes they take.
func (p *Pair) Backlog() (keys, bytes int) { return p.ledger.backlog() }

// Drain returns when everything that is in the log at its call is applied.
func (p *Pair) Drain(ctx context.Context) error {
	_, err := p.drain(ctx)
	return err
}

// Settle drains, stores in every lane how far it is, and lets the server's log go up to there: who
// reads on later reads nothing of it again. Storing may be put off where it can't be done at once.
func (p *Pair) Settle(ctx context.Context) error {
	if t, ok := p.table.(Shortener); ok {
		t.Shorten(ctx)
	}
	seq, err := p.drain(ctx)
	if err != nil {
		return err
	}
	over := p.ledger.storeUpTo(seq, settleBudget)
	defer over()
	if err := p.ledger.wait(func() bool { return p.ledger.storedAll(seq) }); err != nil {
		return err
	}
	p.follow.forget()
	return nil
}

// settleBudget is how long Settle waits for lanes that can't store: what is read again costs
// time, and nothing else.
const settleBudget = 2 * time.Second

// drain returns the transaction up to which all is applied. When all is copied the shadow has its indexes then, too.
func (p *Pair) drain(ctx context.Context) (uint64, error) {
	if p.committed() {
		if err := p.build(ctx); err != nil {
			return 0, err
		}
	}
	for {
		turn := p.ledger.turn()
		seq, err := p.reach(ctx, p.table.Mark)
		if err != nil {
			return 0, err
		}
		again := false
		err = p.ledger.wait(func() bool {
			again = p.ledger.turns != turn
			return again || p.ledger.clear(seq, false)
		})
		if err != nil || !again {
			return seq, err
		}
	}
}

// reach sets a mark, waits until it came back, and returns its transaction.
func (p *Pair) reach(ctx context.Context, set func(context.Context) (uint64, error)) (uint64, error) {
	mark, err := set(ctx)
	if err != nil {
		return 0, fmt.Errorf("mark the log's end: %w", err)
	}
	var seq uint64
	err = p.ledger.wait(func() bool {
		seq = p.ledger.marked
		return p.ledger.mark >= mark
	})
	return seq, err
}

// wait blocks until a condition holds or the pair has failed.
func (g *ledger) wait(until func() bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.await(until)
}

// await is wait with the mutex held.
func (g *ledger) await(until func() bool) error {
	for !until() {
		if g.failed != nil {
			return g.failed
		}
		g.moved.Wait()
	}
	return g.failed
}

// pause waits a growing time with jitter.
