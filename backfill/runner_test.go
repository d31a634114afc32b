package backfill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// model is a table in memory: sorted keys, each filled or not. It models only
// what the walk itself decides (ranges, order, retries); what a server does is
// tested on servers.
type model struct {
	mu       sync.Mutex
	keys     []string
	filled   map[string]int
	locked   map[string]int // how many more times a key is skipped
	segments map[int]state.Segment
	ranges   []Chunk
	lose     int // every n-th commit loses its answer
	commits  int
}

func newModel(n int) *model {
	m := &model{filled: map[string]int{}, locked: map[string]int{}, segments: map[int]state.Segment{}}
	for i := range n {
		m.keys = append(m.keys, fmt.Sprintf("k%06d", i*3))
	}
	return m
}

func (m *model) in(c Chunk) []string {
	var out []string
	for _, k := range m.keys {
		if k > c.Low && (c.High == "" || k <= c.High) {
			out = append(out, k)
		}
	}
	return out
}

func (m *model) Boundary(_ context.Context, low, high Key, n int) (Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if in := m.in(Chunk{low, high}); len(in) >= n {
		return in[n-1], nil
	}
	return "", nil
}

func (m *model) End(context.Context) (Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.keys) == 0 {
		return "", nil
	}
	return m.keys[len(m.keys)-1], nil
}

func (m *model) Count(_ context.Context, c Chunk) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.in(c))), nil
}

func (m *model) Fill(_ context.Context, c Chunk, seg state.Segment) (Filled, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	in := m.in(c)
	for _, k := range in {
		if m.locked[k] > 0 {
			m.locked[k]--
			continue
		}
		m.filled[k]++
	}
	m.ranges = append(m.ranges, c)
	m.segments[seg.Number] = seg
	m.commits++
	if m.lose > 0 && m.commits%m.lose == 0 {
		return Filled{}, dberr.Mark(dberr.ConnLost, fmt.Errorf("answer lost"))
	}
	return Filled{Written: int64(len(in))}, nil
}

func (m *model) Missing(_ context.Context, c Chunk, n int) ([]Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Key
	for _, k := range m.in(c) {
		if m.filled[k] == 0 && len(out) < n {
			out = append(out, k)
		}
	}
	return out, nil
}

func (m *model) FillOne(_ context.Context, k Key, _ time.Duration) (Filled, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locked[k] > 0 {
		m.locked[k]--
		return Filled{}, dberr.Mark(dberr.LockTimeout, fmt.Errorf("locked"))
	}
	m.filled[k]++
	return Filled{Written: 1}, nil
}

func (m *model) Segments(context.Context) ([]state.Segment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []state.Segment
	for _, s := range m.segments {
		out = append(out, s)
	}
	return out, nil
}

func (m *model) PutSegment(_ context.Context, s state.Segment) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.segments[s.Number] = s
	return nil
}

type freePace struct{}

func (freePace) Wait(context.Context, int64, time.Duration) (string, error) { return "", nil }
func (freePace) Part(time.Duration) float64                                 { return 1 }

func options(workers int) Options {
	return Options{Run: "r", Step: "s", Workers: workers, Target: time.Millisecond, SegmentRows: 700, Pace: freePace{}}
}

// TestWalkCoversEveryKeyOnce holds the promise that chunks partition the key
// space, for any number of rows and workers.
func TestWalkCoversEveryKeyOnce(t *testing.T) {
	for _, rows := range []int{0, 1, 2, 499, 500, 501, 699, 700, 701, 1400, 5000} {
		for _, workers := range []int{1, 3} {
			for _, ends := range []bool{true, false} {
				coversOnce(t, rows, workers, ends)
			}
		}
	}
}

// endless is a model that doesn't know its last row.
type endless struct {
	Table
	Counter
}

func coversOnce(t *testing.T, rows, workers int, ends bool) {
	t.Helper()
	m := newModel(rows)
	table := Table(m)
	if !ends {
		table = endless{m, m}
	}
	sum, err := New(table, m, options(workers)).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sum.Rows != int64(rows) {
		t.Fatalf("%d rows, %d workers: %d are told", rows, workers, sum.Rows)
	}
	for _, k := range m.keys {
		if m.filled[k] != 1 {
			t.Fatalf("%d rows, %d workers: key %s was filled %d times", rows, workers, k, m.filled[k])
		}
	}
	for _, s := range m.segments {
		if !s.Done {
			t.Fatalf("segment %d is open after the walk", s.Number)
		}
	}
}

// growing is a table into which more rows are inserted than are walked, each filled by a trigger.
type growing struct{ *model }

func (g growing) Fill(ctx context.Context, c Chunk, seg state.Segment) (Filled, error) {
	f, err := g.model.Fill(ctx, c, seg)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.keys) < 100_000 {
		for range 2 * f.Written {
			k := fmt.Sprintf("n%09d", len(g.keys))
			g.keys, g.filled[k] = append(g.keys, k), 1
		}
	}
	return f, err
}

