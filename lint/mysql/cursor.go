package mysql

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// Syntax is how MySQL's and MariaDB's SQL is cut into tokens.
var Syntax = lint.Syntax{Hash: true, Backtick: true, Backslash: true, Delimiter: true, Executable: true}

// cursor walks over the tokens of one statement. A method that finds what it was not asked for leaves an error, and every later one
// does nothing.
type cursor struct {
	text  string
	t     []lint.Token
	i     int
	err   error
	names *names
	// definer is the account behind DEFINER=, as accounts are compared.
	definer string
}

// names are the names of a statement by how they are written.
type names struct {
	bare   []string // without quotes
	wrong  []string // empty, or with a space at the end
	double []string // in double quotes, which make a text unless sql_mode says ANSI_QUOTES
}

func newCursor(text string) *cursor { return &cursor{text: text, t: tokens(text), names: &names{}} }

// tokens opens the comments that the server executes.
func tokens(text string) []lint.Token {
	if !strings.Contains(text, "/*!") && !strings.Contains(text, "/*M!") {
		return Syntax.Tokens(text)
	}
	b := []byte(text)
	for t, ok := Syntax.Next(text, 0); ok; t, ok = Syntax.Next(text, t.End) {
		if t.Kind != lint.Comment || !lint.Executable(t.Text) {
			continue
		}
		end := t.Start + strings.IndexByte(t.Text, '!') + 1
		for end < len(b) && b[end] >= '0' && b[end] <= '9' {
			end++
		}
		for i := t.Start; i < end; i++ {
			b[i] = ' '
		}
		if !t.Open {
			b[t.End-1], b[t.End-2] = ' ', ' '
		}
	}
	return Syntax.Tokens(string(b))
}

func (c *cursor) done() bool { return c.err != nil || c.i >= len(c.t) }

func (c *cursor) peek(n int) lint.Token {
	if c.err != nil || c.i+n >= len(c.t) || c.i+n < 0 {
		return lint.Token{Kind: lint.Comment}
	}
	return c.t[c.i+n]
}

// at reports whether these words come next.
func (c *cursor) at(words ...string) bool {
	for n, w := range words {
		if !c.peek(n).Is(w) {
			return false
		}
	}
	return true
}

// take passes over the words if they come next.
func (c *cursor) take(words ...string) bool {
	if !c.at(words...) {
		return false
	}
	c.i += len(words)
	return true
}

// skip passes over one token, whatever it is.
func (c *cursor) skip() {
	if c.done() {
		c.fail("more")
		return
	}
	c.i++
}

// any passes over one of the words and returns it in upper case.
func (c *cursor) any(words ...string) string {
	for _, w := range words {
		if c.take(w) {
			return w
		}
	}
	return ""
}

func (c *cursor) want(words ...string) {
	if !c.take(words...) {
		c.fail(strings.Join(words, " "))
	}
}

func (c *cursor) fail(wanted string) {
	if c.err == nil {
		c.err = fmt.Errorf("%s was expected at %q", wanted, c.near())
	}
}

func (c *cursor) near() string {
	if c.i >= len(c.t) {
		return "the end"
	}
	s := c.text[c.t[c.i].Start:]
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// name reads a name.
func (c *cursor) name() string {
	t := c.peek(0)
	if t.Kind == lint.Word || t.Kind == lint.Quoted || t.Kind == lint.String && strings.HasPrefix(t.Text, `"`) || t.Kind == lint.Number && len(t.Text) > 1 && !strings.Contains(t.Text, ".") {
		c.skip()
		return t.Value()
	}
	c.fail("a name")
	return ""
}

// called reads a name that the server takes for one, and not for a word of the language, only if it is written so.
func (c *cursor) called() string {
	t := c.peek(0)
	n := c.name()
	switch {
	case c.err != nil:
	case n == "" || strings.HasSuffix(n, " "):
		c.names.wrong = append(c.names.wrong, n)
	case t.Kind == lint.Word:
		c.names.bare = append(c.names.bare, n)
	case t.Kind == lint.String:
		c.names.double = append(c.names.double, n)
	}
	return n
}

// ident reads a name that may have a database in front. Behind the point every word is a name.
func (c *cursor) ident() schema.Ident {
	first := c.called()
	if c.take(".") {
		return schema.Ident{Schema: first, Name: c.name()}
	}
	return schema.Ident{Name: first}
}

// parens passes over a part in parentheses and returns its inside.
func (c *cursor) parens() string {
	if !c.at("(") {
		c.fail("(")
		return ""
	}
	start, depth := c.peek(0).End, 0
	for ; c.i < len(c.t); c.i++ {
		if c.t[c.i].Is("(") {
			depth++
		}
		if c.t[c.i].Is(")") {
			if depth--; depth == 0 {
				c.skip()
				return strings.TrimSpace(c.text[start:c.t[c.i-1].Start])
			}
		}
	}
	c.fail(")")
	return ""
}

// inside reads a part in parentheses by a cursor of its own.
func (c *cursor) inside() *cursor {
	from := c.i + 1
	c.parens()
	if c.err != nil {
		return &cursor{text: c.text, err: c.err, names: c.names}
	}
	return &cursor{text: c.text, t: c.t[from : c.i-1], names: c.names}
}

// names reads (a, b(10) DESC, …); expression is true where a part is in parentheses.
func (c *cursor) keyParts() (parts []schema.IndexColumn) {
	in := c.inside()
	for !in.done() {
		var p schema.IndexColumn
		if in.at("(") {
			p.Expression = in.parens()
		} else {
			p.Name = in.called()
			if in.at("(") {
				if _, _ = fmt.Sscan(in.parens(), &p.Prefix); p.Prefix == 0 {
					p.Prefix = -1 // written as 0, which is refused
				}
			}
		}
		if in.take("WITHOUT", "OVERLAPS") { // MariaDB: a period and no column
			if !in.more() {
				break
			}
			continue
		}
		if in.take("DESC") {
			p.Descending = true
		} else {
			in.take("ASC")
		}
		parts = append(parts, p)
		if !in.more() {
			break
		}
	}
	if in.err != nil || !in.done() {
		in.fail("a key part")
		c.err = in.err
	}
	return parts
}

// more passes over a comma, behind which something has to come.
func (c *cursor) more() bool {
	if !c.take(",") {
		return false
	}
	if c.i >= len(c.t) {
		c.fail("what follows the comma")
	}
	return true
}

// item passes over everything up to a comma on this level, or the end.
func (c *cursor) item() string {
	if c.done() {
		return ""
	}
	start, depth := c.peek(0).Start, 0
	for ; c.i < len(c.t); c.i++ {
		switch {
		case c.t[c.i].Is("("):
			depth++
		case c.t[c.i].Is(")"):
			depth--
		case c.t[c.i].Is(",") && depth == 0:
			return c.text[start:c.t[c.i].Start]
		}
	}
	return c.text[start:c.t[len(c.t)-1].End]
}
