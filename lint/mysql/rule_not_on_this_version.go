package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

var notOnThisVersion = rule{lint.Rule{
	ID: "not-on-this-version", Severity: lint.Error, Kind: lint.Fails,
	Summary: "syntax that this server, or this version of it, doesn't have",
	Why:     "MySQL and MariaDB have grown apart: IF EXISTS inside of ALTER TABLE, IF NOT EXISTS of CREATE INDEX, NOCOPY, WAIT and CREATE OR REPLACE TABLE are MariaDB's; indexes on expressions, INVISIBLE indexes and NOT ENFORCED are MySQL's. RENAME COLUMN came with MySQL 8.0 and MariaDB 10.5.2.",
	Bad:     []lint.Example{{Version: "5.7", SQL: "ALTER TABLE t RENAME COLUMN a TO b;"}, {Version: "5.7", SQL: "CREATE INDEX i ON t ((a + 1));"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE IF NOT EXISTS t (a int);"}, {SQL: "ALTER TABLE t ADD COLUMN a int;"}},
}, func(c *call) {
	for _, p := range c.costs("not-on-this-version") {
		c.report(said{message: "this fails: " + p.fails, safe: "Write it for the server that runs it."})
	}
	for _, why := range c.foreignWords() {
		c.report(said{message: "this fails: " + why, safe: "Write it for the server that runs it."})
	}
}}

// foreignWords says what the statement takes from the other server.
func (c *call) foreignWords() []string {
	var out []string
	if c.maria {
		for _, x := range c.clauses {
			switch {
			case x.kind == "alter key" && strings.Contains(strings.ToUpper(x.text), "VISIBLE"), x.kind == "alter check", x.kind == "set visible", x.kind == "validation":
				out = append(out, "MariaDB has no "+x.text)
			case x.kind == "add key" && x.key.kind == "check" && !x.key.enforced:
				out = append(out, "MariaDB has no NOT ENFORCED")
			}
		}
		return out
	}
	switch {
	case c.ignore:
		out = append(out, "MySQL has no ALTER IGNORE since 5.7")
	case c.algorithm == "NOCOPY":
		out = append(out, "MySQL has no ALGORITHM=NOCOPY")
	case c.waits:
		out = append(out, "MySQL has no WAIT or NOWAIT here; SET SESSION lock_wait_timeout is the same")
	case c.replace && c.verb == "CREATE TABLE":
		out = append(out, "MySQL has no CREATE OR REPLACE TABLE")
	}
	for _, x := range c.clauses {
		if x.kind == "alter key" && strings.Contains(strings.ToUpper(x.text), "IGNORED") {
			out = append(out, "MySQL has no IGNORED; INVISIBLE is the same")
		}
		if x.exists && x.kind != "add column" && x.kind != "drop column" || x.kind == "add key" && x.key.exists {
			out = append(out, "MySQL has no IF EXISTS and IF NOT EXISTS there")
		}
	}
	return out
}
