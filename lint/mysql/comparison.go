package mysql

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// mistyped are comparisons of a condition in which a value isn't of its column's kind, so that a statement that writes fails in strict mode at
// the first row that it compares, unless the text happens to be a number.
func (c *call) mistyped(k *lint.Relation) []string {
	if c.lax || c.ignoring() || c.maria && c.verb == "DELETE" {
		return nil
	}
	for _, p := range comparisons(c.where) {
		col := k.Column(compared(p))
		if col == nil {
			continue
		}
		if t, ok := parseType(col.Type); ok {
			if why := c.mistypedIn(k, col, t, p); why != "" {
				return []string{why}
			}
		}
	}
	return nil
}

func (c *call) mistypedIn(k *lint.Relation, col *schema.Column, t typ, p []lint.Token) string {
	switch {
	case t.name == "char" || t.name == "varchar" || t.name == "varbinary" || t.name == "text" && c.maria:
		if withNumber(p) {
			return fmt.Sprintf("rows whose %s isn't a number make it fail, which compares it with one", quote(col.Name))
		}
	case numeric(t) && t.name != "bit" && t.name != "year":
		for _, v := range texts(p) {
			begins := v != "" && v[0] >= '0' && v[0] <= '9'
			if !numeral.MatchString(v) && (!c.maria || begins || !leads(k, col.Name)) {
				return fmt.Sprintf("%s is a number, and '%s' isn't", quote(col.Name), shortened(v))
			}
		}
	case temporal(t):
		for _, v := range texts(p) {
			if !(c.maria && v == "") && unfitText(t, v) != "" {
				return fmt.Sprintf("%s is a %s, and '%s' isn't", quote(col.Name), t.name, shortened(v))
			}
		}
	}
	return ""
}

// ignoring: UPDATE IGNORE, DELETE IGNORE.
func (c *call) ignoring() bool {
	cur := newCursor(c.s.Text)
	return cur.peek(1).Is("IGNORE") || cur.peek(2).Is("IGNORE")
}

// comparisons are the parts of a condition between AND, OR and their parentheses.
func comparisons(w []lint.Token) [][]lint.Token {
	w = unwrapped(w)
	parts := splitBy(w, "OR", "AND", "||", "&&")
	if len(parts) < 2 {
		return [][]lint.Token{w}
	}
	var out [][]lint.Token
	for _, p := range parts {
		if len(p) < len(w) {
			out = append(out, comparisons(p)...)
		}
	}
	return out
}

// eachValue gives f each token of a comparison that is a value by itself: on this level, or in the list of IN.
func eachValue(p []lint.Token, f func(lint.Token) bool) bool {
	depth, list := 0, false
	for i, t := range p {
		switch {
		case t.Is("("):
			if depth++; depth == 1 {
				list = i > 0 && p[i-1].Is("IN")
			}
		case t.Is(")"):
			depth--
		case depth > 1 || depth == 1 && !list:
		case i > 0 && (p[i-1].Is("INTERVAL") || p[i-1].Is("-") || p[i-1].Is("+") || p[i-1].Is("LIKE")), i+1 < len(p) && (p[i+1].Is("-") || p[i+1].Is("+")):
		case f(t):
			return true
		}
	}
	return false
}

// withNumber: the comparison is with a number.
func withNumber(p []lint.Token) bool {
	return eachValue(p, func(t lint.Token) bool {
		return t.Kind == lint.Number && !(len(t.Text) > 1 && t.Text[0] == '0' && (t.Text[1]|0x20 == 'x' || t.Text[1]|0x20 == 'b'))
	})
}

// texts are the plain texts that a comparison is with.
func texts(p []lint.Token) []string {
	var out []string
	eachValue(p, func(t lint.Token) bool {
		if t.Kind == lint.String && (t.Text[0] == '\'' || t.Text[0] == '"') {
			out = append(out, t.Value())
		}
		return false
	})
	return out
}
