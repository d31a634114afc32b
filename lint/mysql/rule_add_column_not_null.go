package mysql

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var addColumnNotNull = rule{lint.Rule{
	ID: "add-column-not-null", Severity: lint.Error, Kind: lint.Client,
	Summary: "a new NOT NULL column without a default breaks every INSERT that doesn't know it",
	Why:     "Rows that are there get 0, '' or a zero date, which strict mode refuses for dates. INSERTs of running clients don't name the column and fail (1364). Give it a default, or let it be NULL until all clients write it.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN c int NOT NULL;"}, {SQL: "ALTER TABLE t ADD COLUMN c date NOT NULL;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 0;"}, {SQL: "ALTER TABLE t ADD COLUMN c int;"}},
}, func(c *call) {
	if !c.altered() {
		return
	}
	for _, x := range c.clauses {
		col := x.column
		if x.kind == "add column" && col.notNull && col.nullDefault() && !col.auto && col.generated == "" && col.typ.name != "enum" {
			c.report(said{message: fmt.Sprintf("%s.%s is NOT NULL and has no default: INSERTs of running clients fail", quoted(c.table), quote(col.name)),
				safe: fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s NOT NULL DEFAULT …;\n-- or, until all clients write it:\nALTER TABLE %s ADD COLUMN %s %s;", quoted(c.table), quote(col.name), col.typ, quoted(c.table), quote(col.name), col.typ)})
		}
	}
}}
