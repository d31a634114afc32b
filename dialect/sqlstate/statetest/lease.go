package statetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect/sqlstate"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

func testLease(t *testing.T, h *home) {
	a, b, ctx := h.installed(t), h.store(t), t.Context()
	la := acquire(t, a, "a", orders, users, users)
	if len(la.Scopes) != 2 || len(la.Epochs) != 2 || la.Epochs[0] != 1 || la.Token != "token of a" {
		t.Errorf("lease: %+v", la)
	}
	if f := la.Fence(users); f.Scope != state.Scope(users) || f.Epoch != 1 || f.Token != la.Token {
		t.Errorf("fence: %+v", f)
	}
	_, err := b.Acquire(ctx, holder("b", users), time.Hour)
	var held *state.HeldError
	if !errors.As(err, &held) || held.Holder != "host a" || held.Run != "a" || held.Scope != state.Scope(users) || time.Since(held.Since).Abs() > time.Minute {
		t.Errorf("held lease: %v", err)
	}
	// The same process is a second runner as well.
	if _, err := a.Acquire(ctx, holder("c", users), time.Hour); !errors.Is(err, state.ErrHeld) {
		t.Errorf("held by ourselves: %v", err)
	}
	must(t, a.Heartbeat(ctx, la))
	one, two := got(a.Beat(ctx, la))(t), got(a.Beat(ctx, la))(t)
	if !two.After(one) || time.Since(two).Abs() > 10*time.Second {
		t.Errorf("beats at %s and %s", one, two)
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	must(t, a.Release(done, la))
	if err := a.Heartbeat(ctx, la); !errors.Is(err, state.ErrFenced) {
		t.Errorf("heartbeat of a released lease: %v", err)
	}
	lb := acquire(t, b, "b", users, orders)
	if lb.Epochs[0] != 2 || lb.Epochs[1] != 2 {
		t.Errorf("second lease: %+v", lb)
	}
	if err := a.Heartbeat(ctx, la); !errors.Is(err, state.ErrFenced) {
		t.Errorf("heartbeat after release: %v", err)
	}
	must(t, a.Release(ctx, la)) // nothing of b's is taken
	must(t, b.Heartbeat(ctx, lb))
	// One of the tables is held: neither is taken.
	if _, err := a.Acquire(ctx, holder("d", schema.Ident{Schema: "app", Name: "a"}, users), time.Hour); !errors.Is(err, state.ErrHeld) {
		t.Errorf("partly held: %v", err)
	}
	acquire(t, a, "e", schema.Ident{Schema: "app", Name: "a"})
}

// session is the server's id of the connection that a scope's lease keeps.
func (h *home) session(t *testing.T, id schema.Ident) (session string) {
	t.Helper()
	must(t, h.Open(t).QueryRowContext(t.Context(), "SELECT session FROM "+h.table("lease_epoch")+" WHERE scope = '"+strings.ReplaceAll(state.Scope(id), "'", "''")+"'").Scan(&session))
	return session
}

// takesOver acquires until it works: a server notices a dead client soon, not at once.
func takesOver(t *testing.T, s *sqlstate.Store, run string, tables ...schema.Ident) state.Lease {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); ; {
		l, err := s.Acquire(t.Context(), holder(run, tables...), time.Hour)
		if err == nil {
			return l
		}
		if !errors.Is(err, state.ErrHeld) || time.Now().After(limit) {
			t.Fatal(err)
		}
	}
}

func testKilled(t *testing.T, h *home) {
	a, b := h.installed(t), h.store(t)
	la := acquire(t, a, "a", users)
	h.exec(t, fmt.Sprintf(h.Kill, h.session(t, users)))
	lb := takesOver(t, b, "b", users)
	if lb.Epochs[0] != la.Epochs[0]+1 {
		t.Errorf("epoch %d after %d", lb.Epochs[0], la.Epochs[0])
	}
	if err := a.Heartbeat(t.Context(), la); !errors.Is(err, state.ErrFenced) {
		t.Errorf("heartbeat of the killed runner: %v", err)
	}
	must(t, b.Heartbeat(t.Context(), lb))
}

