package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/pgoutput"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/stream"
)

// pairTest is a table t, its shadow in another shape, and what keeps them in step.
type pairTest struct {
	*testing.T
	dsn   string
	s     *server
	store state.Store
	plan  *plans.Plan
	lease state.Lease
}

// eachPair makes a table with values that are stored apart, a further unique key, a
// computed column and a number of the server's own, and a shadow with wider numbers.
func eachPair(t *testing.T, f func(p *pairTest)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k.IsPostgres() {
			f(newPairTest(t, dbtest.Database(t, k)))
		}
	})
}

const rowsThere = 600

func newPairTest(t *testing.T, dsn string) *pairTest {
	t.Helper()
	d, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Store.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 6)
	_, _ = rand.Read(id)
	p := &pairTest{T: t, dsn: dsn, s: d.Server.(*server), store: d.Store}
	p.plan = &plans.Plan{ID: hex.EncodeToString(id), Alters: []plans.Alter{{
		Table: schema.Ident{Schema: "public", Name: "t"},
		Key:   []plans.KeyPart{{Name: "id", Type: "integer"}}, KeyTo: []plans.KeyPart{{Name: "id", Type: "bigint"}},
		Columns: []plans.Copied{{From: "id", To: "id"}, {From: "u", To: "u"}, {From: "n", To: "n"}, {From: "v", To: "v"}, {From: "w", To: "w"}},
	}}}
	p.exec("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, u int UNIQUE, g int GENERATED ALWAYS AS (u * 2) STORED, n int, v text, w text)", "ALTER TABLE t ALTER v SET STORAGE EXTERNAL",
		"CREATE SCHEMA "+p.place().shadowSchema(), "CREATE SCHEMA "+p.place().asideSchema(), "CREATE TABLE "+p.copy()+" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, w text, g bigint GENERATED ALWAYS AS (u * 2) STORED, u bigint UNIQUE, n bigint, v text)",
		fmt.Sprintf(`INSERT INTO t (u, n, v, w) SELECT i, i, repeat('v', 3000 * (i %% 2)), 'it''s \' || i FROM generate_series(1, %d) i`, rowsThere))
	p.exec(checkpointStatements(p.place())...)
	p.take()
	t.Cleanup(func() {
		for _, back := range []bool{false, true} {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
			defer cancel()
			c := pgoutput.Config{Conn: &p.s.config.Config}
			c.Slot, c.Publication = pgoutput.Names(p.plan.ID, p.s.oid, 0, back)
			if err := pgoutput.Drop(ctx, c); err != nil {
				t.Error(err)
			}
		}
	})
	return p
}

// copy is the shadow's name until it takes the table's place.
func (p *pairTest) place() copyID { return copyOf(p.plan.ID, p.alter()) }

func (p *pairTest) copy() string { return relation(p.place().shadowPlace(p.alter().Table)) }

func (p *pairTest) exec(statements ...string) { p.Helper(); dbtest.Exec(p, p.dsn, statements...) }

func (p *pairTest) value(q string) string { p.Helper(); return dbtest.Query(p, p.dsn, q)[0][0] }

func (p *pairTest) want(what, q, want string) {
	p.Helper()
	if got := p.value(q); got != want {
		p.Errorf("%s: %s, want %s", what, got, want)
	}
}

// take takes the lease, and segments for the copy where there are none.
func (p *pairTest) take() {
	p.Helper()
	var err error
	p.lease, err = p.store.Acquire(p.Context(), state.Holder{Run: p.plan.ID, Tables: []schema.Ident{p.alter().Table}, Who: "test", Token: "t" + p.plan.ID}, time.Minute)
	if err != nil {
		p.Fatal(err)
	}
	if len(p.segments()) > 0 {
		return
	}
	mid := fmt.Sprintf(`["%d"]`, rowsThere/2)
	for i, seg := range []state.Segment{{High: mid}, {Low: mid, Cursor: mid}} {
		seg.Run, seg.Step, seg.Pass, seg.Number = p.plan.ID, "copy", 1, i
		if err := p.store.PutSegment(p.Context(), p.lease, seg); err != nil {
			p.Fatal(err)
		}
	}
}

