package postgres

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/lint"
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
