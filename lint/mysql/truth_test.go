package mysql

import (
	"database/sql"
	"fmt"
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

// TestTruth asks the servers, for every ALTER TABLE and CREATE INDEX of the grammar, for the cheapest way that they take. Where
// that one makes writes wait, an error must be found for it, and nowhere else.
func TestTruth(t *testing.T) {
	t.Run("mysql", func(t *testing.T) { truth(t, throwaway.MySQL, Dialect(), "9.7", "testdata/grammar.txt") })
	t.Run("mariadb", func(t *testing.T) { truth(t, throwaway.MariaDB, MariaDB(), "10.11", "testdata/mariadb.txt") })
}

func truth(t *testing.T, kind throwaway.Kind, d *lint.Dialect, version, name string) {
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	schema, n, seen := "", 0, map[string]bool{}
	dsn := dbtest.Database(t, kind)
	db := dbtest.DB(t, dsn)
	for l := range strings.Lines(string(b)) {
		l = strings.TrimSpace(l)
		if s, ok := strings.CutPrefix(l, "= "); ok {
			schema = s
			continue
		}
		_, text, _ := strings.Cut(l, " ")
		if !alters(text) {
			continue
		}
		o := observed(t, db, schema, text)
		if o.Error != "" || o.Lock == "" {
			continue // MariaDB takes no words there; what fails is for other tests
		}
		n++
		matches(t, d, linttest.Check(t, d, version, schema, text+";"), text, o, seen)
	}
	t.Logf("%d statements seen on %s", n, kind)
	if n < 100 {
		t.Errorf("only %d statements were seen", n)
	}
	for _, r := range d.Rules {
		if locking(r) && !seen[r.ID] && !slices.Contains(elsewhere, r.ID) {
			t.Errorf("no statement of %s was seen to block", r.ID)
		}
	}
}

// elsewhere are rules about rows and locks by hand, which ALTER TABLE can't show; about words in the statement itself; and about
// encryption, which wants a keyring.
var elsewhere = []string{"explicit-lock", "locking-read", "not-innodb", "whole-table-update", "long-transaction", "insert-select", "lock-tables", "encryption", "order-by", "partition-table", "partition-maintenance", "change-engine"}

func alters(text string) bool {
	u := strings.ToUpper(text)
	plain := strings.HasPrefix(u, "ALTER TABLE ") && !strings.HasPrefix(u, "ALTER TABLE IF") || strings.HasPrefix(u, "CREATE") && strings.Contains(u, "INDEX")
	for _, w := range []string{"ALGORITHM", "LOCK=", "UNKNOWN", "TABLESPACE", " WAIT ", "ENGINE=", "PARTITION BY", "REMOVE PARTITIONING", "ORDER BY", "EXCHANGE", "PARTITION P", "PARTITION ALL"} {
		plain = plain && !strings.Contains(u, w)
	}
	return plain
}

// observed runs the statement on tables that are made anew.
func observed(t *testing.T, db *sql.DB, schema, text string) observe.Observation {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	run := func(s string) {
		if _, err := conn.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	run("SET foreign_key_checks = 0")
	for _, s := range append(Syntax.Split("DROP TABLE IF EXISTS p, t, ft, comp, r, h, x2, k, txt, un8, nopk, ai, aa; DROP VIEW IF EXISTS vw;"), Syntax.Split(schema)...) {
		run(s.Text)
	}
	run("SET foreign_key_checks = 1")
	return observe.MySQL(t.Context(), conn, text)
}

func matches(t *testing.T, d *lint.Dialect, res lint.Result, text string, o observe.Observation, seen map[string]bool) {
	t.Helper()
	claims := false
	for _, f := range res.Findings {
		r, _ := d.Rule(f.Rule)
		if f.Severity == lint.Error && locking(r) {
			claims = true
			seen[f.Rule] = seen[f.Rule] || o.BlocksWrites
		}
	}
	switch {
	case o.BlocksWrites && res.Worst() != lint.Error:
		t.Errorf("%s: seen: %s; no error is found", text, o)
	case !o.BlocksWrites && claims:
		t.Errorf("%s: seen: %s; found: %v", text, o, res.Findings)
	}
}

// TestTruthOfMyISAM: a table of an engine without online changes.
func TestTruthOfMyISAM(t *testing.T) {
	for kind, d := range map[throwaway.Kind]*lint.Dialect{throwaway.MySQL: Dialect(), throwaway.MariaDB: MariaDB()} {
		t.Run(string(kind), func(t *testing.T) {
			const schema = "CREATE TABLE t (a int, b varchar(20), KEY kb (b)) ENGINE=MyISAM;"
			db, seen := dbtest.DB(t, dbtest.Database(t, kind)), map[string]bool{}
			for _, sql := range []string{"ALTER TABLE t ADD COLUMN c int", "CREATE INDEX ka ON t (a)", "ALTER TABLE t MODIFY a bigint", "ALTER TABLE t DROP COLUMN a", "ALTER TABLE t DROP INDEX kb",
				"ALTER TABLE t ALTER COLUMN a SET DEFAULT 1", "ALTER TABLE t COMMENT = 'x'"} {
				o := observed(t, db, schema, sql)
				if o.Error != "" || o.Lock == "" {
					t.Fatalf("%s: %+v", sql, o)
				}
				matches(t, d, linttest.Check(t, d, "", schema, sql+";"), sql, o, seen)
			}
			if !seen["not-innodb"] {
				t.Error("no statement of not-innodb was seen to block")
			}
		})
	}
}

// TestTruthOfRows: what statements about rows make another session wait for, seen by a second one that gives up after a second.
func TestTruthOfRows(t *testing.T) {
	for kind, d := range map[throwaway.Kind]*lint.Dialect{throwaway.MySQL: Dialect(), throwaway.MariaDB: MariaDB()} {
		t.Run(string(kind), func(t *testing.T) {
			db := dbtest.DB(t, dbtest.Database(t, kind))
			for _, s := range []string{"CREATE TABLE rows_t (id int PRIMARY KEY, a int)", "CREATE TABLE other (id int PRIMARY KEY, a int)", "INSERT INTO rows_t VALUES (1, 1), (2, 2), (3, 3), (4, 4), (900, 3)"} {
				if _, err := db.ExecContext(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			for _, sql := range []string{
				"UPDATE rows_t SET a = 5", "UPDATE rows_t SET a = 5 WHERE a IS NULL", "UPDATE rows_t SET a = 5 WHERE id = 1", "DELETE FROM rows_t", "DELETE FROM rows_t WHERE id BETWEEN 1 AND 2",
				"INSERT INTO other SELECT * FROM rows_t", "INSERT INTO other SELECT * FROM rows_t WHERE id = 1", "SELECT * FROM rows_t FOR UPDATE", "SELECT * FROM rows_t WHERE id = 1 FOR UPDATE",
				"SELECT a FROM rows_t LOCK IN SHARE MODE",
			} {
				waits := waited(t, db, sql)
				res := linttest.Check(t, d, "", "", sql+";")
				worst := res.Worst() // any error tells of a lock, too: DELETE loses rows besides
				if found := claimed(t, d, sql+";"); waits && worst != lint.Error || !waits && found {
					t.Errorf("%s: a writer of another row waits: %v; an error about locks is found: %v; the worst finding: %s", sql, waits, found, worst)
				}
			}
			for _, lock := range []string{"LOCK TABLES rows_t WRITE", "LOCK TABLES rows_t READ"} {
				work := map[bool]string{true: "UPDATE rows_t SET a = 5", false: "SELECT COUNT(*) FROM rows_t"}[strings.HasSuffix(lock, "WRITE")]
				if !waited(t, db, lock) || !claimed(t, d, lock+"; "+work+"; UNLOCK TABLES;") || claimed(t, d, lock+"; UNLOCK TABLES;") {
					t.Errorf("%s: a writer waits: %v; with work that grows under it an error is found: %v; with none: %v",
						lock, waited(t, db, lock), claimed(t, d, lock+"; "+work+"; UNLOCK TABLES;"), claimed(t, d, lock+"; UNLOCK TABLES;"))
				}
			}
		})
	}
}

// TestTruthOfTransactions: what a loop changed stays locked until somebody commits.
func TestTruthOfTransactions(t *testing.T) {
	for kind, d := range map[throwaway.Kind]*lint.Dialect{throwaway.MySQL: Dialect(), throwaway.MariaDB: MariaDB()} {
		t.Run(string(kind), func(t *testing.T) {
			db := dbtest.DB(t, dbtest.Database(t, kind))
			const loop = "() BEGIN DECLARE n int DEFAULT 0; WHILE n < 1000 DO UPDATE rows_t SET a = 5 WHERE id > n AND id <= n + 100;%s SET n = n + 100; END WHILE; END"
			piles, commits := "CREATE PROCEDURE piles"+fmt.Sprintf(loop, ""), "CREATE PROCEDURE commits"+fmt.Sprintf(loop, " COMMIT;")
			for _, s := range []string{"CREATE TABLE rows_t (id int PRIMARY KEY, a int)", "INSERT INTO rows_t VALUES (1, 1), (2, 2), (900, 3)", piles, commits} {
				if _, err := db.ExecContext(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			for sql, made := range map[string]string{"CALL piles()": piles, "CALL commits()": commits} {
				waits := waited(t, db, sql)
				if found := claimed(t, d, "DELIMITER //\n"+made+"//\nDELIMITER ;\nSET autocommit = 0;\n"+sql+";"); waits != found {
					t.Errorf("%s: a writer waits: %v; an error about locks is found: %v", sql, waits, found)
				}
			}
		})
	}
}

// TestVariables asks the servers for the variables that the list has, and for those that a session can't set.
func TestVariables(t *testing.T) {
	for kind, maria := range map[throwaway.Kind]bool{throwaway.MySQL: false, throwaway.MariaDB: true} {
		t.Run(string(kind), func(t *testing.T) {
			conn, err := dbtest.DB(t, dbtest.Database(t, kind)).Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			known := variables()[maria]
			for name := range known {
				if strings.Contains(name, ":") {
					continue
				}
				_, err := conn.ExecContext(t.Context(), "SET SESSION "+name+" = DEFAULT")
				said := ""
				if err != nil {
					said = err.Error()
				}
				global, fixed := strings.Contains(said, "Error 1229"), strings.Contains(said, "Error 1238")
				if global != known[name+":global"] && !known[name+":fixed"] || fixed && !known[name+":fixed"] {
					t.Errorf("%s: global %v, fixed %v: %s", name, known[name+":global"], known[name+":fixed"], said)
				}
			}
		})
	}
}

// claimed reports whether an error is found that says that others wait.
func claimed(t *testing.T, d *lint.Dialect, sql string) bool {
	t.Helper()
	return slices.ContainsFunc(linttest.Check(t, d, "", "", sql).Findings, func(f lint.Finding) bool {
		r, _ := d.Rule(f.Rule)
		return f.Severity == lint.Error && locking(r)
	})
}

func locking(r lint.Rule) bool {
	return r.Kind == lint.Lock || r.Kind == lint.Rewrite || r.Kind == lint.Scan
}

// waited runs a statement in a transaction, and reports whether another session can't write the last row meanwhile.
func waited(t *testing.T, db *sql.DB, text string) bool {
	t.Helper()
	first, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	for _, s := range []string{"SET autocommit = 0", text} {
		if _, err := first.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"SET lock_wait_timeout = 1", "SET innodb_lock_wait_timeout = 1"} {
		if _, err := second.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	_, err = second.ExecContext(t.Context(), "UPDATE rows_t SET a = a + 1 WHERE id = 900")
	for _, s := range []string{"ROLLBACK", "UNLOCK TABLES", "SET autocommit = 1"} {
		if _, err := first.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return err != nil
}

// TestFunctions asks the servers which functions they have.
func TestFunctions(t *testing.T) {
	for kind, maria := range map[throwaway.Kind]bool{throwaway.MySQL: false, throwaway.MariaDB: true} {
		t.Run(string(kind), func(t *testing.T) {
			conn, err := dbtest.DB(t, dbtest.Database(t, kind)).Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			all := functions()
			for _, list := range all {
				for name := range list {
					_, err := conn.ExecContext(t.Context(), "DO "+name+"()")
					unknown := err != nil && strings.Contains(err.Error(), "Error 1305")
					if unknown && all[maria][name] {
						t.Errorf("there is no function %s: %v", name, err)
					}
					if !all[maria][name] && (err == nil || strings.Contains(err.Error(), "Error 1582")) {
						t.Errorf("there is a function %s: %v", name, err)
					}
				}
			}
			wordFunctions(t, conn, all[maria])
		})
	}
}

// wordFunctions asks which words of the language are functions, too: the server's parser knows DAY(d), and no list of its functions holds it.
func wordFunctions(t *testing.T, conn *sql.Conn, known map[string]bool) {
	rows, err := conn.QueryContext(t.Context(), "SELECT lower(word) FROM information_schema.keywords")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var words []string
	for rows.Next() {
		var w string
		if err := rows.Scan(&w); err != nil {
			t.Fatal(err)
		}
		words = append(words, w)
	}
	if err := rows.Err(); err != nil || len(words) < 200 {
		t.Fatalf("%d words: %v", len(words), err)
	}
	for _, w := range words {
		for _, given := range []string{"1", "1, 1", "1, 1, 1"} {
			_, err := conn.ExecContext(t.Context(), "DO "+w+"("+given+")")
			refused := err != nil && (strings.Contains(err.Error(), "Error 1064") || strings.Contains(err.Error(), "Error 1305") || strings.Contains(err.Error(), "Error 1630"))
			if _, isType := canonical[w]; !refused && !known[w] && !isType {
				t.Errorf("%s is a function: %v", w, err)
			}
		}
	}
}
