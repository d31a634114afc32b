package migration

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

func tableOf(name string, columns ...string) schema.Table {
	t := schema.Table{Ident: schema.Ident{Schema: "s", Name: name}}
	for _, c := range columns {
		t.Columns = append(t.Columns, schema.Column{Name: c})
	}
	return t
}

func pointing(t schema.Table, at string) schema.Table {
	t.Constraints = append(t.Constraints, schema.Constraint{Kind: schema.ForeignKey, Ref: schema.Ident{Schema: "s", Name: at}})
	return t
}

// wanted is a comparison of a file with a database.
func wanted(t *testing.T, file string, want, live []schema.Table) *Wanted {
	t.Helper()
	d := &lint.Dialect{}
	f, _ := lint.NewFile(d, "schema.sql", file, lint.Reading{Format: lint.Plain})
	statements, alone, err := ReadDesired(f, d.Syntax)
	if err != nil {
		t.Fatal(err)
	}
	return &Wanted{Path: "schema.sql", Want: want, Live: live, Statements: statements, Keep: alone,
		Rename:  func(table schema.Ident, from, to string) string { return table.Name + ": " + from + " -> " + to },
		Renamed: func(table, to string) string { return table + " => " + to }, Drop: func(table string) string { return "drop " + table }}
}

// named is a difference that says the table's name.
func named(live, _ *schema.Table) (loose, rest []string, err error) {
	return nil, []string{"rest " + live.Name}, nil
}

// TestNoRenameIsGuessed: a column that is gone is asked about, whatever stands beside it.
func TestNoRenameIsGuessed(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []string
		mayDrop    bool
		refused    bool   // as a question, else as an input that isn't meant
		says, sql  string // what is said, or what is to be done
		more       bool
	}{
		{name: "gone and new", file: "CREATE TABLE a (id int);", want: []string{"id", "new"}, refused: true, says: "a rename, or a drop and an add?"},
		{name: "gone", file: "CREATE TABLE a (id int);", want: []string{"id"}, says: "would be dropped"},
		{name: "gone and new, to be dropped", file: "CREATE TABLE a (id int);", want: []string{"id", "new"}, mayDrop: true, sql: "rest a"},
		{name: "hint", file: "-- phasemig:rename a.old -> new\nCREATE TABLE a (id int);", want: []string{"id", "new"}, sql: "a: old -> new", more: true},
		{name: "hint inside", file: "CREATE TABLE a (\n new int -- phasemig:rename old -> new\n);", want: []string{"id", "new"}, sql: "a: old -> new", more: true},
		{name: "hint of another column", file: "-- phasemig:rename a.old -> other\nCREATE TABLE a (id int);", want: []string{"id", "new", "other"}, sql: "a: old -> other", more: true},
		{name: "hint for one of two", file: "-- phasemig:rename a.id -> new\nCREATE TABLE a (id int);", want: []string{"new", "more"}, refused: true, says: "column old is gone and column more is new"},
		{name: "hint of what isn't there", file: "-- phasemig:rename a.old -> nothing\nCREATE TABLE a (id int);", want: []string{"id", "new"}, says: "has no column nothing"},
		{name: "hint that is done", file: "-- phasemig:rename a.older -> old\nCREATE TABLE a (id int);", want: []string{"id", "old"}, sql: "rest a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := wanted(t, c.file, []schema.Table{tableOf("a", c.want...)}, []schema.Table{tableOf("a", "id", "old")})
			w.MayDrop = c.mayDrop
			sql, more, err := w.SQL(named)
			if c.says != "" {
				var refused *plans.RefusedError
				if err == nil || !strings.Contains(err.Error(), c.says) || errors.As(err, &refused) != c.refused {
					t.Fatalf("want %q (a question: %t), got %v", c.says, c.refused, err)
				}
				return
			}
			if err != nil || strings.Join(sql, "; ") != c.sql || more != c.more {
				t.Errorf("%q, more: %t, %v; want %q, more: %t", sql, more, err, c.sql, c.more)
			}
		})
	}
}

