package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// named: every constraint of the kind has a name, so that one that isn't found isn't there.
func (j *judge) named(k *lint.Relation, kind schema.ConstraintKind) bool {
	for _, q := range k.Constraints {
		if q.Kind == kind && q.Name == "" && !(j.maria && kind == schema.Check && len(q.Columns) == 1) { // MariaDB: a column's own CHECK has no name
			return false
		}
	}
	return true
}

// drops1 reports whether a statement drops an index.
func drops1(s *statement, name string) bool {
	return slices.ContainsFunc(s.clauses, func(c clause) bool { return c.kind == "drop key" && same(c.name, name) })
}

// frees reports whether the statement drops or renames an index.
func (c *call) frees(name string) bool {
	for _, x := range c.clauses {
		if (x.kind == "drop key" || x.kind == "rename key" || x.kind == "drop constraint") && same(x.name, name) {
			return true
		}
	}
	return false
}

func (c *call) indexState(k *lint.Relation, x clause, gone map[string]bool) string {
	i := k.FindIndex(x.name)
	switch {
	case (i == nil || gone["index "+lower(x.name)]) && !x.exists:
		return fmt.Sprintf("%s has no index %s", quoted(c.table), quote(x.name))
	case x.kind == "rename key" && k.FindIndex(x.to) != nil && !same(x.name, x.to) && !c.frees(x.to):
		return fmt.Sprintf("%s has an index %s already", quoted(c.table), quote(x.to))
	}
	if x.kind == "rename key" && same(x.name, "PRIMARY") {
		return "the primary key has no other name"
	}
	if x.kind == "drop key" {
		gone["index "+lower(x.name)] = true
	}
	return ""
}

func (c *call) constraintState(k *lint.Relation, x clause) string {
	if x.exists || !c.named(k, schema.ForeignKey) || !c.named(k, schema.Check) {
		return ""
	}
	q, i := k.FindConstraint(x.name), k.FindIndex(x.name)
	isCheck := q != nil && q.Kind == schema.Check
	switch {
	case x.kind == "alter check" && !isCheck, strings.Contains(strings.ToUpper(x.text), "DROP CHECK") && !isCheck:
		return fmt.Sprintf("%s has no CHECK %s", quoted(c.table), quote(x.name))
	case q == nil && (i == nil || !i.Unique):
		return fmt.Sprintf("%s has no constraint %s", quoted(c.table), quote(x.name))
	}
	return ""
}

func (c *call) dropsConstraint(name string) bool {
	return name != "" && c.any(func(x clause) bool {
		return (x.kind == "drop foreign" || x.kind == "drop constraint") && same(x.name, name)
	})
}
