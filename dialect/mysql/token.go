package mysql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a piece of SQL as this server prints it: a word, a quoted thing with
// its quotes, or one other character. Version comments are seen through.
type token struct {
	text  string
	space bool // white space in front of it
}

// tokens cuts SQL into pieces. It doesn't judge: what it can't read becomes
// single characters.
func tokens(s string) []token {
	var out []token
	space := false
	for s != "" {
		n, skip := next(s)
		if skip {
			space = true
		} else {
			out = append(out, token{s[:n], space})
			space = false
		}
		s = s[n:]
	}
	return out
}

// next measures the piece at the start of s and tells whether it means nothing.
func next(s string) (n int, skip bool) {
	switch c := s[0]; {
	case strings.HasPrefix(s, "/*!"), strings.HasPrefix(s, "/*M!"):
		n = strings.IndexByte(s, '!') + 1
		for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == 'M') {
			n++
		}
		return n, true
	case strings.HasPrefix(s, "*/"):
		return 2, true
	case strings.HasPrefix(s, "/*"):
		return end(s, "*/"), true
	case c == '#', strings.HasPrefix(s, "-- "), strings.HasPrefix(s, "--\n"), strings.HasPrefix(s, "--\t"):
		return end(s, "\n"), true
	case c == '`' || c == '\'' || c == '"':
		return quoted(s), false
	}
	r, size := utf8.DecodeRuneInString(s)
	if unicode.IsSpace(r) {
		return size, true
	}
	if !wordRune(r) {
		return size, false
	}
	for n = size; n < len(s); n += size {
		if r, size = utf8.DecodeRuneInString(s[n:]); !wordRune(r) {
			break
		}
	}
	return n, false
}

func wordRune(r rune) bool {
	return r == '_' || r == '$' || r == '@' || unicode.IsLetter(r) || unicode.IsDigit(r) || r > 0x7F
}

func end(s, mark string) int {
	if i := strings.Index(s[len(mark):], mark); i >= 0 {
		return i + 2*len(mark)
	}
	return len(s)
}

// quoted measures a quoted thing: doubled quotes stand for one, and a backslash
// escapes except in names.
func quoted(s string) int {
	q := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && q != '`':
			i++
		case s[i] == q && i+1 < len(s) && s[i+1] == q:
			i++
		case s[i] == q:
			return i + 1
		}
	}
	return len(s)
}

// join writes tokens back, with a space where there was one.
func join(list []token) string {
	var b strings.Builder
	for i, t := range list {
		if t.space && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}

// group measures the parenthesised group at the start of list; 0 when there is none.
func group(list []token) int {
	depth := 0
	for i, t := range list {
		switch t.text {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth == 0 {
			if i == 0 {
				return 0
			}
			return i + 1
		}
	}
	return len(list)
}

// split cuts a list at the commas outside of parentheses.
func split(list []token) [][]token {
	var out [][]token
	depth, from := 0, 0
	for i, t := range list {
		switch t.text {
		case "(":
			depth++
		case ")":
			depth--
		case ",":
			if depth == 0 {
				out = append(out, list[from:i])
				from = i + 1
			}
		}
	}
	return append(out, list[from:])
}

// words reports whether the tokens at the start of list are these, in any case.
func words(list []token, want ...string) bool {
	if len(list) < len(want) {
		return false
	}
	for i, w := range want {
		if !strings.EqualFold(list[i].text, w) {
			return false
		}
	}
	return true
}

// unquote gives the name or the text in a quoted token.
func unquote(s string) string {
	if len(s) < 2 {
		return s
	}
	q := s[:1]
	body := strings.ReplaceAll(s[1:len(s)-1], q+q, q)
	if q == "`" {
		return body
	}
	return unescape(body)
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if r, ok := map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '0': 0, 'b': '\b', 'Z': 26}[s[i]]; ok {
			b.WriteByte(r)
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// mentions reports whether SQL names a column: as a word or in backticks, in any
// case, and not inside a text.
func mentions(list []token, column string) bool {
	for _, t := range list {
		if named(t, column) {
			return true
		}
	}
	return false
}

func named(t token, column string) bool {
	if strings.HasPrefix(t.text, "`") {
		return strings.EqualFold(unquote(t.text), column)
	}
	return strings.EqualFold(t.text, column)
}

// renamed replaces a column's name in SQL that the server printed, where names
// always stand in backticks.
func renamed(text, from, to string) string {
	list := tokens(text)
	for i, t := range list {
		if strings.HasPrefix(t.text, "`") && named(t, from) {
			list[i].text = quote(to)
		}
	}
	return join(list)
}
