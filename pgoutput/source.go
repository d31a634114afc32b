package pgoutput

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/stream"
)

// Source reads one server's log from one position on.
type Source struct {
	config    Config
	progress  *progress
	asm       *assembly
	relations map[uint32]*followed
	conn      *session // what is read from
	pulse     *pulse
	err       error // what ended the reading
	closed    sync.Once
}

var _ stream.Source = (*Source)(nil)

// Open starts to read the log at o.From. There is a Relation for each o.Follow, in the
// same order, and slot and publication exist: see Create. An earlier reading of the slot
// that is still connected is ended. The context bounds the opening only.
//
// Errors: stream.ErrLost where the slot is gone, was invalidated, has let go of the position or
// belongs to another timeline; *stream.StopError where a relation isn't what it was;
// dberr.Denied with the missing right, dberr.BadLogin, dberr.Unreachable.
func Open(ctx context.Context, c Config, o stream.Options, relations []Relation) (*Source, error) {
	c = c.withDefaults()
	if len(relations) != len(o.Follow) {
		return nil, fmt.Errorf("read the log of %s: %d relations for %d names", c.addr(), len(relations), len(o.Follow))
	}
	from, err := parsePosition(o.From)
	if err != nil {
		return nil, err
	}
	s := &Source{config: c, progress: newProgress(from), relations: map[uint32]*followed{}}
	s.asm = newAssembly(s.progress)
	if err := s.open(ctx, from, relations); err != nil {
		s.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("read the log of %s: %w", c.addr(), err)
	}
	return s, nil
}

func (s *Source) open(ctx context.Context, from place, relations []Relation) error {
	side, err := s.config.connect(ctx, false)
	if err != nil {
		return err
	}
	s.pulse = newPulse(s.config, s.progress, side)
	if err := usable(ctx, side, s.config, from.at); err != nil {
		return err
	}
	for i, r := range relations {
		list, err := find(ctx, side, i, r)
		if err != nil {
			return err
		}
		for _, f := range list {
			s.relations[f.oid] = f
			s.pulse.relations = append(s.pulse.relations, f)
		}
	}
	if err := s.pulse.check(ctx); err != nil {
		return err
	}
	if s.conn, err = s.config.connect(ctx, true); err != nil {
		return err
	}
	at, err := s.conn.origin(ctx)
	if err != nil {
		return err
	}
	if at != from.origin {
		return fmt.Errorf("%w: the position is of system %s, timeline %d, and this is system %s, timeline %d", stream.ErrLost, from.system, from.timeline, at.system, at.timeline)
	}
	if err := pglogrepl.StartReplication(ctx, s.conn.PgConn, s.config.Slot, from.at, s.config.arguments()); err != nil {
		return classify(err)
	}
	s.pulse.start(s.conn)
	return nil
}

// arguments: version 1 of the protocol knows no transactions that aren't finished.
func (c Config) arguments() pglogrepl.StartReplicationOptions {
	name := quote(c.Publication)
	return pglogrepl.StartReplicationOptions{Mode: pglogrepl.LogicalReplication,
		PluginArgs: []string{"proto_version '1'", "publication_names " + literal(name)}}
}

// Next implements stream.Source.
func (s *Source) Next(ctx context.Context) (stream.Piece, error) {
	for {
		if p, ok := s.asm.next(); ok {
			return p, nil
		}
		if s.err != nil {
			return stream.Piece{}, s.err
		}
		if err := s.receive(ctx); err != nil {
			// What the pulse found out explains a connection that is gone.
			if found := s.pulse.found(); found != nil {
				err = found
			}
			s.err = err
		}
	}
}

// receive handles one message. While a place without changes waits for a further one,
// it waits a short time only. The server's silence counts from here: a reader that was busy
// elsewhere has lost nothing.
func (s *Source) receive(ctx context.Context) error {
	until := time.Now().Add(s.config.patience())
	if s.asm.waiting() && s.asm.until.Before(until) {
		until = s.asm.until
	}
	short, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	m, err := s.conn.ReceiveMessage(short)
	switch {
	case err == nil:
		return s.handle(m)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case pgconn.Timeout(err) && s.asm.waiting():
		s.asm.release()
		return nil
	case pgconn.Timeout(err):
		return dberr.Mark(dberr.ConnLost, fmt.Errorf("read the log: the server has been silent for %s", s.config.patience()))
	}
	return fmt.Errorf("read the log: %w", classify(err))
}

// Resume implements stream.Source. A transaction that was forgotten, or hasn't come yet, is
// answered with the nearest one that is known.
func (s *Source) Resume(seq uint64) stream.Position { return s.progress.resume(seq) }

// Forget implements stream.Source.
func (s *Source) Forget(seq uint64) { s.progress.forget(seq) }

// Check reads slot, publication and relations from the catalog, and tells what would
// keep changes out of the log: what the reading itself notices only after a heartbeat.
func (s *Source) Check(ctx context.Context) error { return s.pulse.checkNow(ctx) }

// Close ends the reading and the server's session. It waits for a server that doesn't
// answer no longer than some seconds. The slot stays.
func (s *Source) Close() error {
	s.closed.Do(func() {
		if s.err == nil {
			s.err = errors.New("read the log: closed")
		}
		if s.pulse != nil {
			s.pulse.stop()
		}
		if s.conn != nil {
			s.conn.hangUp()
		}
	})
	return nil
}
