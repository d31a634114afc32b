package binlog

import (
	"bytes"
	"strings"
)

// A token is a piece of SQL: a word, a name in backticks, a text in quotes, or one
// other byte. Comments are no tokens, but what stands in a version comment is.
type token struct {
	kind byte // 'w' word, 'n' quoted name, 't' text, 'p' anything else
	text string
}

// scanner cuts SQL into tokens. It doesn't judge: what it can't read becomes single
// bytes.
type scanner struct {
	rest     []byte
	comments []string // of those that were passed
}

// tokens are all tokens of a statement, and its comments.
func tokens(sql []byte) (list []token, comments []string) {
	s := scanner{rest: sql}
	for {
		t, ok := s.next()
		if !ok {
			return list, s.comments
		}
		list = append(list, t)
	}
}

func (s *scanner) next() (token, bool) {
	for s.skip() {
	}
	if len(s.rest) == 0 {
		return token{}, false
	}
	switch c := s.rest[0]; {
	case c == '`':
		return token{'n', unquoted(s.take(quoted(s.rest)))}, true
	case c == '\'' || c == '"':
		return token{'t', string(s.take(quoted(s.rest)))}, true
	case wordByte(c):
		n := 1
		for n < len(s.rest) && wordByte(s.rest[n]) {
			n++
		}
		return token{'w', string(s.take(n))}, true
	}
	return token{'p', string(s.take(1))}, true
}

func (s *scanner) take(n int) []byte {
	b := s.rest[:n]
	s.rest = s.rest[n:]
	return b
}

// skip passes one space or comment.
func (s *scanner) skip() bool {
	b := s.rest
	switch {
	case len(b) == 0:
		return false
	case b[0] <= ' ':
		s.take(1)
	case bytes.HasPrefix(b, []byte("/*!")), bytes.HasPrefix(b, []byte("/*M!")):
		n := bytes.IndexByte(b, '!') + 1
		for n < len(b) && b[n] >= '0' && b[n] <= '9' {
			n++
		}
		s.take(n)
	case bytes.HasPrefix(b, []byte("*/")):
		s.take(2)
	case bytes.HasPrefix(b, []byte("/*")):
		s.comments = append(s.comments, string(s.take(until(b, 2, "*/"))))
	case b[0] == '#':
		s.comments = append(s.comments, string(s.take(until(b, 1, "\n"))))
	case bytes.HasPrefix(b, []byte("--")) && (len(b) == 2 || b[2] <= ' '):
		s.comments = append(s.comments, string(s.take(until(b, 2, "\n"))))
	default:
		return false
	}
	return true
}

// until measures from the start up to and with the mark, which is looked for from
// byte from on.
func until(b []byte, from int, mark string) int {
	if i := bytes.Index(b[from:], []byte(mark)); i >= 0 {
		return from + i + len(mark)
	}
	return len(b)
}

// quoted measures a quoted thing: doubled quotes stand for one, and a backslash
// escapes except in names.
func quoted(b []byte) int {
	q := b[0]
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '\\' && q != '`':
			i++
		case b[i] == q && i+1 < len(b) && b[i+1] == q:
			i++
		case b[i] == q:
			return i + 1
		}
	}
	return len(b)
}

// unquoted is the name or text in quotes. Escapes other than of quotes and
// backslashes don't occur where it is used.
func unquoted(b []byte) string {
	if len(b) < 2 || b[len(b)-1] != b[0] {
		return string(b)
	}
	q := string(b[0])
	text := strings.ReplaceAll(string(b[1:len(b)-1]), q+q, q)
	if q == "`" || !strings.Contains(text, `\`) {
		return text
	}
	return unescaped(text)
}

func unescaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if j := strings.IndexByte("0ntrbZ", s[i]); j >= 0 {
				b.WriteByte("\x00\n\t\r\b\x1a"[j])
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c == '@' || c >= 0x80
}

// is reports whether the token is this word, which is in upper case.
func (t token) is(word string) bool { return t.kind == 'w' && strings.EqualFold(t.text, word) }

// punct reports whether the token is this byte.
func (t token) punct(c string) bool { return t.kind == 'p' && t.text == c }
