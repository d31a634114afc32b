package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// query is the SELECT of a view or a CREATE TABLE, as far as it can be told without a parser of queries.
type query struct {
	names []string // of the result's columns; "" where it isn't known
	plain []string // the columns that are named as they are, qualified or not
	from  []schema.Ident
	star  bool
	// simple: one SELECT without joins of unknown kind, unions and queries inside.
	simple   bool
	listed   []string // the view's own list of names
	variable bool
	history  bool // FOR SYSTEM_TIME
	part     bool // a.*: all columns of one of the tables
}

// readQuery reads "[(a, b)] AS SELECT …".
func readQuery(text string) query {
	c := newCursor(text)
	q := query{}
	if c.at("(") && !c.peek(1).Is("SELECT") {
		in := c.inside()
		for !in.done() {
			q.listed = append(q.listed, in.name())
			if !in.take(",") {
				break
			}
		}
	}
	c.take("AS")
	if !c.take("SELECT") {
		return q
	}
	q.simple = true
	c.any("DISTINCT", "ALL", "SQL_NO_CACHE", "STRAIGHT_JOIN")
	for _, t := range c.t[c.i:] {
		if t.Is("SELECT") || t.Is("UNION") || t.Is("EXCEPT") || t.Is("INTERSECT") {
			q.simple = false
		}
		q.history = q.history || t.Is("SYSTEM_TIME")
		q.variable = q.variable || t.Kind == lint.Word && strings.HasPrefix(t.Text, "@")
	}
	q.items(c)
	if c.take("FROM") {
		q.sources(c)
	}
	return q
}

// items reads the select list up to FROM.
func (q *query) items(c *cursor) {
	for !c.done() {
		start, depth := c.i, 0
		for ; c.i < len(c.t); c.i++ {
			t := c.t[c.i]
			if t.Is("(") {
				depth++
			}
			if t.Is(")") {
				depth--
			}
			if depth == 0 && (t.Is(",") || t.Is("FROM") || t.Is("WHERE") || t.Is("LIMIT") || t.Is("UNION")) {
				break
			}
		}
		q.item(c.t[start:c.i])
		if !c.take(",") {
			return
		}
	}
}

func (q *query) item(t []lint.Token) {
	n := len(t)
	if n == 0 {
		return
	}
	name := ""
	switch {
	case t[n-1].Is("*") && (n == 1 || t[n-2].Is(".")):
		q.star = true
		q.part = q.part || n > 1
		return
	case n == 1 && ident(t[0]), n == 3 && t[1].Is(".") && ident(t[2]):
		name = t[n-1].Value()
		q.plain = append(q.plain, name)
	case n >= 3 && t[n-2].Is("AS"):
		name = t[n-1].Value()
		if n == 3 && ident(t[0]) || n == 5 && t[1].Is(".") {
			q.plain = append(q.plain, t[n-3].Value())
		}
	case n >= 2 && ident(t[n-1]) && (t[n-2].Is(")") || ident(t[n-2])):
		name = t[n-1].Value()
	}
	q.names = append(q.names, name)
}

func ident(t lint.Token) bool {
	return t.Kind == lint.Quoted || t.Kind == lint.Word && !strings.HasPrefix(t.Text, "@") && !operatorWord(t.Text) && !now(t.Text)
}

// sources reads the tables behind FROM and JOIN.
func (q *query) sources(c *cursor) {
	for k := c.i - 1; k+1 < len(c.t); k++ {
		if !(c.t[k].Is("FROM") || c.t[k].Is("JOIN") || c.t[k].Is(",") && q.simple && depthOf(c.t[c.i:k]) == 0 && !after(c.t[c.i:k], "WHERE", "ORDER", "GROUP", "USING", "LIMIT")) {
			continue
		}
		if n := c.t[k+1]; (n.Kind == lint.Word && !n.Is("DUAL") && !n.Is("LATERAL") && !n.Is("JSON_TABLE") || n.Kind == lint.Quoted) && !(k+2 < len(c.t) && c.t[k+2].Is("(")) {
			id := schema.Ident{Name: n.Value()}
			if k+3 < len(c.t) && c.t[k+2].Is(".") {
				id = schema.Ident{Schema: id.Name, Name: c.t[k+3].Value()}
			}
			q.from = append(q.from, id)
		}
	}
}

func depthOf(t []lint.Token) int {
	d := 0
	for _, x := range t {
		if x.Is("(") {
			d++
		}
		if x.Is(")") {
			d--
		}
	}
	return d
}

