package dbtest_test

import (
	"context"
	"database/sql"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/faultnet"
	"github.com/phasemig/phasemig/internal/throwaway"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

func TestDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		dsn := dbtest.Database(t, k)
		dbtest.Exec(t, dsn, "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, NULL)",
			"INSERT INTO item VALUES (2, 'two')")
		got := dbtest.Query(t, dsn, "SELECT id, name FROM item WHERE id < "+placeholder(k)+" ORDER BY id", 3)
		if len(got) != 2 || strings.Join(got[0], " ") != "1 NULL" || strings.Join(got[1], " ") != "2 two" {
			t.Errorf("rows: %v", got)
		}
		if dsn == dbtest.Database(t, k) {
			t.Error("the second database is the first")
		}
	})
}

func placeholder(k throwaway.Kind) string {
	if k.IsPostgres() {
		return "$1"
	}
	return "?"
}

// TestDropInUse leaves a transaction with locks and a slot behind.
func TestDropInUse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		s := dbtest.Server(t, k)
		var dsn string
		var tx *sql.Tx
		t.Run("leave", func(t *testing.T) {
			dsn = dbtest.Database(t, k)
			dbtest.Exec(t, dsn, "CREATE TABLE item (id int PRIMARY KEY)")
			db, err := dbtest.Open(dsn)
			if err != nil {
				t.Fatal(err)
			}
			if k.IsPostgres() { // a temporary slot is in use as long as its session lasts
				if _, err := db.Exec("SELECT pg_create_logical_replication_slot('left', 'pgoutput', true)"); err != nil {
					t.Fatal(err)
				}
			}
			if tx, err = db.Begin(); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec("INSERT INTO item VALUES (1)"); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
		})
		if tx.Commit() == nil {
			t.Error("the transaction survived its database")
		}
		if _, err := throwaway.Attach(t.Context(), k, dsn); err == nil {
			t.Errorf("the database is still on %s", s.Addr())
		}
	})
}

func TestProxyCut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		proxy, conn := proxied(t, k)
		proxy.Cut()
		if err := conn.PingContext(t.Context()); err == nil {
			t.Error("the connection survived")
		}
		proxy.Refuse(true)
		if err := dbtest.DB(t, proxy.DSN(dbtest.Server(t, k).DSN(""))).PingContext(t.Context()); err == nil {
			t.Error("a refused connection came through")
		}
		proxy.Refuse(false)
		if err := dbtest.DB(t, proxy.DSN(dbtest.Server(t, k).DSN(""))).PingContext(t.Context()); err != nil {
			t.Errorf("a new connection: %v", err)
		}
	})
}

func TestProxyPauseAndDelay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		proxy, conn := proxied(t, k)
		proxy.Pause()
		answer := make(chan error, 1)
		go func() { answer <- conn.PingContext(context.WithoutCancel(t.Context())) }()
		select {
		case err := <-answer:
			t.Errorf("answered while paused: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
		proxy.Resume()
		if err := <-answer; err != nil {
			t.Errorf("after the pause: %v", err)
		}
		proxy.Delay(50 * time.Millisecond)
		begin := time.Now()
		if err := conn.PingContext(t.Context()); err != nil || time.Since(begin) < 100*time.Millisecond {
			t.Errorf("answered in %v, %v", time.Since(begin), err)
		}
	})
}

func proxied(t *testing.T, k throwaway.Kind) (*faultnet.Proxy, *sql.Conn) {
	t.Helper()
	s := dbtest.Server(t, k)
	proxy := dbtest.NewProxy(t, s.Addr())
	conn, err := dbtest.DB(t, proxy.DSN(s.DSN(""))).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return proxy, conn
}

func TestPgBouncer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if !k.IsPostgres() {
			t.Skip("PgBouncer is for PostgreSQL")
		}
		s := dbtest.Server(t, k)
		bouncer := dbtest.PgBouncer(t, s, "default_pool_size=1")
		dsn := strings.Replace(dbtest.Database(t, k), s.Addr(), bouncer.Addr(), 1)
		dsn += "&default_query_exec_mode=exec" // prepared statements would be left on somebody else's connection
		one, two := dbtest.DB(t, dsn), dbtest.DB(t, dsn)
		for _, db := range []*sql.DB{one, two} {
			if _, err := db.ExecContext(t.Context(), "SET application_name = 'first'"); err != nil {
				t.Fatal(err)
			}
		}
		// With one server connection, both sessions are the same one.
		pid := func(db *sql.DB) (pid string) {
			if err := db.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
				t.Fatal(err)
			}
			return pid
		}
		if a, b := pid(one), pid(two); a != b {
			t.Errorf("backends %s and %s: not pooled", a, b)
		}
	})
}
