package shadow

import (
	"sort"

	"github.com/phasemig/phasemig/state"
)

// chunkState is how far a key's chunk is.
type chunkState int

const (
	open chunkState = iota
	reading
	committed
)

// bounds are the places of a segment. No place is before "" as a lower end; an upper
// end that is open has none.
type bounds struct {
	cursor, low, high Place
	open              bool
}

// span is a segment of the key space: everything up to done is committed, the rest is
// reading or open.
type span struct {
	number    int
	low, high Place
	openHigh  bool
	done      Place // committed: (low, done]
	all       bool  // committed to its end
	reading   bool
}

// chunks knows the state of every key. Spans are kept in the order of their lower
// ends; keys that no span has claimed yet are open.
type chunks struct {
	spans []span
	whole bool // the whole key space is committed
}

func (c *chunks) state(p Place) chunkState {
	if c.whole {
		return committed
	}
	i := sort.Search(len(c.spans), func(i int) bool { return c.spans[i].low >= p }) - 1
	if i < 0 {
		return open
	}
	s := &c.spans[i]
	switch {
	case !s.openHigh && p > s.high:
		return open
	case s.all || p <= s.done:
		return committed
	case s.reading:
		return reading
	}
	return open
}

func (c *chunks) find(number int) int {
	for i := range c.spans {
		if c.spans[i].number == number {
			return i
		}
	}
	return -1
}

func (c *chunks) insert(s span) {
	i := sort.Search(len(c.spans), func(i int) bool { return c.spans[i].low > s.low })
	c.spans = append(c.spans, span{})
	copy(c.spans[i+1:], c.spans[i:])
	c.spans[i] = s
}

func (c *chunks) begin(number int, b bounds) {
	if c.find(number) < 0 {
		c.insert(span{number: number, low: b.low, high: b.high, openHigh: b.open, done: b.cursor})
	}
	c.spans[c.find(number)].reading = true
}

func (c *chunks) commit(number int, to Place, all bool) {
	i := c.find(number)
	s := &c.spans[i]
	s.reading, s.done, s.all = false, to, all
	c.merge(i)
}

func (c *chunks) reopen(number int) { c.spans[c.find(number)].reading = false }

// readings is how many chunks are being read.
func (c *chunks) readings() int {
	n := 0
	for i := range c.spans {
		if c.spans[i].reading {
			n++
		}
	}
	return n
}

// merge joins a finished span with finished neighbours, so that a hundred thousand
// segments leave one span.
func (c *chunks) merge(i int) {
	if !c.spans[i].all {
		return
	}
	if i+1 < len(c.spans) && c.spans[i+1].all && c.spans[i+1].low == c.spans[i].high {
		c.join(i)
	}
	if i > 0 && c.spans[i-1].all && c.spans[i-1].high == c.spans[i].low {
		c.join(i - 1)
	}
	c.whole = len(c.spans) == 1 && c.spans[0].all && c.spans[0].low == "" && c.spans[0].openHigh
}

func (c *chunks) join(i int) {
	c.spans[i].high, c.spans[i].openHigh, c.spans[i].done = c.spans[i+1].high, c.spans[i+1].openHigh, c.spans[i+1].done
	c.spans = append(c.spans[:i+1], c.spans[i+2:]...)
}

// restore takes a segment as it is stored; at are the places of its low, high and
// cursor.
func (c *chunks) restore(seg state.Segment, low, high, cursor Place) {
	s := span{number: seg.Number, low: low, high: high, openHigh: seg.High == "", done: cursor, all: seg.Done}
	c.insert(s)
	c.merge(c.find(seg.Number))
}
