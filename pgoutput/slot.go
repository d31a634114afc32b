package pgoutput

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pglogrepl"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/stream"
)

// slot is a replication slot as the server shows it.
type slot struct {
	there     bool
	usable    bool // of our plugin and our database, with its log still there
	why       string
	confirmed pglogrepl.LSN
	reader    string // the session that reads it, or ""
	behind    int64  // bytes of the log that it holds back
}

const slotSQL = `SELECT s.plugin, s.database = current_database(), coalesce(s.wal_status, ''), coalesce(s.confirmed_flush_lsn::text, ''), coalesce(s.active_pid::text, ''),
	coalesce(greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn), 0)::bigint, 0)
	FROM pg_replication_slots s WHERE s.slot_name = $1`

func slotOf(ctx context.Context, s *session, name string) (slot, error) {
	row, err := s.row(ctx, slotSQL, name)
	if err != nil || row == nil {
		return slot{}, err
	}
	out := slot{there: true, reader: row[4], behind: number32(row[5])}
	switch {
	case row[0] != "pgoutput" || row[1] != "t":
		out.why = "is another database's or another plugin's"
	case row[2] == "lost":
		out.why = "has lost its part of the log (max_slot_wal_keep_size, or idle_replication_slot_timeout)"
	case row[3] == "":
		out.why = "was invalidated"
	default:
		out.usable = true
		out.confirmed, err = pglogrepl.ParseLSN(row[3])
	}
	return out, err
}

// lost says why nothing can be read through the slot.
func (s slot) lost(name string) error {
	switch {
	case !s.there:
		return fmt.Errorf("%w: slot %s isn't there", stream.ErrLost, name)
	case !s.usable:
		return fmt.Errorf("%w: slot %s %s", stream.ErrLost, name, s.why)
	}
	return nil
}

// usable looks whether the slot can be read from a place on, and ends who reads it.
// The server would go on at a later place without a word.
func usable(ctx context.Context, s *session, c Config, from pglogrepl.LSN) error {
	at, err := slotOf(ctx, s, c.Slot)
	if err != nil {
		return fmt.Errorf("look at slot %s: %w", c.Slot, err)
	}
	if err := at.lost(c.Slot); err != nil {
		return err
	}
	if at.confirmed > from {
		return fmt.Errorf("%w: slot %s has let go of the log before %s", stream.ErrLost, c.Slot, at.confirmed)
	}
	if at.reader == "" {
		return nil
	}
	if _, err := s.rows(ctx, "SELECT pg_terminate_backend($1::int, 5000)", at.reader); err != nil {
		return dberr.Mark(dberr.Unreachable, fmt.Errorf("slot %s is read by session %s: %w", c.Slot, at.reader, err))
	}
	return nil
}

// Create makes the run's publication of the relations and its slot, and returns the first
// position: every transaction that ended before it is seen by every later read, and none of
// them is prepared and not ended. What an earlier attempt left under the names is made anew. It
// waits no longer than the time given for transactions that were open, in all databases: then
// dberr.LockTimeout, with their names, and nothing is left behind.
//
// A relation whose replica identity doesn't log its key is refused: with it in a publication
// the application's UPDATEs would fail.
func Create(ctx context.Context, c Config, mark string, relations []Relation, wait time.Duration) (stream.Position, error) {
	c = c.withDefaults()
	side, err := c.connect(ctx, false)
	if err != nil {
		return "", err
	}
	defer side.hangUp()
	from, err := c.here(ctx)
	if err != nil {
		return "", err
	}
	if err := ready(ctx, side, relations); err != nil {
		return "", err
	}
	// The publication's lock on the tables waits for a vacuum, and the tables' other DDL for it.
	if err := side.run(ctx, fmt.Sprintf("SET lock_timeout = %d", max(wait.Milliseconds(), 1))); err != nil {
		return "", err
	}
	if err := c.remove(ctx, side); err != nil {
		return "", err
	}
	if err := c.free(ctx, side, relations); err != nil {
		return "", err
	}
	if err := c.publish(ctx, side, mark, relations); err != nil {
		return "", err
	}
	until := time.Now().Add(wait)
	if from.at, err = c.reserve(ctx, side, wait); err == nil {
		err = settle(ctx, side, until)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("create slot %s: %w", c.Slot, err), c.remove(context.WithoutCancel(ctx), side))
	}
	return from.position(), nil
}

