package integration

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/internal/tally"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// alteration is one ALTER TABLE and what it is done to.
type alteration struct {
	name  string
	alter string // what stands behind ALTER TABLE t
	// operation stands in alter's place: one of a change file, with the table as it is made in its new shape.
	operation string
	after     func(create string) string
	// table has other definitions for columns of the usual table, and further ones.
	table map[string]string
	// indexes stand in the place of the usual ones; the first is the key's.
	indexes []string
	tail    string // what stands behind the table's definition
	key     []string
	keyOf   func(n int64) []string // nil: id, given by the server
	email   func(n int) string
	draw    map[string]func(*rand.Rand) string
	of      map[string]func(n int64) string
	renamed map[string]string
	lossy   bool     // the way back gives other values
	ignore  []string // columns whose values nobody can foretell
	plain   bool     // a shape lacks a unique key: no REPLACE
	mode    string
	only    throwaway.Kind // the server that knows this SQL, if not both
	on      *usualTable    // nil: MySQL's and MariaDB's
	exit    int            // of plan, if not 0
	says    string
}

// usualTable is what a table is made of where an alteration doesn't say otherwise.
type usualTable struct {
	columns []definition // one of most types
	indexes []string
	draws   drawn
	// write makes the statement from lines and what stands behind them.
	write func(lines []string, tail string) string
	quote string
}

type definition struct{ name, text string }

func (u *usualTable) definition(name string) string {
	for _, d := range u.columns {
		if d.name == name {
			return d.text
		}
	}
	return ""
}

// mysqlTable has an AUTO_INCREMENT primary key and UNIQUE (email).
var mysqlTable = &usualTable{columns: usual, indexes: []string{"PRIMARY KEY (id)", "UNIQUE KEY email (email)", "KEY name (name)", "KEY state_born (state, born)"}, draws: draws, quote: "`",
	write: func(lines []string, tail string) string {
		if tail == "" {
			tail = "CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"
		}
		return "CREATE TABLE %s (\n  " + strings.ReplaceAll(strings.Join(lines, ",\n  "), "%", "%%") + "\n) ENGINE=InnoDB " + tail
	}}

func (a alteration) usual() *usualTable {
	if a.on != nil {
		return a.on
	}
	return mysqlTable
}

var usual = []definition{
	{"id", "BIGINT NOT NULL AUTO_INCREMENT"},
	{"email", "VARCHAR(60) NULL"},
	{"hits", "INT NOT NULL DEFAULT 0"},
	{"name", "VARCHAR(80) NOT NULL DEFAULT 'nobody'"},
	{"small", "SMALLINT UNSIGNED NULL"},
	{"full", "INT NULL DEFAULT 5"},
	{"amount", "DECIMAL(12,4) NOT NULL DEFAULT 0"},
	{"ratio", "DOUBLE NULL"},
	{"single", "FLOAT NULL"},
	{"state", "ENUM('new','paid','sent') NOT NULL DEFAULT 'new'"},
	{"flags", "SET('a','b','c') NULL"},
	{"doc", "JSON NULL"},
	{"born", "DATETIME(3) NULL"},
	{"seen", "TIMESTAMP(6) NULL"},
	{"day", "DATE NULL"},
	{"clock", "TIME(2) NULL"},
	{"made", "YEAR NULL"},
	{"data", "VARBINARY(40) NULL"},
	{"fixed", "BINARY(8) NULL"},
	{"note", "TEXT NULL"},
	{"mask", "BIT(12) NULL"},
}

// oneOf draws one of some literals.
func oneOf(list ...string) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return list[r.IntN(len(list))] }
}

// or draws NULL now and then.
func or(null int, f func(*rand.Rand) string) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		if r.IntN(null) == 0 {
			return "NULL"
		}
		return f(r)
	}
}

func format(pattern string, n int) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return fmt.Sprintf(pattern, r.IntN(n)) }
}

