package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// Database creates an empty database on the shared server of kind k and returns its DSN. It is dropped when
// the test ends, and so is whatever is still connected to it.
func Database(t testing.TB, k throwaway.Kind) string {
	t.Helper()
	return DatabaseOn(t, Server(t, k))
}

// DatabaseOn is Database on a server of the test's own.
func DatabaseOn(t testing.TB, s *throwaway.Server) string {
	t.Helper()
	name := "t_" + strings.ToLower(rand.Text()[:12]) // tests of many processes share a server
	if err := s.CreateDatabase(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := s.DropDatabase(ctx, name); err != nil {
			t.Error(err)
		}
	})
	return s.DSN(name)
}

// Open opens a database by a DSN as returned by Database. See throwaway.Open.
func Open(dsn string) (*sql.DB, error) { return throwaway.Open(dsn) }

// DB opens a database for the rest of the test.
func DB(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Exec executes statements on one new connection, in order.
func Exec(t testing.TB, dsn string, statements ...string) {
	t.Helper()
	db, err := Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("execute %q: %v", statement, err)
		}
	}
}

// Query returns the rows of a query as text, NULL as "NULL".
func Query(t testing.TB, dsn, query string, args ...any) [][]string {
	t.Helper()
	db, err := Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("query %q: %v", query, err)
	}
	defer rows.Close()
	text, err := scan(rows)
	if err != nil {
		t.Fatalf("read the rows of %q: %v", query, err)
	}
	return text
}

func scan(rows *sql.Rows) ([][]string, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, into := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	var all [][]string
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]string, len(values))
		for i, value := range values {
			row[i] = value.String
			if !value.Valid {
				row[i] = "NULL"
			}
		}
		all = append(all, row)
	}
	return all, rows.Err()
}
