package binlog

import (
	"sync"

	"github.com/phasemig/phasemig/stream"
)

// progress knows where every transaction that was handed on ended, and what a later
// reading would still need. Groups and ends are kept from the last Forget on.
type progress struct {
	mu      sync.Mutex
	base    ledger // the place behind the first dropped groups
	dropped int    // how many
	sources []string
	known   map[string]int // a source's number
	groups  []group        // groups[i] is group dropped+i+1
	ends    []int          // ends[i] is how many groups a resume after transaction first+i may skip
	first   uint64
	start   stream.Position
}

func newProgress(base ledger) *progress {
	return &progress{base: base, known: map[string]int{}, first: 1, start: base.position()}
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
	return p.dropped + len(p.groups)
}

// end gives the next transaction its number. A resume after it may skip the first
// groups and no more.
func (p *progress) end(groups int) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends = append(p.ends, groups)
	return p.first + uint64(len(p.ends)) - 1
}

// resume is the place after a transaction.
func (p *progress) resume(seq uint64) stream.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seq == 0 && p.first == 1 {
		return p.start
	}
	if seq < p.first || len(p.ends) == 0 {
		return p.base.position()
	}
	last := p.first + uint64(len(p.ends)) - 1
	at := p.base.clone()
	at.add(p.sources, p.groups[:p.ends[min(seq, last)-p.first]-p.dropped])
	return at.position()
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
	groups := p.ends[n-1]
	p.base.add(p.sources, p.groups[:groups-p.dropped])
	p.groups = append([]group(nil), p.groups[groups-p.dropped:]...)
	p.ends = append([]int(nil), p.ends[n:]...)
	p.dropped, p.first = groups, p.first+n
}
