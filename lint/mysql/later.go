package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// later finds the first statement behind this one, in the same file, that is as asked.
func (j *judge) later(want func(s *statement) bool) *statement {
	if j.file == nil || j.depth > 0 {
		return nil
	}
	for _, x := range j.file.Statements[min(j.next, len(j.file.Statements)):] {
		if s, err := read(j.plain(x.Text)); err == nil && want(s) {
			return s
		}
	}
	return nil
}

// standIn: a view behind this statement takes a table's name and shows what the table had, so that clients go through it.
func (c *call) standIn(id, to schema.Ident) bool {
	v := c.later(func(s *statement) bool { return s.verb == "CREATE VIEW" && same(s.table.Name, id.Name) })
	if v == nil || to.Schema != id.Schema && to.Schema != "" {
		return false
	}
	q := readQuery(v.body)
	if !q.simple || len(q.from) != 1 || !same(q.from[0].Name, to.Name) || folds(v.body) {
		return false
	}
	if q.star && len(q.listed) == 0 {
		return true
	}
	names, ok := c.result(q)
	old, known := c.columnsOf(id)
	for _, n := range old {
		ok = ok && holds(names, n) && holds(q.plain, n)
	}
	return ok && known
}

// folds: the rows of a view aren't those of its table, so that nothing can be written through it.
func folds(query string) bool {
	t := Syntax.Tokens(query)
	return after(t, "DISTINCT", "GROUP", "HAVING", "UNION", "LIMIT", "OVER")
}

// lessView is a column of a view that goes and comes back without it.
func (c *call) lessView(id schema.Ident) string {
	v := c.later(func(s *statement) bool { return s.verb == "CREATE VIEW" && same(s.table.Name, id.Name) })
	k := c.relation(id)
	if v == nil || k == nil {
		return ""
	}
	old, ok := c.result(readQuery(k.Options["definition"]))
	fresh, ok2 := c.result(readQuery(v.body))
	if !ok || !ok2 {
		return ""
	}
	for _, n := range old {
		if n != "" && !holds(fresh, n) && !holds(fresh, "") {
			return n
		}
	}
	return ""
}

// otherRoutine: a routine that goes comes back with another number of arguments.
func (c *call) otherRoutine(name string) bool {
	r := c.routine(name)
	again := c.later(func(s *statement) bool { return s.verb == "CREATE ROUTINE" && same(s.name, name) })
	if r == nil || again == nil {
		return false
	}
	a, b := arguments(r.Options["definition"]), arguments(again.body)
	return a >= 0 && b >= 0 && a != b
}

// works reports whether a statement takes a time that grows with a table: an index or the table is built, or every row is read.
func (c *call) works() string {
	switch c.verb {
	case "SELECT":
		for _, id := range c.from {
			if c.live(id) && c.maybe(id) && !c.limited && !c.bounds(id, c.where) {
				return "every row of " + quoted(id) + " is read"
			}
		}
	case "INSERT", "REPLACE", "CREATE TABLE":
		if c.selects && !c.limited && !bounded(c.where) {
			return "every row of a table is read"
		}
	case "OPTIMIZE TABLE", "REPAIR TABLE", "CHECK TABLE", "CHECKSUM":
		return "the table is read as a whole"
	}
	if !c.altered() {
		return ""
	}
	if w := c.worst(); w.how == rebuild || w.rule == "index-build" {
		return w.why
	}
	return ""
}

