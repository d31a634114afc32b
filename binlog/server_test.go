package binlog_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/binlog"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/stream"
)

// kinds are the servers that a test starts for itself.
var kinds = []throwaway.Kind{throwaway.MySQL, throwaway.MariaDB}

func (b *bench) tryOpen(from stream.Position, tables ...string) error {
	b.Helper()
	o := stream.Options{From: from}
	var list []binlog.Relation
	for _, name := range tables {
		list = append(list, b.relation(name))
		o.Follow = append(o.Follow, list[len(list)-1].Ident)
	}
	s, err := binlog.Open(b.Context(), b.config, o, list)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	for {
		if _, err := s.Next(ctx); err != nil {
			return err
		}
	}
}

// TestPurged: a position that the log doesn't reach back to is lost for good, and so
// is one of another log.
func TestPurged(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			s := dbtest.Start(t, k, throwaway.Options{})
			b := benchOn(t, k, dbtest.DatabaseOn(t, s))
			b.exec(simple)
			from, file := b.here(), b.file()
			b.exec("INSERT INTO t VALUES (1, 1)", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (2, 1)", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (3, 1)")
			ahead := stream.Position(string(b.here()) + "9") // a transaction that never was
			now := b.file()
			b.exec("PURGE BINARY LOGS TO '" + strings.Split(string(now), ":")[1] + "'")
			for _, p := range []stream.Position{from, file, ahead, "file:nothing.000001:4", "file:" + stream.Position(strings.Split(string(now), ":")[1]) + ":99999999"} {
				if err := b.tryOpen(p, "t"); !errors.Is(err, stream.ErrLost) {
					t.Errorf("from %s: %v", p, err)
				}
			}
		})
	}
}

// TestLostConnection is temporary, and the reading goes on where it was dealt with.
func TestLostConnection(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		p := dbtest.NewProxy(t, b.config.Addr)
		b.config.Addr = p.Addr()
		from := b.here()
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
		want(t, "after it", r.text(r.until().changes), "t insert (2,1)")
	})
}

// TestSilence: a server that says nothing at all for some heartbeats is lost, one that
// only has nothing to say isn't.
func TestSilence(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		p := dbtest.NewProxy(t, b.config.Addr)
		b.config.Addr, b.config.Heartbeat = p.Addr(), 500*time.Millisecond
		r := b.read(b.here(), "t")
		idle, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := r.Next(idle); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("an idle server: %v", err)
		}
		r = b.read(b.here(), "t")
		p.Pause()
		defer p.Resume()
		start := time.Now()
		if _, err := r.Next(r.ctx); !errors.Is(err, dberr.ConnLost) {
			t.Errorf("a silent server: %v", err)
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("it was noticed after %s", d)
		}
		if err := r.Close(); err != nil { // no server answers
			t.Error(err)
		}
		if d := time.Since(start); d > 15*time.Second {
			t.Errorf("it was closed after %s", d)
		}
	})
}

