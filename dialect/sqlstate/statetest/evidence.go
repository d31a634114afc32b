package statetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

func testControl(t *testing.T, h *home) {
	s, ctx := h.installed(t), t.Context()
	l := acquire(t, s, "r", users)
	createRun(t, s, l, "r", state.Planned, users)
	for _, c := range []state.Control{{Paused: true, By: "me"}, {Abort: true, MaxRate: 1234.5, By: "you"},
		{Limits: state.Limits{MaxLag: time.Second, MaxLatency: 5 * time.Millisecond, MaxLoad: "a=1,b=2.5", CriticalLoad: "c=3"}, By: "her"}, {}} {
		must(t, s.SetControl(ctx, "r", c))
		if have := got(s.Control(ctx, "r"))(t); have != c {
			t.Errorf("stored %+v, read %+v", c, have)
		}
	}
	at := time.Date(2020, 1, 2, 3, 4, 5, 678901000, time.UTC)
	a := state.Approval{Run: "r", Phase: plans.Contract, PlanHash: "h", By: "db / os", At: at, Note: "fine"}
	must(t, s.AddApproval(ctx, a))
	must(t, s.AddApproval(ctx, state.Approval{Run: "r", Phase: plans.Contract, PlanHash: "h", By: "DB / os"}))
	must(t, s.AddApproval(ctx, a)) // the same word twice is one word
	list := got(s.Approvals(ctx, "r"))(t)
	if len(list) != 2 || !reflect.DeepEqual(list[0], a) || list[1].By != "DB / os" || time.Since(list[1].At).Abs() > time.Minute {
		t.Errorf("approvals: %+v", list)
	}
}

// testRetiredFlags: a key stays used up when its run is forgotten, and only the holder of
// a lease uses one up.
func testRetiredFlags(t *testing.T, h *home) {
	s, ctx := h.installed(t), t.Context()
	l := acquire(t, s, "r", users)
	createRun(t, s, l, "r", state.Expanding, users)
	at := time.Date(2020, 1, 2, 3, 4, 5, 678901000, time.UTC)
	must(t, s.RetireFlag(ctx, l, state.RetiredFlag{Flag: "read_name", Run: "r", At: at, Note: "rename"}))
	must(t, s.RetireFlag(ctx, l, state.RetiredFlag{Flag: "read_name", Run: "r", At: at, Note: "rename"}))
	must(t, s.RetireFlag(ctx, l, state.RetiredFlag{Flag: "Read_name", Run: "r"}))
	must(t, s.SetRun(ctx, l, "r", state.RollingBack, plans.Expand, ""))
	must(t, s.SetRun(ctx, l, "r", state.RolledBack, plans.Expand, ""))
	must(t, s.Remove(ctx, "r"))
	list := got(s.RetiredFlags(ctx))(t)
	want := state.RetiredFlag{Flag: "read_name", Run: "r", At: at, Note: "rename"}
	if len(list) != 2 || !slices.Contains(list, want) || list[0].Flag != "Read_name" {
		t.Errorf("retired flags: %+v", list)
	}
	must(t, s.Release(ctx, l))
	if err := s.RetireFlag(ctx, l, want); !errors.Is(err, state.ErrFenced) {
		t.Errorf("without the lease: %v", err)
	}
}

func testEvidence(t *testing.T, h *home) {
	s, ctx := h.installed(t), t.Context()
	at := time.Date(2020, 1, 2, 3, 4, 5, 678901999, time.FixedZone("", -7200))
	for _, e := range []state.Evidence{
		{PlanHash: "h", Phase: plans.Expand, Kind: "verify", State: "pass", Reason: "all 5 rows 🙂", Data: json.RawMessage(`{"b": 1.0,  "a":"\u0000"}`), At: at},
		{Kind: "command", State: "fail", Reason: "it printed \x00 and \xff"},
	} {
		e.Run = "r"
		put := got(s.AddEvidence(ctx, e))(t)
		list := got(s.Evidence(ctx, "r"))(t)
		have := list[len(list)-1]
		must(t, state.CheckChain(list))
		if have.Hash != put.Hash || have.Seq != put.Seq || have.Previous != put.Previous || string(have.Data) != string(e.Data) {
			t.Errorf("stored %+v, read %+v", put, have)
		}
	}
	if list := got(s.Evidence(ctx, "r"))(t); !list[0].At.Equal(at.Truncate(time.Microsecond)) || time.Since(list[1].At).Abs() > time.Minute {
		t.Errorf("times: %v, %v", list[0].At, list[1].At)
	}
	h.exec(t, "UPDATE "+h.table("evidence")+" SET state = 'pass' WHERE seq = 2")
	if err := state.CheckChain(got(s.Evidence(ctx, "r"))(t)); err == nil {
		t.Error("an edited entry doesn't show")
	}
}

// Four appenders at once make one chain.
func testChain(t *testing.T, h *home) {
	h.installed(t)
	const appenders, each = 4, 25
	var g errgroup.Group
	for i := range appenders {
		s := h.store(t)
		g.Go(func() error {
			for n := range each {
				if _, err := s.AddEvidence(t.Context(), state.Evidence{Run: "r", Kind: "k", Reason: fmt.Sprint(i, n)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, g.Wait())
	list := got(h.store(t).Evidence(t.Context(), "r"))(t)
	must(t, state.CheckChain(list))
	if len(list) != appenders*each || list[len(list)-1].Seq != appenders*each {
		t.Errorf("%d entries, the last is %d", len(list), list[len(list)-1].Seq)
	}
}
