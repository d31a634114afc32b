package postgres

import (
	"context"
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/lint/linttest"
)

// servers are those that the tests below ask, with the version that the rules are given.
var servers = map[throwaway.Kind]string{throwaway.Postgres15: "15", throwaway.Postgres18: "18"}

// TestDifferential runs the cases of testdata/differential/statements.txt on the real servers, against tables with rows. What the
// server refuses must be an error, and what it takes must not be said to fail.
func TestDifferential(t *testing.T) {
	differential(t, text(t, "testdata/differential/schema.sql"), text(t, "testdata/differential/rows.sql"), lines(t, "testdata/differential/statements.txt"), 500, 250)
}

// TestDifferentialRare is TestDifferential for statements that few migrations hold, on more kinds of things: every fourth one, or all with PHASEMIG_LONG=1.
func TestDifferentialRare(t *testing.T) {
	schema := text(t, "testdata/differential/schema.sql") + text(t, "testdata/differential/rare_schema.sql")
	rows := text(t, "testdata/differential/rows.sql") + text(t, "testdata/differential/rare_rows.sql")
	cases := lines(t, "testdata/differential/rare.txt")
	if os.Getenv("PHASEMIG_LONG") != "1" {
		n := 0
		cases = slices.DeleteFunc(cases, func(string) bool { n++; return n%4 != 0 })
	}
	differential(t, schema, rows, cases, 30, 10)
}

func differential(t *testing.T, schema, rows string, cases []string, least, leastRefused int) {
	for kind, version := range servers {
		t.Run(string(kind), func(t *testing.T) {
			dsn := dbtest.Database(t, kind)
			dbtest.Exec(t, dsn, schema, rows)
			db := dbtest.DB(t, dsn)
			refused, silent, unsaid, alarms := 0, 0, 0, 0
			for _, c := range cases {
				err := runs(t, db, c)
				res := linttest.Check(t, Dialect(), version, schema, wrapped(c))
				errors, fails := says(res)
				switch {
				case err != nil && !errors && slices.Contains(unknowable, c):
				case err != nil && !errors:
					silent++
					t.Errorf("not found: %s\n    %v", c, err)
				case err == nil && fails:
					alarms++
					t.Errorf("false alarm: %s\n    %v", c, res.Findings)
				case err != nil && !fails:
					unsaid++
				}
				if err != nil {
					refused++
				}
			}
			t.Logf("%d cases, %d refused: %d of them not found, %d found for another reason only; %d false alarms", len(cases), refused, silent, unsaid, alarms)
			if len(cases) < least || refused < leastRefused {
				t.Errorf("only %d cases, %d refused", len(cases), refused)
			}
		})
	}
}

// unknowable are refused by the server for what no schema tells: what is installed there, roles, settings, casts and foreign servers, what a trigger does with a row, and which schemas
// the search path of the session holds.
var unknowable = []string{"CREATE VIEW n AS SELECT sku FROM items", "CREATE EXTENSION nosuch", "INSERT INTO orders (qty) VALUES (1)", "SHOW nosuch", "ALTER ROLE nosuch SET work_mem = '1MB'",
	"COMMENT ON CAST (text AS mood) IS 'x'", "IMPORT FOREIGN SCHEMA s FROM SERVER nosuch INTO public"}

// wrapped is a case as a file: several statements are one transaction.
func wrapped(c string) string {
	if len(Syntax.Split(c)) > 1 {
		return "BEGIN;\n" + c + ";\nCOMMIT;"
	}
	return c + ";"
}

// says reports whether there is an error, and whether one says that a statement fails.
func says(res lint.Result) (errors, fails bool) {
	for _, f := range res.Findings {
		r, _ := Dialect().Rule(f.Rule)
		if f.Severity != lint.Error {
			continue
		}
		errors = true
		fails = fails || r.Kind == lint.Fails || f.Rule == lint.NotJudged || strings.Contains(f.Message, "this fails") || strings.Contains(f.Message, " fails: ")
	}
	return errors, fails
}

