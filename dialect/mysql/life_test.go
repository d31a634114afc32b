package mysql

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
	"github.com/phasemig/phasemig/verify"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// each runs f on both servers.
func each(t *testing.T, f func(t *testing.T, h *home)) {
	t.Helper()
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.MariaDB} {
		t.Run(string(k), func(t *testing.T) { f(t, newHome(t, k)) })
	}
}

// home is one empty database and the dialect on it.
type home struct {
	t    *testing.T
	kind throwaway.Kind
	dsn  string
	db   *sql.DB // the application
	d    *dialect.Database
	// lease of the last plan taken up
	lease state.Lease
}

func newHome(t *testing.T, k throwaway.Kind) *home {
	t.Helper()
	return homeOn(t, k, dbtest.Database(t, k))
}

// homeOn is newHome in a database that is there.
func homeOn(t *testing.T, k throwaway.Kind, dsn string) *home {
	t.Helper()
	h := &home{t: t, kind: k, dsn: dsn}
	h.db = dbtest.DB(t, h.dsn)
	h.d = h.open(h.dsn)
	if err := h.d.Store.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *home) open(dsn string) *dialect.Database {
	h.t.Helper()
	d, err := Open(h.t.Context(), dsn)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = d.Close() })
	return d
}

// takes reports whether this server takes the n-th of many cases: in the short form each of the two takes
// every other one, for most of what they could find out is the same on both.
func (h *home) takes(n int) bool {
	return dbtest.Long() || h.mysql() == (n%2 == 0)
}

func (h *home) mysql() bool { return h.kind == throwaway.MySQL }