func (p *pairTest) alter() *plans.Alter { return &p.plan.Alters[0] }

func (p *pairTest) segments() []state.Segment {
	p.Helper()
	list, err := p.store.Segments(p.Context(), p.plan.ID, "copy")
	if err != nil {
		p.Fatal(err)
	}
	return list
}

// run opens a pair and keeps it in step while f works.
func (p *pairTest) run(ctx context.Context, reverse bool, f func(context.Context, *pair, *shadow.Pair) error) error {
	p.Helper()
	t, err := p.s.shadow(ctx, dialect.ShadowWork{Plan: p.plan, Fence: p.lease.Fence(p.alter().Table), Reverse: reverse, Workers: 2})
	if err != nil {
		return err
	}
	defer t.Close()
	at, err := t.Resume(ctx)
	if err == nil && at == "" {
		err = t.Begin(ctx)
	}
	if err != nil {
		return err
	}
	var done []state.Segment
	if !reverse {
		done = p.segments()
	}
	open, err := shadow.Open(ctx, t, done, shadow.Options{Note: func(s string) { p.Log(s) }})
	if err != nil {
		return err
	}
	if reverse {
		open.Whole()
	}
	return open.Run(ctx, func(ctx context.Context) error { return f(ctx, t, open) })
}

// copyAll copies both segments side by side.
func (p *pairTest) copyAll(ctx context.Context, open *shadow.Pair) error {
	var all sync.WaitGroup
	list := p.segments()
	errs := make([]error, len(list))
	for i, seg := range list {
		all.Go(func() {
			for n := 40; !seg.Done; {
				got, err := open.Copy(ctx, seg, n)
				switch {
				case err == nil:
					seg = got.Next
				case !dberr.Temporary(err) || ctx.Err() != nil:
					errs[i] = err
					return
				default:
					n = max(n/2, 1)
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (p *pairTest) compare(ctx context.Context, t *pair, open *shadow.Pair) error {
	got, err := open.Compare(ctx, t, shadow.Range{})
	if err == nil && len(got.Differ) > 0 {
		err = fmt.Errorf("%d of %d rows differ: %v", len(got.Differ), got.Rows, got.Differ[:min(len(got.Differ), 5)])
	}
	return err
}

// same compares two tables by the server's own means.
func (p *pairTest) same(a, b string) {
	p.Helper()
	const row = "ROW(id, u, g, n, v, w)::text"
	for _, q := range [][2]string{{a, b}, {b, a}} {
		if n := p.value(fmt.Sprintf("SELECT count(*) FROM (SELECT %s FROM %s EXCEPT ALL SELECT %[1]s FROM %[3]s) AS x", row, q[0], q[1])); n != "0" {
			p.Errorf("%s rows are in %s and not in %s", n, q[0], q[1])
		}
	}
	if n := p.value("SELECT count(*) FROM " + a); n == "0" {
		p.Error("there are no rows left")
	}
}

// writers write to a table of the name t until they are stopped. What the server
// refuses is rolled back.
func (p *pairTest) writers(n int) (stop func() int64) {
	ctx, cancel := context.WithCancel(p.Context())
	var all sync.WaitGroup
	var commits atomic.Int64
	db := dbtest.DB(p, p.dsn)
	for i := range n {
		all.Go(func() {
			r := mrand.New(mrand.NewPCG(uint64(i), 7))
			for ctx.Err() == nil {
				if p.write(ctx, db, r, i) == nil {
					commits.Add(1)
				}
			}
		})
	}
	return func() int64 {
		cancel()
		all.Wait()
		for i := range n {
			if _, err := db.ExecContext(context.WithoutCancel(ctx), "ROLLBACK PREPARED '"+p.gid(i)+"'"); err != nil && !strings.Contains(err.Error(), "does not exist") {
				p.Error(err)
			}
		}
		return commits.Load()
	}
}

func (p *pairTest) gid(writer int) string { return fmt.Sprintf("%s %d", p.plan.ID, writer) }

// write is one transaction: several rows in any order, values of the unique key handed
// on, large values that stay and that change, keys that change.
func (p *pairTest) write(ctx context.Context, db *sql.DB, r *mrand.Rand, writer int) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for range 1 + r.IntN(4) {
		if _, err := tx.ExecContext(ctx, act(r)); err != nil {
			return err
		}
	}
	if r.IntN(10) > 0 {
		return tx.Commit()
	}
	if _, err := tx.ExecContext(ctx, "PREPARE TRANSACTION '"+p.gid(writer)+"'"); err != nil {
		return err
	}
	_ = tx.Rollback() // the transaction is no longer the session's
	end := "COMMIT"
	if r.IntN(4) == 0 {
		end = "ROLLBACK"
	}
	_, err = conn.ExecContext(context.WithoutCancel(ctx), end+" PREPARED '"+p.gid(writer)+"'")
	return err
}

func act(r *mrand.Rand) string {
	id, other := 1+r.IntN(rowsThere), 1+r.IntN(rowsThere)
	switch r.IntN(8) {
	case 0:
		return fmt.Sprintf("DELETE FROM t WHERE id = %d", id)
	case 1:
		return fmt.Sprintf("INSERT INTO t (id, u, n, v, w) OVERRIDING SYSTEM VALUE VALUES (%d, NULL, %d, repeat('i', %d), NULL) ON CONFLICT (id) DO NOTHING", id, id, r.IntN(2)*4000)
	case 2:
		return fmt.Sprintf("UPDATE t SET w = NULL WHERE id = %d", id)
	case 3:
		return fmt.Sprintf("UPDATE t SET v = repeat('%c', 4000) WHERE id = %d", 'a'+rune(r.IntN(26)), id)
	case 4: // the key changes
		return fmt.Sprintf("UPDATE t SET id = DEFAULT WHERE id = %d", id)
	case 5: // a value of the unique key changes hands
		return fmt.Sprintf("WITH gone AS (UPDATE t SET u = NULL WHERE id = %d RETURNING u) UPDATE t SET n = n + 1 WHERE id = %d", id, other)
	case 6:
		return fmt.Sprintf("UPDATE t SET u = %d WHERE id = %d AND NOT EXISTS (SELECT FROM t WHERE u = %[1]d)", other, id)
	}
	return fmt.Sprintf(`UPDATE t SET n = n + 1, w = 'q''\' || n WHERE id = %d`, id)
}

// swap copies what isn't copied, compares, and lets the tables change places.
func (p *pairTest) swap(reverse bool) {
	p.Helper()
	err := p.run(p.Context(), reverse, func(ctx context.Context, t *pair, open *shadow.Pair) error {
		if !reverse {
			if err := p.copyAll(ctx, open); err != nil {
				return err
			}
		}
		if err := p.compare(ctx, t, open); err != nil {
			return err
		}
		for {
			held, err := open.CutOver(ctx, plans.LockBudget)
			if !dberr.Temporary(err) {
				p.Logf("locked for %s", held)
				return err
			}
		}
	})
	if err != nil {
		p.Fatal(err)
	}
	want := map[bool]string{false: "bigint", true: "integer"}[reverse]
	if got := p.value("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'id'"); got != want {
		p.Fatalf("after the swap id is %s", got)
	}
}

// TestPairLife: copied, followed, compared, changed places, followed back, changed back and
// followed again, all while the application writes. Each comparison also covers what was applied
// under the locks before it.
func TestPairLife(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		stop := p.writers(3)
		p.swap(false)
		p.swap(true)
		err := p.run(p.Context(), false, func(ctx context.Context, t *pair, open *shadow.Pair) error {
			if err := p.compare(ctx, t, open); err != nil {
				return err
			}
			n := stop()
			p.Logf("%d commits, %s rows", n, p.value("SELECT count(*) FROM t"))
			if n < 20 {
				p.Errorf("only %d commits", n)
			}
			if err := open.Drain(ctx); err != nil {
				return err
			}
			p.same("t", p.copy())
			return nil
		})
		if err != nil {
			p.Fatal(err)
		}
		slot, _ := pgoutput.Names(p.plan.ID, p.s.oid, 0, false)
		p.want("one slot is left, that of the way there", "SELECT string_agg(slot_name, ',') FROM pg_replication_slots WHERE slot_name LIKE 'phasemig_"+p.plan.ID+"%'", slot)
	})
}

// TestPairResumes: a run that ends at any moment goes on where it was, and nothing is
// missing.
func TestPairResumes(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		stop := p.writers(3)
		r := mrand.New(mrand.NewPCG(3, 3))
		for range 8 {
			ctx, cancel := context.WithTimeout(p.Context(), time.Duration(100+r.IntN(500))*time.Millisecond)
			err := p.run(ctx, false, func(ctx context.Context, _ *pair, open *shadow.Pair) error {
				if err := p.copyAll(ctx, open); err != nil {
					return err
				}
				<-ctx.Done()
				return nil
			})
			if until, _ := ctx.Deadline(); err != nil && time.Until(until) > 0 { // a connection's own deadline may be a moment ahead of the context's
				p.Fatal(err)
			}
			cancel()
		}
		err := p.run(p.Context(), false, func(ctx context.Context, t *pair, open *shadow.Pair) error {
			if err := p.copyAll(ctx, open); err != nil {
				return err
			}
			p.Logf("%d commits", stop())
			if err := open.Drain(ctx); err != nil {
				return err
			}
			p.same("t", p.copy())
			return p.compare(ctx, t, open)
		})
		if err != nil {
			p.Fatal(err)
		}
	})
}

// TestPairConflict: rows that the new shape can't hold both are named.
func TestPairConflict(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		p.exec("CREATE UNIQUE INDEX only_one ON "+p.copy()+" (n)", "UPDATE t SET n = 7 WHERE id IN (7, 19)")
		var conflict *shadow.ConflictError
		err := p.run(p.Context(), false, func(ctx context.Context, _ *pair, open *shadow.Pair) error { return p.copyAll(ctx, open) })
		if !errors.As(err, &conflict) || strings.Join(conflict.Keys, " ") != "id=19 id=7" || conflict.Index != "only_one" {
			p.Errorf("got %v", err)
		}
	})
}

