package traffic_test

import (
	"database/sql"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/internal/traffic"
)

const rows = 2000

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// each runs f on an empty database of each server.
func each(t *testing.T, f func(t *testing.T, dsn string, db *sql.DB)) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		dsn := dbtest.Database(t, k)
		f(t, dsn, dbtest.DB(t, dsn))
	})
}

// An application alone must leave exactly what its log says: the model and the
// server have the same idea of every statement.
func TestModelHoldsWithoutMigration(t *testing.T) {
	each(t, func(t *testing.T, dsn string, db *sql.DB) {
		for _, s := range []traffic.Scenario{traffic.Rename(), traffic.Split(), traffic.NotNull(), traffic.RenameUnique()} {
			t.Run(s.Name, func(t *testing.T) {
				fresh(t, dsn, db)
				r, f := ride(t, dsn, s, 6, 1500*time.Millisecond)
				if r.Transactions < 10 || r.Errors > 0 {
					t.Fatalf("%s", r)
				}
				t.Log(r)
				if _, err := f.Model().Check(t.Context(), db, traffic.Names{Old: s.Columns[traffic.Old]}); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

func fresh(t *testing.T, dsn string, db *sql.DB) {
	t.Helper()
	for _, q := range []string{"DROP TABLE IF EXISTS users", "DROP TABLE IF EXISTS teams"} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if err := traffic.Create(t.Context(), db, dsn, rows); err != nil {
		t.Fatal(err)
	}
}

func ride(t *testing.T, dsn string, s traffic.Scenario, writers int, d time.Duration) (traffic.Report, *traffic.Fleet) {
	t.Helper()
	f, err := traffic.Start(t.Context(), traffic.Options{DSN: dsn, Scenario: s, Rows: rows, OldWriters: writers, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(d) // the length of the ride, not an order of events
	return f.Stop(), f
}

// A write that nobody logged, a write that is taken back, a row that is lost and
// one that comes back from the dead: each is found.
func TestModelFindsWhatIsWrong(t *testing.T) {
	each(t, func(t *testing.T, dsn string, db *sql.DB) {
		fresh(t, dsn, db)
		s := traffic.Rename()
		_, f := ride(t, dsn, s, 2, 300*time.Millisecond)
		names := traffic.Names{Old: s.Columns[traffic.Old]}
		for _, wrong := range []string{
			"UPDATE users SET full_name = 'Bob' WHERE id = 1999",
			"UPDATE users SET version = version - 1 WHERE id = 1998",
			"DELETE FROM users WHERE id = 1997",
			"INSERT INTO users (id, email) VALUES (900000, 'ghost@example.com')",
		} {
			if _, err := db.ExecContext(t.Context(), wrong); err != nil {
				t.Fatal(err)
			}
		}
		var diff *traffic.DifferenceError
		if _, err := f.Model().Check(t.Context(), db, names); !errors.As(err, &diff) || diff.Total != 4 {
			t.Fatalf("want 4 differences, got %v", err)
		}
	})
}
