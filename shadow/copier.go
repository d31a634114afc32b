package shadow

import (
	"context"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/state"
)

// Copy copies one chunk: it makes it reading, has the server read and write it
// with its checkpoint, and makes it committed, or open again. after is the segment as it
// is to be stored. Errors: dberr.Deadlock where the chunk is to be read again, smaller;
// *ConflictError; those of Table.Copy.
func (p *Pair) Copy(ctx context.Context, r Range, after state.Segment) (int64, error) {
	b, err := p.boundsOf(ctx, r, after)
	if err != nil {
		return 0, err
	}
	if err := p.mayBegin(); err != nil {
		return 0, err
	}
	p.ledger.begin(after.Number, b)
	if err := fault.Point("shadow.chunk_reading"); err != nil {
		return 0, err
	}
	n, err := p.table.Copy(ctx, r, after)
	var dup *DuplicateError
	switch {
	case err == nil:
		p.ledger.commit(after.Number)
		p.duplicates(after.Number, false)
		return n, fault.Point("shadow.chunk_committed")
	case errors.As(err, &dup):
		p.ledger.reopen(after.Number)
		return p.copyAgain(ctx, r, after, dup)
	}
	p.ledger.reopen(after.Number)
	return 0, err
}

// duplicates counts those that a segment's next chunk has met.
func (p *Pair) duplicates(segment int, more bool) int {
	p.ledger.mu.Lock()
	defer p.ledger.mu.Unlock()
	if !more {
		delete(p.met, segment)
		return 0
	}
	p.met[segment]++
	return p.met[segment]
}

func (p *Pair) boundsOf(ctx context.Context, r Range, seg state.Segment) (bounds, error) {
	at, err := p.places(ctx, r.Low, r.High, seg.Low, seg.High)
	if err != nil {
		return bounds{}, err
	}
	return bounds{low: at[0], high: at[1], openHigh: r.High == "", segLow: at[2], segHigh: at[3], segOpen: seg.High == ""}, nil
}

// mayBegin waits until the changes kept leave room and nobody waits for chunks to end.
func (p *Pair) mayBegin() error {
	g := p.ledger
	return g.wait(func() bool { return g.quiet == 0 && g.bytes < p.o.Memory/2 })
}

// lastResort is after how many duplicates of one chunk it is read under a lock.
const lastResort = 8

// copyAgain is what follows a duplicate met by a chunk: the applier passes the log's
// end as it is now, then the chunk is read anew, smaller each time. Only with
// values that move all the time does it come to the lock.
func (p *Pair) copyAgain(ctx context.Context, r Range, after state.Segment, dup *DuplicateError) (int64, error) {
	if c, ok, err := p.table.Conflict(ctx, dup); err != nil || ok {
		if ok {
			return 0, c
		}
		return 0, fmt.Errorf("look for rows that are equal under %s: %w", dup.Index, err)
	}
	if dup.Walk {
		return 0, fmt.Errorf("%w: %w", ErrForeign, dup)
	}
	if p.duplicates(after.Number, true) >= lastResort {
		return p.copyLocked(ctx, r, after)
	}
	if err := p.Drain(ctx); err != nil {
		return 0, err
	}
	return 0, dberr.Mark(dberr.Deadlock, fmt.Errorf("a value moved between rows while they were read: %w", dup))
}

func (p *Pair) copyLocked(ctx context.Context, r Range, after state.Segment) (int64, error) {
	p.ledger.hush(1)
	defer p.ledger.hush(-1)
	if err := p.ledger.wait(func() bool { return p.ledger.chunks.readings() == 0 }); err != nil {
		return 0, err
	}
	if err := p.hold(); err != nil {
		return 0, err
	}
	defer p.release()
	n, err := p.table.CopyLocked(ctx, r, after, p.drainThrough)
	var dup *DuplicateError
	if errors.As(err, &dup) {
		return 0, p.judge(ctx, dup)
	}
	if err != nil {
		return 0, err
	}
	// Nobody wrote between the drain and the commit: nothing was there to be held.
	b, err := p.boundsOf(ctx, r, after)
	if err != nil {
		return 0, err
	}
	p.ledger.begin(after.Number, b)
	p.ledger.commit(after.Number)
	return n, nil
}