// TestPairCopyLocked: while a chunk is copied under a lock nobody writes, and everybody
// reads.
func TestPairCopyLocked(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		err := p.run(p.Context(), false, func(ctx context.Context, t *pair, _ *shadow.Pair) error {
			seg := p.segments()[0]
			got, err := t.CopyLocked(ctx, seg, rowsThere, func(ctx context.Context, mark func(context.Context) (uint64, error), _ func(context.Context, shadow.Batch) error) (stream.Position, error) {
				_, err := dbtest.DB(p, p.dsn).ExecContext(ctx, "SET lock_timeout = '50ms'; UPDATE t SET n = 0")
				if !errors.Is(classify(err), dberr.LockTimeout) {
					p.Errorf("a write: %v", err)
				}
				p.want("a read", "SELECT count(*) FROM t", fmt.Sprint(rowsThere))
				_, err = mark(ctx)
				return "", err
			})
			if err == nil && (got.Rows != rowsThere/2 || !got.Next.Done) {
				p.Errorf("copied %+v", got)
			}
			return err
		})
		if err != nil {
			p.Fatal(err)
		}
		p.exec("UPDATE t SET n = 0")
	})
}

// TestPairRefuses keys whose order can't be told from their text.
func TestPairRefuses(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		for typ, reason := range map[string]string{"inet": "whose order", "text": "by a language's rules"} {
			p.exec("DROP TABLE t, "+p.copy(), fmt.Sprintf(`CREATE TABLE t (id %s PRIMARY KEY)`, typ), "CREATE TABLE "+p.copy()+" (LIKE t INCLUDING ALL)")
			a := p.alter()
			a.Key = []plans.KeyPart{{Name: "id", Type: typ}}
			a.KeyTo, a.Columns = a.Key, []plans.Copied{{From: "id", To: "id"}}
			var refused *plans.RefusedError
			_, err := p.s.shadow(p.Context(), dialect.ShadowWork{Plan: p.plan})
			if !errors.As(err, &refused) || !strings.Contains(refused.Reason, reason) {
				p.Errorf("%s: %v", typ, err)
			}
		}
	})
}

