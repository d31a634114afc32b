package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// leaveIdle takes away what MariaDB leaves undone with a note: a clause with IF [NOT] EXISTS about what is there already or isn't, and an
// ALTER TABLE IF EXISTS of no table.
func (j *judge) leaveIdle(s *statement) {
	if !j.maria || s.verb != "ALTER TABLE" && s.verb != "CREATE INDEX" && s.verb != "DROP INDEX" {
		return
	}
	if s.verb == "ALTER TABLE" && s.ifExists && j.missing(s.table) {
		s.verb, s.clauses = "", nil
		return
	}
	k := j.relation(s.table)
	if !whole(k) {
		return
	}
	added, gone := map[string]bool{}, map[string]bool{}
	s.clauses = slices.DeleteFunc(s.clauses, func(x clause) bool {
		idle := (x.exists || x.key.exists) && j.idle(k, &x, added, gone)
		switch {
		case idle:
		case x.kind == "add column":
			added[lower(x.name)] = true
		case x.kind == "drop column", x.kind == "rename column", x.kind == "change" && !same(x.name, x.to):
			gone[lower(x.name)] = true
			added[lower(x.to)] = true
		case x.kind == "drop key", x.kind == "drop constraint", x.kind == "drop foreign":
			gone["key "+lower(x.name)] = true
		}
		return idle
	})
}

// idle reports whether a clause with IF [NOT] EXISTS does nothing.
func (j *judge) idle(k *lint.Relation, x *clause, added, gone map[string]bool) bool {
	there := k.Column(x.name) != nil && !gone[lower(x.name)] || added[lower(x.name)]
	constraint := k.FindConstraint(x.name) != nil && !gone["key "+lower(x.name)]
	switch x.kind {
	case "add column":
		return there
	case "drop column", "modify", "change", "rename column", "set default", "drop default":
		return !there
	case "drop key", "rename key", "alter key":
		return k.FindIndex(x.name) == nil
	case "drop foreign":
		return !constraint && j.named(k, schema.ForeignKey)
	case "drop constraint":
		return !constraint && k.FindIndex(x.name) == nil && j.named(k, schema.ForeignKey) && j.named(k, schema.Check)
	case "add key":
		return keyThere(k, x.key, gone)
	case "add partition":
		return k.Bound != "" && readPartitioning(k.Bound).find(firstName(x.value)) >= 0
	case "drop partition":
		return k.Bound != "" && !slices.ContainsFunc(strings.Split(x.value, ", "), func(n string) bool { return readPartitioning(k.Bound).find(n) >= 0 })
	}
	return false
}

// keyThere reports whether a key of the name is there. One without a name has that of its first column.
func keyThere(k *lint.Relation, q key, gone map[string]bool) bool {
	name := q.name
	if name == "" && len(q.parts) > 0 {
		name = q.parts[0].Name
	}
	switch q.kind {
	case "primary":
		return k.FindIndex("PRIMARY") != nil
	case "foreign", "check":
		return q.name != "" && k.FindConstraint(q.name) != nil && !gone["key "+lower(q.name)]
	}
	return k.FindIndex(name) != nil && !gone["key "+lower(name)]
}
