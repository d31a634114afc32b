package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// dml reads UPDATE and DELETE as far as is needed: the tables, the condition, a limit.
func (s *statement) dml(c *cursor, verb string) {
	s.verb, s.returning = verb, returningRows(c.t)
	for c.any2("LOW_PRIORITY", "QUICK", "IGNORE", "HISTORY") {
	}
	switch {
	case verb == "DELETE" && c.take("FROM"):
		s.table = c.ident()
		s.joined = c.at(",") || c.at("USING")
	case verb == "UPDATE":
		s.table = c.ident()
		s.joined = c.joins()
	default: // DELETE a, b FROM …
		s.table = c.ident()
		s.joined = true
	}
	s.condition(c)
}

// behindWith passes over the queries of a WITH; the verb is UPDATE or DELETE, or "" and nothing is passed over.
func (c *cursor) behindWith(first string) string {
	begin := c.i
	if first != "WITH" {
		return ""
	}
	c.take("RECURSIVE")
	for c.i+2 < len(c.t) {
		c.i++
		if c.at("(") {
			c.parens()
		}
		if !c.take("AS") || !c.at("(") {
			break
		}
		c.parens()
		if !c.take(",") {
			break
		}
	}
	if verb := c.any("UPDATE", "DELETE"); verb != "" && c.err == nil {
		return verb
	}
	c.i, c.err = begin, nil
	return ""
}

// joins reports whether another table comes before SET.
func (c *cursor) joins() bool {
	for n := 0; c.i+n < len(c.t); n++ {
		switch t := c.peek(n); {
		case t.Is("SET"):
			return false
		case t.Is("JOIN"), t.Is(","):
			return true
		}
	}
	return false
}

// condition finds WHERE and LIMIT on this level.
func (s *statement) condition(c *cursor) {
	depth := 0
	for ; c.i < len(c.t); c.i++ {
		t := c.t[c.i]
		switch {
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth--
		case depth == 0 && t.Is("WHERE"):
			s.where = c.t[c.i+1:]
			if k := conditionEnd(s.where); k < len(s.where) {
				s.limited = s.limited || limits(s.where[k:])
				s.where = s.where[:k]
			}
			c.i = len(c.t)
			return
		case depth == 0 && t.Is("LIMIT"):
			s.limited = true
		}
	}
}

// conditionEnd is where a WHERE ends on its own level.
func conditionEnd(t []lint.Token) int {
	depth := 0
	for i := range t {
		switch {
		case t[i].Is("("):
			depth++
		case t[i].Is(")"):
			depth--
		case depth == 0 && endsCondition(t, i):
			return i
		}
	}
	return len(t)
}

// endsCondition: what stands behind a WHERE begins at a token.
func endsCondition(t []lint.Token, i int) bool {
	w := t[i]
	return w.Is("ORDER") || w.Is("LIMIT") || w.Is("RETURNING") || w.Is("GROUP") || w.Is("HAVING") || locksHere(t, i) ||
		w.Is("ON") && i+1 < len(t) && t[i+1].Is("DUPLICATE") || w.Is("INTO")
}

// locksHere: FOR UPDATE and the like begin at a token.
func locksHere(t []lint.Token, i int) bool { return i+1 < len(t) && lockingWords(t[i:i+2]) }

func limits(t []lint.Token) bool {
	depth := 0
	for _, x := range t {
		switch {
		case x.Is("("):
			depth++
		case x.Is(")"):
			depth--
		case x.Is("LIMIT") && depth == 0:
			return true
		}
	}
	return false
}

// insert reads INSERT and REPLACE as far as a query in them.
func (s *statement) insert(c *cursor, verb string) {
	s.verb, s.returning = verb, returningRows(c.t)
	for c.any2("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO") {
	}
	s.table = c.ident()
	if c.at("(") && !c.peek(1).Is("SELECT") {
		c.parens()
	}
	for i := c.i; i+1 < len(c.t); i++ {
		if c.t[i].Is("ON") && c.t[i+1].Is("CONFLICT") {
			c.i = i
			c.fail("ON DUPLICATE KEY UPDATE")
			return
		}
	}
	s.duplicates(c)
	if c.at("SELECT") || c.at("WITH") || c.at("(") || c.at("TABLE") {
		s.selects = true
		s.query(c)
	}
	c.i = len(c.t)
}

