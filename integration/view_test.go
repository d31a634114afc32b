package integration

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// withViews is a table with views over its column n, and all that can belong to a view.
func withViews(typ string) []string {
	return []string{
		"CREATE TABLE things (id int PRIMARY KEY, n " + typ + " DEFAULT 1, note text, day date)",
		"INSERT INTO things SELECT g, g, 'note ' || g, '2020-02-03' FROM generate_series(1, 500) g",
		"GRANT ALL ON things TO pg_database_owner", `CREATE SCHEMA "Other One"`, `GRANT ALL ON SCHEMA "Other One" TO pg_database_owner`,
		`CREATE VIEW "Some" WITH (security_barrier = true, security_invoker = true) AS SELECT id, n, note FROM things WHERE n > 0 WITH LOCAL CHECK OPTION`,
		`CREATE VIEW "Other One".things AS SELECT t.n AS "N", s.note, count(*) AS c FROM things t JOIN "Some" s USING (n) WHERE t.day > date '2020-01-02' GROUP BY t.id, s.note`,
		`CREATE VIEW counted AS SELECT sum("N") AS all_of, (SELECT max(n) FROM things) AS most, 0.1::float8 AS rate FROM "Other One".things`,
		"CREATE VIEW elsewhere AS SELECT id, note FROM things",
		`ALTER VIEW "Some" OWNER TO pg_database_owner`, `ALTER VIEW "Some" ALTER COLUMN note SET DEFAULT 'through the view'`,
		`REVOKE TRUNCATE, REFERENCES ON "Some" FROM pg_database_owner`, `GRANT SELECT ON "Some" TO PUBLIC`, `GRANT UPDATE (note), SELECT (n) ON "Some" TO pg_monitor WITH GRANT OPTION`, `GRANT INSERT ON "Other One".things TO pg_monitor`,
		`COMMENT ON VIEW "Some" IS 'it''s a view'`, `COMMENT ON COLUMN "Some".n IS 'a number'`,
		`CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO things (id, n) VALUES (NEW.c, NEW."N"); RETURN NEW; END $$`,
		`CREATE TRIGGER "In stead" INSTEAD OF INSERT ON "Other One".things FOR EACH ROW EXECUTE FUNCTION instead()`, `COMMENT ON TRIGGER "In stead" ON "Other One".things IS 'writes'`,
		`CREATE RULE "Re move" AS ON DELETE TO counted DO INSTEAD DELETE FROM things WHERE n = OLD.most`, `COMMENT ON RULE "Re move" ON counted IS 'takes'`,
		`CREATE VIEW public.late AS SELECT 1 AS x`, `GRANT SELECT ON late TO pg_monitor`,
	}
}

// viewsAre is everything that there is about views, in the server's words.
const viewsAre = `SELECT coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C"), '') FROM (
	SELECT format('view %s owner %s acl %s options %s comment %s: %s', c.oid::regclass, pg_get_userbyid(relowner), (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(coalesce(relacl, acldefault('r', relowner))) AS x), reloptions, obj_description(oid, 'pg_class'), pg_get_viewdef(oid)) AS line
		FROM pg_class c WHERE relkind = 'v' AND relnamespace::regnamespace::text IN ('public', '"Other One"')
	UNION ALL SELECT format('column %s.%s %s acl %s default %s comment %s', c.oid::regclass, attname, format_type(atttypid, atttypmod), (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(attacl) AS x), pg_get_expr(adbin, adrelid), col_description(c.oid, attnum))
		FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE relkind = 'v' AND relnamespace::regnamespace::text IN ('public', '"Other One"')
	UNION ALL SELECT format('rule %s comment %s', pg_get_ruledef(r.oid), obj_description(r.oid, 'pg_rewrite')) FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class AND relkind = 'v' WHERE ev_type <> '1' AND relnamespace::regnamespace::text IN ('public', '"Other One"')
	UNION ALL SELECT format('trigger %s comment %s', pg_get_triggerdef(g.oid), obj_description(g.oid, 'pg_trigger')) FROM pg_trigger g JOIN pg_class c ON c.oid = tgrelid AND relkind = 'v'
	) AS x`

