package mysql

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var redundantIndex = rule{lint.Rule{
	ID: "redundant-index", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "an index whose columns another index already begins with",
	Why:     "An index on (a, b) answers what one on (a) does. The second one costs every write and says nothing new.",
	Bad:     []lint.Example{{Schema: "CREATE TABLE t (a int, b int, KEY ab (a, b));", SQL: "ALTER TABLE t ADD INDEX (a);"}, {SQL: "CREATE TABLE f (a int, b int, KEY ab (a, b));\nCREATE INDEX i ON f (a);"}},
	Good:    []lint.Example{{Schema: "CREATE TABLE t (a int, b int, KEY ab (a, b));", SQL: "ALTER TABLE t ADD INDEX (b);"}, {Schema: "CREATE TABLE t (a int, b int, KEY ab (a, b));", SQL: "ALTER TABLE t ADD INDEX (b, a);"}},
}, func(c *call) {
	k := c.relation(c.table)
	for _, x := range c.clauses {
		if x.kind != "add key" || x.key.kind != "index" || k == nil {
			continue
		}
		for _, i := range k.Indexes {
			if i.Method == "" && !i.Invisible && covers(i.Columns, x.key.parts) {
				c.report(said{message: fmt.Sprintf("the index %s of %s begins with the same columns already", quote(i.Name), quoted(c.table)), safe: "Leave it out."})
				break
			}
		}
	}
}}

func covers(have, want []schema.IndexColumn) bool {
	if len(have) < len(want) || len(want) == 0 {
		return false
	}
	for i := range want {
		if want[i].Name == "" || !same(have[i].Name, want[i].Name) || have[i].Prefix != want[i].Prefix || have[i].Descending != want[i].Descending {
			return false
		}
	}
	return true
}

func beginsWith(have []schema.IndexColumn, columns []string) bool {
	if len(have) < len(columns) {
		return false
	}
	for i := range columns {
		if !same(have[i].Name, columns[i]) {
			return false
		}
	}
	return true
}

var smallKey = rule{lint.Rule{
	ID: "small-integer-key", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "an AUTO_INCREMENT key that runs out",
	Why:     "A signed int ends at 2,147,483,647, and numbers are never given twice. Making the key bigint later copies the table.",
	Bad:     []lint.Example{{SQL: "CREATE TABLE f (id int AUTO_INCREMENT PRIMARY KEY);"}, {SQL: "CREATE TABLE f (id mediumint NOT NULL AUTO_INCREMENT, PRIMARY KEY (id));"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE f (id bigint AUTO_INCREMENT PRIMARY KEY);"}, {SQL: "CREATE TABLE f (code int PRIMARY KEY);"}},
}, func(c *call) {
	if c.verb != "CREATE TABLE" || c.temporary {
		return
	}
	for _, col := range c.columns {
		if col.auto && col.typ.integer() && col.typ.name != "bigint" {
			c.report(said{message: fmt.Sprintf("%s.%s runs out of numbers", quoted(c.table), quote(col.name)), safe: quote(col.name) + " bigint unsigned AUTO_INCREMENT"})
		}
	}
}}

var dropIndex = rule{lint.Rule{
	ID: "drop-visible-index", Severity: lint.Note, Kind: lint.Policy,
	Summary: "an index is dropped that wasn't made invisible first",
	Why:     "Building it again takes as long as the table is large. An index that is INVISIBLE (MariaDB: IGNORED) first is one that can be brought back in a moment if a query misses it.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t DROP INDEX i;"}, {SQL: "DROP INDEX i ON t;"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE f (a int, KEY i (a));\nDROP INDEX i ON f;"}, {SQL: "ALTER TABLE t DROP FOREIGN KEY f;"}},
}, func(c *call) {
	if !c.altered() {
		return
	}
	k := c.relation(c.table)
	for _, x := range c.clauses {
		if i := k.FindIndex(x.name); x.kind == "drop key" && (i == nil || !i.Invisible) {
			word := "INVISIBLE"
			if c.maria {
				word = "IGNORED"
			}
			c.report(said{message: fmt.Sprintf("a query that misses the index %s waits until it is built again", quote(x.name)), safe: fmt.Sprintf("ALTER TABLE %s ALTER INDEX %s %s; -- and drop it when no query has missed it", quoted(c.table), quote(x.name), word)})
		}
	}
}}

var nameTooLong = rule{lint.Rule{
	ID: "name-too-long", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a name of more than 64 characters",
	Why:     "The server refuses it (1059).",
	Bad:     []lint.Example{{SQL: "CREATE TABLE a_name_that_is_so_long_that_the_server_refuses_it_behind_character_64 (a int);"}, {SQL: "ALTER TABLE t ADD COLUMN another_name_that_is_so_long_that_the_server_refuses_it_behind_64 int;"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE f (a int);"}, {SQL: "ALTER TABLE t ADD COLUMN c int;"}},
}, func(c *call) {
	look := func(name string) {
		if len([]rune(name)) > 64 {
			c.report(said{message: "this fails: the name " + name + " has more than 64 characters", safe: "Choose a shorter name."})
		}
	}
	if c.verb == "CREATE TABLE" {
		look(c.table.Name)
	}
	for _, col := range c.columns {
		look(col.name)
	}
	for _, q := range c.keys {
		look(q.name)
	}
	for _, x := range c.clauses {
		look(x.to)
		look(x.key.name)
		if x.kind == "add column" {
			look(x.name)
		}
	}
}}