// duplicates reads the names that ON DUPLICATE KEY UPDATE writes to.
func (s *statement) duplicates(c *cursor) {
	for i := c.i; i+3 < len(c.t); i++ {
		if c.t[i].Is("AS") && c.t[i-1].Is(")") && depthOf(c.t[c.i:i]) == 0 && !after(c.t[c.i:i], "SELECT", "WITH") {
			s.alias = true
		}
		if !c.t[i].Is("DUPLICATE") || !c.t[i+1].Is("KEY") || !c.t[i+2].Is("UPDATE") {
			continue
		}
		for _, part := range cutBy(c.t[i+3:], ",") {
			if len(part) > 2 && ident(part[0]) && part[1].Is("=") {
				s.updates = append(s.updates, part[0].Value())
			}
		}
		return
	}
}

// query finds the tables that a query reads, its condition and its limit.
func (s *statement) query(c *cursor) {
	for k := c.i; k+1 < len(c.t); k++ {
		if !c.t[k].Is("FROM") && !c.t[k].Is("JOIN") && !(c.t[k].Is("TABLE") && k == c.i) {
			continue
		}
		if n := c.t[k+1]; n.Kind == lint.Word && !n.Is("DUAL") || n.Kind == lint.Quoted {
			id := schema.Ident{Name: n.Value()}
			if k+3 < len(c.t) && c.t[k+2].Is(".") {
				id = schema.Ident{Schema: id.Name, Name: c.t[k+3].Value()}
			}
			if !named(c.t, id.Name) {
				s.from = append(s.from, id)
			}
		}
	}
	s.condition(c)
	c.i = len(c.t)
}

// lockingWords finds FOR UPDATE, FOR SHARE and LOCK IN SHARE MODE of a query. A FOR UPDATE that skips what is locked still locks what it reads.
func lockingWords(t []lint.Token) bool {
	for i := 0; i+1 < len(t); i++ {
		if t[i].Is("FOR") && (t[i+1].Is("UPDATE") || t[i+1].Is("SHARE")) || t[i].Is("LOCK") && t[i+1].Is("IN") {
			return true
		}
	}
	return false
}

// returningRows: the statement ends with RETURNING.
func returningRows(t []lint.Token) bool {
	for i, x := range t {
		if x.Is("RETURNING") && i > 1 && depthOf(t[:i]) == 0 && i+1 < len(t) {
			return true
		}
	}
	return false
}

// named: a WITH of the statement gives the name to a query.
func named(t []lint.Token, name string) bool {
	if !after(t, "WITH") {
		return false
	}
	for i := 0; i+2 < len(t); i++ {
		if same(t[i].Value(), name) && t[i+1].Is("AS") && t[i+2].Is("(") {
			return true
		}
	}
	return false
}

// bounded reports whether a condition keeps a statement to a part that doesn't grow with the table: a column compared with
// a value, a list or a range that ends. IS NULL and <> bound nothing.
func bounded(w []lint.Token) bool {
	if len(w) == 0 {
		return false
	}
	if parts := splitBy(w, "OR", "||"); len(parts) > 1 {
		for _, p := range parts {
			if !bounded(p) {
				return false
			}
		}
		return true
	}
	low, high := false, false
	for _, p := range splitBy(w, "AND", "&&") {
		for len(p) > 2 && p[0].Is("(") && matching(p) == len(p)-1 {
			p = p[1 : len(p)-1]
			if bounded(p) {
				return true
			}
		}
		l, h, all := comparison(p)
		if all {
			return true
		}
		low, high = low || l, high || h
	}
	return low && high || high
}

