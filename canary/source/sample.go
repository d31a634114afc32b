package source

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/phasemig/phasemig/canary"
)

// gappy is a metric as it is read, before points with holes are left out.
type gappy struct {
	times                 []int64
	values, events, total []*float64
}

func samples(in map[string]*gappy) (canary.Population, error) {
	out := canary.Population{Metrics: map[string]canary.Sample{}}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		s, err := in[name].sample()
		if err != nil {
			return canary.Population{}, fmt.Errorf("metric %s: %w", name, err)
		}
		out.Metrics[name] = s
	}
	return out, nil
}

// sample leaves out the points of which something is missing.
func (g *gappy) sample() (canary.Sample, error) {
	var s canary.Sample
	n, err := g.points()
	if err != nil {
		return s, err
	}
	for i := range n {
		if hole(g.values, i) || hole(g.events, i) || hole(g.total, i) {
			s.Dropped++
			continue
		}
		if len(g.times) > 0 {
			s.Times = append(s.Times, g.times[i])
		}
		s.Values = take(s.Values, g.values, i)
		s.Events = take(s.Events, g.events, i)
		s.Total = take(s.Total, g.total, i)
	}
	if s.Dropped > 0 && len(g.times) == 0 {
		return s, errors.New("points are missing and there are no times: without them what is left can't be put side by side")
	}
	for i := 1; i < len(s.Times); i++ {
		if s.Times[i] <= s.Times[i-1] {
			return s, fmt.Errorf("point %d is not later than the one before it", i+1)
		}
	}
	return s, nil
}

// points is the common length of all lists.
func (g *gappy) points() (int, error) {
	if (g.values == nil) == (g.events == nil) {
		return 0, errors.New("either values or events are needed")
	}
	n := max(len(g.values), len(g.events))
	for _, l := range [][]*float64{g.values, g.events, g.total} {
		if l != nil && len(l) != n {
			return 0, fmt.Errorf("lists of %d and %d points", n, len(l))
		}
	}
	if len(g.times) != 0 && len(g.times) != n {
		return 0, fmt.Errorf("%d points and %d times", n, len(g.times))
	}
	return n, nil
}

func hole(list []*float64, i int) bool { return list != nil && list[i] == nil }

func take(to []float64, from []*float64, i int) []float64 {
	if from == nil {
		return to
	}
	return append(to, *from[i])
}
