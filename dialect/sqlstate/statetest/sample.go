package statetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/state"
)

// Samples are kept under their Seq, replaced as a whole, fenced, and removed with their run.
func testSamples(t *testing.T, h *home) {
	s, ctx := h.installed(t), t.Context()
	l := acquire(t, s, "r", users)
	createRun(t, s, l, "r", state.Planned, users)
	one := state.Sample{Run: "r", Seq: 3, Step: "expand.3.backfill", Rows: 10, Total: 100, Rate: 5, Hold: "bytes \x00 of a server",
		Values: []state.Measured{{Name: "replica_lag", Of: "r1", Unit: "s", Value: 0.5, Limit: 5}}}
	must(t, s.PutSample(ctx, l, one))
	one.Rows = 20
	must(t, s.PutSample(ctx, l, one))
	must(t, s.PutSample(ctx, l, state.Sample{Run: "r", Seq: 1, At: time.Date(2026, 3, 1, 10, 0, 0, 5000, time.UTC)}))
	list := got(s.Samples(ctx, "r"))(t)
	if len(list) != 2 || list[0].Seq != 1 || list[0].At.Nanosecond() != 5000 || time.Since(list[1].At).Abs() > time.Minute {
		t.Fatalf("samples: %+v", list)
	}
	want := one
	want.At = list[1].At
	if !reflect.DeepEqual(list[1], want) {
		t.Errorf("stored %+v, read %+v", want, list[1])
	}
	must(t, s.SetSamples(ctx, l, "r", []state.Sample{{Run: "r", Seq: 2, At: list[0].At}, {Run: "r", Seq: 4, At: list[1].At}}))
	if list = got(s.Samples(ctx, "r"))(t); len(list) != 2 || list[0].Seq != 2 || list[1].Seq != 4 {
		t.Errorf("after SetSamples: %+v", list)
	}
	stale := l
	stale.Token = "another"
	for _, err := range []error{s.PutSample(ctx, stale, one), s.SetSamples(ctx, stale, "r", nil)} {
		if !errors.Is(err, state.ErrFenced) {
			t.Errorf("without the lease: %v", err)
		}
	}
	must(t, s.Remove(ctx, "r"))
	if list := got(s.Samples(ctx, "r"))(t); len(list) != 0 {
		t.Errorf("they outlive their run: %+v", list)
	}
}

// State of an earlier phasemig has no table of samples: it is read and cleaned up as it is, and the next
// Install makes the table under a runner at work, who may be of the earlier one.
func testSamplesCameLater(t *testing.T, h *home) {
	s, ctx := h.installed(t), t.Context()
	l := acquire(t, s, "r", users)
	createRun(t, s, l, "r", state.Planned, users)
	h.exec(t, "DROP TABLE "+h.table("sample"))
	if list, err := s.Samples(ctx, "r"); len(list) != 0 || err != nil {
		t.Errorf("Samples: %v, %v", list, err)
	}
	if err := s.PutSample(ctx, l, state.Sample{Run: "r"}); !errors.Is(err, dberr.NotThere) {
		t.Errorf("PutSample: %v", err)
	}
	other := acquire(t, s, "q", orders)
	createRun(t, s, other, "q", state.Planned, orders)
	must(t, s.Remove(ctx, "q"))
	must(t, h.store(t).Install(ctx))
	must(t, s.PutSample(ctx, l, state.Sample{Run: "r"}))
	must(t, s.Heartbeat(ctx, l))
}
