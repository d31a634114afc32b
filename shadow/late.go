package shadow

import (
	"context"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/pause"
)

// Builder is a Table whose target may be filled without the index by which its rows are found: one sort of all
// rows costs a fraction of finding a place for each of them, and of the log that this writes. Before that index is built
// nothing can be applied.
type Builder interface {
	// Unbuilt reports whether the index is missing.
	Unbuilt() bool
	// Build builds it, in one transaction with the check of the lease. Nobody copies or applies meanwhile.
	// *DuplicateError: there are rows that this run did not write.
	Build(ctx context.Context) error
}

// unbuilt: nothing can be applied yet.
func (p *Pair) unbuilt() bool {
	t, ok := p.table.(Builder)
	return ok && t.Unbuilt()
}

// build is what applying the first change, and the end of the copy, wait for. A change is applied later by it, which is
// harmless: L stands before it. No chunk may be under way, since it would have to wait for the index.
func (p *Pair) build(ctx context.Context) error {
	if !p.unbuilt() {
		return nil
	}
	g := p.ledger
	g.build(1)
	defer g.build(-1)
	p.building.Lock()
	defer p.building.Unlock()
	if err := g.wait(func() bool { return g.chunks.readings() == 0 }); err != nil {
		return err
	}
	for try := 0; p.unbuilt(); try++ {
		err := p.table.(Builder).Build(ctx)
		var dup *DuplicateError
		switch {
		case err == nil:
			return fault.Point("shadow.indexed")
		case errors.As(err, &dup):
			return fmt.Errorf("%w: %w", ErrForeign, dup)
		case !dberr.Temporary(err) || try == mostTries || ctx.Err() != nil:
			return fmt.Errorf("build the index of the copy's key: %w", err)
		}
		if err := pause.Backoff(ctx, try); err != nil {
			return err
		}
	}
	return nil
}

// build keeps chunks from beginning, as hush does. What the log brings meanwhile stays within the
// memory's limit, since nobody waits for the log's end.
func (g *ledger) build(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.builds += n
	g.moved.Broadcast()
}
