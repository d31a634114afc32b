// Package pause waits without outliving the one who waits: every wait of a run ends with its context. It owns no retry;
// what is tried again, and how often, is its callers'.
package pause

import (
	"context"
	"math/rand/v2"
	"time"
)

// For waits for d, or returns why ctx ended.
func For(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Backoff waits before the next try, try being how many have failed before this one: 10 to 20 ms at first, twice as long each time, up to 5 s.
// It is a random half of the time, so that those who got into each other's way don't meet again.
func Backoff(ctx context.Context, try int) error {
	d := min(20*time.Millisecond<<min(try, 8), 5*time.Second)
	return For(ctx, d/2+rand.N(d/2))
}
