package integration

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/observe"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// TestRecipesTellTheTruth runs every statement of every step and compares what the server was seen to lock, rewrite and read with
// what the plan says. None of them, and none of the ways back, may block anybody for a time that grows with the table.
func TestRecipesTellTheTruth(t *testing.T) {
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		for _, c := range catalog(k) {
			t.Run(c.name, func(t *testing.T) {
				x := newKitchen(t, k, c)
				x.lints()
				w := x.witness()
				for _, st := range reversible(x.steps()) {
					w.step(st)
				}
				for _, st := range slices.Backward(reversible(x.steps())) {
					for _, q := range st.Undo {
						w.see(q)
					}
				}
				for _, st := range x.steps() {
					w.step(st)
				}
			})
		}
	})
}

// reversible are the steps before the first one that can't be undone.
func reversible(list []plans.Step) []plans.Step {
	if i := slices.IndexFunc(list, func(st plans.Step) bool { return !st.Reversible }); i >= 0 {
		return list[:i]
	}
	return list
}

func (x *kitchen) steps() []plans.Step {
	var out []plans.Step
	for _, ph := range x.plan.Phases {
		out = append(out, ph.Steps...)
	}
	return out
}

// levels are the server's names for table locks, the weakest first.
var levels = []string{"", "ShareUpdateExclusive", "Share", "ShareRowExclusive", "Exclusive", "AccessExclusive"}

var words = regexp.MustCompile(`[A-Z][a-z]+`)

func levelName(lock string) string {
	if lock == "" {
		return "ACCESS SHARE" // or less: it isn't looked for
	}
	return strings.ToUpper(strings.Join(words.FindAllString(lock, -1), " "))
}

// witness runs statements and looks at what the server does.
type witness struct {
	x    *kitchen
	db   *sql.DB
	conn *sql.Conn
}

func (x *kitchen) witness() *witness {
	x.t.Helper()
	w := &witness{x: x, db: dbtest.DB(x.t, x.dsn)}
	conn, err := w.db.Conn(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	w.conn = conn
	x.t.Cleanup(func() { _ = conn.Close() })
	return w
}

func (w *witness) step(st plans.Step) {
	w.x.t.Helper()
	strongest, rewrites, scans := 0, false, false
	for _, q := range st.SQL {
		o := w.see(q)
		strongest = max(strongest, slices.Index(levels, o.Lock))
		rewrites = rewrites || len(o.Rewrote) > 0
		scans = scans || len(o.Read)+len(o.Built) > 0
	}
	if got := levelName(levels[strongest]); got != st.Lock.Level {
		w.x.t.Errorf("%v: seen %q, said %q", st.SQL, got, st.Lock.Level)
	}
	if blocks := strongest > 1; blocks != st.Lock.BlocksWrites || (strongest == len(levels)-1) != st.Lock.BlocksReads {
		w.x.t.Errorf("%v: seen %q, and it is said to block reads: %t, writes: %t", st.SQL, levels[strongest], st.Lock.BlocksReads, st.Lock.BlocksWrites)
	}
	if rewrites != st.Rewrites || scans != st.Scans {
		w.x.t.Errorf("%v: seen to rewrite: %t, to read: %t; said %t and %t", st.SQL, rewrites, scans, st.Rewrites, st.Scans)
	}
}

// see runs one statement and fails if somebody would wait for it the longer the larger the table is.
func (w *witness) see(q string) observe.Observation {
	w.x.t.Helper()
	if strings.Contains(q, "INDEX CONCURRENTLY") {
		return w.beside(q)
	}
	tx, err := w.conn.BeginTx(w.x.t.Context(), nil)
	if err != nil {
		w.x.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	o, err := observe.Postgres(w.x.t.Context(), tx, q)
	if err != nil || o.Error != "" {
		w.x.t.Fatalf("%s: %v %s", q, err, o.Error)
	}
	if o.Grows() {
		w.x.t.Errorf("%s: seen: %s", q, o)
	}
	if err := tx.Commit(); err != nil {
		w.x.t.Fatalf("%s: %v", q, err)
	}
	return o
}

// beside looks at a statement that can't stand in a transaction while it waits for one that writes.
func (w *witness) beside(q string) observe.Observation {
	w.x.t.Helper()
	ctx := w.x.t.Context()
	writer := w.x.hold("LOCK TABLE orders IN ROW EXCLUSIVE MODE")
	var pid int
	if err := w.conn.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		w.x.t.Fatal(err)
	}
	var g errgroup.Group
	over := make(chan struct{})
	g.Go(func() error {
		defer close(over)
		_, err := w.conn.ExecContext(ctx, q)
		return err
	})
	lock := w.waiting(ctx, pid, over)
	if err := writer.Rollback(); err != nil {
		w.x.t.Fatal(err)
	}
	if err := g.Wait(); err != nil {
		w.x.t.Fatalf("%s: %v", q, err)
	}
	o := observe.Observation{Lock: lock}
	if strings.HasPrefix(q, "CREATE") {
		o.Built = []string{"index"}
	}
	return o
}

// waiting is the strongest lock on the table that a session has while it waits for a writer; "" when it was over before.
func (w *witness) waiting(ctx context.Context, pid int, over <-chan struct{}) string {
	w.x.t.Helper()
	for {
		select {
		case <-over:
			return ""
		default:
		}
		rows := dbtest.Query(w.x.t, w.x.dsn, `SELECT replace(l.mode, 'Lock', '') FROM pg_locks l WHERE l.pid = $1 AND l.relation IN (SELECT 'orders'::regclass UNION SELECT relid FROM pg_partition_tree('orders')) AND l.granted
			AND EXISTS (SELECT 1 FROM pg_locks v WHERE v.pid = $1 AND NOT v.granted)`, pid)
		strongest := 0
		for _, r := range rows {
			strongest = max(strongest, slices.Index(levels, r[0]))
		}
		if len(rows) > 0 {
			return levels[strongest]
		}
		if ctx.Err() != nil {
			w.x.t.Fatal(ctx.Err())
		}
	}
}
