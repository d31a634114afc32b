package postgres

import (
	"context"
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/observe"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/lint/linttest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// schemaOfTruth is what the statements of testdata/truth.sql and grammar.txt find; each table has rows.
const schemaOfTruth = `
CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';
INSERT INTO p SELECT g FROM generate_series(1, 500) g;
INSERT INTO t (id, a, v, x, n, ts, d, j, c, e, cd, arr, bo, vb, tm, iv) SELECT g, g, 'v' || g, 'x' || g, 1, now(), now(), '{}', 'c', '10.0.0.1', '10.0.0.0/8', '{a}', true, B'1', now()::time, '1 day' FROM generate_series(1, 500) g;
CREATE TABLE unk (at date NOT NULL, k int);
INSERT INTO unk SELECT '2020-05-05', g FROM generate_series(1, 500) g;
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM ('1990-01-01') TO ('1991-01-01');
INSERT INTO part SELECT '1990-05-05', g FROM generate_series(1, 500) g;
INSERT INTO usesdom SELECT g % 100, 'b' || g, g % 100, 'd' || g FROM generate_series(1, 500) g;
INSERT INTO usespos SELECT g FROM generate_series(1, 500) g;
ANALYZE;
`

// TestTruth runs every statement of the grammar that can be run in a transaction on the real servers. What is seen to block for a
// time that grows with the table must be an error, and what isn't must not be one for that reason.
func TestTruth(t *testing.T) {
	for kind, version := range map[throwaway.Kind]string{throwaway.Postgres15: "15", throwaway.Postgres18: "18"} {
		t.Run(string(kind), func(t *testing.T) { truth(t, kind, version) })
	}
}

func truth(t *testing.T, kind throwaway.Kind, version string) {
	b, err := os.ReadFile("testdata/grammar.txt")
	if err != nil {
		t.Fatal(err)
	}
	dsn := dbtest.Database(t, kind)
	db := dbtest.DB(t, dsn)
	schema, n, seen := "", 0, map[string]bool{}
	for l := range strings.Lines(string(b)) {
		l = strings.TrimSpace(l)
		if s, ok := strings.CutPrefix(l, "= "); ok {
			if schema == "" {
				dbtest.Exec(t, dsn, s, schemaOfTruth)
			}
			schema = s
			continue
		}
		if l == "" || l[0] == '#' {
			continue
		}
		_, sql, _ := strings.Cut(l, " ")
		if strings.HasPrefix(sql, "@") {
			_, sql, _ = strings.Cut(sql[1:], " ")
		}
		if skipped(sql) {
			continue
		}
		o := see(t, db, sql)
		res := linttest.Check(t, Dialect(), version, schema, sql+";")
		if o.Error != "" {
			continue // what the statement names isn't there: a role, a rule
		}
		n++
		compare(t, sql, o, res, seen)
	}
	if n < 100 {
		t.Errorf("only %d statements were seen", n)
	}
	t.Logf("%d statements seen on %s", n, kind)
	for _, r := range Dialect().Rules {
		if (r.Kind == lint.Lock || r.Kind == lint.Rewrite || r.Kind == lint.Scan) && !seen[r.ID] && !slices.Contains(elsewhere, r.ID) {
			t.Errorf("no statement of %s was seen to block", r.ID)
		}
	}
}

// elsewhere are rules whose truth is seen by tests of their own, below, because it takes several statements.
var elsewhere = []string{"held-lock", "validate-with-others", "add-exclusion", "attach-partition", "create-partition", "whole-table-update", "domain-constraint"}

// skipped: what can't be run in a transaction, and what would reach beyond the test's own database.
func skipped(sql string) bool {
	for _, w := range []string{"CONCURRENTLY", "VACUUM", "DATABASE", "SYSTEM", "REINDEX SCHEMA", "ROLE", "OWNED", "CHECKPOINT", "COPY", "CLUSTER\n", "ALL IN TABLESPACE", "LOCK TABLE", "NOTIFY"} {
		if strings.Contains(sql+"\n", w) {
			return true
		}
	}
	return false
}

func see(t *testing.T, db *sql.DB, statements ...string) observe.Observation {
	t.Helper()
	ctx := context.Background()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "SET LOCAL TimeZone = 'Europe/Berlin'"); err != nil {
		t.Fatal(err)
	}
	for _, s := range statements[:len(statements)-1] {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	o, err := observe.Postgres(ctx, tx, statements[len(statements)-1])
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func compare(t *testing.T, sql string, o observe.Observation, res lint.Result, seen map[string]bool) {
	t.Helper()
	claims := false
	for _, f := range res.Findings {
		r, _ := Dialect().Rule(f.Rule)
		if f.Severity == lint.Error && (r.Kind == lint.Lock || r.Kind == lint.Rewrite || r.Kind == lint.Scan) {
			claims = true
			seen[f.Rule] = seen[f.Rule] || o.Grows()
		}
	}
	rows := strings.HasPrefix(sql, "UPDATE") || strings.HasPrefix(sql, "DELETE") || strings.HasPrefix(sql, "TRUNCATE") || strings.HasPrefix(sql, "DROP")
	switch {
	case rows:
	case o.Grows() && res.Worst() != lint.Error:
		t.Errorf("%s: seen: %s; no error is found", sql, o)
	case !o.Grows() && claims:
		t.Errorf("%s: seen: %s; found: %v", sql, o, res.Findings)
	}
}

// TestTruthOfTransactions: what several statements do together.
func TestTruthOfTransactions(t *testing.T) {
	for _, kind := range []throwaway.Kind{throwaway.Postgres15, throwaway.Postgres18} {
		t.Run(string(kind), func(t *testing.T) {
			db := dbtest.DB(t, dbtest.Database(t, kind))
			setup := `CREATE TABLE big (id int PRIMARY KEY, a int); INSERT INTO big SELECT g, g FROM generate_series(1, 500) g;
				CREATE DOMAIN pos AS int; CREATE TABLE uses (p pos); INSERT INTO uses SELECT g FROM generate_series(1, 500) g;
				CREATE TABLE logs (at date NOT NULL) PARTITION BY RANGE (at); CREATE TABLE rest PARTITION OF logs DEFAULT; INSERT INTO logs SELECT '2001-01-01' FROM generate_series(1, 500);
				CREATE TABLE one (at date NOT NULL); INSERT INTO one SELECT '2020-01-01' FROM generate_series(1, 500);
				CREATE TABLE two (at date NOT NULL, CONSTRAINT c CHECK (at >= '2020-01-01' AND at < '2021-01-01')); INSERT INTO two SELECT '2020-01-01' FROM generate_series(1, 500);
				CREATE TABLE clean (at date NOT NULL) PARTITION BY RANGE (at);`
			if _, err := db.ExecContext(t.Context(), setup); err != nil {
				t.Fatal(err)
			}
			for _, x := range []struct {
				grows      bool
				statements []string
			}{
				{true, []string{"ALTER TABLE big ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "ALTER TABLE big VALIDATE CONSTRAINT c"}},
				{true, []string{"ALTER TABLE big ADD CONSTRAINT c CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT c"}},
				{true, []string{"ALTER TABLE big ADD COLUMN b int", "UPDATE big SET b = 1"}},
				{true, []string{"ALTER TABLE big ADD EXCLUDE USING btree (id WITH =)"}},
				{true, []string{"LOCK TABLE big", "SELECT count(*) FROM big"}},
				{true, []string{"ALTER DOMAIN pos ADD CONSTRAINT c CHECK (VALUE > 0)"}},
				{false, []string{"ALTER DOMAIN pos ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID"}},
				{true, []string{"ALTER DOMAIN pos ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID", "ALTER DOMAIN pos VALIDATE CONSTRAINT c"}},
				{true, []string{"ALTER TABLE clean ATTACH PARTITION one FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"}},
				{false, []string{"ALTER TABLE clean ATTACH PARTITION two FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"}},
				{true, []string{"ALTER TABLE logs ATTACH PARTITION two FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"}},
				{true, []string{"CREATE TABLE three PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"}},
				{false, []string{"CREATE TABLE three PARTITION OF clean FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"}},
			} {
				if o := see(t, db, x.statements...); o.Grows() != x.grows {
					t.Errorf("%v: seen: %s", x.statements, o)
				}
			}
		})
	}
}