// exec runs statements as an application, one connection for all of them.
func (h *home) exec(list ...string) {
	h.t.Helper()
	conn, err := h.db.Conn(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close()
	for _, q := range list {
		if _, err := conn.ExecContext(h.t.Context(), q); err != nil {
			h.t.Fatalf("%s: %v", q, err)
		}
	}
}

// rows reads a query as lines of values joined by |.
func (h *home) rows(q string) []string {
	h.t.Helper()
	var out []string
	for _, r := range dbtest.Query(h.t, h.dsn, q) {
		out = append(out, strings.Join(r, "|"))
	}
	return out
}

func (h *home) want(q string, want ...string) {
	h.t.Helper()
	if got := h.rows(q); strings.Join(got, "\n") != strings.Join(want, "\n") {
		h.t.Errorf("%s\n got: %s\nwant: %s", q, strings.Join(got, "\n      "), strings.Join(want, "\n      "))
	}
}

func (h *home) plan(c plans.Change) (*plans.Plan, error) {
	h.t.Helper()
	if c.Name == "" {
		c.Name = "test-" + strings.ToLower(rand.Text()[:8])
	}
	if c.Replicas == nil {
		c.Replicas = plans.Replicas{"none"}
	}
	f, err := h.d.Reader.Facts(h.t.Context(), c)
	if err != nil {
		return nil, err
	}
	return plans.Build(c, &f, h.d.Rules)
}

// mustPlanOf plans and takes no lease: the engine will.
func (h *home) mustPlanOf(c plans.Change) *plans.Plan {
	h.t.Helper()
	p, err := h.plan(c)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *home) mustPlan(c plans.Change) *plans.Plan {
	h.t.Helper()
	p, err := h.plan(c)
	if err != nil {
		h.t.Fatal(err)
	}
	h.take(p)
	return p
}

// refused plans and expects an error that says why.
func (h *home) refused(c plans.Change, why string) {
	h.t.Helper()
	_, err := h.plan(c)
	if err == nil || !strings.Contains(err.Error(), why) {
		h.t.Errorf("want a refusal that says %q, got: %v", why, err)
	}
}

// take takes the lease for a plan's tables.
func (h *home) take(p *plans.Plan) {
	h.t.Helper()
	l, err := h.d.Store.Acquire(h.t.Context(), state.Holder{Run: p.ID, Tables: p.Tables(), Who: "test", Token: rand.Text()}, time.Minute)
	if err != nil {
		h.t.Fatal(err)
	}
	h.lease = l
	h.t.Cleanup(func() { _ = h.d.Store.Release(context.WithoutCancel(h.t.Context()), l) })
}

func (h *home) env() dialect.Env {
	return dialect.Env{Lease: h.lease, LockWait: 2 * time.Second, Journal: func(context.Context, string) error { return nil }}
}

func (h *home) outcome(p *plans.Plan, st plans.Step) dialect.Outcome {
	h.t.Helper()
	got, said, err := h.d.Steps.Observe(h.t.Context(), p, st)
	if err != nil {
		h.t.Fatalf("observe %s: %v", st.ID, err)
	}
	h.t.Logf("%s: %s (%s)", st.ID, got, said)
	return got
}

// phase runs all steps of a phase.
func (h *home) phase(p *plans.Plan, name plans.PhaseName) {
	h.t.Helper()
	for _, st := range p.Phase(name).Steps {
		h.step(p, st)
	}
}

func (h *home) step(p *plans.Plan, st plans.Step) {
	h.t.Helper()
	switch st.Kind {
	case plans.Backfill:
		h.backfill(p, st)
		return
	case plans.Verify:
		h.verify(p, st.Sync)
		return
	}
	if got := h.outcome(p, st); got != dialect.NotStarted && got != dialect.Partial {
		h.t.Fatalf("%s is %s before it was begun", st.ID, got)
	}
	if err := h.d.Steps.Do(h.t.Context(), p, st, h.env()); err != nil {
		h.t.Fatalf("do: %v", err)
	}
	if got := h.outcome(p, st); got != dialect.Done {
		h.t.Fatalf("%s is %s after it was done", st.ID, got)
	}
}

// undo takes a phase back.
func (h *home) undo(p *plans.Plan, name plans.PhaseName) {
	h.t.Helper()
	steps := p.Phase(name).Steps
	for i := len(steps) - 1; i >= 0; i-- {
		st := steps[i]
		if st.Kind == plans.Backfill || st.Kind == plans.Verify || !st.Reversible {
			continue
		}
		if err := h.d.Steps.Undo(h.t.Context(), p, st, h.env()); err != nil {
			h.t.Fatalf("undo: %v", err)
		}
		if got := h.outcome(p, st); got != dialect.NotStarted {
			h.t.Fatalf("%s is %s after it was undone", st.ID, got)
		}
	}
}

func (h *home) columns(p *plans.Plan, sync int) dialect.Columns {
	h.t.Helper()
	s := &p.Syncs[sync]
	t := h.table(s.Table.Name)
	_, moved := t.Column(s.Old[0].Hidden)
	c, err := h.d.Columns(h.t.Context(), dialect.Work{Plan: p, Sync: sync, Fence: h.lease.Fence(s.Table), Swapped: moved && s.Swap, Hidden: moved && !s.Swap, Workers: 2})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (h *home) table(name string) *schema.Table {
	h.t.Helper()
	t, err := h.d.Server.Table(h.t.Context(), schema.Ident{Name: name})
	if err != nil {
		h.t.Fatal(err)
	}
	return t
}

type segments struct {
	h    *home
	p    *plans.Plan
	step string
}

func (g segments) Segments(ctx context.Context) ([]state.Segment, error) {
	return g.h.d.Store.Segments(ctx, g.p.ID, g.step)
}

func (g segments) PutSegment(ctx context.Context, s state.Segment) error {
	return g.h.d.Store.PutSegment(ctx, g.h.lease, s)
}

func (h *home) backfill(p *plans.Plan, st plans.Step) {
	h.t.Helper()
	c := h.columns(p, st.Sync)
	sum, err := backfill.New(c, segments{h, p, st.ID}, backfill.Options{Run: p.ID, Step: st.ID, Workers: 2, SegmentRows: 500, ChunkRows: 100, Pace: &throttle.Pacer{}}).Run(h.t.Context())
	if err != nil {
		h.t.Fatalf("backfill: %v", err)
	}
	h.t.Logf("backfill: %+v", sum)
}

func (h *home) verify(p *plans.Plan, sync int) {
	h.t.Helper()
	r, err := verify.Run(h.t.Context(), h.columns(p, sync), verify.Options{Table: "t"})
	if err == nil {
		err = r.Err("t")
	}
	if err != nil {
		h.t.Fatalf("verify: %v", err)
	}
}

func rename(table, from, to string) plans.Change {
	return plans.Change{Operations: []plans.Operation{{RenameColumn: &plans.RenameColumn{Table: table, From: from, To: to}}}}
}

func isRefused(err error) bool {
	var r *plans.RefusedError
	return errors.As(err, &r)
}
