package integration

import (
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// shapes are definitions of one table. Each is reached from each other one in the long form, and a few from their neighbours in the short one.
func shapes(k throwaway.Kind) []string {
	if k.IsPostgres() {
		return []string{
			"CREATE TABLE things (id bigint PRIMARY KEY, name text);",
			"CREATE TABLE things (id bigint PRIMARY KEY, name text NOT NULL, state varchar(9) DEFAULT 'new' NOT NULL CHECK (state IN ('new', 'paid')));",
			"CREATE TABLE things (id bigint PRIMARY KEY, name varchar(80), state text);\nCREATE INDEX things_lower ON things (lower(name));\nCOMMENT ON COLUMN things.name IS 'it''s shown';",
			"CREATE TABLE things (id bigint PRIMARY KEY, name text UNIQUE, tags jsonb DEFAULT '{}');\nCREATE INDEX things_tags ON things USING gin (tags jsonb_path_ops);\nCOMMENT ON TABLE things IS 'all of them';",
			"CREATE TABLE public.things (id bigint NOT NULL, name text DEFAULT 'x', n int);\nALTER TABLE ONLY public.things ADD CONSTRAINT things_pkey PRIMARY KEY (id);\nALTER TABLE public.things ADD CONSTRAINT things_n CHECK (n > 0);\nCREATE UNIQUE INDEX things_some ON public.things (name) WHERE n IS NOT NULL;",
			"CREATE TABLE things (id bigint PRIMARY KEY, name text, parent bigint REFERENCES things (id) ON DELETE CASCADE);\nCREATE INDEX things_parent ON things (parent DESC NULLS LAST) INCLUDE (name);",
			"CREATE TABLE things (id bigint PRIMARY KEY, name text, parent bigint, CONSTRAINT things_pair UNIQUE (name, parent), CONSTRAINT things_parent_fkey FOREIGN KEY (parent) REFERENCES things (id));",
			"CREATE TABLE things (id bigint PRIMARY KEY, name varchar(40), n bigint DEFAULT 7);\nCREATE INDEX things_lower ON things (lower(name) varchar_pattern_ops);",
			"CREATE TABLE things (id bigint PRIMARY KEY, name text, n int, CONSTRAINT things_n CHECK (n >= 0));\nCREATE INDEX things_some ON things (n, name);\nCOMMENT ON CONSTRAINT things_n ON things IS 'counted';\nCOMMENT ON INDEX things_some IS 'for lists';",
			"CREATE TABLE things (id bigint PRIMARY KEY, name text COLLATE \"C\", state varchar(9) DEFAULT 'old', at timestamptz DEFAULT now());",
		}
	}
	return []string{
		"CREATE TABLE things (id bigint PRIMARY KEY, name varchar(80));",
		"CREATE TABLE things (id bigint PRIMARY KEY, name varchar(80) NOT NULL, state varchar(9) NOT NULL DEFAULT 'new', CONSTRAINT things_state CHECK (state IN ('new', 'paid')));",
		"CREATE TABLE `things` (`id` bigint NOT NULL, `state` varchar(20) DEFAULT NULL COMMENT 'it''s shown', `name` varchar(80) DEFAULT NULL, PRIMARY KEY (`id`), KEY `by_name` (`name`)) COMMENT='all of them';",
		"CREATE TABLE things (id bigint PRIMARY KEY, name varchar(100) UNIQUE, n int unsigned);\nCREATE INDEX by_n ON things (n, name(10));",
		"CREATE TABLE things (n bigint DEFAULT 7, id bigint PRIMARY KEY, name text);\nALTER TABLE things ADD CONSTRAINT things_n CHECK (n > 0);",
		"CREATE TABLE things (id bigint PRIMARY KEY, name varchar(80), n int, KEY by_n (n DESC), FULLTEXT KEY words (name));",
		"CREATE TABLE things (id bigint PRIMARY KEY, name varchar(80) COLLATE utf8mb4_bin, at datetime(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3));",
		"CREATE TABLE things (id bigint PRIMARY KEY, name varchar(80), n int, state enum('new','old') NOT NULL DEFAULT 'new', UNIQUE KEY by_n (n));",
		"CREATE TABLE things (id bigint, name varchar(80), n bigint, PRIMARY KEY (id), KEY by_n (n));",
		"CREATE TABLE things (id bigint unsigned PRIMARY KEY, name varchar(80) NOT NULL DEFAULT '', n2 int AS (id % 7) VIRTUAL);",
	}
}

const twoThings = "INSERT INTO things (id, name) VALUES (1, 'a'), (2, 'b')"

// TestDesired: what a file wants is reached by as many plans as it takes, nothing is left then, and the table is the one that the
// server makes of the file.
func TestDesired(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k != throwaway.Postgres18 && k != throwaway.MySQL && !long() {
			return
		}
		t.Parallel()
		list := shapes(k)
		for from := range list {
			for to := range list {
				if from != to && (long() || from%4 == 0 && to == (from+1)%len(list)) {
					t.Run(fmt.Sprintf("%d to %d", from, to), func(t *testing.T) { newWish(t, k, list[from], list[to], twoThings).reach() })
				}
			}
		}
	})
}

