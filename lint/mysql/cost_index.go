package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// withoutDropped is the table without the FULLTEXT and SPATIAL indexes that the statement drops: what stands beside that is done as on a table
// that never had them.
func withoutDropped(s *statement, k *lint.Relation) *lint.Relation {
	drops := func(x schema.Index) bool {
		return (x.Method != "" || onVirtual(k, x)) && slices.ContainsFunc(s.clauses, func(c clause) bool { return c.kind == "drop key" && same(c.name, x.Name) })
	}
	if k == nil || !slices.ContainsFunc(k.Indexes, drops) {
		return k
	}
	bare := *k
	bare.Indexes = slices.DeleteFunc(slices.Clone(k.Indexes), drops)
	return &bare
}

// onVirtual: the index holds a virtual column.
func onVirtual(k *lint.Relation, x schema.Index) bool {
	return slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool {
		c := k.Column(p.Name)
		return c != nil && c.Generated == "virtual"
	})
}

// enforced: the CHECK is known, and holds already.
func enforced(k *lint.Relation, name string) bool {
	q := k.FindConstraint(name)
	return q != nil && !q.NotValid
}

// onExpression: a part of the index is an expression.
func onExpression(x schema.Index) bool {
	return slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool { return p.Expression != "" })
}

func (j *judge) addKey(q key, k *lint.Relation) cost {
	functional := false
	for _, p := range q.parts {
		functional = functional || p.Expression != ""
	}
	switch {
	case q.overlaps:
		return cost{"rebuild-table", copying, true, "a key WITHOUT OVERLAPS is built by copying the table", ""}
	case q.kind == "fulltext":
		return cost{"fulltext-spatial-index", inPlace, true, "a FULLTEXT index is built while writes wait", ""}
	case q.kind == "spatial":
		return cost{"fulltext-spatial-index", inPlace, true, "a SPATIAL index is built while writes wait", ""}
	case q.kind == "vector":
		return cost{"fulltext-spatial-index", copying, true, "a VECTOR index is built while writes wait", ""}
	case q.kind == "foreign":
		if j.unchecked {
			return cost{}
		}
		return cost{"add-foreign-key", copying, true, "the table is copied to verify every row", ""}
	case q.kind == "check":
		if !q.enforced || !j.maria && j.version < 80016 {
			return cost{}
		}
		return cost{"add-check", copying, true, "the table is copied to verify every row", ""}
	case functional && (j.maria || j.version < 80013):
		return cost{rule: "not-on-this-version", fails: "an index on an expression isn't known there"}
	case functional:
		return cost{"functional-index", inPlace, true, "an index on an expression is built while writes wait", ""}
	case !j.maria && geometric(q, k):
		return cost{"fulltext-spatial-index", inPlace, true, "an index on a geometry is built while writes wait", ""}
	case q.kind == "primary":
		if j.maria && indexedVirtual(k) {
			return cost{"primary-key", inPlace, true, "a table that has an index on a virtual column is written anew while writes wait", ""}
		}
		if fulltext(k) {
			return cost{"primary-key", copying, true, "a primary key is added to a table with a FULLTEXT index by copying it", ""}
		}
		return cost{"online-rebuild", rebuild, false, "a primary key writes the table anew", ""}
	}
	if j.maria && q.kind == "unique" && j.hashed(q, k) {
		return cost{"index-build", copying, true, "a unique key that is too long for an index is kept as a hash, for which the table is copied", ""}
	}
	return cost{"index-build", inPlace, false, "the index is built", ""}
}

func (j *judge) dropsPrimary(s *statement, k *lint.Relation) cost {
	if j.maria && anotherKey(k) {
		return cost{"online-rebuild", rebuild, false, "the table is written anew in the order of another unique key", ""}
	}
	for _, c := range s.clauses {
		if c.kind == "add key" && c.key.kind == "primary" || c.kind == "add column" && c.column.primary {
			return cost{"online-rebuild", rebuild, false, "another primary key writes the table anew", ""}
		}
	}
	if !anotherKey(k) && addsUnique(s, k) {
		return cost{"online-rebuild", rebuild, false, "a unique key without NULL takes the primary key's place, and the table is written anew", ""}
	}
	return cost{"primary-key", copying, true, "without its primary key the table is copied", ""}
}

