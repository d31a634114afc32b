package mysql

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/tally"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// lease takes the lease as another runner would.
func (s *shadowed) takeOver() state.Lease {
	s.t.Helper()
	l, err := s.d.Store.Acquire(s.t.Context(), state.Holder{Run: s.plan.ID, Tables: s.plan.Tables(), Who: "test", Token: rand.Text()}, time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	return l
}

func (s *shadowed) release(l state.Lease) {
	s.t.Helper()
	if err := s.d.Store.Release(s.t.Context(), l); err != nil {
		s.t.Fatal(err)
	}
}

// pair opens both tables as a runner with this lease.
func (s *shadowed) pair(l state.Lease, reverse bool) *pair {
	s.t.Helper()
	p, err := s.d.Shadow(s.t.Context(), dialect.ShadowWork{Plan: s.plan, Fence: l.Fence(s.alter().Table), Reverse: reverse, Workers: 1})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = p.Close() })
	return p.(*pair)
}

func (s *shadowed) lock(p *pair) *locked {
	s.t.Helper()
	l, err := p.Lock(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = l.Close() })
	return l.(*locked)
}

func (s *shadowed) kill(session string) {
	s.t.Helper()
	s.exec("KILL CONNECTION " + session)
}

func (s *shadowed) swapOutcome() dialect.Outcome {
	s.t.Helper()
	return s.outcome(s.plan, s.plan.Phase(plans.Switch).Steps[0])
}

// until polls a condition.
func (h *home) until(what string, f func() bool) {
	h.t.Helper()
	for range 400 {
		if f() {
			return
		}
		<-time.After(5 * time.Millisecond) // between two looks at the server
	}
	h.t.Fatalf("%s never came", what)
}

func (h *home) waits(session string) func() bool {
	return func() bool {
		for _, r := range dbtest.Query(h.t, h.dsn, "SHOW PROCESSLIST") {
			if r[0] == session && strings.EqualFold(r[6], "Waiting for table metadata lock") {
				return true
			}
		}
		return false
	}
}

// answer is what a statement in another goroutine ends with.
func answer(f func() error) <-chan error {
	out := make(chan error, 1)
	go func() { out <- f() }()
	return out
}

