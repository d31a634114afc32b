package postgres

import (
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// Quote writes an identifier.
func Quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// quoteAll joins quoted identifiers by commas.
func quoteAll(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = Quote(n)
	}
	return strings.Join(out, ", ")
}

// relation writes a qualified name.
func relation(id schema.Ident) string {
	if id.Schema == "" {
		return Quote(id.Name)
	}
	return Quote(id.Schema) + "." + Quote(id.Name)
}

// inSchemaOf writes the name of another object in the table's schema.
func inSchemaOf(id schema.Ident, name string) string {
	return relation(schema.Ident{Schema: id.Schema, Name: name})
}

// literal writes a string constant that reads the same whatever
// standard_conforming_strings says.
func literal(s string) string {
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

// comment is the value of COMMENT … IS: NULL takes a comment away.
func comment(s string) string {
	if s == "" {
		return "NULL"
	}
	return literal(s)
}

// body writes a function body between dollar quotes that don't occur in it.
func body(s string) string {
	tag := "$phasemig$"
	for strings.Contains(s, tag) {
		tag = tag[:len(tag)-1] + "_$"
	}
	return tag + s + tag
}
