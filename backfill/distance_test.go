package backfill

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/phasemig/phasemig/state"
)

// far is a table behind a slow network: each call waits for it, and a row costs the server some time, too.
type far struct {
	*model
	trip, row time.Duration
}

func (f *far) Ping(context.Context) error {
	time.Sleep(f.trip)
	return nil
}

func (f *far) Trips() int { return 2 }

func (f *far) Boundary(ctx context.Context, low, high Key, n int) (Key, error) {
	time.Sleep(f.trip)
	return f.model.Boundary(ctx, low, high, n)
}

func (f *far) Fill(ctx context.Context, c Chunk, seg state.Segment) (Filled, error) {
	got, err := f.model.Fill(ctx, c, seg)
	time.Sleep(f.trip + time.Duration(got.Written)*f.row)
	return got, err
}

// TestChunksKeepTheirSizeOnASlowNetwork: round trips of twice a chunk's target leave its rows as they would be nearby.
func TestChunksKeepTheirSizeOnASlowNetwork(t *testing.T) {
	walk := func(trip time.Duration) (chunks int) {
		synctest.Test(t, func(t *testing.T) {
			f := &far{model: newModel(40_000), trip: trip, row: 100 * time.Microsecond}
			o := options(1)
			o.ChunkRows, o.SegmentRows, o.Target = 0, 100_000, 100*time.Millisecond
			if _, err := New(f, f.model, o).Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			chunks = f.commits
		})
		return chunks
	}
	near, away := walk(time.Microsecond), walk(100*time.Millisecond)
	t.Logf("%d chunks nearby, %d behind a slow network", near, away)
	if away > near*5/4 {
		t.Errorf("%d chunks behind a slow network, %d nearby", away, near)
	}
}

// TestABusyServerIsNoDistance: of pings that wait for the server now and then the network is the shortest.
func TestABusyServerIsNoDistance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{model: newModel(1), trip: 10 * time.Millisecond}
		d := Distance{Of: f}
		for n := range 20 {
			f.trip = 10 * time.Millisecond
			if n%4 > 0 {
				f.trip = 90 * time.Millisecond
			}
			if own := d.Off(t.Context(), 300*time.Millisecond); n > 0 && own != 280*time.Millisecond {
				t.Fatalf("%d: %s of 300 ms are the server's, want all but two trips of 10 ms", n, own)
			}
			time.Sleep(measuredFor)
		}
		f.trip = 50 * time.Millisecond
		for range pings {
			time.Sleep(measuredFor)
			d.Off(t.Context(), time.Second)
		}
		if own := d.Off(t.Context(), 300*time.Millisecond); own != 200*time.Millisecond {
			t.Errorf("%s of 300 ms are the server's on a network that became slow, want all but two trips of 50 ms", own)
		}
	})
}
