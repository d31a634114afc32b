package throttle

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

type script struct {
	answers []any // []Signal or error
	asked   int
}

func (s *script) Signals(context.Context) ([]Signal, error) {
	a := s.answers[min(s.asked, len(s.answers)-1)]
	s.asked++
	if err, ok := a.(error); ok {
		return nil, err
	}
	return a.([]Signal), nil
}

func TestPacerHoldsWhileASignalIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := []Signal{{Name: "replica_lag", Of: "r1", Value: 9, Limit: 5, Unit: "s"}}
		p := &Pacer{Probe: &script{answers: []any{over, errors.New("no answer"), over, []Signal{{Name: "replica_lag", Value: 1, Limit: 5}}}}}
		begin := time.Now()
		why, err := p.Wait(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Since(begin); got != 3*time.Second {
			t.Fatalf("held for %s, want 3s: two lags and one silence", got)
		}
		if why == "" {
			t.Fatal("no reason was given")
		}
	})
}

func TestPacerKeepsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Pacer{Rate: func() float64 { return 1000 }}
		begin := time.Now()
		for range 10 {
			if _, err := p.Wait(t.Context(), 500); err != nil {
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
		p := &Pacer{Probe: &script{answers: []any{[]Signal{{Name: "x", Value: 2, Limit: 1}}}}, Control: func(context.Context) error { return stop }}
		if _, err := p.Wait(t.Context(), 1); !errors.Is(err, stop) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestZeroPacerHoldsNobody(t *testing.T) {
	if why, err := new(Pacer).Wait(t.Context(), 1<<40); why != "" || err != nil {
		t.Fatal(why, err)
	}
}
