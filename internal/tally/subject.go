package tally

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Gone is the new name of a column that the new shape doesn't have.
const Gone = "-"

// Column is a column under both shapes.
type Column struct {
	Name string
	New  string // its name in the new shape; "": the same
	// Draw makes a value as a literal of SQL.
	Draw func(*rand.Rand) string
	// Of, if set, makes the value from the row's key instead.
	Of func(n int64) string
}

// Subject is a table and how the application writes to it.
type Subject struct {
	Create string // with %s for the table's name
	Key    []Column
	// KeyOf makes the literals of a key; different numbers make different keys.
	KeyOf   func(n int64) []string
	Auto    bool // the key is AUTO_INCREMENT: the server chooses it in inserts
	Columns []Column
	Email   Column // unique, or NULL; the application sees to it that it is
	EmailOf func(n int) string
	Hits    Column // the counter
	// Upsert: both shapes have a unique index on the key and on email, and no other
	// unique index, so that REPLACE and ON DUPLICATE KEY UPDATE mean the same.
	Upsert bool
	Mode   string // the application's sql_mode; "" is the server's

	quote func(string) string
}

// Table is the name of the table.
const Table = "items"

// shape is which names columns have.
type shape int

const (
	before shape = iota
	after
)

func (c Column) in(s shape) string {
	if s == after && c.New != "" {
		return c.New
	}
	return c.Name
}

func (s *Subject) create(table string) string { return fmt.Sprintf(s.Create, table) }

// where is the condition for some keys.
func (s *Subject) where(sh shape, keys ...int64) string {
	var names, tuples []string
	for _, k := range s.Key {
		names = append(names, s.quote(k.in(sh)))
	}
	for _, n := range keys {
		tuples = append(tuples, tuple(s.KeyOf(n)))
	}
	return tuple(names) + " IN (" + strings.Join(tuples, ", ") + ")"
}

func tuple(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return "(" + strings.Join(list, ", ") + ")"
}

func (s *Subject) email(n int) string {
	switch {
	case n == 0:
		return "NULL"
	case s.EmailOf != nil:
		return s.EmailOf(n)
	}
	return fmt.Sprintf("'u%d@example.com'", n)
}

func (s *Subject) draw(r *rand.Rand, n int64) []string {
	out := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		out[i] = s.value(r, c, n)
	}
	return out
}

func (s *Subject) value(r *rand.Rand, c Column, n int64) string {
	if c.Of != nil {
		return c.Of(n)
	}
	return c.Draw(r)
}

// insert is the names and values of a row; without its key when the server chooses it.
func (s *Subject) insert(sh shape, n int64, r *row, key bool) (names, values []string) {
	add := func(c Column, v string) {
		if name := c.in(sh); name != Gone {
			names, values = append(names, s.quote(name)), append(values, v)
		}
	}
	if key {
		for i, v := range s.KeyOf(n) {
			add(s.Key[i], v)
		}
	}
	add(s.Email, s.email(r.email))
	add(s.Hits, fmt.Sprint(r.hits))
	for i, c := range s.Columns {
		add(c, r.values[i])
	}
	return names, values
}
