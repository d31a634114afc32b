package mysql

import (
	"slices"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// standIn reports whether an index takes the primary key's place in a table that has none: it is unique, and holds no NULL.
func standIn(k *lint.Relation, x schema.Index) bool {
	ok := x.Unique && !x.Primary && x.Method == "" && len(x.Columns) > 0
	for _, p := range x.Columns {
		c := k.Column(p.Name)
		ok = ok && c != nil && !c.Nullable && p.Prefix == 0 && c.Generated == ""
	}
	return ok
}

// anotherKey: a unique key without NULL takes the primary key's place.
func anotherKey(k *lint.Relation) bool {
	return k != nil && slices.ContainsFunc(k.Indexes, func(x schema.Index) bool { return standIn(k, x) })
}

// keyless reports whether a table has no primary key but one that stands in for it, and names that one: the first of them.
func keyless(k *lint.Relation) (string, bool) {
	if k == nil || k.FindIndex("PRIMARY") != nil {
		return "", false
	}
	i := slices.IndexFunc(k.Indexes, func(x schema.Index) bool { return standIn(k, x) })
	if i < 0 {
		return "", false
	}
	return k.Indexes[i].Name, true
}

// standInGoes says what it costs that the key goes which rows are kept by. MySQL copies the table though another one could take its place,
// unless one is added; MariaDB only where none is left.
func (j *judge) standInGoes(s *statement, k *lint.Relation) cost {
	then := j.after(s, k)
	next, left := keyless(then)
	stays := slices.ContainsFunc(k.Indexes, func(x schema.Index) bool {
		return same(x.Name, next) && standIn(k, x) && !slices.ContainsFunc(s.clauses, func(c clause) bool { return c.kind == "drop key" && same(c.name, next) })
	})
	if then.FindIndex("PRIMARY") != nil || left && (j.maria || !stays) {
		return cost{"online-rebuild", rebuild, false, "the table is written anew in the order of another key", ""}
	}
	return cost{"primary-key", copying, true, "the table has no primary key, this key stands in for it, and without it the table is copied", ""}
}

// dropsKey is the cost of dropping an index: nothing, but where the rows are kept by it.
func (j *judge) dropsKey(s *statement, c clause, k *lint.Relation) cost {
	name, ok := keyless(k)
	if x := k.FindIndex(c.name); !ok || x == nil || !standIn(k, *x) || !j.maria && !same(x.Name, name) {
		return cost{}
	}
	x := j.standInGoes(s, k)
	if x.how == rebuild && !same(c.name, name) {
		return cost{}
	}
	return x
}

// inStandIn: the column is a part of the key that stands in for the primary one.
func inStandIn(k *lint.Relation, column string) bool {
	name, ok := keyless(k)
	if !ok {
		return false
	}
	return slices.ContainsFunc(k.FindIndex(name).Columns, func(p schema.IndexColumn) bool { return same(p.Name, column) })
}
