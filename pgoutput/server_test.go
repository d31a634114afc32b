package pgoutput_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/pgoutput"
	"github.com/phasemig/phasemig/stream"
)

// TestLostConnection is temporary, and the reading goes on where it was dealt with.
func TestLostConnection(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		from := b.create("t")
		p := dbtest.NewProxy(t, b.config.Conn.Host+":"+fmt.Sprint(b.config.Conn.Port))
		b.through(p)
		r := b.read(from, "t")
		b.exec("INSERT INTO t VALUES (1, 1)")
		first := r.until()
		p.Cut()
		_, err := r.Next(r.ctx)
		if !errors.Is(err, dberr.ConnLost) || !dberr.Temporary(err) {
			t.Fatalf("got %v", err)
		}
		if _, again := r.Next(r.ctx); again != err {
			t.Errorf("and then %v", again)
		}
		b.exec("INSERT INTO t VALUES (2, 1)")
		r = b.read(r.Resume(first.Seq), "t")
		want(t, "after it", r.text(r.until().changes), "t insert ('2','1')")
	})
}

// TestSilence: a server that says nothing at all for some heartbeats is lost, one that
// only has nothing to say isn't.
func TestSilence(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		from := b.create("t")
		p := dbtest.NewProxy(t, b.config.Conn.Host+":"+fmt.Sprint(b.config.Conn.Port))
		b.through(p)
		b.config.Heartbeat = 100 * time.Millisecond
		r := b.read(from, "t")
		idle, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		for {
			if _, err := r.Next(idle); errors.Is(err, context.DeadlineExceeded) {
				break
			} else if err != nil {
				t.Fatalf("an idle server: %v", err)
			}
		}
		r.Close()
		r = b.read(from, "t")
		p.Pause()
		defer p.Resume()
		start := time.Now()
		if err := r.ended(); !errors.Is(err, dberr.ConnLost) {
			t.Errorf("a silent server: %v", err)
		}
		if err := r.Close(); err != nil { // no server answers
			t.Error(err)
		}
		if d := time.Since(start); d > 15*time.Second {
			t.Errorf("it was closed after %s", d)
		}
	})
}

// TestBusyElsewhere: who doesn't call Next for longer than the server waits for a sign
// has lost nothing.
func TestBusyElsewhere(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		b.config.Heartbeat = 50 * time.Millisecond // the server waits for 600 ms
		r := b.read(b.create("t"), "t")
		b.exec("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i", "SELECT pg_sleep(2)")
		want(t, "rows", len(r.until().changes), 20000)
	})
}

// TestTakeover: a new reading ends an old one that is still connected.
func TestTakeover(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		from := b.create("t")
		old := b.read(from, "t")
		r := b.read(from, "t")
		b.exec("INSERT INTO t VALUES (1, 1)")
		want(t, "the new one", r.text(r.until().changes), "t insert ('1','1')")
		if err := old.ended(); !errors.Is(err, dberr.ConnLost) {
			t.Errorf("the old one: %v", err)
		}
	})
}

// TestKilled: somebody ends the session, or the server stops. A server that shuts down
// isn't held up by what was read and not dealt with.
func TestKilled(t *testing.T) {
	own(t, throwaway.Options{}, func(t *testing.T, b *bench, s *throwaway.Server) {
		b.exec(simple)
		b.config.Heartbeat = 200 * time.Millisecond
		from := b.create("t")
		for what, end := range map[string]func() error{
			"session": func() error {
				b.exec("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '" + b.config.Slot + "'")
				return nil
			},
			"shutdown": func() error { return s.Restart(t.Context()) },
			"kill": func() error {
				if err := s.Kill(); err != nil {
					return err
				}
				rel := pgoutput.Relation{}
				if err := b.tryOpen(from, rel); !errors.Is(err, dberr.Unreachable) {
					t.Errorf("open without a server: %v", err)
				}
				return s.Restart(t.Context())
			},
		} {
			r := b.read(from, "t")
			b.exec("INSERT INTO t VALUES (1, 1)", "DELETE FROM t")
			r.until() // so the server is sending
			begin := time.Now()
			if err := end(); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(begin); d > 20*time.Second {
				t.Errorf("%s: it took %s", what, d)
			}
			if err := r.ended(); !errors.Is(err, dberr.ConnLost) {
				t.Errorf("%s: got %v", what, err)
			}
			r.Close()
			b.db.SetMaxIdleConns(0) // sessions of before are gone
			r = b.read(from, "t")
			want(t, what+", again", r.text(r.until().changes), "t insert ('1','1')")
			r.Close()
			b.db.SetMaxIdleConns(2)
		}
	})
}

