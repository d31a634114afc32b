package mysql

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// alterState looks at each clause of an ALTER TABLE, CREATE INDEX or DROP INDEX.
func (c *call) alterState(k *lint.Relation) []string {
	if c.missing(c.table) {
		if c.ifExists && c.verb == "ALTER TABLE" && c.maria {
			return nil
		}
		return []string{"there is no table " + quoted(c.table)}
	}
	if k != nil && k.Kind == "view" {
		return []string{quoted(c.table) + " is a view"}
	}
	if k != nil && k.Kind == "sequence" && c.any(func(x clause) bool {
		return strings.HasSuffix(x.kind, " column") || x.kind == "modify" || x.kind == "change"
	}) {
		return []string{quoted(c.table) + " is a sequence"}
	}
	if !whole(k) {
		return c.twice()
	}
	var out []string
	added := map[string]bool{}
	gone := map[string]bool{}
	for _, x := range c.clauses {
		if c.versionedRefuses(k, x) {
			out = append(out, quoted(c.table)+" is system-versioned, and its columns and unique keys can't change unless system_versioning_alter_history = 'KEEP'")
			break
		}
	}
	for _, x := range c.clauses {
		why := c.clauseState(k, x, added, gone)
		if why == "" && c.maria {
			why = c.periodState(k, x)
		}
		if why != "" {
			out = append(out, why)
		}
	}
	return out
}

// versionedRefuses: MariaDB keeps the history of a versioned table as it is, unless the session says otherwise.
func (c *call) versionedRefuses(k *lint.Relation, x clause) bool {
	if !c.maria || c.keeps || k.Options["system versioning"] == "" {
		return false
	}
	switch x.kind {
	case "add column", "drop column", "modify", "change":
		return true
	case "add key":
		return x.key.kind == "unique" || x.key.kind == "primary"
	}
	return false
}

// twice finds what an ALTER does twice, whatever the table is.
func (c *call) twice() []string {
	var out []string
	seen := map[string]bool{}
	for _, x := range c.clauses {
		key := x.kind + " " + lower(x.name)
		if (x.kind == "add column" || x.kind == "drop column" || x.kind == "drop key") && x.name != "" {
			if seen[key] && !x.exists {
				out = append(out, x.kind+" "+quote(x.name)+" stands there twice")
			}
			seen[key] = true
		}
	}
	return out
}

func (c *call) clauseState(k *lint.Relation, x clause, added, gone map[string]bool) string {
	name := lower(x.name)
	there := k.Column(x.name) != nil && !gone["column "+name]
	table := quoted(c.table)
	after := func(col column) string {
		if col.after != "" && (k.Column(col.after) == nil && !added[lower(col.after)] || same(col.after, col.name)) {
			return fmt.Sprintf("%s has no column %s to put it behind", table, quote(col.after))
		}
		return ""
	}
	switch x.kind {
	case "add column":
		if (k.Column(x.name) != nil && !gone["column "+name] && !c.moves(x.name) || added[name]) && !x.exists {
			return fmt.Sprintf("%s has a column %s already", table, quote(x.name))
		}
		if why := after(x.column); why != "" {
			return why
		}
		if c.maria && x.column.unversioned && k.Options["system versioning"] == "" {
			return table + " isn't system-versioned"
		}
		added[name] = true
	case "drop column", "modify", "change", "rename column", "set default", "drop default", "set visible":
		if !there && !x.exists {
			return fmt.Sprintf("%s has no column %s", table, quote(x.name))
		}
		if !there {
			return ""
		}
		if why := c.columnState(k, x); why != "" {
			return why
		}
		if x.kind == "drop column" || (x.kind == "modify" || x.kind == "change") {
			gone["column "+name] = true
		}
		return after(x.column)
	case "drop key", "rename key", "alter key":
		return c.indexState(k, x, gone)
	case "drop primary":
		if k.FindIndex("PRIMARY") == nil {
			return table + " has no primary key"
		}
	case "drop foreign":
		if q := k.FindConstraint(x.name); (q == nil || q.Kind != schema.ForeignKey) && !x.exists && c.named(k, schema.ForeignKey) {
			return fmt.Sprintf("%s has no foreign key %s", table, quote(x.name))
		}
	case "drop constraint", "alter check":
		return c.constraintState(k, x)
	case "add key":
		if x.key.kind == "primary" && k.FindIndex("PRIMARY") != nil && !c.dropsKey() {
			return table + " has a primary key already"
		}
		if q := k.FindIndex(x.key.name); q != nil && x.key.name != "" && x.key.kind != "foreign" && x.key.kind != "check" && !x.key.exists && !c.replace && !c.frees(x.key.name) {
			return fmt.Sprintf("%s has an index %s already", table, quote(x.key.name))
		}
	case "add versioning":
		if k.Options["system versioning"] != "" {
			return table + " is system-versioned already"
		}
	case "rename":
		if other := c.relation(x.toID); other != nil && !other.Partial && other != k && x.toID.Schema == other.Schema {
			return "there is a table " + quoted(x.toID) + " already"
		}
	case "convert", "option":
	default:
		if strings.Contains(x.kind, "partition") {
			return c.partitionState(k, x)
		}
	}
	return ""
}

func (c *call) dropsKey() bool {
	for _, x := range c.clauses {
		if x.kind == "drop primary" {
			return true
		}
	}
	return false
}

func (c *call) any(f func(x clause) bool) bool {
	for _, x := range c.clauses {
		if f(x) {
			return true
		}
	}
	return false
}

func (c *call) dropsColumn1(name string) bool {
	return c.any(func(x clause) bool { return x.kind == "drop column" && same(x.name, name) })
}

func (c *call) redefined(name string) bool {
	return c.any(func(x clause) bool { return (x.kind == "modify" || x.kind == "change") && same(x.name, name) })
}

// moves: the statement drops or renames a column, so that its name is free.
func (c *call) moves(name string) bool {
	return c.any(func(x clause) bool {
		return same(x.name, name) && (x.kind == "drop column" || (x.kind == "rename column" || x.kind == "change") && !same(x.to, name))
	})
}