func testHung(t *testing.T, h *home) {
	a, b, c, ctx := h.installed(t), h.store(t), h.store(t), t.Context()
	la := acquire(t, a, "a", users)
	createRun(t, a, la, "r", state.Planned, users)
	lb := hungTakeover(t, b, "b")
	seg := state.Segment{Run: "r", Step: "s"}
	for name, err := range map[string]error{
		"Heartbeat":     a.Heartbeat(ctx, la),
		"CreateRun":     a.CreateRun(ctx, la, state.Run{ID: "q", Tables: []schema.Ident{users}}),
		"SetRun":        a.SetRun(ctx, la, "r", state.Expanding, "expand", ""),
		"PutStep":       a.PutStep(ctx, la, state.StepRecord{Run: "r", Step: "s", State: state.Intent}),
		"PutSegment":    a.PutSegment(ctx, la, seg),
		"ClearSegments": a.ClearSegments(ctx, la, "r", "s"),
		"no lease":      a.PutSegment(ctx, state.Lease{}, seg),
	} {
		if !errors.Is(err, state.ErrFenced) {
			t.Errorf("%s of the hung runner: %v", name, err)
		}
	}
	// The hung one's connection is still there, or its end comes now: neither matters to b.
	if _, err := c.Acquire(ctx, holder("c", users), time.Hour); !errors.Is(err, state.ErrHeld) {
		t.Errorf("held by b: %v", err)
	}
	must(t, a.Close())
	if _, err := c.Acquire(ctx, holder("c", users), time.Hour); !errors.Is(err, state.ErrHeld) {
		t.Errorf("held by b after a's end: %v", err)
	}
	must(t, b.SetRun(ctx, lb, "r", state.Expanding, "expand", ""))
}

// hungTakeover takes over from a holder that lives and doesn't beat.
func hungTakeover(t *testing.T, s *sqlstate.Store, run string) state.Lease {
	t.Helper()
	const ttl = 200 * time.Millisecond
	for limit := time.Now().Add(10 * time.Second); ; {
		l, err := s.Acquire(t.Context(), holder(run, users), ttl)
		if err == nil {
			return l
		}
		if !errors.Is(err, state.ErrHeld) || time.Now().After(limit) {
			t.Fatal(err)
		}
	}
}

func begin(t *testing.T, db *sql.DB) *sql.Tx {
	t.Helper()
	tx := got(db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelReadCommitted}))(t)
	t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

// A second runner is turned away at once while the first one's writes are under way.
func testTurnedAway(t *testing.T, h *home) {
	a, b, ctx := h.installed(t), h.store(t), t.Context()
	la := acquire(t, a, "a", users)
	tx := begin(t, h.Open(t))
	must(t, h.Flavor.CheckFence(ctx, tx, la.Fence(users)))
	start := time.Now()
	if _, err := b.Acquire(ctx, holder("b", users), time.Hour); !errors.Is(err, state.ErrHeld) {
		t.Errorf("held lease: %v", err)
	}
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("it took %s to see that", d)
	}
}

// A write transaction that passed its fence ends before the next runner has the lease.
func testFence(t *testing.T, h *home) {
	a, b, db, ctx := h.installed(t), h.store(t), h.Open(t), t.Context()
	la := acquire(t, a, "a", users)
	h.exec(t, "CREATE TABLE "+h.table("rows_of_a")+" (n int PRIMARY KEY)")
	tx := begin(t, db)
	must(t, h.Flavor.CheckFence(ctx, tx, la.Fence(users)))
	got(tx.ExecContext(ctx, "INSERT INTO "+h.table("rows_of_a")+" VALUES (1)"))(t)

	taken := make(chan state.Lease)
	go func() {
		defer close(taken)
		taken <- hungTakeover(t, b, "b")
	}()
	select {
	case <-taken:
		t.Fatal("taken over while a write was under way")
	case <-time.After(time.Second):
	}
	must(t, tx.Commit())
	lb, ok := <-taken
	if !ok {
		t.Fatal("not taken over")
	}
	if n := h.count(t, h.table("rows_of_a")); n != 1 {
		t.Errorf("the next runner sees %d rows", n)
	}
	late := begin(t, db)
	if err := h.Flavor.CheckFence(ctx, late, la.Fence(users)); !errors.Is(err, state.ErrFenced) {
		t.Errorf("fence with the old token: %v", err)
	}
	for _, f := range []state.Fence{{}, {Scope: "app.none", Epoch: 1, Token: "x"}, {Scope: state.Scope(users), Epoch: lb.Epochs[0], Token: la.Token}} {
		if err := h.Flavor.CheckFence(ctx, late, f); !errors.Is(err, state.ErrFenced) {
			t.Errorf("fence %+v: %v", f, err)
		}
	}
	must(t, h.Flavor.CheckFence(ctx, late, lb.Fence(users)))
}

// A transaction that is never ended keeps the lease, and the one who comes second is told.
func testOpenTransaction(t *testing.T, h *home) {
	a, b, ctx := h.installed(t), h.store(t), t.Context()
	la := acquire(t, a, "a", users)
	tx := begin(t, h.Open(t))
	must(t, h.Flavor.CheckFence(ctx, tx, la.Fence(users)))
	_, err := b.Acquire(ctx, holder("b", users), 0)
	if !errors.Is(err, state.ErrHeld) || !strings.Contains(err.Error(), "host a") || !strings.Contains(err.Error(), "still open") {
		t.Errorf("takeover from an open transaction: %v", err)
	}
	must(t, tx.Rollback())
	got(b.Acquire(ctx, holder("b", users), 0))(t)
}

