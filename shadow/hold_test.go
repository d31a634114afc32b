package shadow

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/stream"
)

// deadlocked is a table on which the first batch is the victim of a deadlock. It
// counts the batches that come while nobody else may apply.
type deadlocked struct {
	Table
	held    atomic.Bool
	applied atomic.Int32
	wrong   atomic.Int32
}

func (d *deadlocked) Lanes() int { return 2 }

func (d *deadlocked) Apply(context.Context, Batch) error {
	if d.held.Load() {
		d.wrong.Add(1)
	}
	if d.applied.Add(1) == 1 {
		return dberr.Mark(dberr.Deadlock, errors.New("deadlock"))
	}
	return nil
}

type noLog struct{ stream.Source }

func (noLog) Resume(uint64) stream.Position { return "" }

// A batch that was rolled back and is about to be tried again must not be tried
// while the cut-over applies what is pending: it would change the old table's shadow after
// the names have changed, or nothing at all, and L is past it.
func TestRetryWaitsForTheCutOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := &deadlocked{}
		p := &Pair{table: table, ledger: newLedger(2, false), o: Options{Memory: 1 << 20}}
		p.ledger.chunks.whole = true
		p.follow = &follower{p: p, source: noLog{}}
		p.ledger.add([]located{{place: "a"}}, 1)
		var lane = laneOf("a", 2)
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan error, 1)
		go func() { over <- p.apply(ctx, lane) }()
		synctest.Wait() // in the pause after the deadlock
		if err := p.hold(); err != nil {
			t.Fatal(err)
		}
		table.held.Store(true)
		time.Sleep(time.Minute)
		if n := table.wrong.Load(); n > 0 {
			t.Errorf("%d batches were applied beside the cut-over", n)
		}
		table.held.Store(false)
		p.release()
		time.Sleep(time.Second)
		if n := table.applied.Load(); n != 2 {
			t.Errorf("%d batches came, want the first and its retry", n)
		}
		cancel()
		p.ledger.fail(context.Canceled)
		<-over
	})
}
