package canary

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Data are the measurements of both sides over the same window.
type Data struct {
	Baseline Population
	Canary   Population
}

// Population is one side: the instances that run the old code, or the new.
type Population struct {
	Metrics map[string]Sample
	Errors  []ServerError // that the database gave to this side
}

// Sample is one metric of one side. A series has Values; counts have Events and Total; a
// metric of the kind never has Events. Total beside Values are the requests behind each point.
type Sample struct {
	// Times are Unix milliseconds, ascending, one for each point. Without them a point's place is
	// its time.
	Times  []int64
	Values []float64
	Events []float64
	Total  []float64
	// Dropped is how many points the reader left out because they held no number.
	Dropped int
	// Incomplete is why the reader doesn't vouch for the data; the metric is then at
	// best inconclusive.
	Incomplete string
}

// ServerError is an error of the database, as many times as it was seen.
type ServerError struct {
	Code    string // SQLSTATE, or the server's own number
	Count   int
	Message string
}

// hugest bounds values: differences and squares of what is under it are finite.
const hugest = 1e150

// mostCounted bounds counts of one point: the time of an exact test grows with the root of what is
// counted.
const mostCounted = 1e9

// points is how many there are.
func (s Sample) points() int { return max(len(s.Values), len(s.Events)) }

// check refuses what can't be judged. NaN and infinities have no rank; whoever read them
// must decide what they mean.
func (d Data) check(c Config) error {
	var errs []error
	for _, m := range c.Metrics {
		for _, side := range []struct {
			name string
			of   Population
		}{{"baseline", d.Baseline}, {"canary", d.Canary}} {
			if err := side.of.Metrics[m.Name].check(m); err != nil {
				errs = append(errs, fmt.Errorf("%s of the %s: %w", m.Name, side.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (s Sample) check(m Metric) error {
	if m.Kind == Series && len(s.Events) > 0 || m.Kind != Series && len(s.Values) > 0 {
		return fmt.Errorf("the data are no %s", m.Kind)
	}
	n := s.points()
	if len(s.Times) > 0 && len(s.Times) != n || len(s.Total) > 0 && len(s.Total) != n {
		return fmt.Errorf("%d points have %d times and %d totals", n, len(s.Times), len(s.Total))
	}
	for i := 1; i < len(s.Times); i++ {
		if s.Times[i] <= s.Times[i-1] {
			return fmt.Errorf("point %d is not later than the one before it", i+1)
		}
	}
	if m.Kind == Counts && n > 0 && len(s.Total) == 0 {
		return errors.New("events have no totals")
	}
	return s.checkValues()
}

func (s Sample) checkValues() error {
	for i, v := range slices.Concat(s.Values, s.Events, s.Total) {
		if math.IsNaN(v) || math.Abs(v) > hugest {
			return fmt.Errorf("point %d is %v: only finite numbers can be judged", i%s.points()+1, v)
		}
	}
	for i, v := range s.Events {
		if v < 0 || v > mostCounted {
			return fmt.Errorf("point %d has %v events", i+1, v)
		}
	}
	for i, v := range s.Total {
		if v < 0 || v > mostCounted {
			return fmt.Errorf("point %d has a total of %v", i+1, v)
		}
	}
	if len(s.Total) > 0 && math.Round(sum(s.Events)) > math.Round(sum(s.Total)) {
		return fmt.Errorf("%v events are more than their total of %v", sum(s.Events), sum(s.Total))
	}
	return nil
}

func sum(list []float64) float64 {
	s := 0.0
	for _, v := range list {
		s += v
	}
	return s
}

// step is the usual distance of points in seconds; 0: not known.
func (s Sample) step() float64 {
	if len(s.Times) < 2 {
		return 0
	}
	gaps := make([]float64, 0, len(s.Times)-1)
	for i := 1; i < len(s.Times); i++ {
		gaps = append(gaps, float64(s.Times[i]-s.Times[i-1])/1000)
	}
	return medianOf(gaps)
}

func medianOf(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	n := len(s)
	if n == 0 {
		return 0
	}
	return s[(n-1)/2] + (s[n/2]-s[(n-1)/2])/2
}
