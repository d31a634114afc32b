package mysql

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var dropColumn = rule{lint.Rule{
	ID: "drop-column", Severity: lint.Error, Kind: lint.Data,
	Summary: "a column is dropped: its data is gone, and clients that name it fail",
	Why:     "Even where it is INSTANT (MySQL 8.0.29, MariaDB 10.4), the loss isn't undone. Every running client that names the column fails at once. Let the last reader and writer go first, hide the column for a while, and drop it then: the contract phase of a phasemig change.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE users DROP COLUMN age;"}, {SQL: "ALTER TABLE users DROP age, DROP name;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN age int;\nALTER TABLE users DROP COLUMN age;"}, {SQL: "ALTER TABLE users DROP INDEX age;"}},
}, func(c *call) {
	if !c.altered() {
		return
	}
	k := c.relation(c.table)
	for _, x := range c.clauses {
		if x.kind != "drop column" || k != nil && (k.New[lower(x.name)] || x.exists && !k.Partial && len(k.Columns) > 0 && k.Column(x.name) == nil) {
			continue
		}
		m := said{message: fmt.Sprintf("%s.%s and its values are gone for good, and running clients that name it fail", quoted(c.table), quote(x.name)), lock: "exclusive metadata lock, short",
			safe: fmt.Sprintf("-- in a release of its own, when no statement digest has named the column for a day:\nALTER TABLE %s DROP COLUMN %s;", quoted(c.table), quote(x.name))}
		if p := c.cost(c.statement, x, k); p.blocks() {
			m.lock = "writes wait while the table is copied (" + p.why + "), for a time that grows with its size"
		}
		c.report(m)
	}
}}
