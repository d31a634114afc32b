package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// bounds reports whether a condition keeps a statement to a part of a table that doesn't grow with it. Where the whole table is known
// an index has to lead there, too: without one every row is read, and locked.
func (j *judge) bounds(id schema.Ident, where []lint.Token) bool {
	if never(where) {
		return true
	}
	if !bounded(where) {
		return false
	}
	k := j.relation(id)
	return !whole(k) || k.Kind == "view" || led(k, where) && j.boundsLists(where)
}

// boundsLists: the query behind IN reads no more than a part of its table, either. Its rows are locked like those of the statement, but
// under READ COMMITTED.
func (j *judge) boundsLists(where []lint.Token) bool {
	for i := 0; i+2 < len(where) && !j.committed; i++ {
		if !where[i].Is("IN") || !where[i+1].Is("(") || !where[i+2].Is("SELECT") {
			continue
		}
		end := matching(where[i+1:])
		if end < 0 {
			return true
		}
		query := where[i+2 : i+1+end]
		from := readTables(query)
		if len(from) == 1 && whole(j.relation(from[0])) && j.live(from[0]) && !limits(query) && !j.bounds(from[0], whereOf(query)) {
			return false
		}
	}
	return true
}

// never: the condition is false for every row.
func never(where []lint.Token) bool {
	where = unwrapped(where)
	return len(where) == 1 && (where[0].Is("FALSE") || where[0].Text == "0") || len(where) == 3 && where[1].Is("=") && where[0].Kind == lint.Number && where[2].Kind == lint.Number && where[0].Text != where[2].Text
}

// led reports whether an index of the table leads to the few rows of a condition.
func led(k *lint.Relation, w []lint.Token) bool {
	w = unwrapped(w)
	if parts := splitBy(w, "OR", "||"); len(parts) > 1 {
		for _, p := range parts {
			if !led(k, p) {
				return false
			}
		}
		return true
	}
	ends := map[string]int{} // 1: a lower, 2: an upper bound
	for _, p := range splitBy(w, "AND", "&&") {
		p = unwrapped(p)
		if len(splitBy(p, "OR", "AND", "||", "&&")) > 1 {
			if led(k, p) {
				return true
			}
			continue
		}
		low, high, all := comparison(p)
		col := k.Column(compared(p))
		if col == nil || !leads(k, col.Name) {
			continue
		}
		t, ok := parseType(col.Type)
		switch {
		case ok && t.text() && misread(p):
			continue // a text is compared with a number: every row is converted first
		case all && (!few(t) || uniqueOn(k, col.Name)):
			return true
		case low:
			ends[lower(col.Name)] |= 1
		case high:
			ends[lower(col.Name)] |= 2
		}
		if n := ends[lower(col.Name)]; n == 3 || n == 2 && t.integer() {
			return true
		}
	}
	return false
}

// unwrapped takes parentheses around the whole away.
func unwrapped(p []lint.Token) []lint.Token {
	for len(p) > 2 && p[0].Is("(") && matching(p) == len(p)-1 {
		p = p[1 : len(p)-1]
	}
	return p
}

// compared is the one column that stands by itself on one side of a comparison, "" where there is none.
func compared(p []lint.Token) string {
	at := -1
	for i, t := range p {
		if t.Is("=") || t.Is("<") || t.Is(">") || t.Is("IN") || t.Is("BETWEEN") || t.Is("LIKE") {
			at = i
			break
		}
	}
	if at < 0 {
		return ""
	}
	if n := bareColumn(p[:at]); n != "" {
		return n
	}
	end := at + 1
	for end < len(p) && (p[end].Is("=") || p[end].Is(">")) {
		end++
	}
	return bareColumn(p[end:])
}

func bareColumn(p []lint.Token) string {
	p = unwrapped(p)
	switch {
	case len(p) == 1 && (ident(p[0]) || unit(p[0].Text)):
		return p[0].Value()
	case len(p) == 3 && p[1].Is(".") && (ident(p[2]) || unit(p[2].Text)):
		return p[2].Value()
	case len(p) == 5 && p[1].Is(".") && p[3].Is(".") && ident(p[4]):
		return p[4].Value()
	}
	return ""
}

// leads: an index that can be looked into begins with the column.
func leads(k *lint.Relation, column string) bool {
	for _, x := range k.Indexes {
		if x.Method == "" && !x.Invisible && len(x.Columns) > 0 && same(x.Columns[0].Name, column) {
			return true
		}
	}
	return false
}

// few: the type has so few values that each of them stands in a large part of the rows.
func few(t typ) bool {
	return t.name == "enum" || t.name == "set" || t.name == "bit" && t.arg(0, 1) < 8 || t.name == "tinyint" && t.arg(0, 4) == 1
}

// misread: the comparison is with a number, or with a pattern that begins with a wildcard.
func misread(p []lint.Token) bool {
	last := p[len(p)-1]
	return withNumber(p) || len(p) > 1 && p[len(p)-2].Is("LIKE") && strings.IndexAny(last.Value(), "%_") == 0
}
