package mysql

import (
	"slices"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// source is one SELECT of a statement: the tables behind its FROM and its condition.
type source struct {
	from  []schema.Ident
	names []string // by which its condition may call them
	where []lint.Token
	part  int // which one is read: 0 the list, 1 FROM, 2 WHERE, 3 what follows
	begin int // of the condition
}

// sources finds every SELECT of a statement, those inside of others, too.
func sources(t []lint.Token) []source {
	var out []source
	open := []int{-1} // the SELECT of each level of parentheses
	end := func(level, at int) {
		if n := open[level]; n >= 0 && out[n].part == 2 {
			out[n].where = t[out[n].begin:at]
			out[n].part = 3
		}
	}
	for i := range t {
		top := len(open) - 1
		switch {
		case t[i].Is("("):
			open = append(open, -1)
		case t[i].Is(")") && top > 0:
			end(top, i)
			open = open[:top]
		case t[i].Is("SELECT"):
			end(top, i)
			out = append(out, source{})
			open[top] = len(out) - 1
		case open[top] >= 0:
			if s := &out[open[top]]; s.part > 0 && endsCondition(t, i) {
				end(top, i)
				s.part = 3
			} else {
				s.read(t, i)
			}
		}
	}
	for level := range open {
		end(level, len(t))
	}
	return out
}

func (s *source) read(t []lint.Token, i int) {
	switch {
	case s.part == 0 && t[i].Is("FROM"), s.part == 1 && (t[i].Is("JOIN") || t[i].Is("STRAIGHT_JOIN") || t[i].Is(",")):
		s.part = 1
		s.table(t[i+1:])
	case s.part <= 1 && t[i].Is("WHERE"):
		s.part, s.begin = 2, i+1
	}
}

// table reads a table's name and what may be its alias.
func (s *source) table(t []lint.Token) {
	if len(t) == 0 || !ident(t[0]) || t[0].Is("DUAL") || t[0].Is("LATERAL") || len(t) > 1 && t[1].Is("(") {
		return
	}
	id := schema.Ident{Name: t[0].Value()}
	t = t[1:]
	if len(t) > 1 && t[0].Is(".") {
		id = schema.Ident{Schema: id.Name, Name: t[1].Value()}
		t = t[2:]
	}
	s.from, s.names = append(s.from, id), append(s.names, lower(id.Name))
	if len(t) > 0 && t[0].Is("AS") {
		t = t[1:]
	}
	if len(t) > 0 && ident(t[0]) {
		s.names = append(s.names, lower(t[0].Value()))
	}
}

// condition is the WHERE in which columns of queries around it are values.
func (s *source) condition() []lint.Token {
	out := make([]lint.Token, 0, len(s.where))
	for i := 0; i < len(s.where); i++ {
		if t := s.where[i]; i+2 < len(s.where) && ident(t) && s.where[i+1].Is(".") && ident(s.where[i+2]) && !slices.Contains(s.names, lower(t.Value())) {
			out = append(out, lint.Token{Kind: lint.String, Text: "''", Start: t.Start, End: s.where[i+2].End})
			i += 2
			continue
		}
		out = append(out, s.where[i])
	}
	return out
}

// readsAll is a table in use of which a query reads a part that grows with it.
func (c *call) readsAll(s source) (schema.Ident, bool) {
	w := s.condition()
	if never(w) || len(s.from) > 1 && bounded(w) || len(s.from) == 1 && c.bounds(s.from[0], w) {
		return schema.Ident{}, false
	}
	for _, id := range s.from {
		if c.live(id) && !named(Syntax.Tokens(c.s.Text), id.Name) {
			return id, true
		}
	}
	return schema.Ident{}, false
}

// joinsOwn: an UPDATE joins, by a key of the table in use, a table that the file has made for it.
func (c *call) joinsOwn() bool {
	t := Syntax.Tokens(c.s.Text)
	set := slices.IndexFunc(t, func(x lint.Token) bool { return x.Is("SET") })
	k := c.relation(c.table)
	if c.verb != "UPDATE" || set < 0 || !whole(k) || after(t[:set], "LEFT", "RIGHT", "OUTER", "ON", ",") {
		return false
	}
	own, keyed := false, false
	for i := 0; i+2 < set; i++ {
		switch {
		case t[i].Is("JOIN"):
			other := c.relation(schema.Ident{Name: t[i+1].Value()})
			own = own || other != nil && other.Fresh
		case t[i].Is("USING") && t[i+1].Is("("):
			keyed = keyed || leads(k, t[i+2].Value())
		}
	}
	return own && keyed
}