// viewed is a change of things, with the application at work through its views.
type viewed struct {
	*subject
	start string
}

func newViewed(t *testing.T, k throwaway.Kind, operations string) *viewed {
	t.Helper()
	s := newGated(t, k, operations, "", append(withViews("int"), "ALTER DEFAULT PRIVILEGES GRANT SELECT, DELETE ON TABLES TO pg_read_all_stats")...)
	s.home.must(0, "plan", "--change", "change.yaml", "--gates", "none", "-o", "plan.json")
	if err := json.Unmarshal([]byte(s.home.read("plan.json")), &s.plan); err != nil {
		t.Fatal(err)
	}
	return &viewed{s, s.rows(viewsAre)}
}

func (v *viewed) same(when, want string) {
	v.t.Helper()
	if got := v.rows(viewsAre); got != want {
		v.t.Fatalf("views after %s:\n%s", when, diff(want, got))
	}
}

// write writes and reads through views until stop is called: no statement may fail.
func (v *viewed) write(statements ...string) (stop func()) {
	v.t.Helper()
	db := dbtest.DB(v.t, unprepared(v.t, v.dsn))
	ctx, cancel := context.WithCancel(v.t.Context())
	var g errgroup.Group
	for w := range 2 {
		g.Go(func() error {
			for n := 1000 + w; ctx.Err() == nil; n += 2 {
				if err := v.writeOnce(ctx, db, statements, n); err != nil && ctx.Err() == nil {
					return err
				}
			}
			return nil
		})
	}
	return func() {
		cancel()
		if err := g.Wait(); err != nil {
			v.t.Errorf("the application: %v", err)
		}
	}
}

func (v *viewed) writeOnce(ctx context.Context, db *sql.DB, statements []string, n int) error {
	for _, q := range statements {
		q = strings.ReplaceAll(q, "$1", fmt.Sprint(n))
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

var throughViews = []string{
	`INSERT INTO "Some" (id, n) VALUES ($1, $1)`, `UPDATE "Some" SET n = n + 1 WHERE id = $1`, "SELECT * FROM counted", `INSERT INTO "Other One".things ("N", c) VALUES (7, -$1)`,
	"DELETE FROM things WHERE id = -$1", `SELECT count(*) FROM "Some" s JOIN things t USING (id) WHERE s.n <> t.n`,
}

// TestViews: what reads a column that changes reads the new one from the moment on in which names change, with all that belongs to it, and
// the old one again after a rollback, while the application goes on through it.
func TestViews(t *testing.T) {
	beside(t)
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		t.Run("retype", func(t *testing.T) {
			v := newViewed(t, k, "  - change_type: {table: things, column: n, type: bigint}\n")
			stop := v.write(throughViews...)
			defer stop()
			v.there("switch", v.direct(withViews("bigint")))
		})
		t.Run("not null", func(t *testing.T) {
			if !long() {
				return
			}
			v := newViewed(t, k, "  - set_not_null: {table: things, column: note, fill: \"''\"}\n")
			stop := v.write(throughViews[:3]...) // which leave no note out
			defer stop()
			v.there("switch", v.start)
		})
		t.Run("rename", func(t *testing.T) {
			v := newViewed(t, k, "  - rename_column: {table: things, from: note, to: remark}\n")
			stop := v.write(`INSERT INTO "Some" (id, n, note) VALUES ($1, $1, 'x')`, `UPDATE "Some" SET note = 'y' WHERE id = $1`, "SELECT * FROM counted", "UPDATE elsewhere SET note = 'z' WHERE id = $1")
			defer stop()
			v.there("contract", v.direct(append(withViews("int"), "ALTER TABLE things RENAME COLUMN note TO remark")))
		})
	})
}

// there goes there, back, and there again. In contract the way back is open until the column is dropped.
func (v *viewed) there(phase, want string) {
	v.t.Helper()
	for _, n := range plans.PhaseNames() {
		if string(n) == phase {
			break
		}
		v.apply(0, string(n))
		v.same(string(n), v.start)
	}
	call := func(home *home, exit int) { home.must(exit, "apply", "plan.json", "--phase", phase) }
	if phase == "contract" {
		call(v.home.with("PHASEMIG_FAULT=engine.step_journaled=error"), 1)
	} else {
		call(v.home, 0)
	}
	v.same(phase, want)
	v.home.must(0, "rollback", v.plan.ID)
	v.same("rollback of "+phase, v.start)
	call(v.home, 0)
	v.same("second "+phase, want)
	v.apply(0, "contract")
	v.same("contract", want)
	v.want("SELECT count(*) FROM pg_attribute WHERE attrelid = 'things'::regclass AND attname LIKE '%pm\\_%' AND NOT attisdropped", "0")
}