// Shorten lets the server's next reading of a slot begin near where it has been read to. The server decodes from its last
// snapshot of the running transactions before that place, and writes one every 15 s at most
// (LOG_SNAPSHOT_INTERVAL_MS in its bgwriter.c): after a quick copy it would go through all of it again, and a cut-over wait for that.
// The making of a slot writes one at once; this one is temporary, and gone if it isn't ready in a moment. Whatever fails costs time only.
func Shorten(ctx context.Context, c Config) {
	side, err := c.withDefaults().connect(ctx, false)
	if err != nil {
		return
	}
	defer side.hangUp()
	if err := side.run(ctx, "SET statement_timeout = 300"); err == nil {
		_, _ = side.row(ctx, "SELECT pg_create_logical_replication_slot($1, 'pgoutput', true)", c.Slot+"_now")
	}
}

// free: nobody else has a slot of the name. What is left of it behind remove isn't ours.
func (c Config) free(ctx context.Context, s *session, relations []Relation) error {
	row, err := s.row(ctx, "SELECT coalesce('of database ' || database, 'for a replica') FROM pg_replication_slots WHERE slot_name = $1", c.Slot)
	if err != nil || row == nil {
		return err
	}
	taken := &stream.StopError{Reason: fmt.Sprintf("the name of its replication slot, %s, is taken by a slot %s", c.Slot, row[0]),
		Hint: "see who reads it: SELECT * FROM pg_replication_slots WHERE slot_name = '" + c.Slot + "'; if nobody needs it, connect to its database and SELECT pg_drop_replication_slot('" + c.Slot + "')"}
	if len(relations) > 0 {
		taken.Relation = relations[0].Ident
	}
	return taken
}

// here asks whose log it is.
func (c Config) here(ctx context.Context) (place, error) {
	conn, err := c.connect(ctx, true)
	if err != nil {
		return place{}, fmt.Errorf("connect for replication: %w", err)
	}
	defer conn.hangUp()
	o, err := conn.origin(ctx)
	return place{origin: o}, err
}

// oldest is the first version whose behaviour was checked: before it empty transactions
// were sent, and publications had neither filters nor lists of columns.
const oldest = 150000

// ready: the server keeps what is needed, and the relations can be published.
func ready(ctx context.Context, s *session, relations []Relation) error {
	level, err := s.row(ctx, "SELECT current_setting('wal_level')")
	if err != nil {
		return fmt.Errorf("read wal_level: %w", err)
	}
	if level[0] != "logical" {
		return dberr.WithHint(fmt.Errorf("wal_level is %s: the log doesn't hold rows", level[0]), "ALTER SYSTEM SET wal_level = logical, then restart the server")
	}
	version, err := s.row(ctx, "SELECT current_setting('server_version_num')")
	if err != nil {
		return fmt.Errorf("read the server's version: %w", err)
	}
	if number32(version[0]) < oldest {
		return fmt.Errorf("the log can be followed on PostgreSQL 15 and later, and this server is older: %s", version[0])
	}
	for i, r := range relations {
		list, err := find(ctx, s, i, r)
		if err != nil {
			return err
		}
		for _, f := range list {
			if err := f.publishable(number32(version[0])); err != nil {
				return err
			}
		}
	}
	return nil
}

// publishable: since PostgreSQL 18 the server refuses every UPDATE of a published table whose identity holds what isn't
// published.
func (f *followed) publishable(version int64) error {
	g := f.computed()
	if g == "" || f.identity != 'f' || version < 180000 {
		return nil
	}
	err := stop(f.Ident, "its replica identity FULL holds the computed column %s, which isn't published: UPDATEs would fail", g)
	err.Hint = "ALTER TABLE " + quoted(f.Ident) + " REPLICA IDENTITY DEFAULT, or USING INDEX of the key's index"
	return err
}

