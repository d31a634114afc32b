package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// branches cuts a query at UNION, EXCEPT and INTERSECT outside of parentheses.
func branches(t []lint.Token) [][]lint.Token {
	var out [][]lint.Token
	from, depth := 0, 0
	for i := 0; i <= len(t); i++ {
		switch {
		case i == len(t):
			out = append(out, t[from:])
		case t[i].Is("("):
			depth++
		case t[i].Is(")"):
			depth--
		case depth == 0 && (t[i].Is("UNION") || t[i].Is("EXCEPT") || t[i].Is("INTERSECT")):
			out = append(out, t[from:i])
			if i+1 < len(t) && (t[i+1].Is("ALL") || t[i+1].Is("DISTINCT")) {
				i++
			}
			from = i + 1
		}
	}
	return out
}

// uneven: the parts of a UNION have different numbers of columns.
func uneven(text string) string {
	t := Syntax.Tokens(text)
	for len(t) > 0 && !t[0].Is("SELECT") {
		if t[0].Is("WITH") || t[0].Is("(") && len(t) > 1 && t[1].Is("SELECT") {
			return ""
		}
		t = t[1:]
	}
	parts := branches(t)
	if len(parts) < 2 {
		return ""
	}
	width := -1
	for _, p := range parts {
		if len(p) == 0 || !p[0].Is("SELECT") {
			return ""
		}
		q := readQuery(text[p[0].Start:p[len(p)-1].End])
		if q.star || len(q.names) == 0 {
			return ""
		}
		if width >= 0 && width != len(q.names) {
			return fmt.Sprintf("the parts of a UNION have %d columns and %d", width, len(q.names))
		}
		width = len(q.names)
	}
	return ""
}

// nameFaults looks at the names of one plain SELECT: a table that it doesn't read in front of a column, a column that two of its tables have.
func (j *judge) nameFaults(text string) []string {
	t := Syntax.Tokens(text)
	list := sources(t)
	if len(list) != 1 || len(list[0].from) == 0 || after(t, "WITH", "LATERAL", "JSON_TABLE", "UNION", "EXCEPT", "INTERSECT") {
		return nil
	}
	s, begin := list[0], slices.IndexFunc(t, func(x lint.Token) bool { return x.Is("SELECT") })
	from := slices.IndexFunc(t, func(x lint.Token) bool { return x.Is("FROM") })
	if from < begin {
		return nil
	}
	var out []string
	joined := false // between FROM and what follows the tables
	for i := begin; i+2 < len(t); i++ {
		if i >= from {
			joined = (joined || i == from || t[i].Is("JOIN")) && !t[i].Is("WHERE") && !t[i].Is("ON") && !t[i].Is("GROUP") && !t[i].Is("ORDER") && !t[i].Is("HAVING")
		}
		if joined {
			continue
		}
		qualified := ident(t[i]) && t[i+1].Is(".") && (ident(t[i+2]) || t[i+2].Is("*")) && !(i > 0 && t[i-1].Is(".")) && !(i+3 < len(t) && (t[i+3].Is(".") || t[i+3].Is("(")))
		if qualified && !slices.Contains(s.names, lower(t[i].Value())) {
			out = append(out, "it reads no table "+quote(t[i].Value()))
		}
	}
	if n := j.ambiguous(s, t, begin, from); n != "" {
		out = append(out, "two of its tables have a column "+quote(n))
	}
	return out
}

// ambiguous is a column of the select list that stands alone and that two tables have.
func (j *judge) ambiguous(s source, t []lint.Token, begin, from int) string {
	if len(s.from) < 2 || after(t, "USING", "NATURAL") {
		return ""
	}
	holders := map[string]int{}
	for _, id := range s.from {
		cols, ok := j.columnsOf(id)
		if !ok {
			return ""
		}
		for _, n := range cols {
			holders[lower(n)]++
		}
	}
	for _, item := range cutBy(t[begin+1:from], ",") {
		if len(item) > 0 && (item[0].Is("DISTINCT") || item[0].Is("ALL")) {
			item = item[1:]
		}
		alone := len(item) == 1 || len(item) == 3 && item[1].Is("AS")
		if alone && ident(item[0]) && holders[lower(item[0].Value())] > 1 {
			return item[0].Value()
		}
	}
	return ""
}

