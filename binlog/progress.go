package binlog

import (
	"sync"

	"github.com/phasemig/phasemig/stream"
)

// skips is how many groups a resume after a transaction may skip: those before every
// branch that was open then, and of what has ended all up to the transaction itself.
type skips struct{ read, dealt int }

// progress knows where every transaction that was handed on ended, and what a later
// reading would still need. Groups and ends are kept from the last Forget on.
type progress struct {
	mu      sync.Mutex
	base    ledger // the place behind the first dropped groups
	dropped int    // how many
	sources []string
	known   map[string]int // a source's number
	groups  []group        // groups[i] is group dropped+i+1
	ends    []skips        // ends[i] belongs to transaction first+i
	first   uint64
	start   stream.Position // where this reading began
	last    stream.Position // the answer for the transaction before first
	past    ledger          // what an earlier reading has dealt with, or nil
	inPast  bool
	upTo    int // the last group of it
}

func newProgress(base, past ledger) *progress {
	p := &progress{base: base, past: past, known: map[string]int{}, first: 1, start: base.position()}
	if past != nil {
		p.start = Place(base.position(), past.position())
	}
	p.last = p.start
	return p
}

// deal says whether the group that begins was dealt with in an earlier reading.
func (p *progress) deal(past bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inPast = past
}

// group records a finished group and returns its number, from 1.
func (p *progress) group(source string, number uint64) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, ok := p.known[source]
	if !ok {
		id = len(p.sources)
		p.sources = append(p.sources, source)
		p.known[source] = id
	}
	p.groups = append(p.groups, group{id, number})
	if p.inPast {
		p.upTo = p.dropped + len(p.groups)
	}
	return p.dropped + len(p.groups)
}

// end gives the next transaction its number.
func (p *progress) end(s skips) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends = append(p.ends, s)
	return p.first + uint64(len(p.ends)) - 1
}

// resume is the place after a transaction.
func (p *progress) resume(seq uint64) stream.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seq < p.first || len(p.ends) == 0 {
		return p.last
	}
	last := p.first + uint64(len(p.ends)) - 1
	return p.place(p.ends[min(seq, last)-p.first])
}

func (p *progress) place(s skips) stream.Position {
	from, dealt := p.behind(s.read).position(), p.past
	if dealt == nil || s.dealt > p.upTo {
		dealt = p.behind(s.dealt)
	}
	return Place(from, dealt.position())
}

// behind is the place behind so many groups.
func (p *progress) behind(groups int) ledger {
	at := p.base.clone()
	at.add(p.sources, p.groups[:groups-p.dropped])
	return at
}

// forget drops what is known of the transactions before this one.
func (p *progress) forget(seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seq <= p.first || len(p.ends) == 0 {
		return
	}
	n := min(seq-p.first, uint64(len(p.ends)-1))
	if n == 0 {
		return // the last one is kept: it is where reading is
	}
	p.last = p.place(p.ends[n-1])
	groups := p.ends[n-1].read
	p.base.add(p.sources, p.groups[:groups-p.dropped])
	p.groups = append([]group(nil), p.groups[groups-p.dropped:]...)
	p.ends = append([]skips(nil), p.ends[n:]...)
	p.dropped, p.first = groups, p.first+n
}
