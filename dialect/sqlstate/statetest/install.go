package statetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/state"
)

func testNoState(t *testing.T, h *home) {
	s, ctx := h.store(t), t.Context()
	if ok, err := s.Installed(ctx); ok || err != nil {
		t.Errorf("Installed: %v, %v", ok, err)
	}
	if _, err := s.Run(ctx, "r"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("Run: %v", err)
	}
	if l, err := s.Runs(ctx); len(l) != 0 || err != nil {
		t.Errorf("Runs: %v, %v", l, err)
	}
	if l, err := s.Steps(ctx, "r"); len(l) != 0 || err != nil {
		t.Errorf("Steps: %v, %v", l, err)
	}
	if l, err := s.Evidence(ctx, "r"); len(l) != 0 || err != nil {
		t.Errorf("Evidence: %v, %v", l, err)
	}
	if l, err := s.Segments(ctx, "r", "s"); len(l) != 0 || err != nil {
		t.Errorf("Segments: %v, %v", l, err)
	}
	if l, err := s.Samples(ctx, "r"); len(l) != 0 || err != nil {
		t.Errorf("Samples: %v, %v", l, err)
	}
	if l, err := s.Approvals(ctx, "r"); len(l) != 0 || err != nil {
		t.Errorf("Approvals: %v, %v", l, err)
	}
	if l, err := s.RetiredFlags(ctx); len(l) != 0 || err != nil {
		t.Errorf("RetiredFlags: %v, %v", l, err)
	}
	if c, err := s.Control(ctx, "r"); c != (state.Control{}) || err != nil {
		t.Errorf("Control: %v, %v", c, err)
	}
	if err := s.SetControl(ctx, "r", state.Control{Paused: true}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("SetControl: %v", err)
	}
	if err := s.Remove(ctx, "r"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("Remove: %v", err)
	}
	if err := s.AddApproval(ctx, state.Approval{Run: "r"}); !errors.Is(err, state.ErrNotInstalled) {
		t.Errorf("AddApproval: %v", err)
	}
	if _, err := s.Acquire(ctx, holder("r", users), time.Second); !errors.Is(err, state.ErrNotInstalled) {
		t.Errorf("Acquire: %v", err)
	}
	if n := h.count(t, "information_schema.schemata WHERE schema_name = '"+h.Flavor.Schema+"'"); n != 0 {
		t.Error("the schema was created by reading")
	}
}

// count counts the rows of a FROM clause.
func (h *home) count(t *testing.T, from string, args ...any) (n int) {
	t.Helper()
	must(t, h.Open(t).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+from, args...).Scan(&n))
	return n
}

func (h *home) exec(t *testing.T, q string) {
	t.Helper()
	_, err := h.Open(t).ExecContext(t.Context(), q)
	must(t, err)
}

func (h *home) table(name string) string { return h.Flavor.Schema + "." + name }

func testInstall(t *testing.T, h *home) {
	var g errgroup.Group
	for range 6 {
		s := h.store(t)
		g.Go(func() error { return s.Install(context.Background()) })
	}
	must(t, g.Wait())
	s := h.store(t)
	if ok, err := s.Installed(t.Context()); !ok || err != nil {
		t.Errorf("Installed: %v, %v", ok, err)
	}
	must(t, s.Install(t.Context()))
	q := strings.ReplaceAll(h.Flavor.Strangers, "?", "'"+h.Flavor.Schema+"'")
	var name string
	if err := h.Open(t).QueryRowContext(t.Context(), q).Scan(&name); err == nil {
		t.Errorf("%s carries no comment of ours", name)
	}
}

func testVersion(t *testing.T, h *home) {
	s := h.installed(t)
	acquire(t, s, "r", users)
	h.exec(t, "UPDATE "+h.table("version")+" SET layout = 42")
	_, held := s.Acquire(t.Context(), holder("q", orders), time.Second)
	_, run := s.Run(t.Context(), "r")
	for _, err := range []error{s.Install(t.Context()), held, run} {
		if !errors.Is(err, state.ErrVersion) || !strings.Contains(err.Error(), "version 42") || !strings.Contains(err.Error(), fmt.Sprint("version ", state.Version)) {
			t.Errorf("newer state: %v", err)
		}
	}
	// An install that was cut off before its last word is done again.
	h.exec(t, "DELETE FROM "+h.table("version"))
	h.exec(t, "DROP TABLE "+h.table("drill"))
	if ok, err := s.Installed(t.Context()); ok || err != nil {
		t.Errorf("half an install: %v, %v", ok, err)
	}
	must(t, s.Install(t.Context()))
	h.count(t, h.table("drill"))
}

