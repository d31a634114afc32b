package backfill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/pause"
)

// Sweeping reads this many rows at a time and takes this many keys from them.
const (
	sweepRows = 50_000
	sweepKeys = 500
	// oneWait is how long a single row is waited for. The transaction holds no
	// other row, so nobody deadlocks with it; the application that waits behind
	// it waits no longer than one update.
	oneWait = 500 * time.Millisecond
)

// sweep repeats until a search of the whole table finds nothing: rows that were
// locked when their chunk came by are filled one at a time. It returns the
// number of searches.
func (r *Runner) sweep(ctx context.Context) (int, error) {
	blocked := map[Key]time.Time{}
	for pass := 1; ; pass++ {
		found, err := r.search(ctx, blocked)
		if err != nil {
			return pass, fmt.Errorf("search for rows that were locked: %w", err)
		}
		if found == 0 {
			return pass, nil
		}
		if len(blocked) > 0 {
			if err := pause.Backoff(ctx, min(pass, 6)); err != nil {
				return pass, err
			}
		}
	}
}

// search goes through the table once and fills what it finds; it returns how
// many rows it found, filled or not.
func (r *Runner) search(ctx context.Context, blocked map[Key]time.Time) (int, error) {
	found := 0
	for low := Key(""); ; {
		if err := r.o.Control(ctx); err != nil {
			return found, err
		}
		high, err := r.table.Boundary(ctx, low, "", sweepRows)
		if err != nil {
			return found, err
		}
		n, err := r.fillMissing(ctx, Chunk{low, high}, blocked)
		found += n
		if err != nil || high == "" {
			return found, err
		}
		low = high
	}
}

func (r *Runner) fillMissing(ctx context.Context, c Chunk, blocked map[Key]time.Time) (int, error) {
	found := 0
	for {
		keys, err := r.table.Missing(ctx, c, sweepKeys)
		if err != nil {
			return found, err
		}
		for _, k := range keys {
			found++
			if err := r.one(ctx, k, blocked); err != nil {
				return found, err
			}
			c.Low = k
		}
		if len(keys) < sweepKeys {
			return found, nil
		}
	}
}

func (r *Runner) one(ctx context.Context, k Key, blocked map[Key]time.Time) error {
	f, err := r.table.FillOne(ctx, k, oneWait)
	switch {
	case err == nil:
		delete(blocked, k)
		r.written.add(f.Written)
		return nil
	case errors.Is(err, dberr.LockTimeout), errors.Is(err, dberr.Deadlock):
		since, ok := blocked[k]
		if !ok {
			since = time.Now()
			if len(blocked) < sweepKeys { // memory stays bounded however many are locked
				blocked[k] = since
			}
		}
		r.o.Blocked(k, time.Since(since))
		return r.o.Control(ctx)
	}
	return fmt.Errorf("fill row %s: %w", k, err)
}
