package integration

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/dialect/postgres"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/lint"
	syntax "github.com/phasemig/phasemig/lint/postgres"
	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
)

// noOperation are statements that are refused, or taken over as clauses of an ALTER TABLE: docs/inputs.md says so.
var noOperation = regexp.MustCompile(`REPLICA IDENTITY|TRIGGER|ALTER TYPE|ALTER DOMAIN|(TYPE|DOMAIN) \w+ IS|INDEX .*;.*INDEX`)

// TestSQLOfCatalog: the server's own statements for each operation of the catalog become that operation. TestCatalog
// holds both against the server.
func TestSQLOfCatalog(t *testing.T) {
	for _, c := range catalog(throwaway.Postgres18) {
		if noOperation.MatchString(strings.Join(c.direct, ";")) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			want, err := plans.ParseChange([]byte("name: a\noperations:\n" + c.operations))
			if err != nil {
				t.Fatal(err)
			}
			f, _ := lint.NewFile(syntax.Dialect(), "a.sql", strings.Join(c.direct, ";\n"), lint.Reading{})
			list, err := migration.Read(f, syntax.Syntax)
			if err != nil {
				t.Fatal(err)
			}
			got, err := migration.Compose(list, postgres.Translate, migration.Options{Name: "a", MayDrop: true, Table: func(string) (string, error) { return "orders", nil }})
			if err != nil {
				t.Fatal(err)
			}
			if want, got := alikeOperations(t, want.Operations), alikeOperations(t, got.Change.Operations); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
		})
	}
}

// alikeOperations are operations as JSON. A comment may come with a column or by itself, and a column that a foreign key points at is named or is
// the primary key.
func alikeOperations(t *testing.T, list []plans.Operation) []string {
	t.Helper()
	var out, behind []string
	for _, o := range list {
		if a := o.AddColumn; a != nil && a.Comment != "" {
			apart := *a
			apart.Comment = ""
			b, err := json.Marshal(plans.Operation{SetComment: &plans.SetComment{Table: a.Table, Column: a.Name, Comment: a.Comment}})
			if err != nil {
				t.Fatal(err)
			}
			o, behind = plans.Operation{AddColumn: &apart}, append(behind, string(b))
		}
		b, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return append(out, behind...)
}

// sqlCase is a migration as a tool has it, and the table that it is about.
type sqlCase struct {
	name   string
	create []string
	files  map[string]string
	order  []string
	flags  []string
}

func sqlCases(k throwaway.Kind) []sqlCase {
	if k.IsPostgres() {
		return []sqlCase{
			{name: "recipes", create: []string{"CREATE TABLE things (id bigint PRIMARY KEY, name text, old int)", "INSERT INTO things SELECT g, 'n' || g, g FROM generate_series(1, 100) g", "CREATE INDEX things_old ON things (old)"},
				files: map[string]string{
					"1_a.up.sql": "BEGIN;\nSET lock_timeout = '1s';\nALTER TABLE things ADD COLUMN state varchar(9) DEFAULT 'new' NOT NULL, ALTER COLUMN name SET NOT NULL;\nCOMMIT;\n",
					"2_b.up.sql": "ALTER TABLE things ADD CONSTRAINT things_name CHECK (name <> '') NOT VALID;\nALTER TABLE things VALIDATE CONSTRAINT things_name;\nCREATE UNIQUE INDEX CONCURRENTLY things_lower ON things (lower(name)) WHERE id > 0;\nDROP INDEX things_old;\n-- phasemig:drop\nALTER TABLE things DROP COLUMN old;\n",
				}, order: []string{"1_a.up.sql", "2_b.up.sql"}},
			{name: "rename by two statements", create: []string{"CREATE TABLE things (id bigint PRIMARY KEY, nick text)", "INSERT INTO things SELECT g, 'n' || g FROM generate_series(1, 100) g"},
				files: map[string]string{"a.sql": "-- +goose Up\n-- phasemig:rename nick -> handle\nALTER TABLE things DROP COLUMN nick, ADD COLUMN handle text;\n-- +goose Down\nSELECT 1;\n"}, order: []string{"a.sql"}},
		}
	}
	return []sqlCase{
		{name: "joined", create: []string{"CREATE TABLE things (id bigint PRIMARY KEY, name varchar(40), old int, KEY things_old (old))", "INSERT INTO things VALUES (1, 'a', 1), (2, 'b', 2)"},
			files: map[string]string{
				"1_a.up.sql": "SET lock_wait_timeout = 1;\nALTER TABLE things ADD COLUMN `state` enum('a,b','c') NOT NULL DEFAULT 'c' AFTER id, ALGORITHM=INPLACE, LOCK=NONE;\nCREATE UNIQUE INDEX things_name ON things (name);\n",
				"2_b.up.sql": "ALTER TABLE things MODIFY old bigint NOT NULL;\nDROP INDEX things_old ON things;\n",
			}, order: []string{"1_a.up.sql", "2_b.up.sql"}},
		{name: "dropped on a shadow", create: []string{"CREATE TABLE things (id bigint PRIMARY KEY, name varchar(40), old int)", "INSERT INTO things VALUES (1, 'a', 1), (2, 'b', 2)"},
			files: map[string]string{"a.sql": "ALTER TABLE things DROP COLUMN old, ADD KEY things_name (name)"}, order: []string{"a.sql"}, flags: []string{"--allow-drop"}},
	}
}

// TestSQL plans migrations from their files, carries them out, and compares the table with the one that the server has made by itself.
func TestSQL(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k != throwaway.Postgres18 && k != throwaway.MySQL && !long() {
			return
		}
		for _, c := range sqlCases(k) {
			t.Run(c.name, func(t *testing.T) { c.run(t, k) })
		}
	})
}

func (c sqlCase) run(t *testing.T, k throwaway.Kind) {
	dsn, direct := dbtest.Database(t, k), dbtest.Database(t, k)
	dbtest.Exec(t, dsn, c.create...)
	dbtest.Exec(t, direct, c.create...)
	h := newHome(t, dsn)
	args := append([]string{"plan", "--replicas", "none", "--gates", "none", "-o", "plan.json"}, c.flags...)
	for _, name := range c.order {
		h.write(name, c.files[name])
		args = append(args, "--sql", name)
		up, _, _ := strings.Cut(c.files[name], "-- +goose Down")
		up = strings.Replace(up, "DROP COLUMN nick, ADD COLUMN handle text", "RENAME COLUMN nick TO handle", 1)
		for _, q := range strings.Split(up, ";\n") {
			if strings.TrimSpace(q) != "" {
				dbtest.Exec(t, direct, q)
			}
		}
	}
	h.must(0, args...)
	for _, ph := range plans.PhaseNames() {
		h.settled("apply", "plan.json", "--phase", string(ph)).want(t, 0)
	}
	sameTable(t, c.name, describe(t, k, dsn, "things"), describe(t, k, direct, "things"))
}
