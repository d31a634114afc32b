package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/dialect/postgres"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

const ageToBigint = "operations: [{change_type: {table: users, column: age, type: bigint}}]"

var users = schema.Ident{Schema: "public", Name: "users"}

func (b *bench) users() {
	b.Helper()
	b.exec("CREATE TABLE users (id int PRIMARY KEY, age int NOT NULL DEFAULT 3)", "INSERT INTO users VALUES (1, 5), (2, 6)")
}

// begin opens a transaction that ends with the test.
func (b *bench) begin(statements ...string) *sql.Tx {
	b.Helper()
	tx, err := dbtest.DB(b.T, b.dsn).BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = tx.Rollback() })
	for _, s := range statements {
		if _, err := tx.ExecContext(b.Context(), s); err != nil {
			b.Fatal(err)
		}
	}
	return tx
}

// TestHolders: DDL waits no longer than it may, says who is in the way, and goes
// through when that one is ended.
func TestHolders(t *testing.T) {
	each(t, func(b *bench) {
		b.users()
		b.plan(ageToBigint)
		b.begin("SET application_name = 'reports'", "SELECT * FROM users")
		add := b.step(plans.AddColumns, "")
		env := b.env()
		env.LockWait = 50 * time.Millisecond
		begin := time.Now()
		if err := b.db.Steps.Do(b.Context(), b.p, add, env); !errors.Is(err, dberr.LockTimeout) {
			b.Fatalf("DDL behind a reader: %v", err)
		}
		if d := time.Since(begin); d > 5*time.Second {
			b.Fatalf("it waited %s", d)
		}
		list, err := b.db.Server.Holders(b.Context(), users)
		if err != nil || len(list) != 1 || list[0].Client == "" || list[0].Kind != "transaction" || !strings.Contains(list[0].Client, "reports") {
			b.Fatalf("holders: %+v %v", list, err)
		}
		for _, kind := range []string{"backup", "replica", "ddl", "wraparound vacuum", "prepared"} {
			h := list[0]
			h.Kind = kind
			if err := b.db.Server.Kill(b.Context(), h); err == nil {
				b.Fatalf("a %s was ended", kind)
			}
		}
		if err := b.db.Server.Kill(b.Context(), list[0]); err != nil {
			b.Fatal(err)
		}
		for b.alive(list[0].Session) {
		}
		b.do(add)
	})
}

func (b *bench) alive(session string) bool {
	b.Helper()
	ok, err := b.db.Server.SessionAlive(b.Context(), session)
	if err != nil {
		b.Fatal(err)
	}
	return ok
}

// TestJournaledSession is found while it works and not afterwards.
func TestJournaledSession(t *testing.T) {
	each(t, func(b *bench) {
		b.users()
		b.plan(ageToBigint)
		second := b.open(b.dsn)
		var id string
		env := b.env()
		env.Journal = func(_ context.Context, session string) error {
			id = session
			if ok, err := second.Server.SessionAlive(b.Context(), session); err != nil || !ok {
				b.Errorf("session %s in the middle of its work: %v %v", session, ok, err)
			}
			return nil
		}
		if err := b.db.Steps.Do(b.Context(), b.p, b.step(plans.AddColumns, ""), env); err != nil {
			b.Fatal(err)
		}
		pid, start, _ := strings.Cut(id, ":")
		if b.alive(pid+":"+start+"1") || b.alive("0:1") || b.alive("x") {
			b.Fatal("a session that never was is alive")
		}
	})
}

// TestFencedDDL: a runner that lost its lease changes nothing.
func TestFencedDDL(t *testing.T) {
	each(t, func(b *bench) {
		b.users()
		b.plan(ageToBigint)
		before := b.lines("users")
		env := b.env()
		env.Lease.Token = "another"
		for _, st := range b.p.Phases[0].Steps {
			if st.Kind == plans.Backfill || st.Kind == plans.Verify {
				continue
			}
			if err := b.db.Steps.Do(b.Context(), b.p, st, env); !errors.Is(err, state.ErrFenced) {
				b.Fatalf("%s without the lease: %v", st.ID, err)
			}
		}
		b.same("after a stale runner", before, b.lines("users"))
	})
}

