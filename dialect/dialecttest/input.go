package dialecttest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// names: reserved words, quotes and the longest names simply work.
func (h *harness) names(t *testing.T) {
	q := func(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }
	limit := 64
	if h.kind.IsPostgres() {
		q = func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
		limit = 63
	}
	long := func(s string) string { return s + strings.Repeat("x", limit-utf8.RuneCountInString(s)) }
	for _, n := range []struct{ table, from, to string }{
		{"order", "select", "group"},
		{"it's", "a`b", `c"d`},
		{"Mixed Case", "Ünï", "with space"},
		{long("t"), long("old"), long("new")},
	} {
		t.Run(n.table, func(t *testing.T) {
			b := h.bench(t)
			if h.kind.IsPostgres() && len(n.from) > limit {
				t.Fatal("a name of the test is too long")
			}
			b.exec(fmt.Sprintf("CREATE TABLE %s (id int PRIMARY KEY, %s varchar(20) NOT NULL)", q(n.table), q(n.from)),
				fmt.Sprintf("CREATE INDEX %s ON %s (%s)", q(long("i")), q(n.table), q(n.from)),
				fmt.Sprintf("INSERT INTO %s VALUES (1, 'a'), (2, 'b')", q(n.table)))
			p := b.plan(fmt.Sprintf("name: names\nreplicas: none\noperations:\n  - rename_column:\n      table: %q\n      from: %q\n      to: %q\n", n.table, n.from, n.to))
			l := b.lease(p)
			for _, ph := range plans.PhaseNames() {
				b.phase(p, l, ph)
			}
			b.want(fmt.Sprintf("SELECT id, %s FROM %s ORDER BY id", q(n.to), q(n.table)), "1|a", "2|b")
		})
	}
}

// input: what can't be meant or can't be done safely is told at plan time, by
// the right kind of error, and nothing is touched.
func (h *harness) input(t *testing.T) {
	b := h.bench(t)
	b.seed()
	b.exec("CREATE TABLE nokey (full_name varchar(80))", "CREATE VIEW v AS SELECT email FROM users")
	before := b.table(schema.Ident{Name: "users"}).Lines()
	op := func(s string) string { return "name: x\nreplicas: none\noperations: [" + s + "]" }
	var in *plans.InputError
	var refused *plans.RefusedError
	for _, c := range []struct {
		change, text string
		as           any
	}{
		{op("{rename_column: {table: nobody, from: a, to: b}}"), "no such table", &in},
		{op("{rename_column: {table: users, from: nope, to: b}}"), "no such column", &in},
		{op("{rename_column: {table: users, from: full_name, to: nick}}"), "exists already", &in},
		{op("{rename_column: {table: users, from: full_name, to: " + strings.Repeat("n", 65) + "}}"), "longer than", &in},
		{op("{rename_column: {table: users, from: full_name, to: b, up: 'upper(', down: b}}"), "mapping SQL", &in},
		{op("{rename_column: {table: users, from: full_name, to: b, up: 'nosuch + 1', down: b}}"), "nosuch", &in},
		{op("{rename_column: {table: users, from: id, to: b}}"), "primary key", &refused},
		{op("{rename_column: {table: users, from: email, to: b, up: 'upper(email)', down: 'lower(b)'}}"), "view", &refused},
		{op("{rename_column: {table: nokey, from: full_name, to: b}}"), "no key", &refused},
		{op("{rename_column: {table: v, from: email, to: b}}"), "view", &refused},
	} {
		_, err := b.build(c.change)
		if err == nil || !errors.As(err, c.as) {
			t.Errorf("%s: got %T %v", c.change, err, err)
			continue
		}
		if !strings.Contains(err.Error(), c.text) && !strings.Contains(fmt.Sprintf("%+v", err), c.text) {
			t.Errorf("%s: %q doesn't say %q", c.change, err, c.text)
		}
	}
	if d := schema.Difference(before, b.table(schema.Ident{Name: "users"}).Lines()); len(d) > 0 {
		t.Errorf("planning changed the table: %q", d)
	}
}