// publish makes the publication. It must be there before the slot, which reads the
// catalog as it was at each change.
func (c Config) publish(ctx context.Context, s *session, mark string, relations []Relation) error {
	list := make([]string, len(relations))
	for i, r := range relations {
		list[i] = quoted(r.Ident)
	}
	for _, q := range []string{
		"CREATE PUBLICATION " + quote(c.Publication) + " FOR TABLE " + strings.Join(list, ", "),
		"COMMENT ON PUBLICATION " + quote(c.Publication) + " IS " + literal(mark),
	} {
		if err := s.run(ctx, q); err != nil {
			return fmt.Errorf("create publication %s: %w", c.Publication, err)
		}
	}
	return nil
}

// reserve makes the slot, which waits for every transaction that writes.
func (c Config) reserve(ctx context.Context, s *session, wait time.Duration) (pglogrepl.LSN, error) {
	if err := s.run(ctx, fmt.Sprintf("SET statement_timeout = %d", max(wait.Milliseconds(), 1))); err != nil {
		return 0, err
	}
	row, err := s.row(ctx, "SELECT lsn FROM pg_create_logical_replication_slot($1, 'pgoutput')", c.Slot)
	if reset := s.run(ctx, "SET statement_timeout = 0"); err == nil {
		err = reset
	}
	if errors.Is(err, dberr.LockTimeout) {
		return 0, waited(ctx, s)
	}
	if err != nil {
		return 0, err
	}
	return pglogrepl.ParseLSN(row[0])
}

// settle waits until every transaction that was writing is over: one of them may be in
// the log before the slot's place, and be seen by nobody yet.
func settle(ctx context.Context, s *session, until time.Time) error {
	row, err := s.row(ctx, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
	if err != nil {
		return err
	}
	for {
		over, err := s.row(ctx, "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8", row[0])
		if err != nil || over[0] == "t" {
			return err
		}
		if time.Now().After(until) {
			return waited(ctx, s)
		}
		if err := pause.For(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

const writersSQL = `SELECT format('session %s of %s (%s) open for %ss: %s', pid, coalesce(usename, '?'), application_name, extract(epoch FROM clock_timestamp() - xact_start)::int, left(query, 100))
	FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
	UNION ALL SELECT format('prepared transaction %L of %s in %s', gid, owner, database) FROM pg_prepared_xacts`

// waited names the transactions that were waited for.
func waited(ctx context.Context, s *session) error {
	rows, err := s.rows(ctx, writersSQL)
	if err != nil {
		return err
	}
	var names []string
	for _, r := range rows {
		names = append(names, r[0])
	}
	if len(names) == 0 {
		names = []string{"which are over by now"}
	}
	return dberr.WithHint(dberr.Mark(dberr.LockTimeout, fmt.Errorf("transactions that write stayed open for too long: %s", strings.Join(names, "; "))),
		"wait for them, or end them: a slot begins where none of them is open, in any database of the server")
}

// Drop takes the slot and the publication away, and ends who reads the slot. What isn't there
// is no error, nor is a slot of the name that isn't this database's: that is left alone.
func Drop(ctx context.Context, c Config) error {
	s, err := c.connect(ctx, false)
	if err != nil {
		return err
	}
	defer s.hangUp()
	return c.remove(ctx, s)
}

func (c Config) remove(ctx context.Context, s *session) error {
	if err := dropSlot(ctx, s, c.Slot); err != nil {
		return fmt.Errorf("drop slot %s: %w", c.Slot, err)
	}
	if err := s.run(ctx, "DROP PUBLICATION IF EXISTS "+quote(c.Publication)); err != nil {
		return fmt.Errorf("drop publication %s: %w", c.Publication, err)
	}
	return nil
}

// dropSlot ends the slot's reader first: while there is one it can't be dropped. Only the database that a slot belongs to can
// drop it, and the reader of another one's is none of ours.
func dropSlot(ctx context.Context, s *session, name string) error {
	_, err := s.rows(ctx, `SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE slot_name = $1 AND database = current_database() AND active_pid IS NOT NULL`, name)
	if err != nil {
		return err
	}
	_, err = s.rows(ctx, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND database = current_database()", name)
	return err
}

// literal writes a string constant.
func literal(s string) string { return string(appendLiteral(nil, []byte(s))) }
