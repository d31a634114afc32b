package integration

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// pairs are how many pairs of schemas converge on each server: in the long form on all, in the short one on one of a family.
const (
	pairs      = 100
	pairsShort = 1
)

// TestConverge: from any schema to any other by the plans that --desired makes, until none is left.
func TestConverge(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		n := pairs
		if !long() {
			if n = pairsShort; k != throwaway.Postgres18 && k != throwaway.MySQL {
				return
			}
		}
		t.Parallel()
		for i := range n {
			t.Run(fmt.Sprint(i), func(t *testing.T) { converge(t, k, i) })
		}
	})
}

func converge(t *testing.T, k throwaway.Kind, seed int) {
	from, to := drawPair(catalogOf(k), rand.New(rand.NewPCG(5, uint64(seed))))
	w := newWish(t, k, from.sql(), to.sql(), from.rows()...)
	w.tables = []string{"things", "others"}
	defer func() {
		if t.Failed() {
			t.Logf("from:\n%s\nto:\n%s", from.sql(), to.sql())
		}
	}()
	w.reach()
	for _, table := range w.tables {
		if got := dbtest.Query(t, w.dsn, "SELECT count(*) FROM "+table)[0][0]; got != "2" {
			t.Errorf("%s has %s rows, want 2", table, got)
		}
	}
}

// variant is what one slot of a schema may look like.
type variant struct {
	column string // of things, by its name and definition
	value  string // of the column, in SQL; {} is the row's number
	inside string // a line of CREATE TABLE besides
	behind string // a statement behind it
	other  string // a line of the table others
}

// slots are what a schema is composed of: one variant of each.
type slots [][]variant

// shape is a variant for each slot, with the columns in an order of its own.
type shape struct {
	slots  slots
	choice []int
	order  []int
}

// drawPair draws two schemas that have about half of their slots in common.
func drawPair(c slots, r *rand.Rand) (from, to shape) {
	from = shape{slots: c}
	for _, s := range c {
		from.choice = append(from.choice, r.IntN(len(s)))
	}
	from.order = r.Perm(len(c))
	to = shape{slots: c, order: from.order}
	for i, s := range c {
		n := from.choice[i]
		if r.IntN(2) == 0 {
			n = r.IntN(len(s))
		}
		to.choice = append(to.choice, n)
	}
	if r.IntN(3) == 0 {
		to.order = r.Perm(len(c))
	}
	return from, to
}

func (s shape) each(f func(variant)) {
	for _, i := range s.order {
		f(s.slots[i][s.choice[i]])
	}
}

func (s shape) sql() string {
	var columns, lines, behind []string
	others := []string{"id bigint PRIMARY KEY"}
	s.each(func(v variant) {
		for list, text := range map[*[]string]string{&columns: v.column, &lines: v.inside, &behind: v.behind, &others: v.other} {
			if text != "" {
				*list = append(*list, text)
			}
		}
	})
	return strings.Join(append([]string{
		"CREATE TABLE others (" + strings.Join(others, ", ") + ")",
		"CREATE TABLE things (\n  " + strings.Join(append(columns, lines...), ",\n  ") + "\n)",
	}, behind...), ";\n") + ";"
}

// rows fill each column, so that it may become NOT NULL.
func (s shape) rows() []string {
	var out []string
	for _, n := range []string{"1", "2"} {
		var names, values []string
		others := "id"
		s.each(func(v variant) {
			if v.value != "" && v.column != "" {
				name, _, _ := strings.Cut(v.column, " ")
				names, values = append(names, name), append(values, strings.ReplaceAll(v.value, "{}", n))
			}
			if strings.HasPrefix(v.other, "code ") {
				others = "id, code"
			}
		})
		own := "(" + n + ")"
		if others != "id" {
			own = "(" + n + ", 'c" + n + "')"
		}
		out = append(out, "INSERT INTO others ("+others+") VALUES "+own, "INSERT INTO things ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(values, ", ")+")")
	}
	return out
}

