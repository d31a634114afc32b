package lintset

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/lint"
	mylint "github.com/phasemig/phasemig/lint/mysql"
	pglint "github.com/phasemig/phasemig/lint/postgres"
)

// TestWalk takes migrations without a label, which walk through the manuals' grammar, and asks the server for it: what the
// linter says of them has to be what is seen. Unlike the sets it shows what the linter is wrong about.
func TestWalk(t *testing.T) {
	if !long() {
		t.Skip("a walk takes an hour: PHASEMIG_LONG=1")
	}
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		t.Parallel()
		server := dbtest.Server(t, k)
		major, err := strconv.Atoi(strings.SplitN(server.Version(), ".", 2)[0])
		if err != nil {
			t.Fatal(err)
		}
		w := walk{p: productOf(t, server), d: dialectOf(k), version: lintVersion(k, major)}
		for _, c := range walked(t, k) {
			w.step(t, c)
		}
		t.Logf("%s: %d migrations, %d missed, %d false alarms, %d unclear", k, w.n, w.missed, w.alarms, w.unclear)
	})
}

func dialectOf(k throwaway.Kind) *lint.Dialect {
	switch {
	case k.IsPostgres():
		return pglint.Dialect()
	case k == throwaway.MariaDB:
		return mylint.MariaDB()
	}
	return mylint.Dialect()
}

func lintVersion(k throwaway.Kind, major int) string {
	switch {
	case k == throwaway.MySQL:
		return "9.7"
	case k == throwaway.MariaDB:
		return "10.11"
	}
	return strconv.Itoa(major)
}

// walk is a walk on one server.
type walk struct {
	p                          product
	d                          *lint.Dialect
	version                    string
	n, missed, alarms, unclear int
}

// step compares one migration.
func (w *walk) step(t *testing.T, c Case) {
	alarm := alarmed(t, w.d, w.version, c)
	seen, err := w.seen(t.Context(), c, alarm)
	w.n++
	switch {
	case err != nil:
		w.unclear++
		t.Errorf("%s: unclear: %s: %v", c.ID, c.SQL, err)
	case alarm && len(seen) == 0:
		w.alarms++
		t.Errorf("%s: false alarm: %s\n\tfound:%s", c.ID, c.SQL, findings(t, w.d, w.version, c))
	case !alarm && len(seen) > 0:
		w.missed++
		t.Errorf("%s: missed: %s\n\tseen: %.300s", c.ID, c.SQL, seen)
	}
}

// seen is the first danger of a migration.
func (w *walk) seen(ctx context.Context, c Case, expected bool) (evidence, error) {
	const few = 200
	out, small, err := consequences(ctx, w.p, c, few)
	if err != nil || len(out) > 0 {
		return out, err
	}
	blocks, known, err := offered(ctx, w.p, c, few)
	if err == nil && !known {
		blocks, err = blocking(ctx, w.p, c, small, expected)
	}
	out.add(Blocks, blocks)
	return out, err
}

func findings(t *testing.T, d *lint.Dialect, version string, c Case) string {
	out := ""
	for _, f := range checked(t, d, version, c).Findings {
		if f.Severity == lint.Error {
			out += fmt.Sprintf(" [%s: %s]", f.Rule, f.Message)
		}
	}
	return out
}

// walked reads "= SCHEMA", in one line, and migrations on it, one a line.
func walked(t *testing.T, k throwaway.Kind) []Case {
	t.Helper()
	name := string(k)
	if k.IsPostgres() {
		name = "postgres"
	}
	name += os.Getenv("PHASEMIG_WALK")
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "lintset", "walk", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var out []Case
	setup, n := "", 0
	for l := range strings.Lines(string(text)) {
		n++
		switch l = strings.TrimSpace(l); {
		case l == "" || strings.HasPrefix(l, "# "):
		case strings.HasPrefix(l, "= "):
			setup = l[2:]
		default:
			out = append(out, Case{ID: fmt.Sprintf("%s.txt:%d", name, n), Schema: setup, SQL: l})
		}
	}
	return out
}
