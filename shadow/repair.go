package shadow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/pause"
)

// repair copies rows anew that differ, a few at a time, and returns the keys that differ
// still. With a part's rows held and everything written before applied, nothing of them is on its
// way; what comes later is applied after. A row may meet another one in a unique key that is itself
// yet to be repaired, so what failed is tried again as long as that helps.
func (p *Pair) repair(ctx context.Context, c Comparer, keys []string) ([]string, error) {
	for {
		var left []string
		for part := range slices.Chunk(keys, heldKeys) {
			failed, err := p.repairHeld(ctx, c, part)
			if err != nil {
				return nil, err
			}
			left = append(left, failed...)
		}
		if len(left) == 0 || len(left) == len(keys) {
			return left, nil
		}
		keys = left
	}
}

// repairHeld returns the keys that differ still.
func (p *Pair) repairHeld(ctx context.Context, c Comparer, keys []string) ([]string, error) {
	var left []string
	for try := 0; ; try++ {
		err := c.Hold(ctx, keys, func(ctx context.Context) error {
			differ, err := p.again(ctx, c, keys)
			if err != nil || len(differ) == 0 {
				return err
			}
			if err := c.Repair(ctx, differ); err != nil {
				return err
			}
			left, err = p.again(ctx, c, differ)
			return err
		})
		var dup *DuplicateError
		switch {
		case err == nil:
			return left, nil
		case errors.As(err, &dup), errors.Is(err, dberr.DataError): // another row is in the way, or the shape can't hold it
			return keys, nil
		case !dberr.Temporary(err) || try == mostTries:
			return nil, fmt.Errorf("hold and copy the rows %s: %w", strings.Join(readable(c, keys), "; "), err)
		}
		if err := pause.Backoff(ctx, try); err != nil {
			return nil, err
		}
	}
}
