package pgoutput

import (
	"sync"

	"github.com/jackc/pglogrepl"

	"github.com/phasemig/phasemig/stream"
)

// progress knows where every transaction that was handed on ended. Ends are kept from
// the last Forget on.
type progress struct {
	mu     sync.Mutex
	origin origin
	first  uint64
	ends   []pglogrepl.LSN // ends[i] belongs to transaction first+i
	last   pglogrepl.LSN   // the end of the transaction before first
	flush  pglogrepl.LSN   // nothing before it is asked for again
}

func newProgress(from place) *progress {
	return &progress{origin: from.origin, first: 1, last: from.at, flush: from.at}
}

// end gives the next transaction its number.
func (p *progress) end(at pglogrepl.LSN) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends = append(p.ends, at)
	return p.first + uint64(len(p.ends)) - 1
}

// resume is the place behind a transaction, or the nearest one that is known.
func (p *progress) resume(seq uint64) stream.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return place{p.origin, p.behind(seq)}.position()
}

func (p *progress) behind(seq uint64) pglogrepl.LSN {
	if seq < p.first || len(p.ends) == 0 {
		return p.last
	}
	return p.ends[min(seq-p.first, uint64(len(p.ends)-1))]
}

// forget drops what is known of the transactions before this one.
func (p *progress) forget(seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush = max(p.flush, p.behind(seq))
	if seq <= p.first || len(p.ends) == 0 {
		return
	}
	n := min(seq-p.first, uint64(len(p.ends)-1))
	if n == 0 {
		return // the last one is kept: it is where reading is
	}
	p.last = p.ends[n-1]
	p.ends = append([]pglogrepl.LSN(nil), p.ends[n:]...)
	p.first += n
}

// flushed is up to where the server may let go of its log.
func (p *progress) flushed() pglogrepl.LSN {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.flush
}