// small is a table of some rows behind expand, on MariaDB.
func small(t *testing.T) *shadowed {
	t.Helper()
	h := newHome(t, throwaway.MariaDB)
	h.exec("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)", "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
	s := newShadowed(h, "t", "MODIFY n bigint NOT NULL")
	s.to(plans.Expand)
	return s
}

// finish takes the run to its end and wants every row there.
func (s *shadowed) finish(rows ...string) {
	s.t.Helper()
	s.to(plans.Contract)
	s.want("SELECT id, n FROM t ORDER BY id", rows...)
	s.want("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()", "t")
	s.want("SELECT data_type FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'n'", "bigint")
}

// TestSentryStops: while the sentry stands, a RENAME that gets the table fails, so a
// holder of the lock who dies takes nothing along.
func TestSentryStops(t *testing.T) {
	s := small(t)
	lease := s.takeOver()
	l := s.lock(s.pair(lease, false))
	renamed := answer(func() error {
		_, err := l.renamer.conn.ExecContext(t.Context(), l.kitchen.swap()[0])
		return err
	})
	s.until("the wait of the RENAME", s.waits(l.renamer.id))
	written := answer(func() error {
		_, err := s.db.ExecContext(t.Context(), "INSERT INTO t VALUES (4, 4)")
		return err
	})
	s.kill(l.id)
	if err := <-renamed; !is(err, 1050) {
		t.Errorf("the RENAME behind a sentry: %v, want 1050", err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
	if got := s.swapOutcome(); got != dialect.NotStarted {
		t.Errorf("the swap is %s", got)
	}
	s.release(lease)
	s.finish("1|1", "2|2", "3|3", "4|4")
}

// TestSentryGone: with the sentry gone the RENAME is the next to have the table, before
// a write that waited longer, whoever dies.
func TestSentryGone(t *testing.T) {
	s := small(t)
	lease := s.takeOver()
	l := s.lock(s.pair(lease, false))
	writer, err := s.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	var id string
	if err := writer.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id); err != nil {
		t.Fatal(err)
	}
	written := answer(func() error {
		_, err := writer.ExecContext(t.Context(), "INSERT INTO t VALUES (4, 4)")
		return err
	})
	s.until("the wait of the writer", s.waits(id))
	renamed := answer(func() error {
		_, err := l.renamer.conn.ExecContext(t.Context(), l.kitchen.swap()[0])
		return err
	})
	s.until("the wait of the RENAME", s.waits(l.renamer.id))
	if err := l.exec(t.Context(), "DROP TABLE "+quoteTable(l.awayName())); err != nil {
		t.Fatal(err)
	}
	s.kill(l.id)
	if err := errors.Join(<-renamed, <-written); err != nil {
		t.Error(err)
	}
	s.want("SELECT id FROM t WHERE id = 4", "4")
	s.want("SELECT id FROM " + quote(s.alter().Old) + " WHERE id = 4")
	if got := s.swapOutcome(); got != dialect.Partial {
		t.Errorf("the swap is %s", got)
	}
}

// TestSentryFence: a runner that slept with its second session ready can't rename after
// another one took over, neither before that one's cut-over nor after it.
func TestSentryFence(t *testing.T) {
	s := small(t)
	lease := s.takeOver()
	l := s.lock(s.pair(lease, false))
	s.kill(l.id) // it sleeps, and its connection is cut
	s.release(lease)
	s.exec("INSERT INTO t VALUES (4, 4)")
	late := func() error {
		_, err := l.renamer.conn.ExecContext(t.Context(), l.kitchen.swap()[0])
		return err
	}
	if err := late(); !is(err, 1050) {
		t.Errorf("a late RENAME: %v, want 1050", err)
	}
	s.to(plans.Switch)
	if err := late(); err == nil {
		t.Error("a late RENAME went through after the cut-over")
	} else if alive, aerr := s.d.Server.SessionAlive(t.Context(), l.renamer.id); aerr != nil || alive {
		t.Errorf("the session of the runner that slept is alive after the cut-over (%v): %v", err, aerr)
	}
	s.finish("1|1", "2|2", "3|3", "4|4")
}

// TestSentryLease: who has lost the lease is told so and touches nobody's session.
func TestSentryLease(t *testing.T) {
	s := small(t)
	lease := s.takeOver()
	stale := s.pair(lease, false)
	s.release(lease)
	now := s.takeOver()
	l := s.lock(s.pair(now, false))
	defer l.Close()
	if _, err := stale.Lock(t.Context()); !errors.Is(err, state.ErrFenced) {
		t.Errorf("a stale runner locks: %v", err)
	}
	if alive, err := s.d.Server.SessionAlive(t.Context(), l.renamer.id); err != nil || !alive {
		t.Errorf("the session that is to rename is gone: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	s.release(now)
	s.finish("1|1", "2|2", "3|3")
}

// TestSentryErrors: an error at each point of a swap, there and back, leaves a table
// with every row, and the next call goes on.
func TestSentryErrors(t *testing.T) {
	for _, point := range []string{"shadow.locked", "shadow.drained", "shadow.position_stored", "shadow.rename_waits", "shadow.sentry_gone", "shadow.renamed"} {
		t.Run(point, func(t *testing.T) {
			s := small(t)
			failing := func(f func() error) {
				t.Helper()
				fault.Arm(point + "=error")
				defer fault.Arm("")
				if err := f(); !errors.Is(err, fault.ErrInjected) {
					t.Errorf("%v, want the injected one", err)
				}
			}
			failing(func() error { return s.apply(t.Context(), plans.Switch) })
			s.exec("INSERT INTO t VALUES (4, 4)")
			s.to(plans.Switch)
			s.exec("INSERT INTO t VALUES (5, 5)")
			failing(func() error { return s.back() })
			s.exec("INSERT INTO t VALUES (6, 6)")
			s.rollback()
			s.want("SELECT id FROM t ORDER BY id", "1", "2", "3", "4", "5", "6")
			s.finish("1|1", "2|2", "3|3", "4|4", "5|5", "6|6")
		})
	}
}

// TestSentryBusyShadow: somebody who holds the shadow holds the RENAME up, which gives
// up in time, and nothing is changed.
func TestSentryBusyShadow(t *testing.T) {
	s := small(t)
	lease := s.takeOver()
	l := s.lock(s.pair(lease, false))
	if err := l.exec(t.Context(), "UNLOCK TABLES"); err != nil {
		t.Fatal(err)
	}
	third, err := s.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	for _, q := range []string{"BEGIN", "SELECT 1 FROM " + quote(s.alter().New)} {
		if _, err := third.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	// The lock on the table alone, as it is after the others were given back.
	if err := l.exec(t.Context(), "LOCK TABLES "+quoteTable(s.alter().Table)+" WRITE, "+quoteTable(l.awayName())+" WRITE"); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	err = l.renameByOther(t.Context(), l.kitchen.swap()[0])
	if took := time.Since(begin); !errors.Is(classify(err), dberr.LockTimeout) || took > 3*time.Second {
		t.Errorf("after %s: %v, want a lock timeout", took, err)
	}
	if got := s.swapOutcome(); got != dialect.NotStarted {
		t.Errorf("the swap is %s", got)
	}
	if _, err := third.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	s.release(lease)
	s.finish("1|1", "2|2", "3|3")
}

// busy is a table under writers whose every commit is in a tally.
func busy(t *testing.T, k throwaway.Kind, writers int) (*shadowed, *tally.Fleet) {
	t.Helper()
	h := newHome(t, k)
	column := func(name string, draw func(*mathrand.Rand) string) tally.Column {
		return tally.Column{Name: name, Draw: draw}
	}
	fleet, err := tally.Open(t.Context(), tally.Options{DSN: h.dsn, Name: h.database(), Rows: 1000, Writers: writers, Seed: 3, NoXA: true, Subject: tally.Subject{
		Create: "CREATE TABLE %s (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(60) NULL, hits INT NOT NULL DEFAULT 0, note VARCHAR(40) NULL, UNIQUE KEY email (email)) ENGINE=InnoDB CHARACTER SET utf8mb4",
		Key:    []tally.Column{column("id", nil)}, KeyOf: func(n int64) []string { return []string{fmt.Sprint(n)} }, Auto: true,
		Email: column("email", nil), Hits: column("hits", nil), Upsert: true,
		Columns: []tally.Column{column("note", func(r *mathrand.Rand) string { return fmt.Sprintf("'%d'", r.IntN(1e6)) })},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.Close() })
	return newShadowed(h, tally.Table, "MODIFY hits BIGINT NOT NULL DEFAULT 0, ADD KEY note (note)"), fleet
}

func (h *home) database() string { return h.rows("SELECT DATABASE()")[0] }

// curious sessions read the shadow all the time, in transactions and under locks of their
// own, so that the RENAME has to wait for more than one table.
func (s *shadowed) curious(ctx context.Context, n int) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for ctx.Err() == nil {
				name := quote([]string{s.alter().New, s.alter().Old}[i%2])
				conn, err := s.db.Conn(ctx)
				if err != nil {
					return
				}
				for _, q := range []string{"SET lock_wait_timeout = 1", "BEGIN", "SELECT 1 FROM " + name + " LIMIT 1", "DO SLEEP(0.003)", "COMMIT", "LOCK TABLES " + name + " READ", "DO SLEEP(0.001)", "UNLOCK TABLES"} {
					_, _ = conn.ExecContext(ctx, q) // the table isn't always there
				}
				_ = conn.Close()
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

// TestSwapUnderWriters: as many swaps there and back as there is patience for, under
// writers that never wait and readers of the shadow, and no write is ever lost between the
// lock and the RENAME.
func TestSwapUnderWriters(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.MariaDB} {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			s, fleet := busy(t, k, 8)
			oracle := dbtest.Database(t, k)
			fleet.Start(t.Context())
			compare := func(what string, c tally.Check) {
				t.Helper()
				resume := fleet.Pause()
				defer resume()
				c.DSN = oracle
				if err := fleet.Compare(t.Context(), c); err != nil {
					t.Fatalf("after %s: %v", what, err)
				}
				if r := fleet.Report(); r.Errors > 0 {
					t.Fatalf("after %s: %s", what, r)
				}
			}
			again := func(f func() error) {
				t.Helper()
				err := f()
				for n := 0; n < 20 && dberr.Temporary(err); n++ {
					err = f()
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			again(func() error { return s.apply(t.Context(), plans.Expand) })
			defer s.curious(t.Context(), 4)()
			fleet.Lap()
			swaps := 2
			if dbtest.Long() {
				swaps = 12
			}
			for n := range swaps {
				again(func() error { return s.apply(t.Context(), plans.Switch) })
				t.Logf("switch %d: %s", n, fleet.Lap())
				compare("a switch", tally.Check{Alter: s.alter().SQL})
				again(s.back)
				t.Logf("back %d: %s", n, fleet.Lap())
				compare("a way back", tally.Check{})
			}
		})
	}
}
