package postgres

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/plans"
)

// FuzzCheck: whatever a file holds, nothing panics or hangs, and each statement that the server's grammar refuses is said.
func FuzzCheck(f *testing.F) {
	if b, err := os.ReadFile("testdata/grammar.txt"); err == nil {
		for l := range strings.Lines(string(b)) {
			_, sql, _ := strings.Cut(strings.TrimSpace(l), " ")
			f.Add(sql)
		}
	}
	if b, err := os.ReadFile("testdata/differential/statements.txt"); err == nil {
		for l := range strings.Lines(string(b)) {
			f.Add(strings.TrimSpace(l))
		}
	}
	context, _ := lint.NewFile(Dialect(), "schema.sql", "CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, age int CHECK (age > 0), at date) PARTITION BY RANGE (at); CREATE TABLE p PARTITION OF users FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE VIEW v AS SELECT id FROM users; CREATE TYPE mood AS ENUM ('ok');", lint.Reading{Format: lint.Plain})
	context.Context = true
	for _, s := range []string{"DO $$ BEGIN IF x THEN ALTER TABLE t DROP a; END IF; EXECUTE format('DROP TABLE %I', 'x'); END $$", "-- +goose Up\nSELECT 1;\n-- +goose Down", "-- migrate:up\n-- migrate:down\n", "\x00", "\xff\xfe", "$a$", "'", "/*", "-- phasemig:ignore x reason=\"", "(0.1ms) SELECT 1", "---- create above / drop below ----"} {
		f.Add(s)
	}
	d := Dialect()
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"a.sql", "1.up.sql", "V1__a.sql"} {
			file, _ := lint.NewFile(d, name, text, lint.Reading{})
			begin := time.Now()
			r := lint.Check(d, []*lint.File{context, file}, lint.Options{Today: "2026-11-25"})
			if took := time.Since(begin); took > 10*time.Second {
				t.Fatalf("took %s", took)
			}
			for _, x := range r.Findings {
				if x.Line < 1 || x.Column < 1 || x.Rule == "" || x.Message == "" {
					t.Fatalf("%+v", x)
				}
			}
		}
	})
}

// TestOdd: what is large or no text gives one clear finding.
func TestOdd(t *testing.T) {
	d := Dialect()
	for name, text := range map[string]string{
		"nul": "ALTER TABLE t\x00 ADD COLUMN a int;", "utf8": "ALTER TABLE t ADD COLUMN a\xff int;", "quote": "ALTER TABLE t ADD COLUMN a text DEFAULT 'x;",
		"large": "INSERT INTO t VALUES ('" + strings.Repeat("x", 5<<20) + "');", "deep": "SELECT " + strings.Repeat("(", 20000) + "1" + strings.Repeat(")", 20000) + ";",
	} {
		file, _ := lint.NewFile(d, "a.sql", text, lint.Reading{})
		if r := lint.Check(d, []*lint.File{file}, lint.Options{}); len(r.Findings) != 1 || r.Findings[0].Rule != lint.NotJudged {
			t.Errorf("%s: %d findings", name, len(r.Findings))
		}
	}
	file, _ := lint.NewFile(d, "a.sql", "INSERT INTO t VALUES ('"+strings.Repeat("x", 1<<20)+"');", lint.Reading{})
	if r := lint.Check(d, []*lint.File{file}, lint.Options{}); len(r.Findings) != 0 {
		t.Errorf("a statement of 1 MB: %d findings", len(r.Findings))
	}
}

// FuzzSchema: whatever is given as the schema before, and whatever is known of a server's tables, what comes behind is judged.
func FuzzSchema(f *testing.F) {
	for _, s := range []string{"CREATE TABLE t (", "CREATE TABLE t (id int PRIMARY KEY, a text, g int GENERATED ALWAYS AS (id) STORED); CREATE VIEW v AS SELECT * FROM t; CREATE INDEX i ON t (a) WHERE id > 0;", "CREATE TABLE t () INHERITS (t)", "CREATE TABLE t PARTITION OF t DEFAULT",
		"CREATE TABLE t (id int) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t FOR VALUES FROM (MINVALUE) TO (MAXVALUE)", "CREATE DOMAIN d AS d CHECK (VALUE > 0); CREATE TYPE e AS ENUM ()", "CREATE VIEW v AS SELECT * FROM v", "CREATE SEQUENCE s; ALTER SEQUENCE s OWNED BY t.id",
		"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := 1; END $$; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();", "SELECT pg_catalog.set_config('search_path', '', false);\nCOPY public.t (id) FROM stdin;\n1\n\\.\n"} {
		f.Add(s, "ALTER TABLE t ADD COLUMN q int DEFAULT 1, ALTER COLUMN a TYPE int USING a::int, DROP COLUMN id CASCADE; ALTER TABLE t ATTACH PARTITION x DEFAULT; DROP TYPE e CASCADE; ALTER TABLE t RENAME TO u;", []byte(`{}`))
	}
	f.Add("", "ALTER TABLE t ALTER COLUMN a TYPE bigint, ADD FOREIGN KEY (a) REFERENCES u (a), DROP COLUMN g", []byte(`{"tables": [{"schema": "public", "name": "t", "columns": [{"name": "a", "type": "numeric("}, {"name": "g", "type": "", "generated": "stored"}], "indexes": [{}], "constraints": [{"kind": "check", "definition": "CHECK (("}]}]}`))
	d := Dialect()
	f.Fuzz(func(t *testing.T, schema, text string, facts []byte) {
		c := lint.NewCatalog(d.Syntax.Backtick)
		var known plans.Facts
		if json.Unmarshal(facts, &known) == nil {
			c.AddFacts(&known)
		}
		before, _ := lint.NewFile(d, "schema.sql", schema, lint.Reading{})
		before.Context = true
		file, _ := lint.NewFile(d, "a.sql", text, lint.Reading{})
		begin := time.Now()
		lint.Check(d, []*lint.File{before, file}, lint.Options{Today: "2026-11-25", Catalog: c})
		if took := time.Since(begin); took > 10*time.Second {
			t.Fatalf("took %s", took)
		}
		for _, s := range file.Statements {
			d.Names(s.Text)
		}
	})
}
