package dialecttest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

// Exercise runs the suite on one kind of server. What an older version of a server does as a newer one (names, keys, what can't be read)
// is tried on the newer alone, unless PHASEMIG_LONG is set.
func Exercise(t *testing.T, k throwaway.Kind, open dialect.Open) {
	h := &harness{kind: k, open: open}
	t.Run("Plans", h.plans)
	t.Run("Steps", h.steps)
	t.Run("Triggers", h.triggers)
	t.Run("Fill", h.fill)
	t.Run("Compare", h.compare)
	if dbtest.Long() || k != throwaway.Postgres15 {
		t.Run("Keys", h.keys)
		t.Run("Names", h.names)
		t.Run("Input", h.input)
	}
	t.Run("Watch", h.watch)
	t.Run("Latency", h.latency)
	t.Run("Followers", h.followers)
	t.Run("Sessions", h.sessions)
	t.Run("Written", h.written)
	t.Run("References", h.references)
}

type harness struct {
	kind throwaway.Kind
	open dialect.Open
}

// bench is one fresh database, opened both ways.
type bench struct {
	*testing.T
	dsn string
	db  *dialect.Database
}

func (h *harness) bench(t *testing.T) *bench {
	t.Helper()
	dsn := dbtest.Database(t, h.kind)
	db, err := h.open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &bench{T: t, dsn: dsn, db: db}
}

func (b *bench) exec(sql ...string) { b.Helper(); dbtest.Exec(b.T, b.dsn, sql...) }

// rows reads a query as text, columns joined by "|", NULL as "NULL".
func (b *bench) rows(sql string) []string {
	b.Helper()
	var out []string
	for _, r := range dbtest.Query(b.T, b.dsn, sql) {
		out = append(out, strings.Join(r, "|"))
	}
	return out
}

func (b *bench) want(sql string, want ...string) {
	b.Helper()
	if got := b.rows(sql); !slices.Equal(got, want) {
		b.Fatalf("%s\n got %q\nwant %q", sql, got, want)
	}
}

// build plans a change written as YAML.
func (b *bench) build(yaml string) (*plans.Plan, error) {
	b.Helper()
	c, err := plans.ParseChange([]byte(yaml))
	if err != nil {
		return nil, err
	}
	f, err := b.db.Reader.Facts(b.Context(), c)
	if err != nil {
		return nil, err
	}
	return plans.Build(c, &f, b.db.Rules)
}

func (b *bench) plan(yaml string) *plans.Plan {
	b.Helper()
	p, err := b.build(yaml)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// lease installs the state and takes the lease for a plan, as a runner would.
func (b *bench) lease(p *plans.Plan) state.Lease {
	b.Helper()
	ctx := b.Context()
	if err := b.db.Store.Install(ctx); err != nil {
		b.Fatal(err)
	}
	l, err := b.db.Store.Acquire(ctx, state.Holder{Run: p.ID, Tables: p.Tables(), Who: "conformance", Token: "token-" + p.ID}, time.Minute)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := b.db.Store.Release(context.WithoutCancel(ctx), l); err != nil {
			b.Error(err)
		}
	})
	file, err := p.Encode()
	if err != nil {
		b.Fatal(err)
	}
	info, err := b.db.Server.Info(ctx)
	if err != nil {
		b.Fatal(err)
	}
	err = b.db.Store.CreateRun(ctx, l, state.Run{ID: p.ID, Name: p.Name, PlanHash: p.Hash, Plan: file, Status: state.Planned, Tables: p.Tables(), Identity: info.Identity, Creator: "t"})
	if err != nil {
		b.Fatal(err)
	}
	return l
}

func (b *bench) env(l state.Lease) dialect.Env {
	return dialect.Env{Lease: l, LockWait: 2 * time.Second, Journal: func(context.Context, string) error { return nil }}
}

func (b *bench) observe(p *plans.Plan, st plans.Step, want dialect.Outcome) {
	b.Helper()
	got, said, err := b.db.Steps.Observe(b.Context(), p, st)
	if err != nil {
		b.Fatalf("observe %s: %v", st.ID, err)
	}
	if got != want {
		b.Fatalf("%s is %s (%s), want %s", st.ID, got, said, want)
	}
}

// columns opens the sync in the state that the live table shows.
func (b *bench) columns(p *plans.Plan, l state.Lease) dialect.Columns {
	b.Helper()
	s := p.Syncs[0]
	t := b.table(s.Table)
	_, away := t.Column(s.Old[0].Hidden)
	c, err := b.db.Columns(b.Context(), dialect.Work{Plan: p, Fence: l.Fence(s.Table), Swapped: away && s.Swap, Hidden: away && !s.Swap, Workers: 2})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	})
	return c
}

func (b *bench) table(id schema.Ident) *schema.Table {
	b.Helper()
	t, err := b.db.Server.Table(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// do runs the plan's steps up to and including the last one of a kind.
func (b *bench) do(p *plans.Plan, l state.Lease, until plans.StepKind) {
	b.Helper()
	for _, ph := range p.Phases {
		for _, st := range ph.Steps {
			b.doOne(p, l, st)
			if st.Kind == until {
				return
			}
		}
	}
}

func (b *bench) doOne(p *plans.Plan, l state.Lease, st plans.Step) {
	b.Helper()
	switch st.Kind {
	case plans.Backfill:
		b.fillAll(p, l, st)
	case plans.Verify:
		b.agree(p, l)
	default:
		if err := b.db.Steps.Do(b.Context(), p, st, b.env(l)); err != nil {
			b.Fatalf("do %s: %v", st.ID, err)
		}
		b.observe(p, st, dialect.Done)
	}
}

// fillAll fills the whole table as one segment.
func (b *bench) fillAll(p *plans.Plan, l state.Lease, st plans.Step) {
	b.Helper()
	seg := state.Segment{Run: p.ID, Step: st.ID, Pass: 1}
	if err := b.db.Store.PutSegment(b.Context(), l, seg); err != nil {
		b.Fatal(err)
	}
	seg.Done = true
	c := b.columns(p, l)
	if _, err := c.Fill(b.Context(), chunk("", ""), seg); err != nil {
		b.Fatalf("fill: %v", err)
	}
	if left, err := c.Missing(b.Context(), chunk("", ""), 10); err != nil || len(left) > 0 {
		b.Fatalf("missing after the fill: %v, %v", left, err)
	}
}

func (b *bench) agree(p *plans.Plan, l state.Lease) {
	b.Helper()
	got, err := b.columns(p, l).Compare(b.Context(), "", "", 5)
	if err != nil {
		b.Fatal(err)
	}
	if got.Differ != 0 {
		b.Fatalf("%d of %d rows differ: %v", got.Differ, got.Rows, got.Keys)
	}
}
