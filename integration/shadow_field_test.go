package integration

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// Ways in which other tools are known to have lost rows when they exchanged tables on PostgreSQL.

// eachField is PostgreSQL 18, and 15 in the long form.
func eachField(t *testing.T, f func(t *testing.T, s *subject)) {
	t.Helper()
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		if k == throwaway.Postgres15 && !long() {
			return
		}
		s := &subject{t: t, kind: k, dsn: dbtest.Database(t, k)}
		s.db, s.home = dbtest.DB(t, s.dsn), newHome(t, s.dsn)
		f(t, s)
	})
}

// TestShadowBlockedLock: thousands of changes are committed while the exchange waits for its lock: to NULL, of keys, deletes. All of
// them are in the new table.
func TestShadowBlockedLock(t *testing.T) {
	eachField(t, func(t *testing.T, s *subject) {
		changes := func(table string) []string {
			return []string{"UPDATE " + table + " SET note = NULL WHERE id <= 4000", "UPDATE " + table + " SET id = id + 100000 WHERE id BETWEEN 3001 AND 5000", "DELETE FROM " + table + " WHERE id BETWEEN 5001 AND 6000",
				"INSERT INTO " + table + " SELECT i, 7, 'late' FROM generate_series(5001, 5500) AS i"}
		}
		for _, table := range []string{"accounts", "expected"} {
			s.exec("CREATE TABLE "+table+" (id bigint PRIMARY KEY, n int, note text)", "INSERT INTO "+table+" SELECT i, i, 'note ' || i FROM generate_series(1, 8000) AS i")
		}
		s.exec(changes("expected")...)
		s.home.must(0, "plan", "--alter", "ALTER TABLE accounts ALTER n TYPE bigint", "--strategy", "shadow", "--replicas", "none", "--gates", "none", "-o", "plan.json")
		s.apply(0, "expand")
		conn, err := s.db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		run := func(list ...string) {
			t.Helper()
			for _, q := range list {
				if _, err := conn.ExecContext(t.Context(), q); err != nil {
					t.Fatalf("%s: %v", q, err)
				}
			}
		}
		run("BEGIN", "LOCK TABLE accounts IN ROW EXCLUSIVE MODE") // writes nothing yet: a slot would wait for it
		p := s.home.start("apply", "plan.json", "--phase", "switch")
		s.until("SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_locks WHERE relation = 'accounts'::regclass AND NOT granted) THEN 'waits' ELSE 'no' END", "waits")
		run(append(changes("accounts"), "COMMIT")...)
		if c := p.wait(); c.exit == 75 { // the lock was waited for too long, which is no harm
			s.home.settled("apply", "plan.json", "--phase", "switch").want(t, 0)
		} else {
			c.want(t, 0)
		}
		s.want("SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'accounts'::regclass AND attname = 'n'", "bigint")
		s.want("SELECT count(*) FROM (TABLE accounts EXCEPT ALL TABLE expected) AS x", "0")
		s.want("SELECT count(*) FROM (TABLE expected EXCEPT ALL TABLE accounts) AS x", "0")
	})
}

// TestShadowViewWrites: an application that knows the table by a view only writes on through every exchange, and no row goes to
// the table that stands aside.
func TestShadowViewWrites(t *testing.T) {
	eachField(t, func(t *testing.T, s *subject) {
		s.exec("CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int DEFAULT 1, note text)", "INSERT INTO things (note) SELECT 'old' FROM generate_series(1, 500)",
			"CREATE VIEW live AS SELECT id, note FROM things")
		s.home.must(0, "plan", "--alter", "ALTER TABLE things ALTER n TYPE bigint", "--strategy", "shadow", "--replicas", "none", "--gates", "none", "-o", "plan.json")
		var stop atomic.Bool
		done := make(chan error, 1)
		written := 0
		go func() {
			for !stop.Load() {
				if _, err := s.db.ExecContext(t.Context(), fmt.Sprintf("INSERT INTO live (note) VALUES ('new %d')", written)); err != nil {
					done <- err
					return
				}
				written++
				time.Sleep(between(2 * time.Millisecond)) // the server's log is everybody's, and one that is read more slowly than it grows is never read to its end
			}
			done <- nil
		}()
		for _, args := range [][]string{{"apply", "plan.json", "--phase", "expand"}, {"apply", "plan.json", "--phase", "switch"}, {"rollback", "plan.json"}, {"apply", "plan.json", "--phase", "switch"}} {
			s.home.settled(args...).want(t, 0)
		}
		stop.Store(true)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if written == 0 {
			t.Fatal("nothing was written through the view")
		}
		s.want("SELECT count(DISTINCT note) FROM things WHERE note LIKE 'new %'", fmt.Sprint(written))
		s.want("SELECT count(*) - count(DISTINCT id) FROM live", "0")
	})
}

