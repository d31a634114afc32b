package binlog

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/phasemig/phasemig/stream"
)

// xid names an XA branch. Servers and clients spell it in many ways; two are the
// same when these are.
type xid struct {
	format       uint32
	gtrid, bqual string // bytes
}

// String is the spelling that XA COMMIT takes.
func (x xid) String() string {
	return "X'" + hex.EncodeToString([]byte(x.gtrid)) + "',X'" + hex.EncodeToString([]byte(x.bqual)) + "'," + strconv.FormatUint(uint64(x.format), 10)
}

// Branch names an XA branch as stream.Txn does. gtrid and bqual are bytes.
func Branch(format uint32, gtrid, bqual string) string { return xid{format, gtrid, bqual}.String() }

// branch is the first half of an XA transaction: its changes, which count when the
// COMMIT comes.
type branch struct {
	changes []stream.Change
	bytes   int
	group   int // where its PREPARE stands
}

// keep begins the first half: its changes aren't handed on.
func (a *assembly) keep() { a.branch = &branch{} }

// prepared ends the first half. For the log it is a group, for us not yet the end.
func (a *assembly) prepared(x xid, at file) error {
	if _, ok := a.branches[x]; ok {
		return fmt.Errorf("XA branch %s is prepared twice", x)
	}
	group := a.record(at)
	a.branches[x] = &branch{changes: a.changes, bytes: a.bytes, group: group}
	a.held += a.bytes
	a.end(nil, group)
	a.reset()
	return nil
}

// settle ends a branch: its changes are handed on when commit is set.
func (a *assembly) settle(x xid, commit bool, at file) bool {
	b, ok := a.branches[x]
	if ok {
		delete(a.branches, x)
		a.held -= b.bytes
	} else if commit {
		return false
	}
	group := a.record(at)
	if commit {
		a.settles = x.String()
		a.pass(b.changes, group)
	} else {
		a.end(nil, group)
	}
	a.reset()
	return true
}

// pass hands on all changes of a branch, in pieces.
func (a *assembly) pass(changes []stream.Change, group int) {
	for len(changes) > pieceChanges {
		a.hand(stream.Piece{Changes: changes[:pieceChanges:pieceChanges]})
		a.handed += pieceChanges
		changes = changes[pieceChanges:]
	}
	a.end(changes, group)
}

// floor is how many groups a resume may skip when the last one is group: none from
// the oldest open PREPARE on.
func (a *assembly) floor(group int) int {
	for _, b := range a.branches {
		group = min(group, b.group-1)
	}
	return group
}

// xaPrepare handles the event that ends a first half, or a whole XA transaction that
// was committed in one phase.
func (s *Source) xaPrepare(body []byte) error {
	if len(body) < 13 {
		return errShort
	}
	if body[0] != 0 {
		return s.finish()
	}
	x := xid{format: binary.LittleEndian.Uint32(body[1:])}
	gtrid, bqual := binary.LittleEndian.Uint32(body[5:]), binary.LittleEndian.Uint32(body[9:])
	if body = body[13:]; gtrid > 64 || bqual > 64 || uint32(len(body)) < gtrid+bqual {
		return errShort
	}
	x.gtrid, x.bqual = string(body[:gtrid]), string(body[gtrid:gtrid+bqual])
	s.decoder.forgetTables()
	return s.asm.prepared(x, s.at)
}

func (s *Source) xaCommit(f frame) error {
	if f.onePhase {
		return s.finish()
	}
	switch {
	case s.asm.settle(f.xid, true, s.at):
		return nil
	case s.settled != nil && s.asm.within(s.settled, s.at):
		return s.finish()
	}
	return s.look.unknownBranch(f.xid)
}

// within reports whether the group that is being read stands before a place.
func (a *assembly) within(l ledger, at file) bool {
	switch l := l.(type) {
	case *gtidSet:
		one, err := mysql.ParseMysqlGTIDSet(a.begun.name(a.source(a.begun)))
		return err == nil && a.begun.number != 0 && l.Contain(one)
	case *domains:
		domain, _, _ := strings.Cut(a.source(a.begun), "-")
		return a.begun.number != 0 && a.begun.number <= serial(l.last[domain])
	case *file:
		return at.before(*l)
	}
	return false
}

func (s *Source) xaRollback(x xid) error {
	if s.asm.standing() {
		s.asm.settle(x, false, s.at)
		return nil
	}
	return s.rollback()
}

func (s *Source) finish() error {
	s.decoder.forgetTables()
	s.asm.finish(s.at)
	return nil
}

func (s *Source) rollback() error {
	s.decoder.forgetTables()
	return s.asm.rollback(s.at)
}
