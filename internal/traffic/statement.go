package traffic

import (
	"fmt"
	"strings"
)

// statements of one application version on one server. Every write increments
// the row's version in the statement itself.
type dialect struct {
	postgres bool
	columns  []string
}

// mark is the n-th parameter, from 1.
func (d dialect) mark(n int) string {
	if d.postgres {
		return fmt.Sprintf("$%d", n)
	}
	return "?"
}

func (d dialect) marks(from, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = d.mark(from + i)
	}
	return strings.Join(out, ", ")
}

func (d dialect) list() string { return strings.Join(d.columns, ", ") }

// returning asks for the versions where the server can tell them at once.
func (d dialect) returning(q string) string {
	if d.postgres {
		return q + " RETURNING id, version"
	}
	return q
}

func (d dialect) assignments(set []bool, from int) string {
	var out []string
	for i, c := range d.columns {
		if set[i] {
			out = append(out, fmt.Sprintf("%s = %s", c, d.mark(from+len(out))))
		}
	}
	return strings.Join(append(out, "version = version + 1"), ", ")
}

func (d dialect) update(set []bool, ids int) string {
	n := 1
	for _, s := range set {
		if s {
			n++
		}
	}
	where := "id = " + d.mark(n)
	if ids > 1 {
		where = "id IN (" + d.marks(n, ids) + ")"
	}
	return d.returning(fmt.Sprintf("UPDATE users SET %s WHERE %s", d.assignments(set, 1), where))
}

func (d dialect) rekey() string {
	set := make([]bool, len(d.columns))
	for i := range set {
		set[i] = true
	}
	n := len(set) + 1
	return d.returning(fmt.Sprintf("UPDATE users SET %s, email = %s WHERE id = %s", d.assignments(set, 1), d.mark(n), d.mark(n+1)))
}

func (d dialect) touch() string {
	return d.returning(fmt.Sprintf("UPDATE users SET note = %s, version = version + 1 WHERE id = %s", d.mark(1), d.mark(2)))
}

// swapCase changes nothing but the case of one letter: no difference at all
// under most collations.
func (d dialect) swapCase(from, to string) string {
	var out []string
	for _, c := range d.columns {
		out = append(out, fmt.Sprintf("%s = replace(%s, '%s', '%s')", c, c, from, to))
	}
	return d.returning(fmt.Sprintf("UPDATE users SET %s, version = version + 1 WHERE id = %s", strings.Join(out, ", "), d.mark(1)))
}

func (d dialect) insert(rows int, named bool) string {
	columns, width := "email, note", 2
	if named {
		columns, width = columns+", "+d.list(), width+len(d.columns)
	}
	tuples := make([]string, rows)
	for i := range tuples {
		tuples[i] = "(" + d.marks(1+i*width, width) + ")"
	}
	return d.returning(fmt.Sprintf("INSERT INTO users (%s) VALUES %s", columns, strings.Join(tuples, ", ")))
}

func (d dialect) insertSelect() string {
	n := 2 + len(d.columns)
	return d.returning(fmt.Sprintf("INSERT INTO users (email, note, %s) SELECT %s FROM teams WHERE id = %s", d.list(), d.marks(1, n), d.mark(n+1)))
}

// upsert inserts with a given id and version, or updates the row that is there.
func (d dialect) upsert() string {
	var out []string
	for _, c := range d.columns {
		if d.postgres {
			out = append(out, fmt.Sprintf("%s = EXCLUDED.%s", c, c))
		} else {
			out = append(out, fmt.Sprintf("%s = VALUES(%s)", c, c))
		}
	}
	set := strings.Join(append(out, "version = users.version + 1"), ", ")
	if d.postgres {
		return d.returning(d.withID("INSERT") + " ON CONFLICT (id) DO UPDATE SET " + set)
	}
	return d.withID("INSERT") + " ON DUPLICATE KEY UPDATE " + set
}

// withID is an INSERT or REPLACE of one row whose id and version are given.
func (d dialect) withID(verb string) string {
	return fmt.Sprintf("%s INTO users (id, email, version, %s) VALUES (%s)", verb, d.list(), d.marks(1, 3+len(d.columns)))
}

func (d dialect) delete() string { return "DELETE FROM users WHERE id = " + d.mark(1) }

func (d dialect) versions(ids int, lock bool) string {
	q := fmt.Sprintf("SELECT id, version FROM users WHERE id IN (%s)", d.marks(1, ids))
	if lock {
		q += " FOR UPDATE"
	}
	return q
}

func (d dialect) read(ids int) string {
	return fmt.Sprintf("SELECT id, version, %s FROM users WHERE id IN (%s)", d.list(), d.marks(1, ids))
}

func (d dialect) find() string {
	return fmt.Sprintf("SELECT id, version, %s FROM users WHERE %s = %s ORDER BY id LIMIT 10", d.list(), d.columns[0], d.mark(1))
}
