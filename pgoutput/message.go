package pgoutput

import (
	"fmt"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/stream"
)

// handle handles what the server sent.
func (s *Source) handle(m pgproto3.BackendMessage) error {
	switch m := m.(type) {
	case *pgproto3.CopyData:
		return s.data(m.Data)
	case *pgproto3.ErrorResponse:
		return fmt.Errorf("read the log: %w", classify(pgconn.ErrorResponseToPgError(m)))
	case *pgproto3.CopyDone, *pgproto3.CommandComplete, *pgproto3.ReadyForQuery:
		return dberr.Mark(dberr.ConnLost, fmt.Errorf("read the log: the server ends it"))
	}
	return nil // notices, and settings that have changed
}

func (s *Source) data(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	switch b[0] {
	case pglogrepl.PrimaryKeepaliveMessageByteID:
		k, err := pglogrepl.ParsePrimaryKeepaliveMessage(b[1:])
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		s.asm.reached(k.ServerWALEnd)
		if k.ReplyRequested {
			return s.pulse.tell(false)
		}
		return nil
	case pglogrepl.XLogDataByteID:
		x, err := pglogrepl.ParseXLogData(b[1:])
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		m, err := pglogrepl.Parse(x.WALData)
		if err != nil {
			return fmt.Errorf("read the log at %s: %w", x.WALStart, err)
		}
		return s.message(m)
	}
	return fmt.Errorf("read the log: a message of the kind %q", b[0])
}

// message handles one message of the plugin.
func (s *Source) message(m pglogrepl.Message) error {
	switch m := m.(type) {
	case *pglogrepl.BeginMessage:
		s.asm.begin(m)
	case *pglogrepl.CommitMessage:
		s.asm.commit(m.TransactionEndLSN)
	case *pglogrepl.RelationMessage:
		if f := s.relations[m.RelationID]; f != nil {
			return f.describe(m)
		}
		return s.stranger(m)
	case *pglogrepl.InsertMessage:
		return s.change(m.RelationID, func(f *followed) (stream.Change, error) { return f.insert(m) })
	case *pglogrepl.UpdateMessage:
		return s.change(m.RelationID, func(f *followed) (stream.Change, error) { return f.update(m) })
	case *pglogrepl.DeleteMessage:
		return s.change(m.RelationID, func(f *followed) (stream.Change, error) { return f.remove(m) })
	case *pglogrepl.TruncateMessage:
		return s.truncated(m.RelationIDs)
	}
	return nil // origins, types, and messages that others wrote
}

// stranger: the publication holds the followed relations alone, so another one is a partition that was added.
func (s *Source) stranger(m *pglogrepl.RelationMessage) error {
	for _, f := range s.relations {
		if f.root != 0 {
			return stop(f.Ident, "a partition was added beside it: %s.%s", m.Namespace, m.RelationName)
		}
	}
	return nil
}

// change takes a change of a followed relation.
func (s *Source) change(relation uint32, of func(*followed) (stream.Change, error)) error {
	f := s.relations[relation]
	if f == nil {
		return nil
	}
	if !f.checked {
		return fmt.Errorf("read a row of %s: the log hasn't described it", f.Ident)
	}
	c, err := of(f)
	if err != nil {
		return err
	}
	s.asm.change(c)
	return nil
}

func (s *Source) truncated(list []uint32) error {
	for _, id := range list {
		if f := s.relations[id]; f != nil {
			return stop(f.Ident, "somebody emptied the table: TRUNCATE")
		}
	}
	return nil
}