// heldBack says why a statement can't run under LOCK TABLES, which lets only the tables be used that it names.
func (c *call) heldBack() string {
	if len(c.held) == 0 {
		return ""
	}
	if c.held[everything] != "" {
		switch c.verb {
		case "INSERT", "REPLACE", "UPDATE", "DELETE", "TRUNCATE", "ALTER TABLE", "CREATE INDEX", "DROP INDEX", "CREATE TABLE", "DROP TABLE", "RENAME TABLE":
			if !c.temporary {
				return "the session has locked everything for reading, and can't write either until UNLOCK TABLES"
			}
		}
		return ""
	}
	var names []schema.Ident
	writes := false
	switch c.verb {
	case "SELECT", "INSERT", "REPLACE":
		names = c.from
		if c.verb != "SELECT" {
			names, writes = append(names[:len(names):len(names)], c.table), true
		}
	case "UPDATE", "DELETE", "ALTER TABLE", "CREATE INDEX", "DROP INDEX":
		if !c.joined {
			names, writes = []schema.Ident{c.table}, true
		}
	case "TRUNCATE":
		names, writes = []schema.Ident{c.table}, true
	case "DROP TABLE":
		names, writes = c.tables, true
	case "CREATE TABLE":
		if !c.temporary {
			names = []schema.Ident{c.table}
		}
	case "CREATE VIEW", "ALTER VIEW", "DROP VIEW":
		return "views can't be made or dropped until UNLOCK TABLES"
	case "CREATE ROUTINE":
		if c.word == "PROCEDURE" || c.word == "FUNCTION" {
			return "routines can't be made until UNLOCK TABLES"
		}
	case "RENAME TABLE":
		if c.maria {
			return "MariaDB renames no table until UNLOCK TABLES"
		}
	}
	for _, id := range names {
		k := c.relation(id)
		how, locked := c.held[lower(id.Name)]
		switch {
		case id.Name == "" || same(id.Schema, "information_schema") || c.verb == "SELECT" && !c.maybe(id) || k != nil && k.Kind == "temporary":
		case !locked && c.lockedWith(k):
		case !locked:
			return "LOCK TABLES didn't lock " + quoted(id) + ", and nothing else can be used until UNLOCK TABLES"
		case how == "READ" && writes && same(id.Name, c.table.Name):
			return quoted(id) + " is locked for reading, and can't be changed until UNLOCK TABLES"
		}
	}
	return ""
}

// lockedWith: a foreign key leads from the table to one that is locked, or the other way, and the server locks it as well.
func (c *call) lockedWith(k *lint.Relation) bool {
	if k == nil {
		return false
	}
	for name := range c.held {
		other := c.relation(schema.Ident{Name: name})
		if refersTo(k, name) || other != nil && refersTo(other, k.Name) {
			return true
		}
	}
	return false
}

func refersTo(k *lint.Relation, name string) bool {
	return slices.ContainsFunc(k.Constraints, func(q schema.Constraint) bool {
		return q.Kind == schema.ForeignKey && !q.Incoming && same(q.Ref.Name, name)
	})
}

// everything is what FLUSH TABLES WITH READ LOCK locks. No table has the name.
const everything = "\x00"

// maybe: the name may be a table's. EXTRACT(YEAR FROM d) looks as if d were one.
func (j *judge) maybe(id schema.Ident) bool { return j.relation(id) != nil || !j.knowsAll() }

// locksNow follows LOCK TABLES and what gives its locks back.
func (j *judge) locksNow(s *statement) {
	switch s.verb {
	case "LOCK TABLES":
		j.held = map[string]string{}
		for i, id := range s.tables {
			how := "READ"
			if i < len(s.how) && after(Syntax.Tokens(s.how[i]), "WRITE") {
				how = "WRITE"
			}
			name := id.Name
			if t := Syntax.Tokens(s.how[i]); len(t) > 1 && t[0].Is("AS") {
				name = t[1].Value()
			} else if len(t) > 1 && t[0].Kind != lint.String && !t[0].Is("READ") && !t[0].Is("WRITE") && !t[0].Is("LOW_PRIORITY") {
				name = t[0].Value()
			}
			j.held[lower(name)] = how
		}
	case "FLUSH":
		if strings.Contains(s.word, "READ LOCK") || strings.Contains(s.word, "FOR EXPORT") {
			j.held = map[string]string{everything: "READ"}
		}
	case "UNLOCK", "BEGIN", "START":
		j.held = nil
	}
}