// TestDesiredRename: a comment says that a drop and an add are one rename; the file still says so when it is done.
func TestDesiredRename(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k != throwaway.Postgres18 && k != throwaway.MySQL && !long() {
			return
		}
		t.Parallel()
		w := newWish(t, k, "CREATE TABLE things (id bigint PRIMARY KEY, name varchar(80));", "CREATE TABLE things (\n  id bigint PRIMARY KEY,\n  title varchar(80), -- phasemig:rename name -> title\n  n int\n);", twoThings)
		w.flags = nil
		w.reach()
		if got := dbtest.Query(t, w.dsn, "SELECT count(*) FROM things WHERE title = 'b'")[0][0]; got != "1" {
			t.Errorf("%s rows have kept their title, want 1", got)
		}
	})
}

// TestDesiredRenameTable: a comment says that a table that is gone and one that is new are the same; without it nothing is done.
func TestDesiredRenameTable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k != throwaway.Postgres18 && k != throwaway.MySQL && !long() {
			return
		}
		t.Parallel()
		const file = "CREATE TABLE items (\n  id bigint PRIMARY KEY,\n  name varchar(80),\n  n int\n);"
		w := newWish(t, k, "CREATE TABLE things (id bigint PRIMARY KEY, name varchar(80));", "-- phasemig:rename things -> items\n"+file, twoThings)
		w.flags, w.tables = nil, []string{"items"}
		w.home.write("unsaid.sql", file)
		asked := w.home.call("plan", "--desired", "unsaid.sql", "--replicas", "none")
		asked.want(t, 9)
		if !strings.Contains(asked.stderr, "a rename, or a drop and a create?") || !strings.Contains(asked.stderr, "-- phasemig:rename things -> items") {
			t.Errorf("what is asked: %s", asked.stderr)
		}
		w.reach()
		if got := dbtest.Query(t, w.dsn, "SELECT count(*) FROM items WHERE name = 'b'")[0][0]; got != "1" {
			t.Errorf("%s rows have kept their name, want 1", got)
		}
	})
}

// TestDesiredInterrupted: Ctrl-C in the middle of the file leaves nothing of it on a server that takes no definition back.
func TestDesiredInterrupted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k.IsPostgres() {
			return
		}
		t.Parallel()
		dsn := dbtest.Database(t, k)
		h := newHome(t, dsn)
		var file strings.Builder
		mark := "stop_" + strings.ToLower(rand.Text())
		for i := range 2000 {
			fmt.Fprintf(&file, "CREATE TABLE %s_%d (id bigint PRIMARY KEY);\n", mark, i)
		}
		h.write("schema.sql", file.String())
		there := func() bool {
			return dbtest.Query(t, dsn, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema LIKE 'phasemig\\_desired\\_%' AND table_name = ?", mark+"_0")[0][0] == "1"
		}
		p := h.start("plan", "--desired", "schema.sql")
		waitFor(t, "the first table of the file", there)
		p.signal(os.Interrupt)
		p.wait().want(t, 75)
		if there() {
			t.Error("the database into which the file was loaded is still there")
		}
	})
}

// wish is a database and a file that says what it should be.
type wish struct {
	t     *testing.T
	kind  throwaway.Kind
	dsn   string
	file  string
	flags []string
	// tables are compared in the end.
	tables []string
	home   *home
}

func newWish(t *testing.T, k throwaway.Kind, from, to string, rows ...string) *wish {
	w := &wish{t: t, kind: k, dsn: dbtest.Database(t, k), file: to, flags: []string{"--allow-drop"}, tables: []string{"things"}}
	w.make(w.dsn, from)
	for _, q := range rows {
		dbtest.Exec(t, w.dsn, q)
	}
	w.home = newHome(t, w.dsn)
	w.home.write("schema.sql", to)
	return w
}

func (w *wish) make(dsn, file string) {
	for _, q := range strings.Split(file, ";\n") {
		dbtest.Exec(w.t, dsn, strings.TrimSuffix(q, ";"))
	}
}

// most is how many plans a wish may take.
const most = 14

func (w *wish) reach() {
	w.t.Helper()
	args := append([]string{"plan", "--desired", "schema.sql", "--replicas", "none", "--gates", "none", "-o", "plan.json"}, w.flags...)
	for n := 0; ; n++ {
		if n > most {
			w.t.Fatalf("there is a difference after %d plans", most)
		}
		c := w.home.call(args...)
		c.want(w.t, 0)
		if strings.Contains(c.stdout, "nothing to do") {
			break
		}
		for _, ph := range plans.PhaseNames() {
			w.home.settled("apply", "plan.json", "--phase", string(ph)).want(w.t, 0)
		}
	}
	direct := dbtest.Database(w.t, w.kind)
	w.make(direct, w.file)
	for _, table := range w.tables {
		sameTable(w.t, "the end", alike(unnamed(table, describe(w.t, w.kind, w.dsn, table))), alike(describe(w.t, w.kind, direct, table)))
	}
}

// unnamed: PostgreSQL 18 names a NOT NULL by the table that it was made for. A file without such names doesn't ask for others.
func unnamed(table string, lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, strings.ReplaceAll(l, "constraint things_id_not_null NOT NULL", "constraint "+table+"_id_not_null NOT NULL"))
	}
	return out
}