// runs runs a case in a transaction that is taken back, and gives the server's error about its last statement.
func runs(t *testing.T, db *sql.DB, c string) error {
	t.Helper()
	ctx := context.Background()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	parts := Syntax.Split(c)
	if _, err := tx.ExecContext(ctx, "SET LOCAL TimeZone = 'Europe/Berlin'"); err != nil {
		t.Fatal(err)
	}
	for _, s := range parts[:len(parts)-1] {
		if _, err := tx.ExecContext(ctx, s.Text); err != nil {
			t.Fatalf("%s: %v", s.Text, err)
		}
	}
	_, err = tx.ExecContext(ctx, parts[len(parts)-1].Text)
	return err
}

func text(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lines are the lines of a file that aren't empty and no comment.
func lines(t *testing.T, name string) []string {
	t.Helper()
	out := strings.Split(text(t, name), "\n")
	return slices.DeleteFunc(out, func(l string) bool { return l == "" || l[0] == '#' })
}

// TestOldClients runs the changes of testdata/differential/changes.txt on the real servers, and then what clients of the old schema send.
// A change after which one of them fails must be an error, and no other may be said to break clients.
func TestOldClients(t *testing.T) {
	schema := text(t, "testdata/differential/schema.sql")
	changes, clients := lines(t, "testdata/differential/changes.txt"), lines(t, "testdata/differential/clients.txt")
	for kind, version := range servers {
		t.Run(string(kind), func(t *testing.T) {
			dsn := dbtest.Database(t, kind)
			dbtest.Exec(t, dsn, schema, text(t, "testdata/differential/rows.sql"))
			db := dbtest.DB(t, dsn)
			if broken := breaks(t, db, "SELECT 1", clients); broken != "" {
				t.Fatalf("before any change: %s", broken)
			}
			n, silent, alarms := 0, 0, 0
			for _, c := range changes {
				broken := breaks(t, db, c, clients)
				errors, client := saysClient(linttest.Check(t, Dialect(), version, schema, wrapped(c)))
				switch {
				case slices.Contains(unforeseen, c):
				case broken != "" && !errors:
					silent++
					t.Errorf("not found: %s\n    %s", c, broken)
				case broken == "" && client != "":
					alarms++
					t.Errorf("false alarm: %s\n    %s", c, client)
				}
				if broken != "" {
					n++
				}
			}
			t.Logf("%d changes, %d break a client: %d of them not found; %d false alarms", len(changes), n, silent, alarms)
			if n < 35 {
				t.Errorf("only %d changes break a client", n)
			}
		})
	}
}

// unforeseen are changes of which it depends on the values that clients write whether they break any, one that loses writes without an error, and
// those of names that only a cast or nextval has in a client: whoever names columns and values alone isn't broken, and it is a warning.
var unforeseen = []string{"ALTER SEQUENCE sq RENAME TO sq2", "ALTER TYPE mood RENAME TO feeling", "ALTER TYPE mood SET SCHEMA app", "ALTER DOMAIN posint RENAME TO positive",
	"CREATE RULE n AS ON INSERT TO users DO INSTEAD NOTHING", "ALTER TABLE orders ADD CONSTRAINT c CHECK (state IN ('open', 'closed')) NOT VALID", "ALTER TABLE part DETACH PARTITION p2020"}

// saysClient reports whether there is an error, and what is said to break clients.
func saysClient(res lint.Result) (errors bool, client string) {
	for _, f := range res.Findings {
		r, _ := Dialect().Rule(f.Rule)
		errors = errors || f.Severity == lint.Error
		if f.Severity == lint.Error && r.Kind == lint.Client {
			client = f.Rule + ": " + f.Message
		}
	}
	return errors, client
}

// breaks runs a change and gives the first statement of a client that fails afterwards, with the server's error. Everything is taken back.
func breaks(t *testing.T, db *sql.DB, change string, clients []string) string {
	t.Helper()
	ctx := context.Background()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, change); err != nil {
		t.Fatalf("%s: %v", change, err)
	}
	for _, c := range clients {
		if _, err := tx.ExecContext(ctx, "SAVEPOINT s"); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, c); err != nil {
			return c + ": " + err.Error()
		}
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO s"); err != nil {
			t.Fatal(err)
		}
	}
	return ""
}
