package shadow

import (
	"context"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/state"
)

// Copy copies the next n rows of a segment: it makes what is left of the segment
// reading, has the server read and write a chunk of it with its checkpoint, and makes that
// chunk committed and the rest open again. Errors: dberr.Deadlock where the chunk is to be
// read again, smaller; *ConflictError; those of Table.Copy.
func (p *Pair) Copy(ctx context.Context, seg state.Segment, n int) (Copied, error) {
	b, err := p.boundsOf(ctx, seg)
	if err != nil {
		return Copied{}, err
	}
	if err := p.mayBegin(); err != nil {
		return Copied{}, err
	}
	p.ledger.begin(seg.Number, b)
	if err := fault.Point("shadow.chunk_reading"); err != nil {
		return Copied{}, err
	}
	got, err := p.table.Copy(ctx, seg, n)
	var dup *DuplicateError
	switch {
	case err == nil:
		return got, p.committedTo(ctx, seg.Number, got.Next)
	case errors.As(err, &dup):
		p.ledger.reopen(seg.Number)
		return p.copyAgain(ctx, seg, n, dup)
	}
	p.ledger.reopen(seg.Number)
	return Copied{}, err
}

// committedTo makes what was read committed. Until its place is known it stays
// reading, where nothing of it is dropped or applied.
func (p *Pair) committedTo(ctx context.Context, number int, next state.Segment) error {
	at, err := p.places(ctx, next.Cursor)
	if err != nil {
		return err
	}
	p.ledger.commit(number, at[0], next.Done)
	p.duplicates(number, false)
	return fault.Point("shadow.chunk_committed")
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

func (p *Pair) boundsOf(ctx context.Context, seg state.Segment) (bounds, error) {
	at, err := p.places(ctx, seg.Cursor, seg.Low, seg.High)
	if err != nil {
		return bounds{}, err
	}
	return bounds{cursor: at[0], low: at[1], high: at[2], open: seg.High == ""}, nil
}

// mayBegin waits until the changes kept leave room and nobody waits for chunks to end.
func (p *Pair) mayBegin() error {
	g := p.ledger
	return g.wait(func() bool { return g.quiet == 0 && g.builds == 0 && g.bytes < p.o.Memory/2 })
}

// lastResort is after how many duplicates of one chunk it is read under a lock.
const lastResort = 8

// copyAgain is what follows a duplicate met by a chunk: the applier passes the log's
// end as it is now, then the chunk is read anew, smaller each time. Only with
// values that move all the time does it come to the lock.
func (p *Pair) copyAgain(ctx context.Context, seg state.Segment, n int, dup *DuplicateError) (Copied, error) {
	if c, ok, err := p.table.Conflict(ctx, dup); err != nil || ok {
		if ok {
			return Copied{}, c
		}
		return Copied{}, fmt.Errorf("look for rows that are equal under %s: %w", dup.Index, err)
	}
	if dup.Walk {
		return Copied{}, fmt.Errorf("%w: %w", ErrForeign, dup)
	}
	if p.duplicates(seg.Number, true) >= lastResort {
		return p.copyLocked(ctx, seg, n)
	}
	if err := p.Drain(ctx); err != nil {
		return Copied{}, err
	}
	return Copied{}, dberr.Mark(dberr.Deadlock, fmt.Errorf("a value moved between rows while they were read: %w", dup))
}

func (p *Pair) copyLocked(ctx context.Context, seg state.Segment, n int) (Copied, error) {
	if err := p.build(ctx); err != nil { // what is drained under the lock is applied
		return Copied{}, err
	}
	p.ledger.hush(1)
	defer p.ledger.hush(-1)
	if err := p.ledger.wait(func() bool { return p.ledger.chunks.readings() == 0 }); err != nil {
		return Copied{}, err
	}
	if err := p.hold(); err != nil {
		return Copied{}, err
	}
	defer p.release()
	b, err := p.boundsOf(ctx, seg)
	if err != nil {
		return Copied{}, err
	}
	// From before the lock is taken: what the log brings of these keys is held.
	p.ledger.begin(seg.Number, b)
	got, err := p.table.CopyLocked(ctx, seg, n, p.drainThrough)
	if err != nil {
		p.ledger.reopen(seg.Number)
		var dup *DuplicateError
		if errors.As(err, &dup) {
			return Copied{}, p.judge(ctx, dup)
		}
		return Copied{}, err
	}
	return got, p.committedTo(ctx, seg.Number, got.Next)
}