// TestShadowOrigin: what a copy writes is marked in the log, there and on the way back, and nothing is left of the marks. Without the right
// to it the copy is done all the same.
func TestShadowOrigin(t *testing.T) {
	eachField(t, func(t *testing.T, s *subject) {
		// Runs that were killed have left theirs in databases that are gone, and a server has room for few.
		s.exec(`SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin WHERE roname LIKE 'phasemig\_%' AND NOT EXISTS (SELECT FROM pg_database WHERE roname LIKE 'phasemig\_%\_' || oid || '\_%')`)
		s.exec("CREATE TABLE things (id int PRIMARY KEY, n int)", "INSERT INTO things SELECT i, i FROM generate_series(1, 300) AS i")
		s.home.must(0, "plan", "--alter", "ALTER TABLE things ALTER n TYPE bigint", "--strategy", "shadow", "--replicas", "none", "--gates", "none", "-o", "plan.json")
		const ours = "FROM pg_replication_origin o LEFT JOIN pg_replication_origin_status s ON s.external_id = o.roname WHERE o.roname LIKE 'phasemig\\_%\\_' || (SELECT oid FROM pg_database WHERE datname = current_database()) || '\\_%'"
		s.apply(0, "expand")
		s.want("SELECT (count(*) > 0)::text, coalesce(bool_or(s.local_lsn > '0/0'), false)::text "+ours, "true,true")
		s.apply(0, "switch")
		s.exec("UPDATE things SET n = 3000000 WHERE id = 7")
		s.home.must(0, "rollback", "plan.json", "--all")
		s.want("SELECT n FROM things WHERE id = 7", "3000000")
		s.want("SELECT count(*) "+ours, "0")
	})
}

// TestShadowWithoutOrigin: an account that may not mark its writes copies all the same, and doctor says what grants it.
func TestShadowWithoutOrigin(t *testing.T) {
	eachField(t, func(t *testing.T, s *subject) {
		database := databaseOf(t, s.dsn)
		role := `"copier of ` + database + `"`
		s.exec("CREATE ROLE "+role+" LOGIN REPLICATION", `GRANT CREATE ON DATABASE "`+database+`" TO `+role, "GRANT USAGE, CREATE ON SCHEMA public TO "+role,
			"CREATE TABLE things (id int PRIMARY KEY, n int)", "INSERT INTO things SELECT i, i FROM generate_series(1, 300) AS i", "ALTER TABLE things OWNER TO "+role)
		t.Cleanup(func() {
			for _, q := range []string{"DROP OWNED BY " + role + " CASCADE", "DROP ROLE " + role} {
				if _, err := s.db.ExecContext(context.WithoutCancel(t.Context()), q); err != nil {
					t.Errorf("%s: %v", q, err)
				}
			}
		})
		u, err := url.Parse(s.dsn)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.User(strings.Trim(role, `"`))
		h := s.home.with("PHASEMIG_DSN=" + u.String())
		h.must(0, "plan", "--alter", "ALTER TABLE things ALTER n TYPE bigint", "--strategy", "shadow", "--replicas", "none", "--gates", "none", "-o", "plan.json")
		said := h.call("doctor", "--output", "json").stdout
		if !strings.Contains(said, "GRANT EXECUTE ON FUNCTION pg_replication_origin_create") {
			t.Errorf("doctor doesn't say what grants it:\n%s", said)
		}
		for _, phase := range []string{"expand", "switch", "contract"} {
			h.must(0, "apply", "plan.json", "--phase", phase)
		}
		s.want("SELECT count(*) FROM things", "300")
		s.want("SELECT count(*) FROM pg_replication_origin WHERE roname LIKE 'phasemig%' || (SELECT oid FROM pg_database WHERE datname = current_database()) || '%'", "0")
		s.exec("GRANT EXECUTE ON FUNCTION pg_replication_origin_create, pg_replication_origin_drop, pg_replication_origin_session_setup, pg_replication_origin_session_reset TO " + role)
		if said := h.call("doctor", "--output", "json").stdout; strings.Contains(said, "GRANT EXECUTE ON FUNCTION pg_replication_origin_create") {
			t.Errorf("doctor asks for what is granted:\n%s", said)
		}
	})
}
