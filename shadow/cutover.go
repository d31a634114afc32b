package shadow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/stream"
)

// ErrNotCopied: a cut-over before every chunk is committed.
var ErrNotCopied = errors.New("the table is not copied to its end")

// CutOver exchanges source and shadow: once. It begins only when what is left would
// be applied in half of the budget, and gives up (dberr.LockTimeout) rather than hold the
// application for longer than it. It returns how long the lock was held.
func (p *Pair) CutOver(ctx context.Context, budget time.Duration) (time.Duration, error) {
	if !p.committed() {
		return 0, ErrNotCopied
	}
	if err := p.near(ctx, budget/2); err != nil {
		return 0, err
	}
	if err := p.hold(); err != nil {
		return 0, err
	}
	defer p.release()
	locked, err := p.table.Lock(ctx)
	if err != nil {
		return 0, fmt.Errorf("lock the table: %w", err)
	}
	defer locked.Close()
	begin := time.Now()
	err = p.swap(ctx, locked, budget)
	return time.Since(begin), err
}

func (p *Pair) swap(ctx context.Context, locked Locked, budget time.Duration) error {
	if err := fault.Point("shadow.locked"); err != nil {
		return err
	}
	limit, cancel := context.WithTimeoutCause(ctx, budget, dberr.Mark(dberr.LockTimeout, errors.New("the log's end did not come in time")))
	defer cancel()
	reverse, err := p.drainThrough(limit, locked.Mark, locked.Apply)
	if err != nil {
		return err
	}
	if err := fault.Point("shadow.drained"); err != nil {
		return err
	}
	p.follow.finished()
	return locked.Swap(ctx, reverse)
}

// near waits until everything written up to a moment ago is applied within the
// time given: then the last bit under the lock will be, too.
func (p *Pair) near(ctx context.Context, most time.Duration) error {
	for try := 0; ; try++ {
		begin := time.Now()
		if err := p.Drain(ctx); err != nil {
			return err
		}
		if time.Since(begin) < most {
			return nil
		}
		if try == mostTries {
			return dberr.Mark(dberr.LockTimeout, fmt.Errorf("changes come faster than they are applied: draining them took %s, and a cut-over may take %s", time.Since(begin).Round(time.Millisecond), most))
		}
	}
}

// hold stops the appliers, so that what is pending can be applied through the
// connection that has the locks.
func (p *Pair) hold() error {
	g := p.ledger
	g.mu.Lock()
	g.still = true
	g.mu.Unlock()
	err := g.wait(func() bool {
		for i := range g.lanes {
			if g.lanes[i].busy != nil {
				return false
			}
		}
		return true
	})
	if err != nil {
		p.release()
	}
	return err
}

func (p *Pair) release() {
	p.ledger.mu.Lock()
	defer p.ledger.mu.Unlock()
	p.ledger.still = false
	p.ledger.moved.Broadcast()
}

// drainThrough brings the shadow up to the log's end, through one connection. It
// returns the position at that end. Where reading is begun anew meanwhile, older images come
// once more and may be among those applied: the end is then marked again.
func (p *Pair) drainThrough(ctx context.Context, mark func(context.Context) (uint64, error), apply func(context.Context, Batch) error) (stream.Position, error) {
	at, err := p.drainNow(ctx, mark, apply)
	if errors.Is(err, context.DeadlineExceeded) && context.Cause(ctx) != ctx.Err() { // what a driver was cut off from is for the budget's reason
		err = fmt.Errorf("%w: %v", context.Cause(ctx), err)
	}
	return at, err
}

func (p *Pair) drainNow(ctx context.Context, mark func(context.Context) (uint64, error), apply func(context.Context, Batch) error) (stream.Position, error) {
	stop := context.AfterFunc(ctx, func() { p.ledger.moved.Broadcast() })
	defer stop()
	for {
		turn := p.ledger.turn()
		seq, err := p.reachThrough(ctx, mark)
		if err != nil {
			return "", err
		}
		for lane := range p.ledger.lanes {
			if err := p.empty(ctx, lane, apply); err != nil {
				return "", err
			}
		}
		at := p.follow.resume(seq)
		if p.ledger.turn() == turn {
			return at, nil
		}
	}
}

// reachThrough is reach within the time that the context leaves.
func (p *Pair) reachThrough(ctx context.Context, mark func(context.Context) (uint64, error)) (uint64, error) {
	n, err := mark(ctx)
	if err != nil {
		return 0, fmt.Errorf("mark the log's end: %w", err)
	}
	var seq uint64
	g := p.ledger
	err = g.wait(func() bool { seq = g.marked; return g.mark >= n || ctx.Err() != nil })
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return seq, err
}

// empty applies everything that a lane has.
func (p *Pair) empty(ctx context.Context, lane int, apply func(context.Context, Batch) error) error {
	for {
		b := p.ledger.take(lane)
		if len(b.entries) == 0 {
			p.ledger.restore(b)
			return nil
		}
		b.L = p.follow.resume(b.l)
		if err := apply(ctx, b.Batch); err != nil {
			p.ledger.restore(b)
			if ctx.Err() != nil { // the time under the lock is over, which says nothing of the batch
				err = context.Cause(ctx)
			}
			return fmt.Errorf("apply the last %d changed rows: %w", len(b.Images), err)
		}
		p.ledger.applied(b)
	}
}