// Tables of version 1 are brought to this one, with what is in them, when no runner is at
// work; until then they are told from those of a newer phasemig.
func testMigrate(t *testing.T, h *home) {
	s, ctx := h.installed(t), t.Context()
	l := acquire(t, s, "r", users)
	createRun(t, s, l, "r", state.Planned, users)
	h.exec(t, "ALTER TABLE "+h.table("control")+" DROP COLUMN limits")
	h.exec(t, "INSERT INTO "+h.table("control")+" (run, paused, abort_asked, max_rate, asked_by, at) VALUES ('r', true, false, 5, 'me', CURRENT_TIMESTAMP)")
	h.exec(t, "UPDATE "+h.table("version")+" SET layout = 1")
	var hint *dberr.Hint
	if _, err := h.store(t).Run(ctx, "r"); !errors.Is(err, state.ErrVersion) || !errors.As(err, &hint) || !strings.Contains(hint.Do, "apply") {
		t.Errorf("reading an older layout: %v", err)
	}
	var held *state.HeldError
	if err := h.store(t).Install(ctx); !errors.As(err, &held) {
		t.Fatalf("migrated under a runner of the older version: %v", err)
	}
	must(t, s.Release(ctx, l))
	var g errgroup.Group
	for range 4 {
		other := h.store(t)
		g.Go(func() error { return other.Install(context.Background()) })
	}
	must(t, g.Wait())
	fresh := h.store(t)
	if c := got(fresh.Control(ctx, "r"))(t); c != (state.Control{Paused: true, MaxRate: 5, By: "me"}) {
		t.Errorf("controls after the migration: %+v", c)
	}
	if n := h.count(t, h.table("version")+fmt.Sprint(" WHERE layout = ", state.Version)); n != 1 {
		t.Error("the version wasn't written")
	}
	// One that was cut off between the column and the version is done again.
	h.exec(t, "UPDATE "+h.table("version")+" SET layout = 1")
	must(t, h.store(t).Install(ctx))
	acquire(t, fresh, "r", users)
}

func testStrangers(t *testing.T, h *home) {
	h.exec(t, "CREATE SCHEMA "+h.Flavor.Schema)
	h.exec(t, "CREATE TABLE "+h.table("run")+" (a int)")
	err := h.store(t).Install(t.Context())
	if err == nil || !strings.Contains(err.Error(), h.table("run")+" was not made by phasemig") {
		t.Errorf("somebody else's schema: %v", err)
	}
	if n := h.count(t, "information_schema.tables WHERE table_schema = '"+h.Flavor.Schema+"'"); n != 1 {
		t.Errorf("%d tables in somebody else's schema", n)
	}
}

func testClock(t *testing.T, h *home) {
	conn := got(h.Open(t).Conn(t.Context()))(t)
	defer func() { _ = conn.Close() }()
	for _, q := range h.Freeze {
		got(conn.ExecContext(t.Context(), q))(t)
	}
	var clock [2]time.Time
	for i := range clock {
		var text string
		must(t, conn.QueryRowContext(t.Context(), "SELECT "+h.Flavor.Clock).Scan(&text))
		clock[i] = parseTime(t, text)
	}
	if !clock[1].After(clock[0]) {
		t.Errorf("the clock stands still at %s", clock[0])
	}
	for _, now := range append(clock[:], got(h.store(t).Now(t.Context()))(t)) {
		if d := time.Since(now).Abs(); d > 10*time.Second {
			t.Errorf("the clock is off by %s", d)
		}
	}
}

// parseTime reads a time as a driver printed it.
func parseTime(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		at, err = time.Parse("2006-01-02 15:04:05.999999", text)
	}
	must(t, err)
	return at
}