// TestInterruptedStep: a step that ends between its statements is not begun, or
// goes on from where it was.
func TestInterruptedStep(t *testing.T) {
	each(t, func(b *bench) {
		b.users()
		b.exec("CREATE UNIQUE INDEX users_age_key ON users (age)", "ALTER TABLE users ADD CONSTRAINT users_age_key UNIQUE USING INDEX users_age_key", "ALTER TABLE users ADD CHECK (age > 0)")
		b.plan(ageToBigint)
		for _, n := range plans.PhaseNames() {
			for _, st := range b.p.Phase(n).Steps {
				if st.Kind != plans.Backfill && st.Kind != plans.Verify {
					b.interrupt(st)
				}
				b.do(st)
			}
		}
		b.want("SELECT age FROM users ORDER BY id", "5", "6")
		if list, err := b.db.Server.Artifacts(b.Context()); err != nil || len(list) > 0 {
			b.Fatalf("left: %+v %v", list, err)
		}
	})
}

func (b *bench) interrupt(st plans.Step) {
	b.Helper()
	defer fault.Arm("")
	point := map[bool]string{true: "step.locked", false: "step.statement"}[st.Mode == plans.Transaction]
	for _, at := range []string{"1", "2", "3"} {
		fault.Arm(point + "=error@" + at)
		err := b.db.Steps.Do(b.Context(), b.p, st, b.env())
		if err != nil && !errors.Is(err, fault.ErrInjected) {
			b.Fatalf("interrupted %s: %v", st.ID, err)
		}
		fault.Arm("")
		if got, said, err := b.db.Steps.Observe(b.Context(), b.p, st); err != nil || got == dialect.Foreign || got != dialect.NotStarted && st.Mode == plans.Transaction && got != dialect.Done {
			b.Fatalf("%s interrupted is %s: %s %v", st.ID, got, said, err)
		}
		if st.Reversible && at == "2" {
			b.undo(st)
		}
	}
}

// TestForeignColumn: a column of our name that isn't ours is nobody's to drop.
func TestForeignColumn(t *testing.T) {
	each(t, func(b *bench) {
		b.users()
		b.plan(ageToBigint)
		b.exec("ALTER TABLE users ADD COLUMN _pm_age text")
		b.observe(b.step(plans.AddColumns, ""), dialect.Foreign)
		if err := b.db.Steps.Undo(b.Context(), b.p, b.step(plans.AddColumns, ""), b.env()); err == nil {
			b.Fatal("a foreign column was taken for ours")
		}
		b.want("SELECT count(_pm_age) FROM users", "0")
	})
}

// TestUndoRelax: values that were given up leave NULLs, and the rollback says
// which column wants a value.
func TestUndoRelax(t *testing.T) {
	each(t, func(b *bench) {
		b.users()
		b.plan(ageToBigint)
		b.phase(plans.Expand)
		b.phase(plans.Switch)
		b.exec("UPDATE users SET age = 5000000000 WHERE id = 1")
		b.back(plans.Switch)
		for _, k := range []plans.StepKind{plans.InstallSync, plans.AddColumns} {
			b.undo(b.step(k, ""))
		}
		relax := b.step(plans.Relax, "")
		err := b.db.Steps.Undo(b.Context(), b.p, relax, b.env())
		var hint *dberr.Hint
		if !errors.Is(err, dberr.DataError) || !errors.As(err, &hint) || !strings.Contains(hint.Do, "UPDATE") {
			b.Fatalf("NOT NULL over NULLs: %v", err)
		}
		b.fails("INSERT INTO users VALUES (7, NULL)", "23514")
		b.exec("UPDATE users SET age = 1 WHERE age IS NULL")
		b.undo(relax)
		b.want("SELECT attnotnull, (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'c') FROM pg_attribute a WHERE attrelid = 'users'::regclass AND attname = 'age'", "true|0")
	})
}

