package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var rename = rule{lint.Rule{
	ID: "rename", Severity: lint.Error, Kind: lint.Client,
	Summary: "something that running clients name gets another name",
	Why:     "Old and new code never run at the same instant: whoever still names the old thing fails from the moment of the rename. Rename a column by a phasemig change, which keeps both names in step. A table whose name another one takes in the same RENAME TABLE is an exchange, and breaks nothing. Nor does one whose name a view takes at once that shows all of its columns, but for the moment between the two.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE users RENAME COLUMN a TO b;"}, {Schema: "CREATE TABLE users (a int);", SQL: "ALTER TABLE users CHANGE a b int;"}, {SQL: "RENAME TABLE users TO people;"}, {SQL: "ALTER TABLE users RENAME TO people;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE users RENAME INDEX a TO b;"}, {SQL: "RENAME TABLE users TO users_old, users_new TO users;"}, {Schema: "CREATE TABLE users (a int);", SQL: "RENAME TABLE users TO people;\nCREATE VIEW users AS SELECT a FROM people;"}},
}, func(c *call) {
	switch c.verb {
	case "RENAME TABLE":
		for i, id := range c.tables {
			if k := c.relation(id); c.ifExists && c.missing(id) || k != nil && k.New["name"] || c.comesHome(id) {
				continue
			}
			if lost := c.lostByExchange(id); c.live(id) && lost != "" {
				c.report(said{message: fmt.Sprintf("the table that takes the name %s has no column %s, which running clients name", quoted(id), quote(lost)), safe: "Exchange a table for one that has all of its columns."})
			}
			if from := c.emptyByExchange(id); from != "" {
				c.report(said{message: fmt.Sprintf("%s takes the name %s and has no rows: running clients don't find theirs", quote(from), quoted(id)), safe: "Fill the new table and keep it in step before the two change places."})
			}
			if c.live(id) && !c.taken(id.Name) && !c.exchanged(c.to[i].Name) && !c.standIn(id, c.to[i]) {
				c.report(said{message: fmt.Sprintf("running clients that name the table %s fail from the moment of the rename", quoted(id)), lock: "exclusive metadata lock, short",
					safe: fmt.Sprintf("RENAME TABLE %s TO %s;\nCREATE VIEW %s AS SELECT * FROM %s; -- old clients fail only between the two", quoted(id), quoted(c.to[i]), quoted(id), quoted(c.to[i]))})
			}
		}
	case "RENAME USER":
		c.report(said{message: "running clients that log in as the user fail", safe: "CREATE USER the new one with the same rights, move clients, and drop the old one last."})
	case "ALTER DATABASE", "ALTER SCHEMA":
		if strings.Contains(strings.ToUpper(c.body), "READ ONLY") && !strings.Contains(c.body, "0") {
			c.report(said{message: "every write to the database fails", safe: "Leave READ ONLY out while clients write."})
		}
	}
	if !c.altered() {
		return
	}
	for _, x := range c.clauses {
		c.renames(x)
	}
}}

// lostByExchange is a column of a table that the one that takes its name doesn't have.
func (c *call) lostByExchange(id schema.Ident) string {
	for i, to := range c.to {
		old, ok := c.columnsOf(id)
		fresh, ok2 := c.columnsOf(c.tables[i])
		if !same(to.Name, id.Name) || same(c.tables[i].Name, id.Name) || !ok || !ok2 {
			continue
		}
		for _, n := range old {
			if !holds(fresh, n) {
				return n
			}
		}
	}
	return ""
}

// emptyByExchange names the table that takes the name of one in use, and that the file has made and put no rows into.
func (c *call) emptyByExchange(id schema.Ident) string {
	for i, to := range c.to {
		k := c.relation(c.tables[i])
		if same(to.Name, id.Name) && !same(c.tables[i].Name, id.Name) && c.live(id) && k != nil && k.Kind == "table" && k.Fresh && !k.Partial && !k.New["rows"] {
			return c.tables[i].Name
		}
	}
	return ""
}

// comesHome: a later RENAME TABLE of the file gives the name back.
func (c *call) comesHome(id schema.Ident) bool {
	return c.later(func(s *statement) bool {
		return s.verb == "RENAME TABLE" && slices.ContainsFunc(s.to, func(to schema.Ident) bool { return same(to.Name, id.Name) && to.Schema == id.Schema })
	}) != nil
}

// taken: the same RENAME TABLE gives the name to another table.
func (c *call) taken(name string) bool {
	for _, to := range c.to {
		if same(to.Name, name) {
			return true
		}
	}
	return false
}

// exchanged: the same RENAME TABLE takes the name from another table.
func (c *call) exchanged(name string) bool {
	for _, from := range c.tables {
		if same(from.Name, name) {
			return true
		}
	}
	return false
}

func (c *call) renames(x clause) {
	k := c.relation(c.table)
	switch {
	case x.kind == "rename" && !same(x.to, c.table.Name) && !c.standIn(c.table, x.toID):
		c.report(said{message: fmt.Sprintf("running clients that name the table %s fail from the moment of the rename", quoted(c.table)), lock: "exclusive metadata lock, short",
			safe: fmt.Sprintf("RENAME TABLE %s TO %s;\nCREATE VIEW %s AS SELECT * FROM %s; -- old clients fail only between the two", quoted(c.table), quote(x.to), quoted(c.table), quote(x.to))})
	case (x.kind == "rename column" || x.kind == "change") && !same(x.name, x.to):
		if k != nil && k.New[lower(x.name)] {
			return
		}
		c.report(said{message: fmt.Sprintf("running clients that name %s.%s fail from the moment of the rename", quoted(c.table), quote(x.name)), lock: "exclusive metadata lock, short",
			safe: lint.ChangeFile("rename_column", "table", c.table.Name, "from", x.name, "to", x.to)})
	}
}