// TestLost: a position whose log is gone is lost for good, and so is one of another
// log.
func TestLost(t *testing.T) {
	own(t, throwaway.Options{Settings: []string{"max_slot_wal_keep_size=16MB", "min_wal_size=32MB", "max_wal_size=32MB"}}, func(t *testing.T, b *bench, s *throwaway.Server) {
		b.exec(simple, "CREATE TABLE u (v text)")
		from := b.create("t")
		parts := strings.Split(string(from), ":")
		lost := func(what string, from stream.Position) {
			t.Helper()
			if err := b.tryOpen(from, b.relation("t")); !errors.Is(err, stream.ErrLost) {
				t.Errorf("%s: %v", what, err)
			}
		}
		lost("another system", stream.Position("lsn:1:"+parts[2]+":"+parts[3]))
		lost("another timeline", stream.Position("lsn:"+parts[1]+":77:"+parts[3]))
		lost("a place before the slot's", stream.Position("lsn:"+parts[1]+":"+parts[2]+":0/1"))
		b.config.Heartbeat = 100 * time.Millisecond
		r := b.read(from, "t")
		for range 6 {
			b.exec("INSERT INTO u SELECT repeat('x', 1000) FROM generate_series(1, 16000)", "SELECT pg_switch_wal()", "CHECKPOINT")
		}
		if err := r.ended(); !errors.Is(err, stream.ErrLost) && !errors.Is(err, dberr.ConnLost) {
			t.Errorf("while it was read: %v", err)
		}
		lost("a slot that was invalidated", from)
		if err := pgoutput.Drop(t.Context(), b.config); err != nil {
			t.Error(err)
		}
		lost("a slot that was dropped", from)
		b.nothingLeft()
	})
}

// TestPromoted: on another timeline of the same cluster a slot's log isn't the one that was
// read.
func TestPromoted(t *testing.T) {
	own(t, throwaway.Options{}, func(t *testing.T, b *bench, s *throwaway.Server) {
		b.exec(simple)
		from := b.create("t")
		replica := dbtest.Start(t, s.Kind(), throwaway.Options{ReplicaOf: s})
		if err := s.CatchUp(t.Context(), replica); err != nil {
			t.Fatal(err)
		}
		u := strings.Split(b.dsn, "/")
		promoted := benchOn(t, replica.DSN(strings.TrimSuffix(u[3], "?sslmode=disable")))
		promoted.exec("SELECT pg_promote()")
		promoted.config.Slot, promoted.config.Publication = b.config.Slot, b.config.Publication
		if err := promoted.tryOpen(from, b.relation("t")); !errors.Is(err, stream.ErrLost) {
			t.Errorf("got %v", err)
		}
		promoted.exec("SELECT pg_create_logical_replication_slot('" + b.config.Slot + "', 'pgoutput')")
		if err := promoted.tryOpen(stream.Position(strings.Replace(string(from), lsn(from), "F/0", 1)), b.relation("t")); !errors.Is(err, stream.ErrLost) || !strings.Contains(err.Error(), "timeline 2") {
			t.Errorf("with a slot of the same name: %v", err)
		}
		if err := pgoutput.Drop(t.Context(), promoted.config); err != nil {
			t.Error(err)
		}
	})
}

// TestBudget: a slot that holds back too much is dropped, also while nobody calls Next.
func TestBudget(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple, "CREATE TABLE u (v text)")
		b.config.Heartbeat, b.config.Budget = 100*time.Millisecond, 4<<20
		r := b.read(b.create("t"), "t")
		b.exec("INSERT INTO u SELECT repeat('x', 1000) FROM generate_series(1, 8000)")
		for b.value("SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1", b.config.Slot) != "0" {
		}
		err := r.ended()
		var hint *dberr.Hint
		if !errors.Is(err, stream.ErrLost) || dberr.Temporary(err) || !strings.Contains(err.Error(), "more than its budget of 4.0 MiB, and was dropped") || !errors.As(err, &hint) {
			t.Errorf("got %v", err)
		}
	})
}