func testRace(t *testing.T, h *home) {
	h.installed(t)
	stores := []*sqlstate.Store{h.store(t), h.store(t), h.store(t), h.store(t)}
	for round := range 10 {
		tables := []schema.Ident{users, orders, {Schema: "app", Name: fmt.Sprint("new", round)}}
		winner, lease := race(t, stores, tables, time.Hour)
		if round%2 == 0 {
			must(t, stores[winner].Release(t.Context(), lease))
		} else {
			must(t, stores[winner].Close())
		}
	}
}

// race lets all stores acquire at once; exactly one may win.
func race(t *testing.T, stores []*sqlstate.Store, tables []schema.Ident, ttl time.Duration) (winner int, lease state.Lease) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	wins := 0
	for i, s := range stores {
		mine := append([]schema.Ident{}, tables...)
		rand.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
		wg.Go(func() {
			l, err := s.Acquire(t.Context(), holder(fmt.Sprint("runner", i), mine...), ttl)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				wins, winner, lease = wins+1, i, l
			} else if !errors.Is(err, state.ErrHeld) {
				t.Errorf("race: %v", err)
			}
		})
	}
	wg.Wait()
	if wins != 1 {
		t.Fatalf("%d winners", wins)
	}
	return winner, lease
}

func testRaceTakeover(t *testing.T, h *home) {
	hung := h.installed(t)
	stores := []*sqlstate.Store{h.store(t), h.store(t), h.store(t), h.store(t)}
	for range 5 {
		la := acquire(t, hung, "hung", users)
		// An hour has passed without a heartbeat.
		h.exec(t, "UPDATE "+h.table("lease_heartbeat")+" SET beat = beat - INTERVAL "+h.hour())
		winner, lease := race(t, stores, []schema.Ident{users}, 30*time.Minute)
		if err := hung.Heartbeat(t.Context(), la); !errors.Is(err, state.ErrFenced) {
			t.Errorf("heartbeat of the hung runner: %v", err)
		}
		must(t, stores[winner].Release(t.Context(), lease))
	}
}

func (h *home) hour() string {
	if h.Flavor.Numbered {
		return "'1 hour'"
	}
	return "1 HOUR"
}

// A lease survives the loss of its connection: the next heartbeat takes the locks again.
func testLostSession(t *testing.T, h *home) {
	a, b, ctx := h.installed(t), h.store(t), t.Context()
	la := acquire(t, a, "a", users, orders)
	h.exec(t, fmt.Sprintf(h.Kill, h.session(t, users)))
	must(t, a.Heartbeat(ctx, la))
	for _, id := range []schema.Ident{users, orders} {
		if _, err := b.Acquire(ctx, holder("b", id), time.Hour); !errors.Is(err, state.ErrHeld) {
			t.Errorf("lease on %s after a reconnect: %v", id, err)
		}
	}
	// A cancelled call costs the connection, not the lease.
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := a.Heartbeat(gone, la); err == nil {
		t.Error("a cancelled heartbeat went through")
	}
	must(t, a.Heartbeat(ctx, la))
	must(t, a.Release(ctx, la))
	acquire(t, b, "b", users)
}

// The server drops every connection of the pool between two calls.
func testLostPool(t *testing.T, h *home) {
	h.installed(t)
	db := h.Open(t)
	db.SetMaxOpenConns(3)
	s := sqlstate.New(db, h.Flavor, func(context.Context) (string, error) { return "server-1", nil })
	t.Cleanup(func() { _ = s.Close() })
	l := acquire(t, s, "a", users)
	createRun(t, s, l, "r", state.Planned, users)
	ctx := t.Context()
	calls := []func() error{
		func() error { _, err := s.Run(ctx, "r"); return err },
		func() error { return s.PutStep(ctx, l, state.StepRecord{Run: "r", Step: "s", State: state.Intent}) },
		func() error { _, err := s.AddEvidence(ctx, state.Evidence{Run: "r", Kind: "k"}); return err },
		func() error { _, err := s.Steps(ctx, "r"); return err },
		func() error { return s.SetControl(ctx, "r", state.Control{Paused: true}) },
	}
	for i, call := range calls {
		h.dropPool(t, db)
		if err := call(); err != nil {
			t.Errorf("call %d after its connection was dropped: %v", i, err)
		}
	}
}

// dropPool kills the pool's idle connections from outside.
func (h *home) dropPool(t *testing.T, db *sql.DB) {
	t.Helper()
	var conns []*sql.Conn
	for range 2 {
		c := got(db.Conn(t.Context()))(t)
		var id string
		must(t, c.QueryRowContext(t.Context(), "SELECT "+h.Flavor.SessionID).Scan(&id))
		conns = append(conns, c)
		h.exec(t, fmt.Sprintf(h.Kill, id))
	}
	for _, c := range conns {
		must(t, c.Close())
	}
}
