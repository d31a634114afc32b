package postgres_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/dialect/postgres"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

// each runs a test on every PostgreSQL that is wanted.
func each(t *testing.T, f func(b *bench)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k.IsPostgres() {
			f(newBench(t, k, dbtest.Database(t, k)))
		}
	})
}

// newest runs a test on 18 alone in the short form: for what is the same on both versions.
func newest(t *testing.T, f func(b *bench)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k == throwaway.Postgres18 || k.IsPostgres() && dbtest.Long() {
			f(newBench(t, k, dbtest.Database(t, k)))
		}
	})
}

// bench is one fresh database with the plan that is tried on it.
type bench struct {
	*testing.T
	kind  throwaway.Kind
	dsn   string
	db    *dialect.Database
	p     *plans.Plan
	lease state.Lease
}

func newBench(t *testing.T, k throwaway.Kind, dsn string) *bench {
	t.Helper()
	b := &bench{T: t, kind: k, dsn: dsn}
	b.db = b.open(dsn)
	return b
}

func (b *bench) open(dsn string) *dialect.Database {
	b.Helper()
	db, err := postgres.Open(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return db
}

func (b *bench) exec(sql ...string) { b.Helper(); dbtest.Exec(b.T, b.dsn, sql...) }

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

// fails runs a statement that must fail with a SQLSTATE.
func (b *bench) fails(sql, code string) {
	b.Helper()
	if _, err := dbtest.DB(b.T, b.dsn).ExecContext(b.Context(), sql); err == nil || !strings.Contains(err.Error(), code) {
		b.Fatalf("%s: %v, want %s", sql, err, code)
	}
}

func (b *bench) build(operations string) (*plans.Plan, error) {
	b.Helper()
	c, err := plans.ParseChange([]byte("name: t\nreplicas: none\n" + operations))
	if err != nil {
		b.Fatal(err)
	}
	f, err := b.db.Reader.Facts(b.Context(), c)
	if err != nil {
		return nil, err
	}
	return plans.Build(c, &f, b.db.Rules)
}

// plan builds a plan and takes the lease for it.
func (b *bench) plan(operations string) {
	b.Helper()
	p, err := b.build(operations)
	if err != nil {
		b.Fatal(err)
	}
	b.p = p
	if err := b.db.Store.Install(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.lease, err = b.db.Store.Acquire(b.Context(), state.Holder{Run: p.ID, Tables: p.Tables(), Who: "test", Token: "t" + p.ID}, time.Minute)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = b.db.Store.Release(context.WithoutCancel(b.Context()), b.lease) })
}

func (b *bench) env() dialect.Env {
	return dialect.Env{Lease: b.lease, LockWait: time.Second, Journal: func(context.Context, string) error { return nil }}
}

// step finds the first step of a kind and, for twins, of an original's name.
func (b *bench) step(k plans.StepKind, of string) plans.Step {
	b.Helper()
	for _, ph := range b.p.Phases {
		for _, st := range ph.Steps {
			if st.Kind == k && (of == "" || st.Twin != nil && st.Twin.Of == of) {
				return st
			}
		}
	}
	b.Fatalf("the plan has no step %s %s", k, of)
	return plans.Step{}
}

func (b *bench) do(st plans.Step) {
	b.Helper()
	switch st.Kind {
	case plans.Backfill:
		b.fill(st)
	case plans.Verify:
		b.agree()
	default:
		if err := b.db.Steps.Do(b.Context(), b.p, st, b.env()); err != nil {
			b.Fatalf("do %s: %v", st.ID, err)
		}
		b.observe(st, dialect.Done)
	}
}

func (b *bench) undo(st plans.Step) {
	b.Helper()
	if err := b.db.Steps.Undo(b.Context(), b.p, st, b.env()); err != nil {
		b.Fatalf("undo %s: %v", st.ID, err)
	}
	b.observe(st, dialect.NotStarted)
}

func (b *bench) observe(st plans.Step, want dialect.Outcome) {
	b.Helper()
	got, said, err := b.db.Steps.Observe(b.Context(), b.p, st)
	if err != nil || got != want {
		b.Fatalf("%s is %s (%s) %v, want %s", st.ID, got, said, err, want)
	}
}

// until runs all steps up to the first one of a kind.
func (b *bench) until(k plans.StepKind) {
	b.Helper()
	for _, ph := range b.p.Phases {
		for _, st := range ph.Steps {
			b.do(st)
			if st.Kind == k {
				return
			}
		}
	}
}

func (b *bench) phase(n plans.PhaseName) {
	b.Helper()
	for _, st := range b.p.Phase(n).Steps {
		b.do(st)
	}
}

// back undoes a phase.
func (b *bench) back(n plans.PhaseName) {
	b.Helper()
	for _, st := range slices.Backward(b.p.Phase(n).Steps) {
		switch st.Kind {
		case plans.Backfill:
			if err := b.db.Store.ClearSegments(b.Context(), b.lease, b.p.ID, st.ID); err != nil {
				b.Fatal(err)
			}
		case plans.Verify:
		default:
			b.undo(st)
		}
	}
}

func (b *bench) columns() dialect.Columns {
	b.Helper()
	s := b.p.Syncs[0]
	_, away := b.table(s.Table).Column(s.Old[0].Hidden)
	c, err := b.db.Columns(b.Context(), dialect.Work{Plan: b.p, Fence: b.lease.Fence(s.Table), Swapped: away && s.Swap, Hidden: away && !s.Swap, Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
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

func (b *bench) fill(st plans.Step) {
	b.Helper()
	seg := state.Segment{Run: b.p.ID, Step: st.ID, Pass: 1}
	if err := b.db.Store.PutSegment(b.Context(), b.lease, seg); err != nil {
		b.Fatal(err)
	}
	seg.Done = true
	if _, err := b.columns().Fill(b.Context(), backfill.Chunk{}, seg); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) agree() {
	b.Helper()
	got, err := b.columns().Compare(b.Context(), "", "", 5)
	if err != nil || got.Differ != 0 {
		b.Fatalf("%d of %d rows differ: %v %v", got.Differ, got.Rows, got.Keys, err)
	}
}

// lines are the table as the fingerprint sees it, with what it leaves out: the
// comments and the rights on columns.
func (b *bench) lines(table string) []string {
	t := b.table(schema.ParseIdent(table))
	out := t.Lines()
	for _, c := range t.Columns {
		out = append(out, "comment "+c.Name+" "+c.Comment)
	}
	for _, x := range t.Indexes {
		out = append(out, "comment "+x.Name+" "+x.Comment)
	}
	for _, x := range t.Constraints {
		out = append(out, "comment "+x.Name+" "+x.Comment)
	}
	for _, g := range t.Grants {
		out = append(out, "grant "+g.Grantee+" "+g.Column+" "+g.Privilege)
	}
	return out
}

func (b *bench) same(when string, want, got []string) {
	b.Helper()
	if d := schema.Difference(want, got); len(d) > 0 {
		b.Fatalf("%s:\n%s", when, strings.Join(d, "\n"))
	}
}

// other is a second fresh database on the same server.
func (b *bench) other() string { return dbtest.Database(b.T, b.kind) }
