package throttle

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/phasemig/phasemig/internal/dberr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script answers a question a step, the last answer for ever.
type script struct {
	mu      sync.Mutex
	answers []any // []Signal, an error, or nil for no answer at all
	asked   int
}

func (s *script) source() Source {
	return Source{Name: "load", Every: time.Second, Ask: func(ctx context.Context) ([]Signal, error) {
		s.mu.Lock()
		a := s.answers[min(s.asked, len(s.answers)-1)]
		s.asked++
		s.mu.Unlock()
		switch a := a.(type) {
		case nil:
			<-ctx.Done()
			return nil, ctx.Err()
		case error:
			return nil, a
		default:
			return a.([]Signal), nil
		}
	}}
}

// running calls f while the pacer asks its sources.
func running(t *testing.T, p *Pacer, f func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var over sync.WaitGroup
	over.Go(func() { p.Run(ctx) })
	f()
	cancel()
	over.Wait()
}

var over = []Signal{{Name: "replica_lag", Of: "r1", Value: 9, Limit: 5, Unit: "s"}}
var under = []Signal{{Name: "replica_lag", Of: "r1", Value: 1, Limit: 5, Unit: "s"}}

func TestPacerHoldsWhileASignalIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []any{over, errors.New("no answer"), over, under}}
		p := &Pacer{Sources: []Source{s.source()}}
		running(t, p, func() {
			begin := time.Now()
			why, err := p.Wait(t.Context(), 100, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if got := time.Since(begin); got != 3*time.Second {
				t.Errorf("held for %s, want 3s: two lags and one silence", got)
			}
			if why != "held back: replica_lag (r1) 9 > 5 s" {
				t.Errorf("held because %q", why)
			}
		})
	})
}

// A source that hangs holds the work, whatever it said before.
func TestSilenceHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Pacer{Sources: []Source{(&script{answers: []any{under, nil}}).source()}}
		running(t, p, func() {
			if why, err := p.Wait(t.Context(), 1, 0); why != "" || err != nil {
				t.Fatal(why, err)
			}
			time.Sleep(4 * time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			why, err := p.Wait(ctx, 1, 0)
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(why, "load can't be read: no answer within 2s") {
				t.Errorf("%q, %v", why, err)
			}
		})
		if st := p.State(); st.Hold == "" {
			t.Error("nobody asks any more and the work isn't held")
		}
		time.Sleep(time.Minute)
		if st := p.State(); st.Hold == "" {
			t.Error("an answer of a minute ago counts")
		}
	})
}

// Nothing is written before every source has answered.
func TestFirstAnswerIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := Source{Name: "slow", Ask: func(context.Context) ([]Signal, error) { time.Sleep(300 * time.Millisecond); return under, nil }}
		p := &Pacer{Sources: []Source{(&script{answers: []any{under}}).source(), slow}}
		running(t, p, func() {
			begin := time.Now()
			if why, err := p.Wait(t.Context(), 0, 0); why != "" || err != nil || time.Since(begin) != 300*time.Millisecond {
				t.Errorf("%q, %v, after %s", why, err, time.Since(begin))
			}
		})
	})
}

func TestCriticalStopsAtTheSecondAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := func(v float64) []Signal { return []Signal{{Name: "Threads_running", Value: v, Limit: 50, Act: Stop}} }
		spike := &Pacer{Sources: []Source{(&script{answers: []any{at(80), at(10)}}).source()}}
		running(t, spike, func() {
			if why, err := spike.Wait(t.Context(), 1, 0); err != nil || why == "" {
				t.Errorf("a spike: held %q, %v", why, err)
			}
		})
		lasting := &Pacer{Sources: []Source{(&script{answers: []any{at(10), at(80)}}).source()}}
		running(t, lasting, func() {
			time.Sleep(3 * time.Second)
			_, err := lasting.Wait(t.Context(), 1, 0)
			if !errors.Is(err, dberr.Overloaded) || !dberr.Temporary(err) || !strings.Contains(err.Error(), "Threads_running 80 > 50") {
				t.Errorf("critical load: %v", err)
			}
		})
	})
}

func TestPacerKeepsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Pacer{Rate: func() float64 { return 1000 }}
		begin := time.Now()
		for range 10 {
			if _, err := p.Wait(t.Context(), 500, 0); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(begin); got != 5*time.Second {
			t.Fatalf("5,000 rows at 1,000 a second took %s", got)
		}
	})
}

func TestPacerAsksControlWhileHolding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("paused")
		p := &Pacer{Sources: []Source{(&script{answers: []any{over}}).source()}, Control: func(context.Context) error { return stop }}
		running(t, p, func() {
			if _, err := p.Wait(t.Context(), 1, 0); !errors.Is(err, stop) {
				t.Fatalf("got %v", err)
			}
		})
	})
}

func TestZeroPacerHoldsNobody(t *testing.T) {
	p := new(Pacer)
	if why, err := p.Wait(t.Context(), 1<<40, time.Hour); why != "" || err != nil || p.Part(time.Second) != 1 {
		t.Fatal(why, err, p.Part(time.Second))
	}
	p.Run(t.Context()) // has nobody to ask and ends
}

// A share of the time is worked: the pause behind a chunk is in proportion to what it took.
func TestPauseIsInProportion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Pacer{Sources: []Source{{Name: "latency", Every: time.Hour, Ask: func(context.Context) ([]Signal, error) {
			return []Signal{{Name: "latency", Value: setpoint * 20, Limit: 20, Unit: "ms", Act: Slow}}, nil
		}}}}
		running(t, p, func() {
			synctest.Wait()
			if got := p.Part(time.Second); got != firstShare {
				t.Fatalf("the share at the set point is %g, not the first one", got)
			}
			begin := time.Now()
			why, err := p.Wait(t.Context(), 10, 100*time.Millisecond)
			if took := time.Since(begin); err != nil || took != 300*time.Millisecond || !strings.HasPrefix(why, "slowed to 25 %: latency 17 of 20 ms") {
				t.Errorf("paused for %s behind a chunk of 100ms at a share of a quarter: %q, %v", took, why, err)
			}
		})
	})
}

// TestChunksAreNoLongerThanASignalAllows: also while all of the time may be worked.
func TestChunksAreNoLongerThanASignalAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signal := func(name string, longest time.Duration) Source {
			return Source{Name: name, Every: time.Hour, Ask: func(context.Context) ([]Signal, error) {
				return []Signal{{Name: name, Longest: longest}}, nil
			}}
		}
		p := &Pacer{Sources: []Source{signal("free", 0), signal("bounded", 50*time.Millisecond), signal("less", 80*time.Millisecond)}}
		running(t, p, func() {
			synctest.Wait()
			if got := p.Part(200 * time.Millisecond); got != 0.25 {
				t.Errorf("a part of %g of chunks of 200 ms, want 50 ms", got)
			}
			if got := p.Part(40 * time.Millisecond); got != 1 {
				t.Errorf("a part of %g of chunks of 40 ms, want all", got)
			}
		})
	})
}