// direct are the views of a table that has been so from the start.
func (v *viewed) direct(create []string) string {
	v.t.Helper()
	dsn := dbtest.Database(v.t, v.kind)
	dbtest.Exec(v.t, dsn, create...)
	return dbtest.Query(v.t, dsn, viewsAre)[0][0]
}

// TestViewsSurvive kills the program between any two statements of the transaction in which names change, there and back: the views are
// what they were, or what they shall be.
func TestViewsSurvive(t *testing.T) {
	beside(t)
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		v := newViewed(t, k, "  - change_type: {table: things, column: n, type: bigint}\n")
		v.apply(0, "expand")
		want := v.direct(withViews("bigint"))
		v.dying(v.start, want, "apply", "plan.json", "--phase", "switch")
		v.dying(want, v.start, "rollback", v.plan.ID)
		if !long() {
			return
		}
		r := newViewed(t, k, "  - rename_column: {table: things, from: note, to: remark}\n")
		r.apply(0, "expand")
		r.apply(0, "switch")
		r.dying(r.start, r.direct(append(withViews("int"), "ALTER TABLE things RENAME COLUMN note TO remark")), "apply", "plan.json", "--phase", "contract")
	})
}

// dying calls until a call lives, each time killed one statement later; every fifteenth in the short form.
func (v *viewed) dying(before, after string, args ...string) {
	v.t.Helper()
	step := 1
	if !long() {
		step = 15
	}
	for hit := 1; ; hit += step {
		r := v.home.with(fmt.Sprintf("PHASEMIG_FAULT=step.locked=kill@%d", hit)).call(args...)
		for r.exit == 6 || r.exit == 75 { // the lease of one that died is free after a moment
			r = v.home.with(fmt.Sprintf("PHASEMIG_FAULT=step.locked=kill@%d", hit)).call(args...)
		}
		if r.signal != syscall.SIGKILL {
			r.want(v.t, 0)
			v.same(strings.Join(args, " "), after)
			if hit == 1 {
				v.t.Fatalf("%v was never killed", args)
			}
			return
		}
		if got := v.rows(viewsAre); got != before && got != after {
			v.t.Fatalf("killed at statement %d of %v:\n%s", hit, args, diff(before, got))
		}
	}
}

// TestViewsMeanwhile: a view, a right and a comment that came after the plan go along; a view on the new column stays there.
func TestViewsMeanwhile(t *testing.T) {
	beside(t)
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		v := newViewed(t, k, "  - change_type: {table: things, column: n, type: bigint}\n")
		v.apply(0, "expand")
		later := []string{`CREATE VIEW latest AS SELECT * FROM counted`, `CREATE VIEW newer AS SELECT n + 1 AS m FROM things`, "GRANT SELECT ON newer TO pg_monitor", `REVOKE SELECT ON "Some" FROM PUBLIC`, `COMMENT ON VIEW counted IS 'now'`}
		v.exec(later...)
		before := v.rows(viewsAre)
		v.apply(0, "switch")
		v.want("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'newer'::regclass", "bigint")
		v.want("SELECT has_table_privilege('pg_monitor', 'newer', 'SELECT'), has_table_privilege('pg_read_all_stats', 'counted', 'DELETE'), obj_description('counted'::regclass)", "true,false,now")
		v.exec("CREATE VIEW newest AS SELECT n FROM things")
		v.home.must(0, "rollback", v.plan.ID)
		v.want("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'newest'::regclass", "integer")
		v.exec("DROP VIEW newest")
		v.same("rollback", before)

		r := newViewed(t, k, "  - rename_column: {table: things, from: note, to: remark}\n")
		r.apply(0, "expand")
		r.exec("CREATE VIEW newer AS SELECT remark FROM things", "CREATE VIEW older AS SELECT note FROM things")
		r.apply(0, "switch")
		r.home.with("PHASEMIG_FAULT=engine.step_journaled=error").must(1, "apply", "plan.json", "--phase", "contract")
		r.exec("UPDATE older SET note = 'both' WHERE note = 'note 7'")
		r.want("SELECT pg_get_viewdef('older'::regclass) LIKE '%remark AS note%', pg_get_viewdef('newer'::regclass) LIKE '%remark%', (SELECT count(*) FROM newer WHERE remark = 'both')", "true,true,1")
		r.home.must(0, "rollback", r.plan.ID)
		r.want("SELECT pg_get_viewdef('older'::regclass) NOT LIKE '%remark%', pg_get_viewdef('newer'::regclass) LIKE '%remark%', (SELECT count(*) FROM older WHERE note = 'both')", "true,true,1")
	})
}