// columnOf makes variants of one column; the first is that there is none, unless it must be.
func columnOf(value string, must bool, definitions ...string) []variant {
	var out []variant
	if !must {
		out = append(out, variant{})
	}
	for _, d := range definitions {
		column, behind, _ := strings.Cut(d, "; ")
		out = append(out, variant{column: column, value: value, behind: behind})
	}
	return out
}

func behindOf(statements ...string) []variant {
	out := []variant{{}}
	for _, q := range statements {
		out = append(out, variant{behind: q})
	}
	return out
}

func insideOf(lines ...string) []variant {
	out := []variant{{}}
	for _, q := range lines {
		out = append(out, variant{inside: q})
	}
	return out
}

// catalogOf lists what two schemas of a server can differ in.
func catalogOf(k throwaway.Kind) slots {
	if k.IsPostgres() {
		return catalogPostgres()
	}
	return catalogMySQL(k)
}

func catalogPostgres() slots {
	return slots{
		columnOf("{}", true, "id bigint PRIMARY KEY", "id int PRIMARY KEY"),
		columnOf("'name {}'", true, "name varchar(80)", "name varchar(40)", "name text", "name text NOT NULL", `name text COLLATE "C"`, "name varchar(80) DEFAULT 'x'", "name varchar(80) DEFAULT 'y' NOT NULL",
			"name text; COMMENT ON COLUMN things.name IS 'it''s shown'"),
		columnOf("'new'", false, "state varchar(9) DEFAULT 'new' NOT NULL", "state varchar(9) DEFAULT 'new' NOT NULL CHECK (state IN ('new', 'paid'))", "state text", "state text DEFAULT 'old'",
			"state text; COMMENT ON COLUMN things.state IS 'how far'"),
		columnOf("{}", false, "n int", "n bigint DEFAULT 7", "n int CONSTRAINT things_n CHECK (n > 0)", "n int CONSTRAINT things_n CHECK (n >= 0)", "n numeric(12,2)", "n bigint; CREATE INDEX things_by_n ON things (n DESC NULLS LAST)",
			"n int CONSTRAINT things_n CHECK (n > 0) CONSTRAINT things_n_key UNIQUE"),
		columnOf("'[{}]'", false, "tags jsonb DEFAULT '{}'", "tags jsonb DEFAULT '[]' NOT NULL", "tags jsonb; CREATE INDEX things_tags ON things USING gin (tags jsonb_path_ops)", "tags jsonb; CREATE INDEX things_tags ON things USING gin (tags)"),
		columnOf("'2026-01-0{}'", false, "at timestamptz DEFAULT now()", "at timestamp(3)", "at date", "at timestamptz DEFAULT '2020-01-01 00:00:00+00' NOT NULL"),
		columnOf("{}", false, "owner bigint", "owner bigint CONSTRAINT things_owner REFERENCES others (id)", "owner bigint CONSTRAINT things_owner REFERENCES others (id) ON DELETE CASCADE",
			"owner bigint CONSTRAINT things_owner REFERENCES things (id)"),
		behindOf("CREATE INDEX things_name ON things (name)", "CREATE INDEX things_name ON things (lower(name))", "CREATE INDEX things_name ON things (name, id) WHERE id > 5", "CREATE INDEX things_name ON things (name DESC) INCLUDE (id)",
			"CREATE INDEX things_name ON things USING hash (name)", `CREATE INDEX things_name ON things (name COLLATE "C")`, "CREATE UNIQUE INDEX things_name ON things (name)", "CREATE UNIQUE INDEX things_name ON things (lower(name)) WITH (fillfactor = 70)"),
		insideOf("CONSTRAINT things_pair UNIQUE (name, id)", "CONSTRAINT things_pair UNIQUE NULLS NOT DISTINCT (name, id)", "CONSTRAINT things_pair UNIQUE (id, name)", "CONSTRAINT things_pair UNIQUE (id) INCLUDE (name)",
			"CONSTRAINT things_pair CHECK (length(name) < 90)"),
		behindOf("COMMENT ON TABLE things IS 'all of them'", "COMMENT ON TABLE things IS 'it''s all'", "COMMENT ON CONSTRAINT things_pkey ON things IS 'the key'"),
		{{other: "code varchar(20)"}, {other: "code text"}, {other: "code varchar(20) CONSTRAINT others_code UNIQUE"},
			{other: "code varchar(20) CONSTRAINT others_code UNIQUE", column: "code varchar(20) CONSTRAINT things_code REFERENCES others (code)", value: "'c{}'"}},
	}
}

