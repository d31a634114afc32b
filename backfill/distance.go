package backfill

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Distant is a Table whose server may be far away.
type Distant interface {
	// Ping waits for one round trip to the server and next to nothing else.
	Ping(ctx context.Context) error
	// Trips is how many of them a chunk waits for one after the other, however many rows it has.
	Trips() int
}

// Distance tells the network's part of a chunk's time from the server's. The network's doesn't get
// less with fewer rows: a size that followed the whole of it would shrink to next to nothing as soon as a few round trips
// take longer than a chunk should.
type Distance struct {
	Of any // a table; one that is not Distant has no distance

	mu    sync.Mutex
	trips []time.Duration // the last ones, the latest at the end
	at    time.Time
}

// A distance is measured anew after a while, since a network may become slow. The shortest of the last pings is the network's: a longer one
// may be a server that is busy, and what is taken off for it would let chunks hold their locks for longer than they are meant to.
const (
	measuredFor = 2 * time.Second
	pings       = 5
)

// leastOwn bounds what is taken off: at least so much of a chunk's time is the server's.
const leastOwn = 1.0 / 16

// Off is what is left of a chunk's time without the network's part.
func (d *Distance) Off(ctx context.Context, took time.Duration) time.Duration {
	t, ok := d.Of.(Distant)
	if !ok {
		return took
	}
	away := time.Duration(t.Trips()) * d.roundTrip(ctx, t)
	return max(took-away, time.Duration(leastOwn*float64(took)))
}

// roundTrip is measured by the one worker that finds it old. A ping that fails leaves what was known: the next statement tells.
func (d *Distance) roundTrip(ctx context.Context, t Distant) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Since(d.at) >= measuredFor {
		d.measure(ctx, t)
	}
	if len(d.trips) == 0 {
		return 0
	}
	return slices.Min(d.trips)
}

// measure pings twice the first time, when a ping may be what opens a connection.
func (d *Distance) measure(ctx context.Context, t Distant) {
	for first := len(d.trips) == 0; ; first = false {
		begin := time.Now()
		if t.Ping(ctx) != nil {
			return
		}
		d.trips = append(d.trips, time.Since(begin))
		if !first {
			break
		}
	}
	d.trips = d.trips[max(len(d.trips)-pings, 0):]
	d.at = time.Now()
}
