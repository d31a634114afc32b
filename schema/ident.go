package schema

import "strings"

// Ident names a relation. Both parts are exact and unquoted; quoting is done by
// the dialect alone. Schema is the database on servers that have no schemas
// inside a database.
type Ident struct {
	Schema string `json:"schema,omitempty"`
	Name   string `json:"name"`
}

// ParseIdent splits "schema.table" or "table" at the first dot. A name that
// holds a dot itself can't be written this way; such callers fill the struct.
func ParseIdent(s string) Ident {
	if a, b, ok := strings.Cut(s, "."); ok && a != "" && b != "" {
		return Ident{Schema: a, Name: b}
	}
	return Ident{Name: s}
}

// String is for messages, never for SQL.
func (i Ident) String() string {
	if i.Schema == "" {
		return i.Name
	}
	return i.Schema + "." + i.Name
}

// IsZero reports whether no relation is named.
func (i Ident) IsZero() bool { return i.Name == "" }