func after(t []lint.Token, words ...string) bool {
	for _, x := range t {
		for _, w := range words {
			if x.Is(w) {
				return true
			}
		}
	}
	return false
}

// result are the names of a view's columns; ok is false where they can't be told.
func (j *judge) result(q query) (names []string, ok bool) {
	if len(q.listed) > 0 {
		return q.listed, true
	}
	names = append(names, q.names...)
	if q.part && len(q.from) != 1 {
		return nil, false
	}
	if q.star {
		for _, id := range q.from {
			cols, known := j.columnsOf(id)
			if !known {
				return nil, false
			}
			names = append(names, cols...)
		}
	}
	return names, len(names) > 0
}

// columnsOf are the columns of a table or a view, where all of them are known.
func (j *judge) columnsOf(id schema.Ident) ([]string, bool) {
	k := j.relation(id)
	if k == nil || k.Partial {
		return nil, false
	}
	if k.Kind == "view" {
		q := readQuery(k.Options["definition"])
		if q.star { // its columns were fixed when it was made
			return nil, false
		}
		names, ok := j.result(q)
		for _, n := range names {
			ok = ok && n != ""
		}
		return names, ok
	}
	var out []string
	for _, c := range k.Columns {
		out = append(out, c.Name)
	}
	return out, len(out) > 0
}

// queryFaults says why the query of a view, of a table that it makes, or by itself can't run.
func (j *judge) queryFaults(q query, view, makes bool) []string {
	var out []string
	for _, id := range q.from {
		if j.missing(id) && !(view && !q.simple) {
			out = append(out, "there is no table "+quoted(id))
		}
	}
	if j.maria && q.history && len(q.from) == 1 {
		if k := j.relation(q.from[0]); whole(k) && k.Kind == "table" && k.Options["system versioning"] == "" {
			out = append(out, quoted(q.from[0])+" isn't system-versioned")
		}
	}
	if view && q.variable {
		out = append(out, "a view can't hold a variable")
	}
	if len(q.from) == 1 && q.simple {
		if cols, ok := j.columnsOf(q.from[0]); ok {
			for _, n := range q.plain {
				if !holds(cols, n) && !j.historic(q.from[0], n) {
					out = append(out, quoted(q.from[0])+" has no column "+quote(n))
				}
			}
		}
	}
	names, ok := j.result(q)
	if !ok || !view && !makes {
		return out
	}
	if view && len(q.listed) > 0 && !q.star && q.simple && len(q.listed) != len(q.names) {
		out = append(out, "the view names another number of columns than its query has")
	}
	seen := map[string]bool{}
	for _, n := range names {
		if n != "" && seen[lower(n)] {
			out = append(out, "it has two columns "+quote(n))
		}
		seen[lower(n)] = true
	}
	return out
}

// copiedFaults says why INSERT … SELECT can't run: what it reads isn't there, or it gives another number of values than there are columns.
func (c *call) copiedFaults(k *lint.Relation) []string {
	cur := newCursor(c.s.Text)
	cur.skip()
	for cur.any("LOW_PRIORITY", "HIGH_PRIORITY", "IGNORE", "INTO") != "" {
	}
	cur.ident()
	columns := -1
	switch {
	case cur.at("(") && !cur.peek(1).Is("SELECT"):
		columns = len(values(cur.parens()))
	case whole(k) && k.Kind == "table" && !slices.ContainsFunc(k.Columns, func(col schema.Column) bool { return col.Invisible }):
		columns = len(k.Columns)
	}
	if cur.err != nil || !cur.at("SELECT") {
		return nil
	}
	from, end := cur.peek(0).Start, len(cur.text)
	for ; !cur.done(); cur.skip() {
		if cur.at("ON", "DUPLICATE") || cur.at("RETURNING") {
			end = cur.peek(0).Start
			break
		}
	}
	q := readQuery(cur.text[from:end])
	if !q.simple {
		return nil
	}
	out := c.queryFaults(q, false, false)
	if n := len(q.names); columns >= 0 && !q.star && n != columns {
		out = append(out, fmt.Sprintf("it selects %d values for %d columns", n, columns))
	}
	return out
}

// historic: the columns that every system-versioned table of MariaDB has beside its own.
func (j *judge) historic(id schema.Ident, name string) bool {
	k := j.relation(id)
	return k != nil && k.Options["system versioning"] != "" && (same(name, "row_start") || same(name, "row_end"))
}

func holds(list []string, name string) bool {
	for _, x := range list {
		if same(x, name) {
			return true
		}
	}
	return false
}
