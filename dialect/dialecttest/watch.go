package dialecttest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/throttle"
)

func (h *harness) on(mysql, postgres string) string {
	if h.kind.IsPostgres() {
		return postgres
	}
	return mysql
}

// watch: variables by any case, a clear error for one that there isn't; a query of
// the operator's gives one number and can't write.
func (h *harness) watch(t *testing.T) {
	b := h.bench(t)
	b.exec("CREATE TABLE ops (hold int)", "INSERT INTO ops VALUES (3)")
	running, connected := h.on("Threads_RUNNING", "ACTIVE_sessions"), h.on("Threads_connected", "sessions")
	got, err := b.db.Watch.Variables(t.Context(), []string{running, connected})
	if err != nil || len(got) < 2 {
		t.Fatalf("variables: %v, %v", got, err)
	}
	if _, ok := got[strings.ToLower(running)]; !ok {
		t.Errorf("%s is missing: %v", running, got)
	}
	var in *plans.InputError
	if _, err := b.db.Watch.Variables(t.Context(), []string{connected, "no_such_thing"}); !errors.As(err, &in) || !strings.Contains(err.Error(), "no_such_thing") || in.Hint == "" {
		t.Errorf("a variable that there isn't: %v", err)
	}
	for query, want := range map[string]float64{"SELECT hold FROM ops": 3, "SELECT 0": 0, "SELECT hold / 2.0 FROM ops": 1.5} {
		if v, err := b.db.Watch.Number(t.Context(), query); err != nil || v != want {
			t.Errorf("%s: %g, %v", query, v, err)
		}
	}
	for _, query := range []string{"SELECT NULL", "SELECT hold FROM ops WHERE hold < 0", "SELECT 'many'", "SELECT 1, 2", "SELECT x FROM nowhere", "DELETE FROM ops"} {
		if v, err := b.db.Watch.Number(t.Context(), query); err == nil {
			t.Errorf("%s: %g", query, v)
		}
	}
	b.want("SELECT hold FROM ops", "3")
}

// alone opens a database on a server of the test's own.
func (h *harness) alone(t *testing.T, o throwaway.Options) (*throwaway.Server, *bench) {
	t.Helper()
	srv := dbtest.Start(t, h.kind, o)
	dsn := dbtest.DatabaseOn(t, srv)
	db, err := h.open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv, &bench{T: t, dsn: dsn, db: db}
}

// latency: the application's statements are seen, ours are not, and a server that tells
// nothing says so.
func (h *harness) latency(t *testing.T) {
	silent := h.silent(t)
	if _, err := silent.db.Watch.Latency(t.Context()); !errors.Is(err, dberr.NotThere) {
		t.Fatalf("a server that counts no statements: %v", err)
	}
	b := silent
	if h.kind.IsPostgres() {
		b.exec("CREATE EXTENSION pg_stat_statements")
	} else {
		_, b = h.alone(t, throwaway.Options{})
	}
	m, err := b.db.Watch.Latency(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m.What() == "" {
		t.Error("it doesn't say what it measures")
	}
	nap := h.on("SELECT SLEEP(%g)", "SELECT 1 FROM pg_sleep(%g)")
	naps := func(seconds float64) { dbtest.Query(t, b.dsn, fmt.Sprintf(nap, seconds)) }
	naps(0.001)
	b.took(m)
	if got := b.took(m); got.Count() > 1 || got.Quantile(1) > 100*time.Millisecond {
		t.Errorf("nobody is at work: %v", got)
	}
	for range 5 {
		naps(0.15)
	}
	got := b.took(m)
	if n := slower(got, 140*time.Millisecond); n < 5 || got.Quantile(.99) > time.Second {
		t.Errorf("five statements of 150 ms: %v", got)
	}
	for range 3 {
		if _, err := b.db.Watch.Number(t.Context(), h.on("SELECT /* phasemig */ SLEEP(0.3)", "SELECT /* phasemig */ count(*) FROM pg_sleep(0.3)")); err != nil {
			t.Fatal(err)
		}
	}
	naps(0.001)
	got = b.took(m)
	if n := slower(got, 200*time.Millisecond); n > 0 {
		t.Errorf("%d of our own statements are counted: %v", n, got)
	}
}

// silent is a server that counts no statements, or doesn't yet.
func (h *harness) silent(t *testing.T) *bench {
	t.Helper()
	var o throwaway.Options
	if !h.kind.IsPostgres() {
		o.Settings = []string{"performance-schema=OFF"}
	}
	_, b := h.alone(t, o)
	return b
}

// took reads until every text is known: those of new statements are read at most once
// a second.
func (b *bench) took(m dialect.Latency) throttle.Histogram {
	b.Helper()
	all := throttle.Histogram{}
	for begin := time.Now(); time.Since(begin) < 1200*time.Millisecond; <-time.After(100 * time.Millisecond) {
		h, err := m.Took(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		for d, n := range h.Statements {
			all[d] += n
		}
	}
	return all
}

func slower(h throttle.Histogram, than time.Duration) (n int64) {
	for d, c := range h {
		if d > than {
			n += c
		}
	}
	return n
}

// followers: a replica is listed under the name that it has itself, and shows the
// heartbeat of a lease.
func (h *harness) followers(t *testing.T) {
	primary, b := h.alone(t, throwaway.Options{})
	if list, err := b.db.Watch.Followers(t.Context()); err != nil || len(list) != 0 {
		t.Fatalf("without replicas: %v, %v", list, err)
	}
	standby := dbtest.Start(t, h.kind, throwaway.Options{ReplicaOf: primary})
	if err := primary.CatchUp(t.Context(), standby); err != nil {
		t.Fatal(err)
	}
	r, err := b.db.Replica(t.Context(), standby.DSN(strings.Split(b.dsn[strings.LastIndex(b.dsn, "/")+1:], "?")[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	name, err := r.Name(t.Context())
	if err != nil || name == "" {
		t.Fatalf("the replica's name: %q, %v", name, err)
	}
	// What the replica got with its first copy is applied before its reader of the log is under way.
	until(t, fmt.Sprintf("the replica %q is the one follower", name), func() bool {
		list, err := b.db.Watch.Followers(t.Context())
		return err == nil && len(list) == 1 && list[0].Name == name && list[0].Shown != ""
	})
	b.seed()
	p := b.plan(rename)
	lease := b.lease(p)
	fence := lease.Fence(p.Syncs[0].Table)
	for range 2 {
		at, err := b.db.Store.Beat(t.Context(), lease)
		if err != nil {
			t.Fatal(err)
		}
		if err := primary.CatchUp(t.Context(), standby); err != nil {
			t.Fatal(err)
		}
		if seen, err := r.Beat(t.Context(), fence); err != nil || !seen.Equal(at) {
			t.Errorf("the replica shows %s, %v; written was %s", seen, err, at)
		}
	}
	fence.Token = "another"
	if _, err := r.Beat(t.Context(), fence); !errors.Is(err, dberr.NotThere) {
		t.Errorf("the heartbeat of another lease: %v", err)
	}
	if _, err := b.db.Watch.Load(t.Context(), schema.Ident{Schema: p.Syncs[0].Table.Schema, Name: "users"}); err != nil {
		t.Error(err)
	}
}
