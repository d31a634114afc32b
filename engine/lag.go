package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
)

// beatEvery is how often the heartbeat is written while replicas are watched, and so
// how exact their lag is.
const beatEvery = 200 * time.Millisecond

// beat is the last heartbeat written.
type beat struct {
	mu      sync.Mutex
	value   time.Time // the server's clock
	written time.Time // ours
	err     error
}

// follower is a replica that the plan names.
type follower struct {
	dialect.Replica
	name  string
	since time.Time
	blind bool // it doesn't show the heartbeat, and this was told
}

// beats writes the lease's heartbeat in short intervals, for replicas to show.
func (w *watch) beats(ctx context.Context) error {
	for len(w.replicas) > 0 && ctx.Err() == nil {
		if err := w.write(ctx); errors.Is(err, state.ErrFenced) {
			return err
		}
		_ = pause.For(ctx, beatEvery) // ctx ends the loop
	}
	return nil
}

// write isn't cut short when the work ends: a statement that is cancelled takes its
// connection with it, which is the lease's, and a second runner would find the lease free.
func (w *watch) write(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.s.e.config.LeaseTTL)
	defer cancel()
	at, err := w.s.e.db.Store.Beat(ctx, w.s.lease)
	w.beat.mu.Lock()
	defer w.beat.mu.Unlock()
	if w.beat.err = err; err == nil {
		w.beat.value, w.beat.written = at, time.Now()
	}
	return err
}

// lag is the age of the oldest heartbeat that the replica doesn't show. Both ends are the
// primary's clock, so that a replica's clock that is off doesn't matter; it is exact to the interval
// of the heartbeat. A replica that doesn't show it, since it replicates a part only or
// hides it from this account, is believed what it says itself.
func (w *watch) lag(ctx context.Context, r *follower) ([]throttle.Signal, error) {
	l, err := w.s.limits()
	if err != nil {
		return nil, err
	}
	d, err := w.behind(ctx, r)
	if err != nil {
		return nil, err
	}
	return []throttle.Signal{{Name: "replica_lag", Of: r.name, Value: d.Seconds(), Limit: l.lag.Seconds(), Unit: "s"}}, nil
}

func (w *watch) behind(ctx context.Context, r *follower) (time.Duration, error) {
	w.beat.mu.Lock()
	value, written, failed := w.beat.value, w.beat.written, w.beat.err
	w.beat.mu.Unlock()
	if failed != nil && time.Since(written) > 2*time.Second {
		return 0, fmt.Errorf("no heartbeat can be written: %w", failed)
	}
	seen, err := r.Beat(ctx, w.s.lease.Fence(w.step.Table))
	switch {
	case errors.Is(err, dberr.NotThere), errors.Is(err, dberr.Denied):
		w.tellBlind(r, err)
		return r.Lag(ctx)
	case err != nil:
		return 0, err
	}
	return late(value, seen, time.Since(written)), nil
}

// late is how far behind a replica is that shows one heartbeat, when the last one was
// written some time ago.
func late(last, seen time.Time, ago time.Duration) time.Duration {
	if !seen.Before(last) {
		return 0
	}
	return last.Sub(seen) + ago
}

// tellBlind waits a while: a replica that is only late will show it.
func (w *watch) tellBlind(r *follower, err error) {
	if r.blind || time.Since(r.since) < 5*time.Second {
		return
	}
	r.blind = true
	w.s.e.observe(Note{fmt.Sprintf("replica %s doesn't show the heartbeat (%s): the lag that it reports itself is taken", r.name, err)})
}