// TestWalkEndsWhereTheTableEnded: what an application inserts meanwhile doesn't keep it going, nor when it is called again.
func TestWalkEndsWhereTheTableEnded(t *testing.T) {
	g := growing{newModel(5000)}
	o := options(1)
	left := 4
	stop := fmt.Errorf("stopped")
	o.ChunkRows, o.Control = 500, func(context.Context) error {
		if left--; left == 0 {
			return stop
		}
		return nil
	}
	if _, err := New(g, g.model, o).Run(t.Context()); err != stop {
		t.Fatal(err)
	}
	sum, err := New(g, g.model, o).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(g.keys) > 60_000 || sum.Rows > 30_000 {
		t.Errorf("%d rows walked of %d", sum.Rows, len(g.keys))
	}
	for _, k := range g.keys {
		if g.filled[k] == 0 {
			t.Fatalf("key %s wasn't filled", k)
		}
	}
}

// TestWalkResumesAtTheCursor stops the walk at random chunks, many times, and
// wants every key filled once: a committed chunk is never done again.
func TestWalkResumesAtTheCursor(t *testing.T) {
	m := newModel(5000)
	r := rand.New(rand.NewPCG(1, 2))
	stop := fmt.Errorf("stopped")
	for tries := 0; ; tries++ {
		o := options(2)
		var mu sync.Mutex
		left := r.IntN(6)
		o.Control = func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			if left--; left < 0 && tries < 200 {
				return stop
			}
			return nil
		}
		if _, err := New(m, m, o).Run(t.Context()); err == nil {
			break
		}
	}
	for _, k := range m.keys {
		if m.filled[k] != 1 {
			t.Fatalf("key %s was filled %d times", k, m.filled[k])
		}
	}
}

// TestLockedRowsComeAgain: rows skipped in the walk are found by the sweep, also
// those that stay locked for a while.
func TestLockedRowsComeAgain(t *testing.T) {
	m := newModel(3000)
	for i := 0; i < len(m.keys); i += 7 {
		m.locked[m.keys[i]] = 1 + i%3
	}
	sum, err := New(m, m, options(2)).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sum.Passes < 2 {
		t.Fatalf("passes: %d", sum.Passes)
	}
	for _, k := range m.keys {
		if m.filled[k] != 1 {
			t.Fatalf("key %s was filled %d times", k, m.filled[k])
		}
	}
}

// TestLostAnswerIsReadBack: the commit went through, its answer didn't; the
// segment tells, and the chunk isn't done twice.
func TestLostAnswerIsReadBack(t *testing.T) {
	m := newModel(3000)
	m.lose = 3
	if _, err := New(m, m, options(1)).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, k := range m.keys {
		if m.filled[k] != 1 {
			t.Fatalf("key %s was filled %d times", k, m.filled[k])
		}
	}
}

func TestSizerFollowsItsTarget(t *testing.T) {
	s := NewSizer(100*time.Millisecond, 0)
	for range 40 {
		n := s.Rows(1)
		s.Took(n, time.Duration(n)*50*time.Microsecond) // 20,000 rows a second
	}
	if got := s.Rows(1); got < 1900 || got > 2100 {
		t.Fatalf("size %d, want about 2000", got)
	}
	s.Shrink()
	if got := s.Rows(1); got > 1050 {
		t.Fatalf("size after a conflict %d", got)
	}
	if NewSizer(time.Second, 77).Rows(0.1) != 77 {
		t.Fatal("a fixed size moved")
	}
}

// TestSizerLeavesAShare: chunks are shorter by the share, down to what is worth a
// transaction, and a short one doesn't change what a whole one is.
func TestSizerLeavesAShare(t *testing.T) {
	s := NewSizer(200*time.Millisecond, 0)
	for _, share := range []float64{1, 0.5, 0.01} {
		for range 20 {
			n := s.Rows(share)
			s.Took(n, time.Duration(n)*50*time.Microsecond)
		}
		want := map[float64]int{1: 4000, 0.5: 2000, 0.01: 400}[share] // 20 ms at the least
		if got := s.Rows(share); got < want-50 || got > want+50 {
			t.Errorf("size %d at a share of %g, want about %d", got, share, want)
		}
	}
	if got := s.Rows(1); got < 3900 || got > 4100 {
		t.Errorf("a whole chunk has %d rows after short ones", got)
	}
}

// countingPace counts what it is asked.
type countingPace struct {
	mu    sync.Mutex
	waits int
	rows  int64
	first bool
}

func (p *countingPace) Wait(_ context.Context, n int64, took time.Duration) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.first = p.first || p.waits == 0 && n == 0 && took == 0
	p.waits++
	p.rows += n
	return "", nil
}

func (p *countingPace) Part(time.Duration) float64 { return 1 }

// TestPaceIsAskedFirst: before the first chunk, too, and for the rows of every chunk but
// the worker's last.
func TestPaceIsAskedFirst(t *testing.T) {
	m, p := newModel(5000), &countingPace{}
	o := options(1)
	o.Pace, o.ChunkRows = p, 100
	if _, err := New(m, m, o).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !p.first || p.rows < 4900 {
		t.Errorf("asked first: %v; for %d of 5000 rows", p.first, p.rows)
	}
}

func TestClaimsKeepTheFrontier(t *testing.T) {
	m := newModel(2000)
	if _, err := New(m, m, options(3)).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	var segs []state.Segment
	for _, s := range m.segments {
		segs = append(segs, s)
	}
	slices.SortFunc(segs, func(a, b state.Segment) int { return a.Number - b.Number })
	low, last := "", m.keys[len(m.keys)-1]
	for i, s := range segs {
		if s.Low != low || (s.High == last) != (i == len(segs)-1) {
			t.Fatalf("segment %d is (%q, %q] after %q", i, s.Low, s.High, low)
		}
		low = s.High
	}
}