// orderFaults looks at the plain names behind GROUP BY and ORDER BY of a SELECT from one table.
func (j *judge) orderFaults(q query, text string) []string {
	t := Syntax.Tokens(text)
	if !q.simple || len(q.from) != 1 || after(t, "WITH", "OVER", "WINDOW") {
		return nil
	}
	cols, ok := j.columnsOf(q.from[0])
	if !ok {
		return nil
	}
	var out []string
	for i := 0; i+2 < len(t); i++ {
		if depthOf(t[:i]) > 0 || !t[i+1].Is("BY") || !t[i].Is("GROUP") && !t[i].Is("ORDER") {
			continue
		}
		for _, item := range cutBy(t[i+2:], ",") {
			if len(item) == 0 || !ident(item[0]) || len(item) > 1 && !slices.ContainsFunc([]string{"ASC", "DESC", "LIMIT", "HAVING", "ORDER"}, item[1].Is) {
				break
			}
			if n := item[0].Value(); !holds(cols, n) && !holds(q.names, n) {
				out = append(out, quoted(q.from[0])+" has no column "+quote(n))
			}
			if len(item) > 1 && !item[1].Is("ASC") && !item[1].Is("DESC") {
				break
			}
		}
	}
	return out
}

// readsItself: MySQL changes no rows of a table that a query of the same statement reads, unless the query is a table of its own. MariaDB does.
func (c *call) readsItself() []string {
	if c.maria || c.verb != "UPDATE" && c.verb != "DELETE" {
		return nil
	}
	t := tokens(c.s.Text)
	var derived []bool // of each level of parentheses
	for i := range t {
		switch {
		case t[i].Is("("):
			d := i > 0 && (t[i-1].Is("AS") || t[i-1].Is("FROM") || t[i-1].Is("JOIN") || t[i-1].Is(",") && i+1 < len(t) && t[i+1].Is("SELECT") && after(t[:i], "FROM"))
			derived = append(derived, d)
		case t[i].Is(")") && len(derived) > 0:
			derived = derived[:len(derived)-1]
		case (t[i].Is("FROM") || t[i].Is("JOIN")) && len(derived) > 0 && !slices.Contains(derived, true) && i+1 < len(t) && ident(t[i+1]):
			id := schema.Ident{Name: t[i+1].Value()}
			plain := i+2 >= len(t) || !t[i+2].Is(".") && !t[i+2].Is("(")
			if plain && same(id.Name, c.table.Name) && after(t[:i], "SELECT") {
				return []string{"a query of it reads " + quoted(c.table) + ", which it changes; in FROM (SELECT …) AS x it may"}
			}
		}
	}
	return nil
}

// absentPartition is a partition that a statement names behind its table and that the table doesn't have.
func (c *call) absentPartition() []string {
	t := tokens(c.s.Text)
	for i := 0; i+2 < len(t); i++ {
		if !t[i+1].Is("PARTITION") || !t[i+2].Is("(") || !ident(t[i]) {
			continue
		}
		k := c.relation(schema.Ident{Name: t[i].Value()})
		if k == nil || k.Partial || k.Kind != "table" {
			continue
		}
		if !k.Partitioned {
			return []string{quoted(k.Ident) + " isn't partitioned"}
		}
		p := readPartitioning(k.Bound)
		if len(p.parts) == 0 {
			continue
		}
		for n := i + 3; n < len(t) && !t[n].Is(")"); n++ {
			if ident(t[n]) && p.find(t[n].Value()) < 0 && !p.cutAgain {
				return []string{"there is no partition " + quote(t[n].Value())}
			}
		}
	}
	return nil
}

// readState says how a SELECT doesn't fit the schema.
func (c *call) readState() []string {
	var out []string
	if why := uneven(c.s.Text); why != "" {
		out = append(out, why)
	}
	if c.severalInto() {
		out = append(out, "more than one row is read, and a variable takes one: LIMIT 1 reads one")
	}
	out = append(append(out, c.selectFaults()...), c.nameFaults(c.s.Text)...)
	return append(out, c.absentPartition()...)
}

// severalInto: SELECT … INTO a variable reads every row of a table in use.
func (c *call) severalInto() bool {
	t := tokens(c.s.Text)
	i := slices.IndexFunc(t, func(x lint.Token) bool { return x.Is("INTO") })
	if i < 0 || i+1 >= len(t) || !strings.HasPrefix(t[i+1].Text, "@") || len(c.from) != 1 || !c.live(c.from[0]) || len(c.where) > 0 || c.limited {
		return false
	}
	k := c.relation(c.from[0])
	return k != nil && k.Kind == "table" && !after(t, "GROUP", "DISTINCT", "LIMIT", "UNION", "HAVING") && !slices.ContainsFunc(t, func(x lint.Token) bool { return aggregate(x.Text) })
}
