package state

import (
	"testing"
	"time"
)

// TestSeriesIsBounded: however long a run works there are at most MaxSamples, in order, the newest among
// them, and no peak is lost. Resumed at any moment the series goes on.
func TestSeriesIsBounded(t *testing.T) {
	s := OpenSeries(nil)
	stored := map[int64]Sample{} // as the server has them
	for i := range 40_000 {
		one := Sample{At: time.Unix(int64(i), 0), Rows: int64(i), Values: []Measured{{Name: "lag", Value: float64(i % 7)}}}
		if i == 777 {
			one.Values[0].Value = 99
		}
		put, thinned := s.Add(one)
		if thinned {
			clear(stored)
			for _, o := range s.Samples {
				stored[o.Seq] = o
			}
		}
		stored[put.Seq] = put
		if len(s.Samples) > MaxSamples || len(stored) != len(s.Samples) {
			t.Fatalf("after %d: %d samples, %d stored", i+1, len(s.Samples), len(stored))
		}
		if newest := s.Samples[len(s.Samples)-1]; newest.Rows != int64(i) || newest.Seq != put.Seq {
			t.Fatalf("after %d the newest is %+v", i+1, newest)
		}
		if i%1009 == 0 {
			s = OpenSeries(s.Samples)
		}
	}
	peak := 0.0
	for i, one := range s.Samples {
		if i > 0 && (one.Seq <= s.Samples[i-1].Seq || !one.At.After(s.Samples[i-1].At)) {
			t.Fatalf("out of order at %d", i)
		}
		peak = max(peak, one.Values[0].Value)
	}
	if peak != 99 {
		t.Errorf("the peak was lost: %v", peak)
	}
	if len(s.Samples) < MaxSamples/3 {
		t.Errorf("only %d samples are left", len(s.Samples))
	}
}

func TestSampleETA(t *testing.T) {
	for _, c := range []struct {
		s    Sample
		want time.Duration
	}{{Sample{Rows: 50, Total: 100, Rate: 10}, 5 * time.Second}, {Sample{Rows: 50, Rate: 10}, 0}, {Sample{Rows: 100, Total: 100, Rate: 10}, 0}, {Sample{Total: 9}, 0}} {
		if got := c.s.ETA(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.s, got, c.want)
		}
	}
}