func catalogMySQL(k throwaway.Kind) slots {
	s := slots{
		columnOf("{}", true, "id bigint PRIMARY KEY", "id bigint unsigned PRIMARY KEY", "id int PRIMARY KEY", "id bigint AUTO_INCREMENT PRIMARY KEY"),
		columnOf("'name {}'", true, "name varchar(80)", "name varchar(300)", "name varchar(40) NOT NULL DEFAULT 'x'", "name varchar(80) COLLATE utf8mb4_bin", "name text", "name varchar(80) COMMENT 'it''s shown'"),
		columnOf("'new'", false, "state varchar(9) NOT NULL DEFAULT 'new'", "state varchar(9) NOT NULL DEFAULT 'new', CONSTRAINT things_state CHECK (state IN ('new', 'paid'))", "state enum('new','old') NOT NULL DEFAULT 'new'", "state enum('new','old','paid')",
			"state varchar(20) COMMENT 'how far'"),
		columnOf("{}", false, "n int", "n int unsigned", "n bigint DEFAULT 7", "n int, CONSTRAINT things_n CHECK (n > 0)", "n int, CONSTRAINT things_n CHECK (n >= 0)", "n decimal(12,2)", "n bigint, KEY by_n (n DESC)", "n bigint, UNIQUE KEY by_n (n)"),
		columnOf("'2026-01-0{}'", false, "at datetime(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)", "at timestamp NULL", "at date", "at datetime NOT NULL DEFAULT '2020-01-01 00:00:00'"),
		columnOf("'[{}]'", false, "tags json", "tags json COMMENT 'free'", "tags longtext"),
		columnOf("", false, "half bigint AS (length(name) DIV 2) VIRTUAL", "half bigint AS (length(name) DIV 2) STORED", "half bigint AS (length(name) DIV 3) VIRTUAL"),
		columnOf("{}", false, "owner bigint", "owner bigint, CONSTRAINT things_owner FOREIGN KEY (owner) REFERENCES others (id)", "owner bigint, KEY things_owner (owner)"),
		insideOf("KEY by_name (name(10))", "KEY by_name (name(20), id)", "UNIQUE KEY by_name (name(30))", "FULLTEXT KEY by_name (name)"),
		insideOf("CONSTRAINT things_pair UNIQUE (id, name(5))", "CONSTRAINT things_pair CHECK (char_length(name) < 400)"),
		{{other: "code varchar(20)"}, {other: "code varchar(30)"}, {other: "code varchar(20) COMMENT 'short'"}, {other: "code varchar(20), CONSTRAINT others_code UNIQUE (code)"},
			{other: "code varchar(20), CONSTRAINT others_code UNIQUE (code)", column: "code varchar(20), CONSTRAINT things_code FOREIGN KEY (code) REFERENCES others (code)", value: "'c{}'"}},
		{{}, {behind: "ALTER TABLE things COMMENT = 'all of them'"}, {behind: "ALTER TABLE things COMMENT = 'it''s all'"}},
	}
	if k == throwaway.MariaDB { // what cascades do isn't in its log, so no shadow takes such a foreign key
		return s
	}
	return append(s,
		insideOf("KEY by_length ((char_length(name)))", "KEY by_length ((char_length(name) + 1))", "KEY by_length (id DESC) INVISIBLE"),
		columnOf("{}", false, "parent bigint, CONSTRAINT things_parent FOREIGN KEY (parent) REFERENCES others (id) ON DELETE CASCADE", "parent bigint, CONSTRAINT things_parent FOREIGN KEY (parent) REFERENCES others (id) ON DELETE SET NULL"))
}
