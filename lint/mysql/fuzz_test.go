package mysql

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/plans"
)

// fuzzed is a schema with the names that the seeds have.
const fuzzed = `CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), e enum('a','b'), tx text, g int AS (a + 1) VIRTUAL, dt datetime, KEY vk (v), CONSTRAINT c CHECK (n > 0)) DEFAULT CHARSET=utf8mb4;
CREATE TABLE r (id int NOT NULL, d date NOT NULL) PARTITION BY RANGE COLUMNS (d) (PARTITION p0 VALUES LESS THAN ('2020-01-01'), PARTITION p1 VALUES LESS THAN ('2021-01-01'));
CREATE TABLE k (id int PRIMARY KEY, pid int, CONSTRAINT fk FOREIGN KEY (pid) REFERENCES t (id));
CREATE VIEW w AS SELECT id, a FROM t;
CREATE PROCEDURE p (x int) SELECT x;
CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;`

// FuzzCheck: whatever a file holds, nothing panics or hangs, on either server.
func FuzzCheck(f *testing.F) {
	if b, err := os.ReadFile("testdata/grammar.txt"); err == nil {
		for l := range strings.Lines(string(b)) {
			_, sql, _ := strings.Cut(strings.TrimSpace(l), " ")
			f.Add(sql)
		}
	}
	for _, s := range []string{"DELIMITER //\nCREATE PROCEDURE p() BEGIN IF 1 THEN DROP TABLE t; END IF; END//\nDELIMITER ;\nCALL p();", "SET @a = CONCAT('DROP TABLE ', 't'); PREPARE s FROM @a; EXECUTE s", "-- +goose Up\nSELECT 1;\n-- +goose Down", "-- migrate:up\n-- migrate:down\n", "\x00", "\xff\xfe", "$a$", "'", "/*", "-- phasemig:ignore x reason=\"", "(0.1ms) SELECT 1", "---- create above / drop below ----",
		"LOCK TABLES t AS x READ, k WRITE; UPDATE k SET pid = NULL WHERE id IN (SELECT 1) OR id = 3; UNLOCK TABLES", "WITH RECURSIVE c (a) AS (SELECT 1) DELETE FROM t WHERE id = (SELECT a FROM c)", "INSERT INTO t SET a = 1 ON DUPLICATE KEY UPDATE v = 'x'", "ALTER TABLE r ADD PARTITION (PARTITION p2 VALUES IN (DEFAULT))",
		"GRANT SELECT (a), INSERT ON t TO 'x'@'%', y; REVOKE INSERT ON t FROM y", "SET @@SESSION.sql_mode = 'ANSI', @a := 1, GLOBAL x = ON", "CREATE TRIGGER z AFTER INSERT ON t FOR EACH ROW BEGIN INSERT INTO k (id) VALUES (NEW.id); CALL nope(); END", "/*!99999 DROP TABLE t */ /*M!100100 SELECT 1 */ SELECT 1 FOR UPDATE", "RENAME TABLE t TO t2; CREATE VIEW t AS SELECT * FROM t2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range []*lint.Dialect{Dialect(), MariaDB()} {
			file, _ := lint.NewFile(d, "a.sql", text, lint.Reading{})
			begin := time.Now()
			r := lint.Check(d, []*lint.File{file}, lint.Options{Today: "2026-11-25"})
			before, _ := lint.NewFile(d, "schema.sql", fuzzed, lint.Reading{Format: lint.Plain})
			before.Context = true
			lint.Check(d, []*lint.File{before, file}, lint.Options{Today: "2026-11-25"})
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
		"large": "INSERT INTO t VALUES ('" + strings.Repeat("x", 5<<20) + "');",
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
	for _, s := range []string{fuzzed, "CREATE TABLE t (", "CREATE TABLE t () WITH SYSTEM VERSIONING", "CREATE TABLE t (a int, PERIOD FOR p (a, b), g int AS (a", "CREATE TABLE t LIKE t", "CREATE TABLE t (a int) PARTITION BY RANGE (a) (PARTITION",
		"CREATE SEQUENCE s MINVALUE -5 INCREMENT BY -1 START", "CREATE TABLE t (a vector(3), b geometry SRID 4326, SPATIAL KEY (b), FULLTEXT KEY (c)) ENGINE=MEMORY", "/*!50100 PARTITION BY HASH (a) */", "CREATE VIEW t AS SELECT * FROM t", "RENAME TABLE t TO u, u TO t"} {
		f.Add(s, "ALTER TABLE t ADD COLUMN q int FIRST, MODIFY a bigint AFTER v, DROP INDEX vk, ADD UNIQUE (a); ALTER SEQUENCE s RESTART; RENAME TABLE t TO x; DROP TABLE t;", []byte(`{}`))
	}
	f.Add("", "ALTER TABLE t MODIFY a bigint, ADD FOREIGN KEY (a) REFERENCES u (a), DROP COLUMN g", []byte(`{"tables": [{"name": "t", "columns": [{"name": "a", "type": "int"}, {"name": "g", "type": "enum('a", "generated": "virtual"}], "indexes": [{}], "constraints": [{"kind": "foreign_key"}]}]}`))
	f.Fuzz(func(t *testing.T, schema, text string, facts []byte) {
		for _, d := range []*lint.Dialect{Dialect(), MariaDB()} {
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
		}
	})
}
