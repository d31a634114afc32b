package shadow

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/stream"
)

// Where the server can't be asked which transactions are visible, but commits become
// visible in the order of its log, a mark tells: when its commit has returned, everything
// before it in the log is seen by every later read. The end of a two-phase commit is an
// exception, because a server may write it to the log and then commit at its leisure.

// Branches is what a Table has whose server keeps that exception.
type Branches interface {
	// Prepared lists the two-phase commits that are not over, by the names that
	// stream.Txn has.
	Prepared(ctx context.Context) ([]string, error)
}

// forgetByMark sets a mark, and forgets what stands before the newest one that came
// back: with the marks that came back since, by end.
func (p *Pair) forgetByMark(ctx context.Context) error {
	p.follow.sawUpTo(p.follow.ended()) // nobody asks for transactions here
	if !p.ledger.waitsForMark() {
		return nil
	}
	settled, err := p.settledBranches(ctx)
	if err == nil {
		var n uint64
		if n, err = p.table.Mark(ctx); err == nil {
			p.ledger.returned(n, settled)
			return nil
		}
	}
	if dberr.Temporary(err) {
		return nil // asked again in a moment; nothing was dropped
	}
	return fmt.Errorf("mark the log's end: %w", err)
}

// settledBranches lists transactions of the log that were the ends of two-phase commits
// and are over.
func (p *Pair) settledBranches(ctx context.Context) ([]uint64, error) {
	late := p.ledger.lateOnes()
	b, ok := p.table.(Branches)
	if len(late) == 0 || !ok {
		return nil, nil
	}
	names, err := b.Prepared(ctx)
	if errors.Is(err, dberr.Denied) {
		return nil, nil // then such changes stay until their chunks are read
	}
	if err != nil {
		return nil, fmt.Errorf("list the two-phase commits: %w", err)
	}
	open := map[string]bool{}
	for _, n := range names {
		open[n] = true
	}
	var out []uint64
	for seq, name := range late {
		if !open[name] {
			out = append(out, seq)
		}
	}
	return out, nil
}

// waitsForMark: changes are held, and a mark may tell that they can go.
func (g *ledger) waitsForMark() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.kept > 0
}

// lateOnes copies which transactions ended a two-phase commit, and its name.
func (g *ledger) lateOnes() map[uint64]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.late)
}

// returned says that the commit of a mark has returned, and so had those of every mark
// before it: each waits for the row of the one before.
func (g *ledger) returned(n uint64, settled []uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, seq := range settled {
		delete(g.late, seq)
	}
	g.sure = max(g.sure, n)
	if g.mark <= g.sure {
		g.dropHeld(g.marked)
	}
	g.moved.Broadcast()
}

// came is what a mark does when it is read.
func (g *ledger) came() {
	if g.mark <= g.sure {
		g.dropHeld(g.marked)
	}
}

// mayOverflow: what fills the memory are changes of open chunks, and a mark that is on
// its way in the log will let them go. Without reading on it would never come.
func (g *ledger) mayOverflow(memory int) bool {
	return g.mark < g.sure && g.kept > memory/2
}

// noteLate notes the end of a two-phase commit.
func (g *ledger) noteLate(t stream.Txn) {
	if t.Branch == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.late[t.Seq] = t.Branch
}
