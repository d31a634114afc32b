package postgres

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// Names that the server gives to what has none are foreseen, so that what isn't there can be told (ChooseRelationName, ChooseConstraintName and
// makeObjectName in the server's source).

// longest is NAMEDATALEN - 1.
const longest = 63

// objectName joins a table's name, the columns' and a label, and shortens the longer one of the first two until it fits.
func objectName(one, two, label string) string {
	room := longest - len(label) - 1
	if two != "" {
		room--
	}
	for len(one)+len(two) > room {
		if len(one) > len(two) {
			one = one[:len(one)-1]
		} else {
			two = two[:len(two)-1]
		}
	}
	parts := []string{clip(one)}
	if two != "" {
		parts = append(parts, clip(two))
	}
	return strings.Join(append(parts, label), "_")
}

// clip takes away a last character that was cut in two.
func clip(s string) string {
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}

// chosen is the first such name that isn't taken.
func chosen(one, two, label string, taken func(string) bool) string {
	name := objectName(one, two, label)
	for i := 1; taken(name); i++ {
		name = objectName(one, two, label+strconv.Itoa(i))
	}
	return name
}

// relationTaken: relations, indexes and keys of a schema share their names. k is the one at hand, which may not be in the catalog yet.
func (j *judge) relationTaken(k *lint.Relation) func(string) bool {
	return func(name string) bool {
		if k.FindIndex(name) != nil || j.exact(schema.Ident{Schema: k.Schema, Name: name}) != nil {
			return true
		}
		r, x := j.catalog.Owner(name)
		return x != nil && inSchema(r.Schema) == inSchema(k.Schema)
	}
}

// constraintTaken: a given name of a constraint begins with its table's name, so that only the table's own can have it.
func constraintTaken(k *lint.Relation) func(string) bool {
	return func(name string) bool { return hasConstraint(k, name) }
}

// indexName is the name of an index without one, or of a key.
func (j *judge) indexName(k *lint.Relation, columns []string, label string) string {
	if label == "pkey" {
		return chosen(k.Name, "", label, j.relationTaken(k))
	}
	return chosen(k.Name, joinedColumns(columns), label, j.relationTaken(k))
}

// joinedColumns: an expression goes by what it calls; names that are there already get a number.
func joinedColumns(columns []string) string {
	var out []string
	for _, c := range columns {
		name := c
		for i := 1; slices.Contains(out, name); i++ {
			name = c + strconv.Itoa(i)
		}
		out = append(out, name)
	}
	s := strings.Join(out, "_")
	return clip(s[:min(len(s), longest)])
}

// elementName is what an element of an index is called in its name.
func elementName(e *pg.IndexElem) string {
	if e.GetName() != "" {
		return e.Name
	}
	if s := implicitName(e.GetExpr()); s != "?column?" {
		return s
	}
	return "expr"
}

// indexNames are those of an index's parts, as its name holds them.
func indexNames(x schema.Index) []string {
	var out []string
	for _, p := range x.Columns {
		if p.Name != "" {
			out = append(out, p.Name)
			continue
		}
		out = append(out, elementName(&pg.IndexElem{Expr: parsedExpression(p.Expression)}))
	}
	return append(out, x.Include...)
}

// copied is an index as a table made LIKE another one, or a partition, gets it: under a name of its own.
func (j *judge) copied(k *lint.Relation, x schema.Index) schema.Index {
	label := "idx"
	switch {
	case x.Primary:
		label = "pkey"
	case x.Constraint && x.Unique:
		label = "key"
	case x.Constraint:
		label = "excl"
	}
	x.Name = j.indexName(k, indexNames(x), label)
	return x
}