// addsUnique: the statement adds a unique key of columns that are never NULL.
func addsUnique(s *statement, k *lint.Relation) bool {
	for _, c := range s.clauses {
		all := c.kind == "add key" && c.key.kind == "unique"
		for _, p := range c.key.parts {
			col := k.Column(p.Name)
			all = all && col != nil && !col.Nullable && p.Prefix == 0
		}
		if all {
			return true
		}
	}
	return false
}

func fulltext(k *lint.Relation) bool {
	if k == nil {
		return false
	}
	for _, x := range k.Indexes {
		if same(x.Method, "fulltext") {
			return true
		}
	}
	return false
}

func spatial(k *lint.Relation) bool {
	return k != nil && slices.ContainsFunc(k.Indexes, func(x schema.Index) bool { return same(x.Method, "spatial") })
}

// indexed: the same ALTER puts an index on the column.
func indexed(s *statement, column string) bool {
	for _, c := range s.clauses {
		if c.kind == "add key" {
			for _, p := range c.key.parts {
				if same(p.Name, column) {
					return true
				}
			}
		}
	}
	return false
}

// hashed: MariaDB keeps a unique key that is too long for an index as a hash.
func (j *judge) hashed(q key, k *lint.Relation) bool {
	for _, p := range q.parts {
		c := k.Column(p.Name)
		if c == nil {
			continue
		}
		if t, ok := parseType(c.Type); ok {
			t.charset = c.Charset
			if j.hashedType(t, p.Prefix) {
				return true
			}
		}
	}
	return false
}

func (j *judge) hashedType(t typ, prefix int) bool {
	switch {
	case strings.HasSuffix(t.name, "text"), strings.HasSuffix(t.name, "blob"), t.name == "json":
		return prefix == 0 || prefix*narrow(t.charset) > 3072
	case t.name == "varchar":
		return max(prefix, t.arg(0, 0))*narrow(t.charset) > 3072 && (prefix == 0 || prefix*narrow(t.charset) > 3072)
	case t.name == "varbinary":
		return t.arg(0, 0) > 3072 && (prefix == 0 || prefix > 3072)
	}
	return false
}

// indexedVirtual: an index holds a virtual column.
func indexedVirtual(k *lint.Relation) bool {
	if k == nil {
		return false
	}
	for _, c := range k.Columns {
		if c.Generated == "virtual" && inIndex(k, c.Name) {
			return true
		}
	}
	return false
}

// geometric: a part of a plain index is a geometry.
func geometric(q key, k *lint.Relation) bool {
	for _, p := range q.parts {
		if c := k.Column(p.Name); c != nil {
			if t, ok := parseType(c.Type); ok && t.geometry() {
				return true
			}
		}
	}
	return false
}

// addsVirtualKey: the statement puts an index on a virtual column that is there.
func addsVirtualKey(s *statement, k *lint.Relation) bool {
	return k != nil && slices.ContainsFunc(s.clauses, func(c clause) bool {
		return c.kind == "add key" && slices.ContainsFunc(c.key.parts, func(p schema.IndexColumn) bool {
			col := k.Column(p.Name)
			return col != nil && col.Generated == "virtual"
		})
	})
}

// recreated: the statement drops an index and adds the same one under another name, which MariaDB takes for a rename.
func recreated(s *statement, q key, k *lint.Relation) bool {
	return k != nil && q.kind != "foreign" && q.kind != "check" && slices.ContainsFunc(k.Indexes, func(x schema.Index) bool {
		kind := x.Method
		switch {
		case x.Primary:
			kind = "primary"
		case x.Unique:
			kind = "unique"
		case kind == "":
			kind = "index"
		}
		return kind == q.kind && slices.Equal(x.Columns, q.parts) && drops1(s, x.Name)
	})
}