// TestPairFinds: the comparison finds rows that differ, and copies them anew.
func TestPairFinds(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		err := p.run(p.Context(), false, func(ctx context.Context, t *pair, open *shadow.Pair) error {
			if err := p.copyAll(ctx, open); err != nil {
				return err
			}
			if err := p.compare(ctx, t, open); err != nil {
				return err
			}
			p.exec("UPDATE "+p.copy()+" SET w = NULL WHERE id = 5", "DELETE FROM "+p.copy()+" WHERE id = 6", "INSERT INTO "+p.copy()+" (id) OVERRIDING SYSTEM VALUE VALUES (100000)")
			got, err := open.Compare(ctx, t, shadow.Range{})
			if fmt.Sprint(got.Differ) != "[id=100000 id=5 id=6]" {
				p.Errorf("differ: %v", got.Differ)
			}
			if err != nil {
				return err
			}
			if err := t.Repair(ctx, []string{`["5"]`, `["6"]`, `["100000"]`}); err != nil {
				return err
			}
			return p.compare(ctx, t, open)
		})
		if err != nil {
			p.Fatal(err)
		}
	})
}

// TestPairUnmovable: what came meanwhile and can't go over is found under the lock, and nothing is exchanged.
func TestPairUnmovable(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		err := p.run(p.Context(), false, func(ctx context.Context, _ *pair, open *shadow.Pair) error {
			if err := p.copyAll(ctx, open); err != nil {
				return err
			}
			p.exec("CREATE MATERIALIZED VIEW reads AS SELECT id FROM t")
			_, err := open.CutOver(ctx, plans.LockBudget)
			return err
		})
		var drift *plans.DriftError
		if !errors.As(err, &drift) || !strings.Contains(drift.Error(), "materialized view") {
			p.Errorf("got %v", err)
		}
		p.want("the table in its place", "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'public.t'::regclass AND attname = 'id'", "integer")
	})
}

