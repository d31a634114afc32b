package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// quote writes an identifier. It is the only place that does.
func quote(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// quoteTable writes a table with its database, so that no statement depends on
// the session's default.
func quoteTable(id schema.Ident) string {
	return quote(id.Schema) + "." + quote(id.Name)
}

func quoteAll(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = quote(n)
	}
	return strings.Join(out, ", ")
}

// quoteText writes a string literal. All sessions here have backslash escapes on,
// see sqlMode.
func quoteText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`, "\x00", `\0`).Replace(s) + "'"
}

// beyondBMP finds a character that identifiers can't hold.
func beyondBMP(name string) bool {
	return strings.ContainsFunc(name, func(r rune) bool { return r > 0xFFFF || r == 0 })
}
