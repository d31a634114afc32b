package lintset

import (
	"fmt"
	"regexp"
	"strings"
)

// relation is a table or a view as the client of the old schema knows it. Names are quoted.
type relation struct {
	name    string
	bare    string // as the catalog writes it
	view    bool
	columns []column
}

// column has a value for each row, by an expression of the row's number i.
type column struct {
	bare     string // as the catalog writes it
	name     string
	expr     string
	key      bool   // of the primary key
	number   bool   // its values are written without quotes
	required bool   // an INSERT must name it
	computed bool   // no statement of a client may write it
	filled   bool   // the table is filled with it
	text     string // the expression of its value as text
}

// fill makes rows 1 to n of a table; series is the server's way to count.
func (r relation) fill(insert, series string) string {
	var names, list []string
	for _, c := range r.columns {
		if c.filled {
			names, list = append(names, c.name), append(list, c.expr)
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) %s SELECT %s FROM %s", r.name, strings.Join(names, ", "), insert, strings.Join(list, ", "), series)
}

var rowNumber = regexp.MustCompile(`\bi\b`)

// at is an expression for one row.
func at(expr, row string) string { return rowNumber.ReplaceAllString(expr, row) }

// wrapped is the expression of a column that refers to a row of a table of n rows.
func wrapped(expr string, n int) string { return at(expr, fmt.Sprintf("((i - 1) %% %d + 1)", n)) }

// deed is a statement of the client; the same deed before and after the migration is done on other rows.
type deed struct {
	what string
	sql  string
	read bool
}

var verb = regexp.MustCompile(`^(SELECT .* FROM|\w+( INTO| FROM)?) (\S+)`)

// kind is the same for all reads of a relation, all its updates, inserts, deletes.
func (d deed) kind() string {
	m := verb.FindStringSubmatch(d.sql)
	if m == nil {
		return d.sql
	}
	return m[1][:3] + " " + m[3]
}

func (d deed) update() bool { return strings.HasPrefix(d.sql, "UPDATE ") }

// values gives a row's values as literals, one for each column of a relation.
type values func(row int) ([]string, error)

// key chooses a row: by the primary key, or else by the first column.
func (r relation) key(row []string) string {
	var parts []string
	for i, c := range r.columns {
		if c.key {
			parts = append(parts, c.name+" = "+row[i])
		}
	}
	if parts == nil {
		parts = append(parts, r.columns[0].name+" = "+row[0])
	}
	return strings.Join(parts, " AND ")
}

func (r relation) keyed(i int) bool { return r.columns[i].key || i == 0 }

func (r relation) names() string {
	var list []string
	for _, c := range r.columns {
		list = append(list, c.name)
	}
	return strings.Join(list, ", ")
}

// insert names the columns that chosen picks.
func (r relation) insert(row []string, chosen func(column) bool) string {
	var names, list []string
	for i, c := range r.columns {
		if !c.computed && chosen(c) {
			names, list = append(names, c.name), append(list, row[i])
		}
	}
	if names == nil {
		return ""
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", r.name, strings.Join(names, ", "), strings.Join(list, ", "))
}

// deeds are what an application does with a relation of n rows: it reads, inserts with all columns and with those that it must name,
// updates each column, deletes. shift moves the new rows and the deleted one. Rows of a number that ten divides hold NULLs.
func (r relation) deeds(v values, n, shift int) ([]deed, error) {
	var out []deed
	if r.view {
		return []deed{{"SELECT from " + r.name, fmt.Sprintf("SELECT %s FROM %s LIMIT 1", r.names(), r.name), true}}, nil
	}
	for k := 1; k <= 3; k++ {
		row, err := v(k)
		if err != nil {
			return nil, err
		}
		out = append(out, deed{"SELECT from " + r.name, r.read(row), true})
		for i := range r.columns {
			if sql := r.write(i, row); sql != "" {
				out = append(out, deed{"UPDATE of " + r.columns[i].name, sql, false})
			}
		}
	}
	for k := 7; k <= 10; k += 3 {
		row, err := v(n + shift*10 + k)
		if err != nil {
			return nil, err
		}
		all := r.insert(row, func(column) bool { return true })
		least := r.insert(row, func(c column) bool { return c.required })
		out = append(out, deed{"INSERT of all columns of " + r.name, all, false}, deed{"INSERT of the required columns of " + r.name, least, false})
	}
	last, err := v(n - shift)
	if err != nil {
		return nil, err
	}
	return append(out, deed{"DELETE from " + r.name, fmt.Sprintf("DELETE FROM %s WHERE %s", r.name, r.key(last)), false}), nil
}

func (r relation) read(row []string) string {
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s", r.names(), r.name, r.key(row))
}

// write updates column i to the value that the row has.
func (r relation) write(i int, row []string) string {
	if r.columns[i].computed || r.keyed(i) {
		return ""
	}
	return fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", r.name, r.columns[i].name, row[i], r.key(row))
}
