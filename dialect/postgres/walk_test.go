package postgres

import (
	"fmt"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// TestWalkAlongTheIndex: no statement of a walk reads or sorts the whole table,
// whatever the key, and although the table was never analyzed.
func TestWalkAlongTheIndex(t *testing.T) {
	for name, sql := range map[string][]string{
		"integer":    {"CREATE TABLE users (id int PRIMARY KEY, a text)", "INSERT INTO users SELECT i, 'x' FROM generate_series(1, 3000) i"},
		"descending": {"CREATE TABLE users (id int NOT NULL, a text)", "CREATE UNIQUE INDEX k ON users (id DESC)", "INSERT INTO users SELECT i, 'x' FROM generate_series(1, 3000) i"},
		"nulls":      {"CREATE TABLE users (id int NOT NULL, a text)", "CREATE UNIQUE INDEX k ON users (id NULLS FIRST)", "INSERT INTO users SELECT i, 'x' FROM generate_series(1, 3000) i"},
		"composite":  {"CREATE TABLE users (id int, b text, a text, PRIMARY KEY (id, b))", "INSERT INTO users SELECT i, 'b', 'x' FROM generate_series(1, 3000) i"},
		"both down":  {"CREATE TABLE users (id int NOT NULL, b text NOT NULL, a text)", "CREATE UNIQUE INDEX k ON users (id DESC, b DESC)", "INSERT INTO users SELECT i, 'b', 'x' FROM generate_series(1, 3000) i"},
		"mixed":      {"CREATE TABLE users (id int NOT NULL, b text NOT NULL, a text)", "CREATE UNIQUE INDEX k ON users (id, b DESC)", "INSERT INTO users SELECT i, 'b', 'x' FROM generate_series(1, 3000) i"},
		"collated":   {`CREATE TABLE users (id text COLLATE "C" PRIMARY KEY, a text)`, "INSERT INTO users SELECT i, 'x' FROM generate_series(1, 3000) i"},
		"varchar":    {`CREATE TABLE users (id varchar(20) PRIMARY KEY, a text)`, "INSERT INTO users SELECT i, 'x' FROM generate_series(1, 3000) i"},
		"char":       {`CREATE TABLE users (id char(20) PRIMARY KEY, a text)`, "INSERT INTO users SELECT i, 'x' FROM generate_series(1, 3000) i"},
		"domain":     {"CREATE DOMAIN num AS int CHECK (VALUE > 0)", `CREATE TABLE users (id num PRIMARY KEY, a text)`, "INSERT INTO users SELECT i, 'x' FROM generate_series(1, 3000) i"},
		"enum":       {"CREATE TYPE e AS ENUM ('x', 'y')", `CREATE TABLE users (id e, nr int, a text, PRIMARY KEY (id, nr))`, "INSERT INTO users SELECT 'y', i, 'x' FROM generate_series(1, 3000) i"},
		"time":       {`CREATE TABLE users (id timestamptz PRIMARY KEY, a text)`, "INSERT INTO users SELECT '2020-01-01Z'::timestamptz + i * interval '1 s', 'x' FROM generate_series(1, 3000) i"},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
				if k.IsPostgres() {
					walk(t, dbtest.Database(t, k), sql)
				}
			})
		})
	}
}

func walk(t *testing.T, dsn string, sql []string) {
	dbtest.Exec(t, dsn, sql...)
	s, err := connect(t.Context(), dsn, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.db.Close()
	change := plans.Change{Name: "t", Replicas: plans.Replicas{"none"}, Operations: []plans.Operation{{RenameColumn: &plans.RenameColumn{Table: "users", From: "a", To: "n"}}}}
	f, err := s.Facts(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plans.Build(change, &f, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, dsn, "ALTER TABLE users ADD n text")
	open, err := s.openColumns(t.Context(), dialect.Work{Plan: p, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	c := open.(*columns)
	low, err := c.Boundary(t.Context(), "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	high, err := c.Boundary(t.Context(), low, "", 1000)
	if err != nil || high == "" {
		t.Fatal(high, err)
	}
	if over, err := c.Boundary(t.Context(), low, high, 1001); err != nil || over != "" {
		t.Fatalf("the 1001st of 1000 rows: %s %v", over, err)
	}
	got, err := c.Compare(t.Context(), low, high, 1)
	if err != nil || got.Rows != 1000 || got.Differ != 1000 {
		t.Fatalf("a chunk of 1000: %+v %v", got, err)
	}
	l, h := literal(low), literal(high)
	for what, q := range map[string]string{
		"boundary": c.sql.keys(l, "", "true", "OFFSET 999 LIMIT 1"), "last": c.sql.last(), "boundary of all": c.sql.keys("", "", "true", "OFFSET 2900 LIMIT 1"), "missing": c.sql.keys(l, h, c.sql.needs(), "LIMIT 500"),
		"fill": c.sql.fill(l, h), "one": c.sql.fillOne(l), "compare": c.sql.compare(l, h, 5, true),
	} {
		rows, err := c.list(t.Context(), "EXPLAIN "+q)
		if err != nil {
			t.Fatal(err)
		}
		if plan := strings.Join(rows, "\n"); strings.Contains(plan, "Sort") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s: %s\n%s", what, q, plan)
		}
	}
	n := 0
	for low := ""; ; n++ {
		high, err := c.Boundary(t.Context(), low, "", 700)
		if err != nil {
			t.Fatal(err)
		}
		if high == "" {
			break
		}
		low = high
	}
	if fmt.Sprint(n) != "4" {
		t.Errorf("%d chunks of 700 in 3000 rows", n)
	}
}
