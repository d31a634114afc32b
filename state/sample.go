package state

import (
	"slices"
	"time"
)

// Sample is how a run stood at one moment of a step that takes long. The samples of
// a run are for looking at: nothing is decided by them, and one that couldn't be
// stored is only missing in a picture.
type Sample struct {
	Run   string    `json:"run,omitempty"`
	Seq   int64     `json:"seq"`            // a place in the series; the last one is written over until its time is up
	At    time.Time `json:"at"`             // database clock
	Step  string    `json:"step"`           // that was at work
	Rows  int64     `json:"rows"`           // walked since the step began
	Total int64     `json:"total"`          // estimate; 0: unknown
	Rate  float64   `json:"rate"`           // rows a second
	Hold  string    `json:"hold,omitempty"` // why the work is held back or slowed, if it is
	// Values are what was measured meanwhile, each the worst since the sample before.
	Values []Measured `json:"values,omitempty"`
}

// Measured is one value of the server, a replica or the application.
type Measured struct {
	Name  string  `json:"name"`
	Of    string  `json:"of,omitempty"`
	Unit  string  `json:"unit,omitempty"`
	Value float64 `json:"value"`
	Limit float64 `json:"limit,omitempty"` // 0: none
}

// ETA is how long the rest takes at this rate; 0: unknown.
func (s Sample) ETA() time.Duration {
	if s.Rate <= 0 || s.Total <= s.Rows {
		return 0
	}
	return time.Duration(float64(s.Total-s.Rows) / s.Rate * float64(time.Second))
}

// merge takes the worst of an earlier sample into s, which stays where it is.
func (s Sample) merge(earlier Sample) Sample {
	out := slices.Clone(s.Values)
	for _, v := range earlier.Values {
		i := slices.IndexFunc(out, func(o Measured) bool { return o.Name == v.Name && o.Of == v.Of })
		if i < 0 {
			out = append(out, v)
		} else {
			out[i].Value = max(out[i].Value, v.Value)
		}
	}
	s.Values = out
	if s.Hold == "" && s.Step == earlier.Step {
		s.Hold = earlier.Hold
	}
	return s
}

// MaxSamples bounds the series of a run: at a sample a second it is full after six
// minutes, and each time it is full every two become one.
const MaxSamples = 360

// Series is the samples of a run, the oldest first, in a bounded number. It is filled at equal
// intervals of work, which double each time it is full; pauses between two calls take no place.
type Series struct {
	Samples []Sample
	stride  int64 // ticks that share a place
	tick    int64
}

// OpenSeries goes on with what was stored.
func OpenSeries(stored []Sample) *Series {
	s := &Series{Samples: slices.Clone(stored), stride: 1}
	if n := len(stored); n > 0 {
		s.tick = stored[n-1].Seq
	}
	for s.tick/s.stride >= MaxSamples {
		s.stride *= 2
	}
	// What was stored begins a new place: its step may be over for days.
	s.tick += s.stride - s.tick%s.stride
	if len(stored) == 0 {
		s.tick = 0
	}
	return s
}

// Add takes the sample of the next tick and returns it as it is to be stored, under the Seq
// of its place. thinned: the whole series has changed and is to be stored anew.
func (s *Series) Add(one Sample) (stored Sample, thinned bool) {
	one.Seq = s.tick - s.tick%s.stride
	s.tick++
	last := len(s.Samples) - 1
	if last >= 0 && s.Samples[last].Seq == one.Seq {
		one = one.merge(s.Samples[last])
		s.Samples[last] = one
	} else {
		s.Samples = append(s.Samples, one)
	}
	if len(s.Samples) <= MaxSamples {
		return one, false
	}
	s.thin()
	return s.Samples[len(s.Samples)-1], true
}

// thin makes one sample of every two.
func (s *Series) thin() {
	s.stride *= 2
	var out []Sample
	for _, one := range s.Samples {
		one.Seq -= one.Seq % s.stride
		if n := len(out); n > 0 && out[n-1].Seq == one.Seq {
			out[n-1] = one.merge(out[n-1])
		} else {
			out = append(out, one)
		}
	}
	s.Samples = out
}