func matching(p []lint.Token) int {
	depth := 0
	for i, t := range p {
		if t.Is("(") {
			depth++
		}
		if t.Is(")") {
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// splitBy cuts at words of this level. The AND of BETWEEN doesn't cut.
func splitBy(w []lint.Token, words ...string) [][]lint.Token {
	var out [][]lint.Token
	depth, from, between := 0, 0, false
	for i := 0; i < len(w); i++ {
		switch {
		case w[i].Is("("):
			depth++
		case w[i].Is(")"):
			depth--
		case depth == 0 && w[i].Is("BETWEEN"):
			between = true
		}
		if depth != 0 {
			continue
		}
		for _, x := range words {
			if !w[i].Is(x) && !(len(x) == 2 && w[i].Is(x[:1]) && i+1 < len(w) && w[i+1].Is(x[:1])) {
				continue
			}
			if between && x == "AND" {
				between = false
				break
			}
			out = append(out, w[from:i])
			if len(x) == 2 && !w[i].Is(x) {
				i++
			}
			from = i + 1
			break
		}
	}
	return append(out, w[from:])
}

// comparison says whether one condition bounds below, above, or altogether.
func comparison(p []lint.Token) (low, high, all bool) {
	columns, constants := 0, 0
	depth := 0
	for i, t := range p {
		switch {
		case t.Is("("):
			if depth++; depth == 1 && i > 0 && p[i-1].Is("=") && i+1 < len(p) && p[i+1].Is("SELECT") {
				constants++ // a query of one value
			}
		case t.Is(")"):
			depth--
		case depth > 0:
		case t.Is("IS"), t.Is("NOT"), t.Is("!"):
			return false, false, false
		case t.Is("IN") && i+1 < len(p) && p[i+1].Is("("):
			if i+2 < len(p) && p[i+2].Is("SELECT") {
				return false, false, limits(p[i+2:]) || bounded(whereOf(p[i+2:]))
			}
			return false, false, i > 0
		case t.Is("BETWEEN"), t.Is("LIKE"):
			return false, false, i > 0
		case t.Kind == lint.Word && (!operatorWord(t.Text) || unit(t.Text) && !after(p[:i], "INTERVAL")) && !strings.HasPrefix(t.Text, "@") && !(i+1 < len(p) && p[i+1].Is("(")), t.Kind == lint.Quoted:
			if !(i+1 < len(p) && p[i+1].Is(".")) {
				columns++
			}
		case t.Kind == lint.String, t.Kind == lint.Number, strings.HasPrefix(t.Text, "@"), t.Is("?"), t.Kind == lint.Word:
			constants++
		}
	}
	if columns != 1 || constants == 0 {
		return false, false, false
	}
	return operators(p)
}

func operators(p []lint.Token) (low, high, all bool) {
	flipped := len(p) > 0 && (p[0].Kind == lint.Number || p[0].Kind == lint.String)
	for i, t := range p {
		next := i+1 < len(p) && p[i+1].Start == t.End
		switch {
		case t.Is("<") && next && p[i+1].Is(">"):
			return false, false, false
		case t.Is("<"):
			return flipped, !flipped, false
		case t.Is(">"):
			return !flipped, flipped, false
		case t.Is("="):
			return false, false, true
		}
	}
	return false, false, false
}

func operatorWord(s string) bool {
	switch strings.ToUpper(s) {
	case "INTERVAL", "DAY", "HOUR", "MONTH", "YEAR", "MINUTE", "SECOND", "WEEK", "DIV", "MOD", "XOR", "BINARY", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIMESTAMP", "NULL":
		return true
	}
	return false
}

// unit is a word that is a column's name wherever it stands behind no INTERVAL.
func unit(s string) bool {
	switch strings.ToUpper(s) {
	case "DAY", "HOUR", "MONTH", "YEAR", "MINUTE", "SECOND", "WEEK":
		return true
	}
	return false
}

func whereOf(t []lint.Token) []lint.Token {
	depth := 0
	for i, x := range t {
		switch {
		case x.Is("("):
			depth++
		case x.Is(")"):
			depth--
			if depth < 0 {
				return nil
			}
		case x.Is("WHERE") && depth == 0:
			end := len(t)
			for k := i; k < len(t); k++ {
				if t[k].Is("(") {
					depth++
				}
				if t[k].Is(")") {
					if depth--; depth < 0 {
						end = k
						break
					}
				}
			}
			return t[i+1 : end]
		}
	}
	return nil
}
