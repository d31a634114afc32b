package binlog

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// frame is a statement that is part of a transaction's frame.
type frame struct {
	kind     frameKind
	name     string // of a savepoint
	xid      xid
	onePhase bool
}

type frameKind byte

const (
	frameNone frameKind = iota
	frameBegin
	frameCommit
	frameRollback
	frameSavepoint
	frameRollbackTo
	frameRelease
	frameXAStart
	frameXAEnd
	frameXAPrepare
	frameXACommit
	frameXARollback
)

// frameOf reads the frame's statements, which servers write themselves. Everything
// else is frameNone.
func frameOf(sql []byte) frame {
	switch string(sql) { // the ones of every transaction, without a look at the words
	case "BEGIN":
		return frame{kind: frameBegin}
	case "COMMIT":
		return frame{kind: frameCommit}
	case "ROLLBACK":
		return frame{kind: frameRollback}
	}
	s := scanner{rest: sql}
	first, ok := s.next()
	if !ok || first.kind != 'w' {
		return frame{}
	}
	switch strings.ToUpper(first.text) {
	case "BEGIN":
		return frame{kind: frameBegin}
	case "START":
		if t, _ := s.next(); t.is("TRANSACTION") {
			return frame{kind: frameBegin}
		}
	case "COMMIT":
		return frame{kind: frameCommit}
	case "SAVEPOINT":
		t, _ := s.next()
		return frame{kind: frameSavepoint, name: strings.ToLower(t.text)}
	case "RELEASE":
		return frame{kind: frameRelease}
	case "ROLLBACK":
		return rollbackFrame(&s)
	case "XA":
		return xaFrame(&s)
	}
	return frame{}
}

func rollbackFrame(s *scanner) frame {
	to := false
	for {
		t, ok := s.next()
		switch {
		case !ok:
			return frame{kind: frameRollback}
		case t.is("TO"):
			to = true
		case to && !t.is("SAVEPOINT"):
			return frame{kind: frameRollbackTo, name: strings.ToLower(t.text)}
		}
	}
}

var xaKinds = map[string]frameKind{"START": frameXAStart, "BEGIN": frameXAStart, "END": frameXAEnd, "PREPARE": frameXAPrepare, "COMMIT": frameXACommit, "ROLLBACK": frameXARollback}

func xaFrame(s *scanner) frame {
	verb, _ := s.next()
	f := frame{kind: xaKinds[strings.ToUpper(verb.text)]}
	var rest []token
	for t, ok := s.next(); ok; t, ok = s.next() {
		rest = append(rest, t)
	}
	n := len(rest)
	f.onePhase = n > 1 && rest[n-2].is("ONE") && rest[n-1].is("PHASE")
	f.xid = parseXID(rest)
	return f
}

// parseXID reads gtrid [, bqual [, formatID]]. Texts are quoted or in hex, the
// format's number is 1 by default.
func parseXID(list []token) xid {
	x := xid{format: 1}
	field := 0
	for i := 0; i < len(list) && field < 3; i++ {
		t := list[i]
		switch {
		case t.punct(","):
			field++
			continue
		case t.is("X") && i+1 < len(list) && list[i+1].kind == 't':
			i++
			b, _ := hex.DecodeString(unquoted([]byte(list[i].text)))
			t = token{'t', string(b)}
		case t.kind == 't':
			t.text = unquoted([]byte(t.text))
		case field < 2 && len(t.text) > 2 && strings.EqualFold(t.text[:2], "0x"):
			b, _ := hex.DecodeString(t.text[2:])
			t = token{'t', string(b)}
		}
		switch {
		case t.kind == 't' && field == 0:
			x.gtrid = t.text
		case t.kind == 't' && field == 1:
			x.bqual = t.text
		case field == 2:
			n, err := strconv.ParseUint(t.text, 0, 32)
			if err != nil {
				return x // the words behind it
			}
			x.format = uint32(n)
			return x
		}
	}
	return x
}