// TestKilled: somebody ends the session, or the server stops.
func TestKilled(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			s := dbtest.Start(t, k, throwaway.Options{})
			b := benchOn(t, k, dbtest.DatabaseOn(t, s))
			b.exec(simple)
			for _, end := range []func() error{
				func() error {
					b.exec("KILL " + b.value("SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'"))
					return nil
				},
				s.Kill,
			} {
				r := b.read(b.here(), "t")
				b.exec("INSERT INTO t VALUES (1, 1)", "DELETE FROM t")
				r.until() // so the server is sending
				r.until()
				if err := end(); err != nil {
					t.Fatal(err)
				}
				if _, err := r.Next(r.ctx); !errors.Is(err, dberr.ConnLost) {
					t.Errorf("got %v", err)
				}
			}
			if err := b.tryOpenAt(); !errors.Is(err, dberr.Unreachable) {
				t.Errorf("open without a server: %v", err)
			}
			if err := s.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// tryOpenAt opens without a look at the catalog.
func (b *bench) tryOpenAt() error {
	p := stream.Position("gtid:")
	if b.mariadb {
		p = "mariadb-gtid:"
	}
	s, err := binlog.Open(b.Context(), b.config, stream.Options{From: p}, nil)
	if err == nil {
		s.Close()
	}
	return err
}

// TestAccounts: what an account needs, and how it logs in.
func TestAccounts(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple, "DROP USER IF EXISTS phasemig_log, phasemig_none", "CREATE USER phasemig_log IDENTIFIED BY 'sé cret'", "CREATE USER phasemig_none IDENTIFIED BY 'x'",
			"GRANT REPLICATION SLAVE ON *.* TO phasemig_log")
		from := b.here()
		b.exec("INSERT INTO t VALUES (1, 1)")
		root := b.config
		defer func() { b.exec("DROP USER phasemig_log, phasemig_none") }()
		for _, tls := range []*tls.Config{nil, {InsecureSkipVerify: true}} { // full authentication by the server's key, and by the connection's
			if tls != nil && b.mariadb {
				continue // this server has no certificate
			}
			b.exec("ALTER USER phasemig_log IDENTIFIED BY 'sé cret'") // empties MySQL's cache of passwords
			b.config = root
			b.config.User, b.config.Password, b.config.TLS = "phasemig_log", "sé cret", tls
			r := b.read(from, "t")
			want(t, "rows", r.text(r.until().changes), "t insert (1,1)")
			r.Close()
		}
		b.config.User, b.config.Password, b.config.TLS = "phasemig_none", "x", nil
		err := b.tryOpen(from, "t")
		var hint *dberr.Hint
		if !errors.Is(err, dberr.Denied) || !errors.As(err, &hint) || !strings.Contains(hint.Do, "GRANT REPLICATION SLAVE ON *.* TO") {
			t.Errorf("without the right: %v", err)
		}
		b.config.Password = "wrong"
		if err := b.tryOpen(from, "t"); !errors.Is(err, dberr.BadLogin) {
			t.Errorf("with another password: %v", err)
		}
	})
}

// TestFiles: positions by file, over rotations, on a server without GTIDs.
func TestFiles(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			o := throwaway.Options{}
			if k == throwaway.MySQL {
				o.Settings = []string{"gtid-mode=OFF", "enforce-gtid-consistency=OFF"}
			}
			b := benchOn(t, k, dbtest.DatabaseOn(t, dbtest.Start(t, k, o)))
			b.exec(simple)
			from := b.file()
			var at []stream.Position
			for i := range 6 {
				b.exec(fmt.Sprintf("INSERT INTO t VALUES (%d, 0)", i))
				if b.mariadb {
					at = append(at, b.here())
				} else {
					at = append(at, b.file())
				}
				b.exec("FLUSH BINARY LOGS")
			}
			r := b.read(from, "t")
			for i := range 6 {
				txn := r.until()
				want(t, "rows", r.text(txn.changes), fmt.Sprintf("t insert (%d,0)", i))
				want(t, "resume", r.Resume(txn.Seq), at[i])
			}
			if again := b.read(at[3], "t"); again != nil {
				want(t, "again", again.text(again.until().changes), "t insert (4,0)")
			}
		})
	}
}

// TestForeignPositions are refused before anything is opened.
func TestForeignPositions(t *testing.T) {
	for _, p := range []stream.Position{"", "gtid:nonsense", "mariadb-gtid:0-1-1", "file:x", "file::4", "file:x:-1", "lsn:0/1"} {
		if s, err := binlog.Open(t.Context(), binlog.Config{Addr: "127.0.0.1:1"}, stream.Options{From: p}, nil); err == nil || !strings.Contains(err.Error(), "position") {
			t.Errorf("%q: %v %v", p, s, err)
		}
	}
}

// TestOpenIsBounded: a server that takes the connection and says nothing doesn't hold
// up who opens.
func TestOpenIsBounded(t *testing.T) {
	b := newBench(t, throwaway.MySQL)
	p := dbtest.NewProxy(t, b.config.Addr)
	b.config.Addr = p.Addr()
	p.Pause()
	defer p.Resume()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := binlog.Open(ctx, b.config, stream.Options{From: b.here()}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %s", d)
	}
}