// TestPairFenced: a runner whose lease was taken over writes nothing any more.
func TestPairFenced(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		err := p.run(p.Context(), false, func(ctx context.Context, t *pair, open *shadow.Pair) error {
			p.exec("UPDATE phasemig.lease_epoch SET epoch = epoch + 1, token = 'another'")
			for _, write := range []func() error{
				func() error { return p.copyAll(ctx, open) },
				func() error { return t.Repair(ctx, []string{`["5"]`}) },
				func() error { return t.Apply(ctx, shadow.Batch{L: "x"}) },
				func() error { _, err := t.Lock(ctx); return err },
				func() error { return t.Begin(ctx) },
			} {
				if err := write(); !errors.Is(err, state.ErrFenced) {
					p.Errorf("got %v", err)
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, state.ErrFenced) {
			p.Fatal(err)
		}
		if n := p.value("SELECT count(*) FROM " + p.copy()); n != "0" {
			p.Errorf("%s rows were written", n)
		}
	})
}

// TestPlaces: the bytes of places have the server's order and equality.
func TestPlaces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if !k.IsPostgres() {
			return
		}
		dsn := dbtest.Database(t, k)
		dbtest.Exec(t, dsn, `CREATE TABLE k (a bigint, b uuid, c text COLLATE "C")`, `INSERT INTO k SELECT a, b, c FROM
			(VALUES (-9223372036854775808), (-1), (0), (1), (256), (9223372036854775807)) AS x(a), (VALUES ('00000000-0000-0000-0000-000000000000'::uuid), ('00ff0000-0000-0000-0000-000000000001'), ('ffffffff-ffff-ffff-ffff-ffffffffffff')) AS y(b),
			(VALUES (''), ('a'), ('a '), ('B'), ('é'), (E'\x01'), ('it''s \')) AS z(c)`)
		p := &pair{key: []plans.KeyPart{{Name: "a", Type: "bigint"}, {Name: "b", Type: "uuid"}, {Name: "c", Type: "text"}}}
		var keys []string
		for _, row := range dbtest.Query(t, dsn, "SELECT "+keyTextSQL(p.key, "")+" FROM k ORDER BY a, b, c") {
			keys = append(keys, row[0])
		}
		places, err := p.Places(t.Context(), keys)
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(places); i++ {
			if places[i-1] >= places[i] {
				t.Errorf("%s comes after %s", keys[i-1], keys[i])
			}
		}
	})
}
