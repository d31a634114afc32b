package integration

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// oddSchema needs quotes in every place, and has what lists are split at.
const oddSchema = `we"ird, "schema`

// TestSearchPath: a table is found along the search_path of the target's URL, in both ways in which it can be given, whatever its schema is called,
// and a session with another path meets the same triggers.
func TestSearchPath(t *testing.T) {
	beside(t)
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		const quoted, path = `"we""ird, ""schema"`, `nowhere, "we""ird, ""schema", public`
		for name, value := range map[string]string{"search_path": path, "options": "-csearch_path=" + strings.NewReplacer(" ", `\ `).Replace(path)} {
			if !long() && name != "options" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				dsn := dbtest.Database(t, k)
				dbtest.Exec(t, dsn, "CREATE SCHEMA "+quoted, "CREATE TABLE public.users (id int PRIMARY KEY, other text)", "SET search_path = "+path,
					"CREATE TABLE "+quoted+".users (id int PRIMARY KEY, full_name text NOT NULL, n int)", "INSERT INTO users SELECT g, 'name ' || g, g FROM generate_series(1, 300) g",
					"CREATE FUNCTION "+quoted+".plain(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower($1) $$", "CREATE VIEW names AS SELECT full_name, n FROM users")
				h := newHome(t, withQuery(t, dsn, name, value))
				h.write("sync.yaml", "name: odd\nreplicas: none\noperations:\n  - split_column: {table: users, column: full_name, into: {a: \"plain(left(full_name, 4))\", b: \"substr(full_name, 5)\"}, down: plain(a) || b}\n")
				h.must(9, "plan", "--change", "sync.yaml").says(t, "names")
				dbtest.Exec(t, dsn, "ALTER VIEW "+quoted+".names RENAME TO old_names", "CREATE VIEW "+quoted+".names AS SELECT n FROM "+quoted+".users", "DROP VIEW "+quoted+".old_names")
				for _, operation := range []string{
					"  - split_column: {table: users, column: full_name, into: {a: \"plain(left(full_name, 4))\", b: \"substr(full_name, 5)\"}, down: plain(a) || b}\n",
					"  - change_type: {table: users, column: n, type: bigint}\n",
					"  - create_index: {table: users, name: \"Odd, index\", columns: [{expression: plain(a)}, n]}\n  - add_check: {table: users, name: \"it's\", check: plain(a) <> ''}\n",
				} {
					lifeAlong(t, h, dsn, operation)
				}
				if got := dbtest.Query(t, dsn, "SELECT count(*), count(*) FILTER (WHERE a || b = 'name ' || id AND n = id) FROM "+quoted+".users")[0]; got[0] != "301" || got[1] != "300" {
					t.Errorf("rows: %v", got)
				}
				if got := dbtest.Query(t, dsn, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'public.users'::regclass AND attnum > 0")[0][0]; got != "2" {
					t.Errorf("the other table has %s columns", got)
				}
			})
		}
	})
}

// withQuery is a target with one more parameter.
func withQuery(t *testing.T, dsn, name, value string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return u.String()
}

// lifeAlong takes an operation there, back and there again, with a writer whose session has no path but the server's own.
func lifeAlong(t *testing.T, h *home, dsn, operation string) {
	t.Helper()
	h.write("change.yaml", "name: odd\nreplicas: none\noperations:\n"+operation)
	h.must(0, "plan", "--change", "change.yaml", "--gates", "none", "-o", "plan.json")
	var p plans.Plan
	if err := json.Unmarshal([]byte(h.read("plan.json")), &p); err != nil {
		t.Fatal(err)
	}
	if at := p.Tables()[0].Schema; at != oddSchema {
		t.Fatalf("the table of schema %q was planned", at)
	}
	h.must(0, "apply", "plan.json", "--phase", "expand")
	if len(p.Syncs) > 0 && p.Syncs[0].Operation == "split_column" {
		dbtest.Exec(t, dsn, "SET search_path = pg_catalog", `INSERT INTO "we""ird, ""schema".users (id, full_name, n) VALUES (301, 'NAME x', 301)`)
	}
	h.must(0, "rollback", p.ID)
	for _, phase := range plans.PhaseNames() {
		h.must(0, "apply", "plan.json", "--phase", string(phase))
	}
}