// TestBudgetWhileNobodyReads: what a slot held back between two readings counts at the next one, which begins with nothing.
func TestBudgetWhileNobodyReads(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple, "CREATE TABLE u (v text)")
		from := b.create("t")
		b.exec("INSERT INTO t VALUES (1, 'x')", "INSERT INTO u SELECT repeat('x', 1000) FROM generate_series(1, 8000)")
		b.config.Budget = 4 << 20
		if err := b.tryOpen(from, b.relation("t")); !errors.Is(err, stream.ErrLost) || !strings.Contains(err.Error(), "and was dropped") {
			t.Errorf("got %v", err)
		}
		want(t, "slots left", b.value("SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1", b.config.Slot), 0)
		if err := b.tryOpen(from, b.relation("t")); !errors.Is(err, stream.ErrLost) || !strings.Contains(err.Error(), "isn't there") {
			t.Errorf("and again: %v", err)
		}
	})
}

// TestAccounts: what an account needs.
func TestAccounts(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple, "DROP ROLE IF EXISTS phasemig_log, phasemig_none", "CREATE ROLE phasemig_log LOGIN REPLICATION", "CREATE ROLE phasemig_none LOGIN", "ALTER TABLE t OWNER TO phasemig_log",
			"DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO phasemig_log', current_database()); END $$")
		super := b.config.Conn
		t.Cleanup(func() {
			if _, err := dbtest.DB(t, b.dsn).ExecContext(context.WithoutCancel(t.Context()), "DROP OWNED BY phasemig_log; DROP ROLE phasemig_log, phasemig_none"); err != nil {
				t.Error(err)
			}
		})
		as := func(user string) {
			b.config.Conn = super.Copy()
			b.config.Conn.User = user
		}
		as("phasemig_log")
		from := b.create("t")
		r := b.read(from, "t")
		b.exec("INSERT INTO t VALUES (1, 1)")
		want(t, "rows", r.text(r.until().changes), "t insert ('1','1')")
		r.Close()
		if err := pgoutput.Drop(t.Context(), b.config); err != nil {
			t.Fatal(err)
		}
		as("phasemig_none")
		_, err := pgoutput.Create(t.Context(), b.config, "mark", b.relations([]string{"t"}), time.Second)
		var hint *dberr.Hint
		if !errors.Is(err, dberr.Denied) || !errors.As(err, &hint) || !strings.Contains(hint.Do, "REPLICATION") {
			t.Errorf("without the right: %v", err)
		}
		as("phasemig_nobody")
		if err := b.tryOpen(from, b.relation("t")); !errors.Is(err, dberr.BadLogin) {
			t.Errorf("without an account: %v", err)
		}
	})
}

// TestLevel: without rows in the log there is nothing to read.
func TestLevel(t *testing.T) {
	own(t, throwaway.Options{Settings: []string{"wal_level=replica"}}, func(t *testing.T, b *bench, _ *throwaway.Server) {
		b.exec(simple)
		_, err := pgoutput.Create(t.Context(), b.config, "mark", b.relations([]string{"t"}), time.Second)
		var hint *dberr.Hint
		if err == nil || !strings.Contains(err.Error(), "wal_level is replica") || !errors.As(err, &hint) {
			t.Errorf("got %v", err)
		}
	})
}

// TestForeignPositions are refused before anything is opened.
func TestForeignPositions(t *testing.T) {
	for _, p := range []stream.Position{"", "gtid:nonsense", "lsn:0/1", "lsn:1:x:0/1", "lsn:1:1:0", "lsn::1:0/1", "lsn:1:1:0/1:2"} {
		c := pgoutput.Config{Conn: conn(t, "postgres://x@127.0.0.1:1/x")}
		if s, err := pgoutput.Open(t.Context(), c, stream.Options{From: p}, nil); err == nil || !strings.Contains(err.Error(), "position") {
			t.Errorf("%q: %v %v", p, s, err)
		}
	}
}

// TestOpenIsBounded: a server that takes the connection and says nothing doesn't hold
// up who opens.
func TestOpenIsBounded(t *testing.T) {
	b := newBench(t, throwaway.Postgres15)
	b.exec(simple)
	from, list := b.create("t"), b.relations([]string{"t"})
	p := dbtest.NewProxy(t, b.config.Conn.Host+":"+fmt.Sprint(b.config.Conn.Port))
	b.through(p)
	p.Pause()
	defer p.Resume()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := pgoutput.Open(ctx, b.config, options(from, list), list); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %s", d)
	}
}
