package binlog

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"

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
	group   int   // where its PREPARE stands
	err     error // why rows of it couldn't be read; it matters only when they count
}

// keep begins the first half: its changes aren't handed on.
func (a *assembly) keep() { a.branch = &branch{} }

// prepared ends the first half. For the log it is a group, for us not yet the end.
func (a *assembly) prepared(x xid, at file) error {
	if _, ok := a.branches[x]; ok {
		return fmt.Errorf("XA branch %s is prepared twice", x)
	}
	group := a.record(at)
	b := &branch{changes: a.changes, bytes: a.bytes, group: group}
	if a.branch != nil {
		b.err = a.branch.err
	}
	a.branches[x] = b
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
	if s.dealt {
		s.asm.settle(f.xid, false, s.at) // known or not: its rows were dealt with
		return nil
	}
	if err := s.asm.unread(f.xid); err != nil {
		return err
	}
	if !s.asm.settle(f.xid, true, s.at) {
		return s.look.unknownBranch(f.xid)
	}
	return nil
}

// unread is why rows of a branch couldn't be read.
func (a *assembly) unread(x xid) error {
	if b, ok := a.branches[x]; ok {
		return b.err
	}
	return nil
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
	if s.dealt {
		s.asm.changes = nil // of a branch that ended in one phase: newer changes of its rows aren't handed on either
	}
	s.asm.finish(s.at)
	return nil
}

func (s *Source) rollback() error {
	s.decoder.forgetTables()
	return s.asm.rollback(s.at)
}
