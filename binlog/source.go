package binlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"

	"github.com/phasemig/phasemig/stream"
)

// events is how many events may be read ahead. An event is as large as a row.
const events = 16

// idleFor is how long transactions without changes wait for more of their kind.
const idleFor = 10 * time.Millisecond

// Source reads one server's log from one position on.
type Source struct {
	progress *progress
	asm      *assembly
	lines    *lines
	syncer   *replication.BinlogSyncer
	stream   *replication.BinlogStreamer
	decoder  *decoder
	look     *lookout
	payload  *payload // the compressed transaction that is being read
	past     ledger   // what ends up to here was dealt with in an earlier reading; or nil
	dealt    bool     // the group that is being read ends there
	at       file     // where in the log we are; the name is empty before the first rotate
	err      error    // what ended the reading
	loggedIn bool     // what is denied from now on isn't the password
}

var _ stream.Source = (*Source)(nil)

// Open starts to read the log at o.From. There is a Relation for each o.Follow, in
// the same order. The context bounds the opening only.
//
// Errors: stream.ErrLost, dberr.Denied with the missing grant, dberr.BadLogin,
// dberr.Unreachable.
func Open(ctx context.Context, c Config, o stream.Options, relations []Relation) (*Source, error) {
	c = c.withDefaults()
	if len(relations) != len(o.Follow) {
		return nil, fmt.Errorf("read the log of %s: %d relations for %d names", c.Addr, len(relations), len(o.Follow))
	}
	base, past, err := parsePlace(o.From, c.MariaDB)
	if err != nil {
		return nil, err
	}
	d, err := newDecoder(relations, c)
	if err != nil {
		return nil, err
	}
	s := &Source{decoder: d, past: past, look: newLookout(relations, c.FoldNames, o.Run), lines: &lines{open: ctx, patience: 4 * c.Heartbeat}}
	if err := s.open(ctx, c, base); err != nil {
		return nil, openError(err, c, s.loggedIn)
	}
	return s, nil
}

func (s *Source) open(ctx context.Context, c Config, base ledger) error {
	stop := context.AfterFunc(ctx, func() { s.lines.hangUp(false) })
	defer stop()
	if f, ok := base.(*file); ok && c.MariaDB {
		var err error
		if base, err = s.domainsAt(c, f); err != nil {
			return err
		}
	}
	s.progress = newProgress(base, s.past)
	s.asm = newAssembly(s.progress, c.Held)
	s.syncer = replication.NewBinlogSyncer(s.settings(c))
	var err error
	s.stream, err = s.start(base)
	if err == nil && !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		s.Close()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return err
}

// settings: raw mode leaves the events to us, and a connection that breaks stays
// broken.
func (s *Source) settings(c Config) replication.BinlogSyncerConfig {
	id := c.ServerID
	if id == 0 {
		id = 1<<31 + rand.Uint32N(1<<31-1)
	}
	return replication.BinlogSyncerConfig{
		ServerID: id, Flavor: c.flavor(), Host: c.Addr, User: c.User, Password: c.Password, TLSConfig: c.TLS,
		Localhost: "phasemig", RawModeEnabled: true, VerifyChecksum: true, DisableRetrySync: true, DiscardGTIDSet: true,
		HeartbeatPeriod: c.Heartbeat, EventCacheCount: events, Logger: slog.New(slog.DiscardHandler), Dialer: s.lines.dial,
		Option: func(*client.Conn) error { s.loggedIn = true; return nil },
	}
}

func (s *Source) start(base ledger) (*replication.BinlogStreamer, error) {
	switch at := base.(type) {
	case *gtidSet:
		return s.syncer.StartSyncGTID(at.MysqlGTIDSet.Clone())
	case *domains:
		set, err := mysql.ParseMariadbGTIDSet(at.String())
		if err != nil {
			return nil, err
		}
		return s.syncer.StartSyncGTID(set)
	case *file:
		if at.offset > 1<<32-1 {
			return nil, fmt.Errorf("the offset %d of %s can't be asked for: begin at a younger file, or switch GTIDs on", at.offset, at.name)
		}
		s.at = *at
		return s.syncer.StartSync(mysql.Position{Name: at.name, Pos: uint32(at.offset)})
	}
	return nil, errors.New("no position")
}

// domainsAt asks MariaDB for the transactions before a place in a file: there a
// file's offsets don't always stand in the events.
func (s *Source) domainsAt(c Config, f *file) (ledger, error) {
	conn, err := client.ConnectWithDialer(s.lines.open, "", c.Addr, c.User, c.Password, "", s.lines.dial,
		func(conn *client.Conn) error { conn.SetTLSConfig(c.TLS); return nil })
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	r, err := conn.Execute("SELECT BINLOG_GTID_POS(?, ?)", f.name, f.offset)
	if err != nil {
		return nil, err
	}
	if null, err := r.IsNull(0, 0); err != nil || null {
		return nil, fmt.Errorf("%w: file %s has no place %d", stream.ErrLost, f.name, f.offset)
	}
	text, err := r.GetString(0, 0)
	if err != nil {
		return nil, err
	}
	return parseDomains(text)
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
		if err := s.read(ctx); err != nil {
			s.err = err
		}
	}
}

// read handles one event. While transactions without changes wait for more, it waits
// a short time only.
func (s *Source) read(ctx context.Context) error {
	if s.payload != nil {
		return s.inflate()
	}
	if !s.asm.waiting() {
		return s.receive(ctx)
	}
	short, cancel := context.WithDeadline(ctx, s.asm.idle.until)
	defer cancel()
	err := s.receive(short)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		s.asm.release()
		return nil
	}
	return err
}

func (s *Source) receive(ctx context.Context) error {
	e, err := s.stream.GetEvent(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("read the log: %w", classify(err))
	}
	return s.handle(e)
}

// Resume implements stream.Source. A transaction that was forgotten, or hasn't come yet, is
// answered with the nearest one that is known.
func (s *Source) Resume(seq uint64) stream.Position { return s.progress.resume(seq) }

// Forget implements stream.Source.
func (s *Source) Forget(seq uint64) { s.progress.forget(seq) }

// Close ends the reading and the server's session. It waits for a server that
// doesn't answer no longer than some seconds.
func (s *Source) Close() error {
	if s.err == nil {
		s.err = errors.New("read the log: closed")
	}
	s.lines.hangUp(true)
	s.syncer.Close()
	if s.payload != nil {
		s.payload.close()
	}
	return nil
}
