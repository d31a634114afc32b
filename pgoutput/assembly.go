package pgoutput

import (
	"strconv"
	"time"

	"github.com/jackc/pglogrepl"

	"github.com/phasemig/phasemig/stream"
)

// A transaction is cut into pieces of about this size.
const (
	pieceChanges = 1000
	pieceBytes   = 1 << 20
)

// idleFor is how long a place without changes waits for a further one.
const idleFor = 10 * time.Millisecond

// assembly puts messages together to transactions and cuts them into pieces.
type assembly struct {
	progress *progress
	pieces   []stream.Piece // ready to be handed on
	inside   bool           // a transaction has begun
	txn      stream.Txn
	changes  []stream.Change
	bytes    int

	read  pglogrepl.LSN // everything that ends before it was handed on or waits in idle
	idle  pglogrepl.LSN // a place to be handed on as an empty transaction; 0: none
	until time.Time     // when it is
}

func newAssembly(p *progress) *assembly { return &assembly{progress: p, read: p.flushed()} }

// next is the oldest finished piece.
func (a *assembly) next() (stream.Piece, bool) {
	if len(a.pieces) == 0 {
		return stream.Piece{}, false
	}
	p := a.pieces[0]
	a.pieces[0] = stream.Piece{}
	a.pieces = a.pieces[1:]
	return p, true
}

func (a *assembly) begin(m *pglogrepl.BeginMessage) {
	a.inside = true
	a.txn = stream.Txn{ID: strconv.FormatUint(uint64(m.Xid), 10), At: m.CommitTime}
}

// change takes one change of the transaction.
func (a *assembly) change(c stream.Change) {
	a.changes = append(a.changes, c)
	for _, row := range []stream.Row{c.Before, c.After} {
		for _, v := range row {
			a.bytes += len(v.Text)
		}
	}
	if len(a.changes) >= pieceChanges || a.bytes >= pieceBytes {
		a.release()
		a.pieces = append(a.pieces, stream.Piece{Changes: a.changes})
		a.changes, a.bytes = nil, 0
	}
}

// commit ends the transaction at a place in the log.
func (a *assembly) commit(end pglogrepl.LSN) {
	a.release()
	a.txn.Seq = a.progress.end(end)
	a.pieces = append(a.pieces, stream.Piece{Changes: a.changes, End: true, Txn: a.txn})
	a.changes, a.bytes, a.inside, a.read = nil, 0, false, end
}

// reached: the server has read its log up to a place, and sent all transactions that
// end before it. Inside a transaction nothing is known of its own end.
func (a *assembly) reached(at pglogrepl.LSN) {
	if a.inside || at <= a.read {
		return
	}
	if a.idle == 0 {
		a.until = time.Now().Add(idleFor)
	}
	a.idle, a.read = at, at
}

// waiting: there is a place that was reached without changes.
func (a *assembly) waiting() bool { return a.idle != 0 }

// release hands that place on, as a transaction without changes.
func (a *assembly) release() {
	if a.idle == 0 {
		return
	}
	a.pieces = append(a.pieces, stream.Piece{End: true, Txn: stream.Txn{Seq: a.progress.end(a.idle)}})
	a.idle = 0
}
