package statetest

import (
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect/sqlstate"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

func createRun(t *testing.T, s *sqlstate.Store, l state.Lease, id string, st state.Status, tables ...schema.Ident) {
	t.Helper()
	must(t, s.CreateRun(t.Context(), l, state.Run{ID: id, Name: "name of " + id, PlanHash: "h", Plan: []byte("{}"), Status: st, Tables: tables, Creator: "me"}))
}

func testRuns(t *testing.T, h *home) {
	s, ctx := h.installed(t), t.Context()
	l := acquire(t, s, "r", users, orders)
	in := state.Run{ID: "r", Name: "näme 🙂", PlanHash: "abc", Plan: []byte("{\"a\":\"\\u0000\x00\xff\"}"), Tables: []schema.Ident{users, orders},
		Creator: "db / os", Message: "bytes \x00 \xff of a server"}
	must(t, s.CreateRun(ctx, l, in))
	must(t, s.CreateRun(ctx, l, state.Run{ID: "r", Name: "another", Tables: []schema.Ident{users}})) // it exists: nothing
	r := got(s.Run(ctx, "r"))(t)
	if time.Since(r.Created).Abs() > time.Minute || r.Updated.IsZero() || r.Created.Location() != time.UTC {
		t.Errorf("times: %v, %v", r.Created, r.Updated)
	}
	want := in
	want.Status, want.Identity, want.Message, want.Created, want.Updated = state.Planned, "server-1", "bytes \uFFFD \uFFFD of a server", r.Created, r.Updated
	if !reflect.DeepEqual(r, want) {
		t.Errorf("stored %+v, read %+v", want, r)
	}
	if _, err := s.Run(ctx, "R"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("ids that differ in case: %v", err)
	}
	must(t, s.SetRun(ctx, l, "r", state.Expanding, plans.Expand, "go"))
	must(t, s.SetRun(ctx, l, "r", state.Expanding, plans.Expand, "go on"))
	if err := s.SetRun(ctx, l, "r", state.Switched, plans.Switch, ""); err == nil || !strings.Contains(err.Error(), "expanding can't become switched") {
		t.Errorf("a jump: %v", err)
	}
	if err := s.SetRun(ctx, l, "none", state.Expanding, plans.Expand, ""); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("no run: %v", err)
	}
	r = got(s.Run(ctx, "r"))(t)
	if r.Status != state.Expanding || r.Phase != plans.Expand || r.Message != "go on" || !r.Updated.After(r.Created) {
		t.Errorf("after SetRun: %+v", r)
	}
	l2 := acquire(t, s, "q", schema.Ident{Name: "third"})
	createRun(t, s, l2, "q", state.Planned, schema.Ident{Name: "third"})
	list := got(s.Runs(ctx))(t)
	if len(list) != 2 || list[0].ID != "r" || len(list[0].Tables) != 2 || list[1].ID != "q" || len(list[1].Tables) != 1 {
		t.Errorf("runs: %+v", list)
	}
}

func testBusy(t *testing.T, h *home) {
	s, ctx := h.installed(t), t.Context()
	l := acquire(t, s, "a", users, orders)
	createRun(t, s, l, "a", state.Planned, users, orders)
	createRun(t, s, l, "b", state.Planned, orders) // planned: it owns nothing
	must(t, s.SetRun(ctx, l, "a", state.Expanding, plans.Expand, ""))
	for name, err := range map[string]error{
		"SetRun":    s.SetRun(ctx, l, "b", state.Expanding, plans.Expand, ""),
		"CreateRun": s.CreateRun(ctx, l, state.Run{ID: "c", Tables: []schema.Ident{users}}),
	} {
		if !errors.Is(err, state.ErrBusy) || !strings.Contains(err.Error(), "run a (name of a) is expanding") {
			t.Errorf("%s on a busy table: %v", name, err)
		}
	}
	if err := s.CreateRun(ctx, l, state.Run{ID: "c", Tables: []schema.Ident{{Name: "another"}}}); !errors.Is(err, state.ErrFenced) {
		t.Errorf("a table without lease: %v", err)
	}
	// The server itself refuses, whatever the program does.
	_, err := h.Open(t).ExecContext(ctx, "UPDATE "+h.table("run_table")+" SET active_scope = scope WHERE run = 'b'")
	if !errors.Is(h.Flavor.Classify(err), dberr.Duplicate) {
		t.Errorf("two active runs by hand: %v", err)
	}
	must(t, s.SetRun(ctx, l, "a", state.RollingBack, plans.Expand, ""))
	must(t, s.SetRun(ctx, l, "a", state.RolledBack, plans.Expand, ""))
	must(t, s.SetRun(ctx, l, "b", state.Expanding, plans.Expand, ""))
}

func testRemove(t *testing.T, h *home) {
	s, ctx := h.installed(t), t.Context()
	l := acquire(t, s, "a", users)
	createRun(t, s, l, "a", state.Expanding, users)
	createRun(t, s, l, "b", state.Planned)
	must(t, s.PutStep(ctx, l, state.StepRecord{Run: "a", Step: "s", State: state.Intent}))
	must(t, s.PutSegment(ctx, l, state.Segment{Run: "a", Step: "s"}))
	must(t, s.SetControl(ctx, "a", state.Control{Paused: true}))
	must(t, s.AddApproval(ctx, state.Approval{Run: "a", By: "me"}))
	got(s.AddEvidence(ctx, state.Evidence{Run: "a"}))(t)
	got(s.AddEvidence(ctx, state.Evidence{Run: "b"}))(t)
	if err := s.Remove(ctx, "a"); err == nil || !strings.Contains(err.Error(), "expanding") {
		t.Errorf("remove an active run: %v", err)
	}
	must(t, s.SetRun(ctx, l, "a", state.RollingBack, plans.Expand, ""))
	must(t, s.SetRun(ctx, l, "a", state.RolledBack, plans.Expand, ""))
	must(t, s.Remove(ctx, "a"))
	if err := s.Remove(ctx, "a"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("remove it again: %v", err)
	}
	for _, table := range []string{"run_table", "step", "journal", "segment", "control", "approval"} {
		if n := h.count(t, h.table(table)); n != 0 {
			t.Errorf("%d rows left in %s", n, table)
		}
	}
	if n := h.count(t, h.table("evidence")); n != 1 {
		t.Errorf("%d rows of evidence, the other run had 1", n)
	}
	if err := s.SetControl(ctx, "a", state.Control{}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("control of a removed run: %v", err)
	}
}