// TestDesiredOrder: what a table points at is made before it, and what lets go of others goes before all.
func TestDesiredOrder(t *testing.T) {
	list := []schema.Table{pointing(tableOf("a"), "c"), pointing(tableOf("b"), "b"), pointing(tableOf("c"), "a"), pointing(tableOf("d"), "elsewhere")}
	w := wanted(t, "", list, list)
	sql, more, err := w.SQL(named)
	if want := []string{"rest c", "rest a", "rest b", "rest d"}; err != nil || more || !slices.Equal(sql, want) {
		t.Errorf("%q, more: %t, %v; want %q", sql, more, err, want)
	}
	sql, more, err = w.SQL(func(live, want *schema.Table) (loose, rest []string, err error) {
		_, rest, err = named(live, want)
		return []string{"loose " + live.Name}, rest, err
	})
	if want := []string{"loose c", "loose a", "loose b", "loose d"}; err != nil || !more || !slices.Equal(sql, want) {
		t.Errorf("%q, more: %t, %v; want %q", sql, more, err, want)
	}
}

// TestDesiredTables: new tables are made first, in the file's order, and those that are gone are dropped last, and only when that is meant.
func TestDesiredTables(t *testing.T) {
	const file = "CREATE TABLE c (id int);\nCREATE TABLE IF NOT EXISTS s.b (id int);\nCREATE TABLE a (id int);"
	all := []schema.Table{tableOf("a"), tableOf("b"), tableOf("c")}
	for _, c := range []struct {
		name      string
		live      []schema.Table
		others    []string
		file      string
		mayDrop   bool
		sql, says string
		more      bool
	}{
		{name: "new ones", live: all[:1], file: file, sql: "CREATE TABLE c (id int); CREATE TABLE IF NOT EXISTS s.b (id int)", more: true},
		{name: "new and gone", live: all[:1], others: []string{"d"}, file: file, mayDrop: true, sql: "CREATE TABLE c (id int); CREATE TABLE IF NOT EXISTS s.b (id int)", more: true},
		{name: "gone or renamed", live: all[:1], others: []string{"d"}, file: file, says: "table d of the database is gone and table b is new: a rename, or a drop and a create?"},
		{name: "new, and kept", live: all[:1], others: []string{"d"}, file: file + "\n-- phasemig:keep d", sql: "CREATE TABLE c (id int); CREATE TABLE IF NOT EXISTS s.b (id int)", more: true},
		{name: "renamed", live: all[:1], others: []string{"d"}, file: "-- phasemig:rename d -> c\n" + file, sql: "d => c", more: true},
		{name: "renamed, at another place", live: all[:1], others: []string{"d"}, file: file + "\n-- phasemig:rename d -> b\nCREATE INDEX i ON b (id);", sql: "d => b", more: true},
		{name: "renamed already", live: all, file: "-- phasemig:rename d -> c\n" + file, sql: "rest a; rest b; rest c"},
		{name: "renamed, and there", live: all, others: []string{"d"}, file: "-- phasemig:rename d -> c\n" + file, says: "table d of the database: it would be dropped"},
		{name: "gone", live: all, others: []string{"d"}, file: file, says: "table d of the database: it would be dropped"},
		{name: "gone, and something else", live: all, others: []string{"d"}, file: file, mayDrop: true, sql: "rest a; rest b; rest c", more: true},
		{name: "kept", live: all, others: []string{"d", "schema_migrations"}, file: file + "\n-- phasemig:keep d", sql: "rest a; rest b; rest c"},
		{name: "made in another way", live: all[:1], file: "CREATE TABLE c (id int);", says: "no CREATE TABLE of the file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := wanted(t, c.file, all, c.live)
			w.Others, w.MayDrop = c.others, c.mayDrop
			sql, more, err := w.SQL(named)
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("want %q, got %v", c.says, err)
				}
				return
			}
			if got := strings.Join(sql, "; "); err != nil || got != c.sql || more != c.more {
				t.Errorf("%q, more: %t, %v; want %q, more: %t", got, more, err, c.sql, c.more)
			}
		})
	}
	w := wanted(t, file, all, all)
	w.Others, w.MayDrop = []string{"d", "schema_migrations"}, true
	sql, more, err := w.SQL(func(_, _ *schema.Table) (loose, rest []string, err error) { return nil, nil, nil })
	if err != nil || more || !slices.Equal(sql, []string{"drop d"}) {
		t.Errorf("nothing but a table that is gone: %q, more: %t, %v", sql, more, err)
	}
}