// TestRemove: cleanup of a run whose state is gone drops nothing of the user's.
func TestRemove(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE TABLE users (id int PRIMARY KEY, a text)", "INSERT INTO users VALUES (1, 'x')", "CREATE INDEX users_a_idx ON users (a)", "COMMENT ON COLUMN users.a IS 'words'")
		before := b.lines("users")
		b.plan("operations: [{rename_column: {table: users, from: a, to: b}}]")
		b.phase(plans.Expand)
		b.do(b.p.Phase(plans.Contract).Steps[0])
		list, err := b.db.Server.Artifacts(b.Context())
		if err != nil || len(list) == 0 {
			b.Fatalf("artifacts: %+v %v", list, err)
		}
		for _, a := range list {
			if a.Run != b.p.ID || len(a.Remove) == 0 {
				b.Fatalf("artifact %+v", a)
			}
		}
		if err := b.db.Server.Remove(b.Context(), list); err != nil {
			b.Fatal(err)
		}
		b.same("after cleanup", before, b.lines("users"))
		b.want("SELECT col_description('users'::regclass, attnum) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'a'", "words")
		b.want("SELECT a FROM users", "x")
	})
}

// TestRemoveTakesViewsBack: what has moved to a new column reads the old one again, when only marks are left of the run. A view that somebody made on
// the new column is named.
func TestRemoveTakesViewsBack(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE TABLE things (id int PRIMARY KEY, n int, note text)", "INSERT INTO things VALUES (1, 2, 'three')", "CREATE VIEW noted AS SELECT id, note FROM things", "CREATE VIEW counted AS SELECT n FROM things WHERE n > 0",
			"CREATE VIEW twice AS SELECT n + n AS m FROM counted", "GRANT SELECT ON counted TO PUBLIC")
		before, views := b.lines("things"), "SELECT string_agg(format('%s %s %s', c.oid::regclass, (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))) AS x), pg_get_viewdef(c.oid)), '; ' ORDER BY relname) FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'"
		was := b.rows(views)
		for _, c := range []struct {
			change  string
			moves   func()
			moved   string
			newView string
		}{
			{"rename_column: {table: things, from: note, to: remark}", func() { b.do(b.p.Phase(plans.Contract).Steps[0]) }, "SELECT count(*) FROM pg_class WHERE relname = 'noted' AND pg_get_viewdef(oid) LIKE '%remark AS note%'", "SELECT remark FROM things"},
			{"change_type: {table: things, column: n, type: bigint}", func() { b.phase(plans.Switch) }, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'counted'::regclass AND atttypid = 'bigint'::regtype", ""},
		} {
			b.plan("operations: [{" + c.change + "}]")
			b.phase(plans.Expand)
			c.moves()
			b.want(c.moved, "1")
			list, err := b.db.Server.Artifacts(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if c.newView != "" {
				b.exec("CREATE VIEW newer AS " + c.newView)
				var refused *plans.RefusedError
				if err := b.db.Server.Remove(b.Context(), list); !errors.As(err, &refused) || !strings.Contains(refused.Reason, "public.newer") {
					b.Fatalf("with a view on the new column: %v", err)
				}
				b.want(c.moved, "1")
				b.exec("DROP VIEW newer")
			}
			if err := b.db.Server.Remove(b.Context(), list); err != nil {
				b.Fatalf("%s: %v", c.change, err)
			}
			b.same("after cleanup", before, b.lines("things"))
			b.want(views, was...)
			b.want("SELECT n, note FROM things JOIN noted USING (id, note)", "2|three")
			if list, err = b.db.Server.Artifacts(b.Context()); err != nil || len(list) > 0 {
				b.Fatalf("left: %+v %v", list, err)
			}
			if err := b.db.Store.Release(b.Context(), b.lease); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestLoad reads every signal, also as a user with no special rights.
func TestLoad(t *testing.T) {
	each(t, func(b *bench) {
		b.users()
		o := b.plain("load_reader", "GRANT SELECT ON users TO load_reader")
		for _, x := range []*bench{b, o} {
			list, err := x.db.Watch.Load(b.Context(), users)
			if err != nil {
				b.Fatal(err)
			}
			for _, s := range list {
				if s.Over() || s.Name == "" {
					b.Errorf("on an idle table: %+v", s)
				}
			}
		}
	})
}

// TestReplica: a standby's position and lag; another server is told apart.
func TestReplica(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if !k.IsPostgres() {
			return
		}
		p := dbtest.Start(t, k, throwaway.Options{})
		dsn := dbtest.DatabaseOn(t, p)
		b := newBench(t, k, dsn)
		b.users()
		position, err := b.db.Server.Position(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.db.Replica(t.Context(), "postgres://nobody@127.0.0.1:1/x"); !errors.Is(err, dberr.Unreachable) {
			t.Fatalf("no server at all: %v", err)
		}
		self, err := b.db.Replica(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer self.Close()
		if _, _, err := self.Reached(t.Context(), position); err == nil {
			t.Fatal("the primary passes for its replica")
		}
		if _, err := self.Lag(t.Context()); err == nil {
			t.Fatal("the primary has a lag")
		}
		standby := dbtest.Start(t, k, throwaway.Options{ReplicaOf: p})
		if err := p.CatchUp(t.Context(), standby); err != nil {
			t.Fatal(err)
		}
		real, err := b.db.Replica(t.Context(), standby.DSN("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer real.Close()
		if ok, said, err := real.Reached(t.Context(), position); err != nil || !ok {
			t.Fatalf("caught up, and says %s %v", said, err)
		}
		if ok, said, err := real.Reached(t.Context(), "FFFFFFFF/0"); err != nil || ok {
			t.Fatalf("at a position to come: %s %v", said, err)
		}
		if _, err := real.Lag(t.Context()); err != nil {
			t.Fatal(err)
		}
		stranger, err := newBench(t, k, dbtest.Database(t, k)).db.Replica(t.Context(), standby.DSN("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer stranger.Close()
		if _, _, err := stranger.Reached(t.Context(), position); err == nil || !strings.Contains(err.Error(), "system identifier") {
			t.Fatalf("another server's standby: %v", err)
		}
	})
}

// TestPooler is refused before a single setting reaches a session that others
// get next.
func TestPooler(t *testing.T) {
	each(t, func(b *bench) {
		u, err := url.Parse(b.dsn)
		if err != nil {
			b.Fatal(err)
		}
		dsn := dbtest.PgBouncer(b.T, dbtest.Server(b.T, b.kind)).DSN(strings.TrimPrefix(u.Path, "/"))
		db, err := postgres.Open(b.Context(), dsn)
		var refused *plans.RefusedError
		if !errors.As(err, &refused) {
			if err == nil {
				_ = db.Close()
			}
			b.Fatalf("through PgBouncer: %v", err)
		}
		if got := dbtest.Query(b.T, dsn+"&default_query_exec_mode=simple_protocol", "SHOW row_security"); got[0][0] != "on" {
			b.Fatal("a setting was left in a pooled session")
		}
	})
}

// TestTarget: what is wrong with a target is said in its class.
func TestTarget(t *testing.T) {
	each(t, func(b *bench) {
		u, err := url.Parse(b.dsn)
		if err != nil {
			b.Fatal(err)
		}
		with := func(change func(*url.URL)) string { c := *u; change(&c); return c.String() }
		for dsn, class := range map[string]error{
			with(func(u *url.URL) { u.Path = "/no_such_database" }):       dberr.BadLogin,
			with(func(u *url.URL) { u.User = url.User("nobody_at_all") }): dberr.BadLogin,
			with(func(u *url.URL) { u.Host = "127.0.0.1:1" }):             dberr.Unreachable,
		} {
			if _, err := postgres.Open(b.Context(), dsn); !errors.Is(err, class) {
				b.Errorf("%s: %v, want %v", dsn, err, class)
			}
		}
		if _, err := postgres.Open(b.Context(), "postgres://u:secret@h:99999999/"); err == nil || strings.Contains(err.Error(), "secret") {
			b.Errorf("a broken URL: %v", err)
		}
	})
}