func testSteps(t *testing.T, h *home) {
	s, ctx := h.installed(t), t.Context()
	l := acquire(t, s, "r", users)
	put := func(r state.StepRecord) state.StepRecord {
		t.Helper()
		r.Run = "r"
		must(t, s.PutStep(ctx, l, r))
		for _, have := range got(s.Steps(ctx, "r"))(t) {
			if have.Step == r.Step {
				return have
			}
		}
		t.Fatalf("step %s isn't there", r.Step)
		return r
	}
	first := put(state.StepRecord{Step: "z", State: state.Intent})
	put(state.StepRecord{Step: "a", State: state.Intent})
	second := put(state.StepRecord{Step: "z", State: state.Intent, Session: "17"})
	if first.Started.IsZero() || !first.Ended.IsZero() || !second.Started.Equal(first.Started) || second.Session != "17" {
		t.Errorf("announced: %+v, then %+v", first, second)
	}
	done := put(state.StepRecord{Step: "z", State: state.StepDone, Rows: 7, Note: "n\x00", Position: "p"})
	if !done.Started.Equal(first.Started) || done.Ended.Before(done.Started) || done.Ended.IsZero() || done.Rows != 7 || done.Note != "n\uFFFD" || done.Position != "p" {
		t.Errorf("done: %+v", done)
	}
	undoing := put(state.StepRecord{Step: "z", State: state.Undoing})
	if !undoing.Started.After(done.Started) || !undoing.Ended.IsZero() {
		t.Errorf("undoing: %+v", undoing)
	}
	at := time.Date(2020, 1, 2, 3, 4, 5, 678901234, time.FixedZone("", 3600))
	given := put(state.StepRecord{Step: "z", State: state.Undone, Started: at, Ended: at.Add(time.Second)})
	if !given.Started.Equal(at.Truncate(time.Microsecond)) || !given.Ended.Equal(at.Truncate(time.Microsecond).Add(time.Second)) {
		t.Errorf("times as given: %+v", given)
	}
	list := got(s.Steps(ctx, "r"))(t)
	if len(list) != 2 || list[0].Step != "z" || list[1].Step != "a" {
		t.Errorf("steps: %+v", list)
	}
	if n := h.count(t, h.table("journal")); n != 6 {
		t.Errorf("%d lines in the journal, 6 were written", n)
	}
}

func testSegments(t *testing.T, h *home) {
	s, db, ctx := h.installed(t), h.Open(t), t.Context()
	l := acquire(t, s, "r", users)
	seg := state.Segment{Run: "r", Step: "s", Pass: 1, Number: 2, Low: `["a🙂"]`, High: strings.Repeat("x", 70000)}
	must(t, s.PutSegment(ctx, l, state.Segment{Run: "r", Step: "s", Pass: 1, Number: 10}))
	must(t, s.PutSegment(ctx, l, seg))
	must(t, s.PutSegment(ctx, l, seg))
	read := func() state.Segment {
		t.Helper()
		list := got(s.Segments(ctx, "r", "s"))(t)
		if len(list) != 2 || list[1].Number != 10 {
			t.Fatalf("segments: %+v", list)
		}
		return list[0]
	}
	if have := read(); have != seg {
		t.Errorf("stored %+v, read %+v", seg, have)
	}
	next := seg
	next.Cursor, next.Rows = `["b"]`, 1<<40
	advance(t, h, begin(t, db), l, next, false)
	if have := read(); have != seg {
		t.Errorf("a rolled back chunk moved the segment to %+v", have)
	}
	advance(t, h, begin(t, db), l, next, true)
	next.Done = true
	advance(t, h, begin(t, db), l, next, true)
	advance(t, h, begin(t, db), l, next, true) // the same again is no error
	if have := read(); have != next {
		t.Errorf("advanced to %+v, read %+v", next, have)
	}
	tx := begin(t, db)
	if err := h.Flavor.AdvanceSegment(ctx, tx, state.Segment{Run: "r", Step: "s", Number: 77}); err == nil || !strings.Contains(err.Error(), "never opened") {
		t.Errorf("a segment that was never opened: %v", err)
	}
	must(t, tx.Rollback())
	must(t, s.ClearSegments(ctx, l, "r", "s"))
	if n := h.count(t, h.table("segment")); n != 0 {
		t.Errorf("%d segments left", n)
	}
}

// advance does what a chunk does, and commits or not.
func advance(t *testing.T, h *home, tx *sql.Tx, l state.Lease, seg state.Segment, commit bool) {
	t.Helper()
	must(t, h.Flavor.CheckFence(t.Context(), tx, l.Fence(users)))
	must(t, h.Flavor.AdvanceSegment(t.Context(), tx, seg))
	if commit {
		must(t, tx.Commit())
	} else {
		must(t, tx.Rollback())
	}
}