var draws = drawn{
	"name":   oneOf("'Zoë'", "'日本語'", "'😀 smile'", "''", "'trailing  '", `'O''Hara \\ "q"'`, "'bob'", "'Bob'", "'a\\nb'", "'NULL'"),
	"small":  or(6, oneOf("0", "1", "255", "32767", "32768", "65535")),
	"full":   oneOf("0", "-1", "7", "2147483647", "-2147483648"),
	"amount": oneOf("0", "-0.0001", "1.5", "99999999.9999", "-99999999.9999", "12.3456"),
	"ratio":  or(6, oneOf("0.1", "-1e300", "1e-300", "3", "0.30000000000000004", "-0.0")),
	"single": or(6, oneOf("0.1", "16777217", "-1.5e30", "3")),
	"state":  oneOf("'new'", "'paid'", "'sent'"),
	"flags":  or(6, oneOf("''", "'a'", "'a,c'", "'a,b,c'")),
	"doc":    or(6, oneOf(`'{"a": 1, "b": [true, null]}'`, `'[1.5, -3, 18446744073709551615, 1e20]'`, `'"x y"'`, `'null'`, `'{}'`, `'{"z": "日本😀"}'`)),
	"born":   or(6, oneOf("'2020-02-29 23:59:59.999'", "'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'", "'2024-03-31 02:30:00.5'")),
	"seen":   or(6, oneOf("'2020-02-28 23:59:59.999999'", "'1971-01-01 00:00:01'", "'2037-12-31 12:00:00.000001'", "'2024-10-27 02:30:00'")),
	"day":    or(6, oneOf("'2020-02-29'", "'1000-01-01'", "'9999-12-31'")),
	"clock":  or(6, oneOf("'-838:59:59'", "'838:59:59'", "'00:00:00.01'", "'-00:00:01.5'", "'12:34:56'")),
	"made":   or(6, oneOf("1901", "2155", "2024", "0")),
	"data":   or(6, oneOf("x''", "x'00'", "x'0000ff'", "x'e697a5'", "'text'", "x'2720'")),
	"fixed":  or(6, oneOf("x'0000000000000000'", "x'01'", "x'ffffffffffffffff'", "'abc '")),
	"note":   or(6, oneOf("''", "'line'", "'日本語 text'", "REPEAT('long ', 400)", "'😀'")),
	"mask":   or(6, oneOf("b'0'", "b'111111111111'", "b'100000000001'")),
}

// subject is the table as the application knows it.
func (a alteration) subject() tally.Subject {
	s := tally.Subject{Create: a.create(), Email: a.column("email"), Hits: a.column("hits"), EmailOf: a.email, Upsert: !a.plain, Mode: a.mode}
	key := a.key
	if a.keyOf == nil {
		key = []string{"id"}
		s.Auto, s.KeyOf = true, func(n int64) []string { return []string{fmt.Sprint(n)} }
	} else {
		s.KeyOf = a.keyOf
	}
	for _, k := range key {
		s.Key = append(s.Key, a.column(k))
	}
	for _, name := range a.columns() {
		c := a.column(name)
		if c.Draw = a.drawn(name); c.Draw == nil && c.Of == nil || slices.Contains(key, name) {
			continue
		}
		s.Columns = append(s.Columns, c)
	}
	return s
}

func (a alteration) drawn(name string) func(*rand.Rand) string {
	if f, ok := a.draw[name]; ok {
		return f // nil: the application doesn't know the column
	}
	return a.usual().draws[name]
}

func (a alteration) column(name string) tally.Column {
	return tally.Column{Name: name, New: a.renamed[name], Of: a.of[name]}
}

// columns are the usual ones, then those that only this table has.
func (a alteration) columns() []string {
	var out, more []string
	for _, u := range a.usual().columns {
		if d, ok := a.table[u.name]; !ok || d != "" {
			out = append(out, u.name)
		}
	}
	for name := range a.table {
		if a.usual().definition(name) == "" {
			more = append(more, name)
		}
	}
	slices.Sort(more)
	return append(out, more...)
}

func (a alteration) create() string {
	u := a.usual()
	var lines []string
	for _, name := range a.columns() {
		text := a.table[name]
		if text == "" {
			text = u.definition(name)
		}
		lines = append(lines, u.quote+name+u.quote+" "+text)
	}
	if a.indexes != nil {
		return u.write(append(lines, a.indexes...), a.tail)
	}
	return u.write(append(lines, u.indexes...), a.tail)
}
