package binlog

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/stream"
)

// A transaction is cut into pieces of about this size.
const (
	pieceChanges = 1000
	pieceBytes   = 1 << 20
)

// begun is what the log says at the start of a group.
type begun struct {
	source         uuid.UUID
	tag            string
	domain, server uint32
	mariadb        bool
	number         uint64 // 0: the group has no name
	at             time.Time
	open           bool // rows follow; MariaDB has no BEGIN
	prepared       bool // it is the first half of an XA transaction
}

// sourceName is the name without the number, as a ledger takes it.
func (b begun) sourceName() string {
	switch {
	case b.mariadb:
		return strconv.FormatUint(uint64(b.domain), 10) + "-" + strconv.FormatUint(uint64(b.server), 10)
	case b.tag != "":
		return b.source.String() + ":" + b.tag
	}
	return b.source.String()
}

func (b begun) name(source string) string {
	if b.number == 0 {
		return ""
	}
	sep := ":"
	if b.mariadb {
		sep = "-"
	}
	return source + sep + strconv.FormatUint(b.number, 10)
}

// assembly puts events together to transactions and cuts them into pieces.
type assembly struct {
	progress *progress
	limit    int
	pieces   []stream.Piece // ready to be handed on
	idle     idle

	begun  begun
	inside bool // a group has begun
	open   bool // and its rows may come: it doesn't end with its first statement

	changes []stream.Change
	bytes   int
	handed  int            // changes of this transaction in earlier pieces
	points  map[string]int // savepoints: how many changes there were
	names   map[begun]string

	settles  string  // the XA branch whose COMMIT this is
	branch   *branch // the XA branch whose first half this is
	branches map[xid]*branch
	held     int // bytes of all branches
}

// idle are transactions without changes that wait for more of their kind.
type idle struct {
	n      int
	groups skips
	txn    stream.Txn
	until  time.Time
}

func newAssembly(p *progress, limit int) *assembly {
	return &assembly{progress: p, limit: limit, points: map[string]int{}, names: map[begun]string{}, branches: map[xid]*branch{}}
}

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

// waiting: there are transactions without changes.
func (a *assembly) waiting() bool { return a.idle.n > 0 }

// begin begins a group.
func (a *assembly) begin(b begun) error {
	if a.inside && a.open {
		return fmt.Errorf("transaction %s begins before the one in front of it has ended", b.name(a.source(b)))
	}
	a.reset()
	a.begun, a.inside, a.open = b, true, b.open
	if b.prepared {
		a.branch = &branch{}
	}
	return nil
}

func (a *assembly) reset() {
	a.begun, a.inside, a.open, a.branch = begun{}, false, false, nil
	a.changes, a.bytes, a.handed, a.settles = nil, 0, 0, ""
	clear(a.points)
}

// source is the group's source as text. There are few.
func (a *assembly) source(b begun) string {
	key := begun{source: b.source, tag: b.tag, domain: b.domain, server: b.server, mariadb: b.mariadb}
	name, ok := a.names[key]
	if !ok {
		name = key.sourceName()
		a.names[key] = name
	}
	return name
}

// enter: the group goes on until a COMMIT.
func (a *assembly) enter() { a.inside, a.open = true, true }

// standing: the statement that was read is a group of its own.
func (a *assembly) standing() bool { return !a.open }

// change takes one change of the group.
func (a *assembly) change(c stream.Change, bytes int) error {
	a.changes = append(a.changes, c)
	a.bytes += bytes
	if a.branch != nil {
		if a.held+a.bytes > a.limit {
			return dberr.WithHint(fmt.Errorf("the XA branches that are prepared and not committed hold more than %d bytes of changes", a.limit),
				"commit or roll back what XA RECOVER lists, then go on")
		}
		return nil
	}
	if len(a.changes) >= pieceChanges || a.bytes >= pieceBytes {
		a.hand(stream.Piece{Changes: a.changes})
		a.handed += len(a.changes)
		a.changes, a.bytes = make([]stream.Change, 0, pieceChanges), 0
	}
	return nil
}

// hand puts a piece behind the others and behind what waits.
func (a *assembly) hand(p stream.Piece) {
	a.release()
	a.pieces = append(a.pieces, p)
}

// release hands on the transactions without changes, as one.
func (a *assembly) release() {
	if a.idle.n == 0 {
		return
	}
	a.idle.txn.Seq = a.progress.end(a.idle.groups)
	a.pieces = append(a.pieces, stream.Piece{End: true, Txn: a.idle.txn})
	a.idle = idle{}
}

// finish ends the group, which is a transaction, at a place in the log.
func (a *assembly) finish(at file) {
	a.end(a.changes, a.record(at))
	a.reset()
}

// record notes that the group ended and returns its number.
func (a *assembly) record(at file) int {
	if _, ok := a.progress.base.(*file); ok {
		return a.progress.group(at.name, at.offset)
	}
	return a.progress.group(a.source(a.begun), a.begun.number)
}

// end hands on the end of a transaction: the last group, whose changes these are.
func (a *assembly) end(changes []stream.Change, group int) {
	txn := stream.Txn{ID: a.begun.name(a.source(a.begun)), At: a.begun.at, Branch: a.settles}
	floor := skips{a.floor(group), group}
	if len(changes) == 0 && a.handed == 0 {
		if a.idle.n == 0 {
			a.idle.until = time.Now().Add(idleFor)
		}
		a.idle.n, a.idle.groups, a.idle.txn = a.idle.n+1, floor, txn
		return
	}
	a.release()
	txn.Seq = a.progress.end(floor)
	a.pieces = append(a.pieces, stream.Piece{Changes: changes, End: true, Txn: txn})
}

// savepoint and rollbackTo: servers cut a rolled back part out of the log where they
// can. They can't when the part also wrote to a table that knows no transactions.
func (a *assembly) savepoint(name string) { a.points[name] = a.handed + len(a.changes) }

func (a *assembly) rollbackTo(name string) error {
	n, ok := a.points[name]
	if !ok || n < a.handed {
		return errHandedOn
	}
	clear(a.changes[n-a.handed:])
	a.changes = a.changes[:n-a.handed]
	return nil
}

// rollback ends a transaction that the log holds although it was rolled back.
func (a *assembly) rollback(at file) error {
	if a.handed > 0 {
		return errHandedOn
	}
	a.end(nil, a.record(at))
	a.reset()
	return nil
}

var errHandedOn = dberr.WithHint(fmt.Errorf("a large transaction that also wrote to a table without transactions was rolled back in parts that were read already"),
	"start the copy anew while no transaction mixes transactional tables with others")
