package lint

import "strings"

// Syntax is how a server's SQL is cut into tokens.
type Syntax struct {
	Dollar     bool // $tag$ … $tag$
	Nested     bool // /* /* */ */
	Hash       bool // # to the end of the line
	Backtick   bool // `name`, and "text"
	Backslash  bool // \' inside of strings
	Delimiter  bool // DELIMITER lines
	Executable bool // /*! … */ is code
	Meta       bool // lines that begin with a backslash are the client's
}

// TokenKind tells tokens apart.
type TokenKind int

// The kinds of tokens. White space is none.
const (
	Word TokenKind = iota
	Quoted
	String
	Number
	Symbol
	Comment
)

// Token is a part of a text, by its bytes.
type Token struct {
	Kind       TokenKind
	Start, End int
	Text       string
	// Open: the text ended inside of it.
	Open bool
}

// Is reports whether the token is this keyword or symbol, in any case.
func (t Token) Is(word string) bool {
	return (t.Kind == Word || t.Kind == Symbol) && strings.EqualFold(t.Text, word)
}

// Value is a quoted name or string without its quotes, and any other token's text.
func (t Token) Value() string {
	if t.Kind != Quoted && t.Kind != String || len(t.Text) < 2 {
		return t.Text
	}
	s := t.Text
	if s[0] == '$' {
		tag := strings.IndexByte(s[1:], '$') + 2
		if len(s) < 2*tag {
			return s
		}
		return s[tag : len(s)-tag]
	}
	if i := strings.IndexByte(s, '\''); i > 0 && t.Kind == String && s[0] != '"' {
		s = s[i:]
	}
	if len(s) < 2 {
		return s
	}
	q := s[:1]
	return strings.ReplaceAll(s[1:len(s)-1], q+q, q)
}

// Next returns the token at or after position i; false at the end.
func (x Syntax) Next(s string, i int) (Token, bool) {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r' || s[i] == '\f' || s[i] == '\v') {
		i++
	}
	if i >= len(s) {
		return Token{}, false
	}
	kind, end, open := x.scan(s, i)
	return Token{kind, i, end, s[i:end], open}, true
}

func (x Syntax) scan(s string, i int) (TokenKind, int, bool) {
	c := s[i]
	switch {
	case c == '-' && strings.HasPrefix(s[i:], "--") && (!x.Hash || i+2 >= len(s) || s[i+2] <= ' '):
		return Comment, line(s, i), false
	case c == '#' && x.Hash:
		return Comment, line(s, i), false
	case c == '/' && strings.HasPrefix(s[i:], "/*"):
		end, open := x.comment(s, i)
		return Comment, end, open
	case c == '\'' || c == '"' && x.Backtick:
		end, open := quoted(s, i, c, x.Backslash)
		return String, end, open
	case c == '"' || c == '`' && x.Backtick:
		end, open := quoted(s, i, c, false)
		return Quoted, end, open
	case c == '$' && x.Dollar:
		if end, open, ok := dollar(s, i); ok {
			return String, end, open
		}
	case c >= '0' && c <= '9':
		return Number, number(s, i), false
	}
	return x.word(s, i)
}

// word scans a word, a string with a prefix (E'…', N'…', X'…') or a symbol.
func (x Syntax) word(s string, i int) (TokenKind, int, bool) {
	end := i
	for end < len(s) && letter(s[end]) {
		end++
	}
	if end == i {
		return Symbol, i + 1, false
	}
	if end == i+1 && end < len(s) && s[end] == '\'' && strings.IndexByte("eEnNxXbB", s[i]) >= 0 {
		e, open := quoted(s, end, '\'', x.Backslash || s[i]|0x20 == 'e')
		return String, e, open
	}
	return Word, end, false
}

func letter(c byte) bool {
	return c == '_' || c == '$' || c == '@' || c >= 0x80 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func number(s string, i int) int {
	for i < len(s) && (s[i] == '.' || letter(s[i])) {
		i++
	}
	return i
}

func line(s string, i int) int {
	if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(s)
}

func (x Syntax) comment(s string, i int) (end int, open bool) {
	depth := 0
	for j := i; j+1 < len(s); j++ {
		switch {
		case s[j] == '/' && s[j+1] == '*' && (depth == 0 || x.Nested):
			depth++
			j++
		case s[j] == '*' && s[j+1] == '/' && j > i+1:
			depth--
			j++
			if depth == 0 {
				return j + 1, false
			}
		}
	}
	return len(s), true
}

func quoted(s string, i int, q byte, backslash bool) (end int, open bool) {
	for j := i + 1; j < len(s); j++ {
		switch {
		case backslash && s[j] == '\\':
			j++
		case s[j] == q && j+1 < len(s) && s[j+1] == q:
			j++
		case s[j] == q:
			return j + 1, false
		}
	}
	return len(s), true
}

func dollar(s string, i int) (end int, open, ok bool) {
	j := i + 1
	for j < len(s) && s[j] != '$' && letter(s[j]) && !(j == i+1 && s[j] >= '0' && s[j] <= '9') {
		j++
	}
	if j >= len(s) || s[j] != '$' {
		return 0, false, false
	}
	tag := s[i : j+1]
	if n := strings.Index(s[j+1:], tag); n >= 0 {
		return j + 1 + n + len(tag), false, true
	}
	return len(s), true, true
}

// Tokens returns the tokens of a text without its comments.
func (x Syntax) Tokens(s string) []Token {
	out := make([]Token, 0, len(s)/5+4)
	for t, ok := x.Next(s, 0); ok; t, ok = x.Next(s, t.End) {
		if t.Kind != Comment {
			out = append(out, t)
		}
	}
	return out
}

// Executable reports whether a comment is code to the server: /*! … */, and MariaDB's /*M! … */. The version 999999 is one that no
// server has; mariadb-dump speaks to its client by it.
func Executable(comment string) bool {
	rest, ok := strings.CutPrefix(comment, "/*!")
	if !ok {
		rest, ok = strings.CutPrefix(comment, "/*M!")
	}
	return ok && !strings.HasPrefix(rest, "999999")
}
