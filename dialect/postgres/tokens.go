package postgres

import (
	"slices"
	"strings"
	"unicode"
)

// token is one piece of SQL text, cut finely enough to find identifiers: a word
// (folded to lower case), a quoted identifier (unquoted), or anything else as it is.
type token struct {
	text  string // as it stands in the SQL
	ident string // "" when it is no identifier
}

// tokens cuts SQL. It knows strings, dollar quotes, quoted identifiers and
// comments, in which no name is looked for; the pieces joined are the input.
func tokens(sql string) []token {
	var out []token
	for sql != "" {
		t := nextToken(sql)
		out = append(out, t)
		sql = sql[len(t.text):]
	}
	return out
}

func nextToken(s string) token {
	switch {
	case strings.HasPrefix(s, "--"):
		if i := strings.IndexByte(s, '\n'); i >= 0 {
			return token{text: s[:i]}
		}
		return token{text: s}
	case strings.HasPrefix(s, "/*"):
		return token{text: s[:blockComment(s)]}
	case s[0] == '\'':
		return token{text: s[:quoted(s, '\'', false)]}
	case (s[0] == 'e' || s[0] == 'E') && len(s) > 1 && s[1] == '\'':
		return token{text: s[:1+quoted(s[1:], '\'', true)]}
	case s[0] == '"':
		n := quoted(s, '"', false)
		return token{s[:n], strings.ReplaceAll(strings.TrimSuffix(s[1:n], `"`), `""`, `"`)}
	case s[0] == '$':
		return token{text: s[:dollar(s)]}
	}
	return word(s)
}

// word cuts by bytes, as the server's own scanner does: every byte above ASCII may
// stand in a name. A number takes the letters along that follow it.
func word(s string) token {
	n := 1
	switch {
	case nameStart(s[0]):
		for n < len(s) && (nameStart(s[n]) || digit(s[n]) || s[n] == '$') {
			n++
		}
		return token{s[:n], fold(s[:n])}
	case digit(s[0]):
		for n < len(s) && (nameStart(s[n]) || digit(s[n]) || s[n] == '.') {
			n++
		}
	}
	return token{text: s[:n]}
}

func nameStart(c byte) bool { return c == '_' || c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

// fold lowers ASCII alone, as the server does with names that aren't quoted.
func fold(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// quoted is the length of a literal; a doubled quote is part of it, and after a
// backslash any character where escapes are on.
func quoted(s string, q byte, escapes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == q && i+1 < len(s) && s[i+1] == q:
			i++
		case s[i] == q:
			return i + 1
		}
	}
	return len(s)
}

func blockComment(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// dollar is the length of a dollar-quoted string, or 1 for a lone dollar sign.
func dollar(s string) int {
	end := strings.IndexByte(s[1:], '$') + 2
	if end < 2 || strings.ContainsFunc(s[1:end-1], func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		return 1
	}
	if i := strings.Index(s[end:], s[:end]); i >= 0 {
		return 2*end + i
	}
	return len(s)
}

// mentions lists those of the names that occur in the SQL as identifiers. Where
// the row as a whole is named (by the table's name, or with *) or an escaped
// identifier hides a name, it is all of them.
func mentions(sql, table string, names []string) []string {
	all := false
	found := map[string]bool{}
	toks := tokens(sql)
	for i, t := range toks {
		if t.ident == "" {
			continue
		}
		found[t.ident] = true
		escaped := t.ident == "u" && i+1 < len(toks) && toks[i+1].text == "&"
		all = all || escaped || t.ident == table && !followedByColumn(toks[i+1:], names)
	}
	if all {
		return slices.Clone(names)
	}
	var out []string
	for _, n := range names {
		if found[n] {
			out = append(out, n)
		}
	}
	return out
}

// followedByColumn: "users.name" names one column, "users" and "users.*" the row.
func followedByColumn(rest []token, names []string) bool {
	return len(rest) > 1 && rest[0].text == "." && slices.Contains(names, rest[1].ident)
}

// renamed replaces columns' names in an expression as the server prints it: there
// a keyword is in upper case and a column that looks like one is quoted, types
// follow "::", collations COLLATE, and functions stand before "(".
func renamed(sql string, names map[string]string) string {
	var out strings.Builder
	toks := tokens(sql)
	for i, t := range toks {
		to, ok := names[t.ident]
		plain := t.text == t.ident || strings.HasPrefix(t.text, `"`)
		if t.ident == "" || !ok || !plain || notColumn(toks, i) {
			out.WriteString(t.text)
			continue
		}
		out.WriteString(Quote(to))
	}
	return out.String()
}

func notColumn(toks []token, i int) bool {
	b, a := before(toks, i), after(toks, i)
	collation := i >= 2 && toks[i-1].text == " " && toks[i-2].text == "COLLATE"
	return b == "::" || b == "." || a == "(" || a == "." || collation
}

func before(toks []token, i int) string {
	if i >= 2 && toks[i-1].text == ":" && toks[i-2].text == ":" {
		return "::"
	}
	if i >= 1 {
		return toks[i-1].text
	}
	return ""
}

func after(toks []token, i int) string {
	if i+1 < len(toks) {
		return toks[i+1].text
	}
	return ""
}
