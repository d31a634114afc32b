package shadow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/pause"
)

// idle is how long a lane that has nothing to do waits before it stores L anyway,
// so that the server's log can go.
const idle = 2 * time.Second

// apply brings one lane's keys to their images until the context is over.
func (p *Pair) apply(ctx context.Context, n int) error {
	stored := time.Now()
	for {
		idleFor := idle - time.Since(stored)
		if err := p.awaitWork(n, idleFor); err != nil {
			return err
		}
		b, err := p.ledger.claim(n)
		if err != nil {
			return err
		}
		if len(b.entries) == 0 && (b.l == p.ledger.storedL(n) || time.Since(stored) < idle && !p.ledger.asked(b)) {
			p.ledger.restore(b)
			stored = time.Now()
			continue
		}
		if len(b.entries) > 0 && p.unbuilt() {
			p.ledger.restore(b)
			if err := p.build(ctx); err != nil {
				return err
			}
			continue
		}
		if err := p.attempt(ctx, b); err != nil {
			return err
		}
		stored = time.Now()
	}
}

// awaitWork returns when the lane has work and may do it, or after a while.
func (p *Pair) awaitWork(n int, most time.Duration) error {
	over := false
	t := time.AfterFunc(max(most, time.Millisecond), func() {
		p.ledger.mu.Lock()
		over = true
		p.ledger.mu.Unlock()
		p.ledger.moved.Broadcast()
	})
	defer t.Stop()
	return p.ledger.wait(func() bool {
		if p.ledger.still {
			return false
		}
		return over || len(p.ledger.lanes[n].pending) > 0 || p.ledger.mayStore(n)
	})
}

func (g *ledger) storedL(n int) uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lanes[n].stored
}

// attempt applies a batch, again and again while only chance is against it.
func (p *Pair) attempt(ctx context.Context, b *batch) error {
	for try := 0; ; try++ {
		b.L = p.follow.resume(b.l)
		err := p.table.Apply(ctx, b.Batch)
		if err == nil {
			p.ledger.applied(b)
			return fault.Point("shadow.batch_applied")
		}
		p.ledger.restore(b)
		var dup *DuplicateError
		switch {
		case errors.As(err, &dup):
			return p.settle(ctx, b.Lane)
		case !dberr.Temporary(err) || try == mostTries || ctx.Err() != nil:
			return fmt.Errorf("apply %d changed rows: %w", len(b.Images), err)
		}
		if err := pause.Backoff(ctx, try); err != nil {
			return err
		}
		if b, err = p.ledger.claim(b.Lane); err != nil {
			return err
		}
	}
}

// claim is take by a lane of its own accord: not while others apply what is pending. That
// test and the taking are one, or a batch would be on its way that nobody waits for.
func (g *ledger) claim(n int) (*batch, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.await(func() bool { return !g.still }); err != nil {
		return nil, err
	}
	return g.grab(n), nil
}

// settle is what follows a duplicate, which by itself proves nothing: a chunk may
// have read a row that the stream has not come to yet. With no chunk being read and
// the log read to its end, what is pending is one state of the source.
func (p *Pair) settle(ctx context.Context, lane int) error {
	p.ledger.hush(1)
	defer p.ledger.hush(-1)
	if err := p.ledger.wait(func() bool { return p.ledger.chunks.readings() == 0 }); err != nil {
		return err
	}
	for try := 0; ; try++ {
		if _, err := p.reach(ctx, p.table.Mark); err != nil && !dberr.Temporary(err) {
			return err
		} else if err == nil {
			err = p.settled(ctx, lane)
			// Rows that were equal may be no more when they are looked for, and while the log is
			// being read anew old images are among those applied.
			gone := errors.Is(err, ErrForeign) && try < mostSettled
			if err == nil || !dberr.Temporary(err) && !gone {
				return err
			}
		}
		if try == mostTries {
			return dberr.Mark(dberr.LockTimeout, errors.New("apply changed rows: the locks they need were never granted"))
		}
		if err := pause.Backoff(ctx, try); err != nil {
			return err
		}
	}
}

// mostSettled is how often a duplicate may stay without two rows in the source that
// explain it: with pauses some ten seconds.
const mostSettled = 10

func (p *Pair) settled(ctx context.Context, lane int) error {
	b, err := p.ledger.claim(lane)
	if err != nil {
		return err
	}
	b.L = p.follow.resume(b.l)
	if err = p.table.Apply(ctx, b.Batch); err == nil {
		p.ledger.applied(b)
		return nil
	}
	p.ledger.restore(b)
	var dup *DuplicateError
	if errors.As(err, &dup) {
		return p.judge(ctx, dup)
	}
	return fmt.Errorf("apply %d changed rows: %w", len(b.Images), err)
}

// judge decides what a duplicate that stayed means.
func (p *Pair) judge(ctx context.Context, dup *DuplicateError) error {
	c, ok, err := p.table.Conflict(ctx, dup)
	switch {
	case err != nil:
		return fmt.Errorf("look for rows that are equal under %s: %w", dup.Index, err)
	case ok:
		return c
	}
	return fmt.Errorf("%w: %w; the source has no two rows that are equal under %s", ErrForeign, dup, dup.Index)
}

// hush keeps chunks from beginning.
func (g *ledger) hush(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.quiet += n
	g.moved.Broadcast()
}