// TestViewsRefused: what can't go along is named before anything is done, and once more in the moment in which names change.
func TestViewsRefused(t *testing.T) {
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		const retype, rename = "  - change_type: {table: things, column: n, type: bigint}\n", "  - rename_column: {table: things, from: note, to: remark}\n"
		for n, c := range []struct{ operations, create, want string }{
			{retype, `CREATE MATERIALIZED VIEW kept AS SELECT * FROM counted`, "materialized view public.kept reads it"},
			{retype, `CREATE MATERIALIZED VIEW kept AS SELECT n FROM things`, "materialized view public.kept reads"},
			{retype, `CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM counted; END`, "function public.f() depends on view public.counted"},
			{retype, `CREATE FUNCTION f(counted) RETURNS int LANGUAGE sql AS 'SELECT 1'`, "uses the row type of view public.counted"},
			{retype, `CREATE TABLE log (x int); CREATE RULE r AS ON INSERT TO log DO INSTEAD INSERT INTO "Some" (id) VALUES (NEW.x)`, `rule r on table public.log depends on view public."Some"`},
			{retype, `CREATE TABLE log (x int); CREATE RULE r AS ON INSERT TO log DO INSTEAD UPDATE things SET n = NEW.x`, `rule r on public.log names the column`},
			{rename, `CREATE RULE r AS ON DELETE TO elsewhere DO INSTEAD UPDATE things SET note = ''`, `rule r on public.elsewhere names the column`},
			{rename, `CREATE MATERIALIZED VIEW kept AS SELECT note FROM things`, "materialized view public.kept reads"},
			{"  - change_type: {table: things, column: n, type: text}\n", "", `the server doesn't take public.Some: operator does not exist`},
			{"  - rename_column: {table: things, from: note, to: remark, up: upper(note), down: lower(remark)}\n", "", "would have to be computed"},
			{"  - split_column: {table: things, column: note, into: {a: \"left(note, 1)\", b: \"substr(note, 2)\"}, down: a || b}\n", "", "would have to be computed"},
		} {
			if !long() && n%5 > 0 {
				continue
			}
			dsn := dbtest.Database(t, k)
			dbtest.Exec(t, dsn, withViews("int")...)
			if c.create != "" {
				dbtest.Exec(t, dsn, c.create)
			}
			h := newHome(t, dsn)
			h.write("change.yaml", "name: v\nreplicas: none\noperations:\n"+c.operations)
			h.must(9, "plan", "--change", "change.yaml").says(t, c.want)
		}
		v := newViewed(t, k, retype)
		v.apply(0, "expand")
		v.exec("CREATE MATERIALIZED VIEW kept AS SELECT n FROM things")
		v.apply(5, "switch").says(t, "materialized view public.kept reads it")
		v.exec("DROP MATERIALIZED VIEW kept")
		conn, err := v.db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(t.Context(), "CREATE TEMPORARY VIEW mine AS SELECT n FROM things"); err != nil {
			t.Fatal(err)
		}
		v.apply(5, "switch").says(t, "is temporary")
		if _, err := conn.ExecContext(t.Context(), "DROP VIEW mine"); err != nil {
			t.Fatal(err)
		}
		v.same("a switch that was refused", v.start)
		v.apply(0, "switch")
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
