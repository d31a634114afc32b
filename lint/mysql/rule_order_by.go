package mysql

import "github.com/phasemig/phasemig/lint"

var orderBy = rule{lint.Rule{
	ID: "order-by", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "ORDER BY copies the table while writes wait",
	Why:     "InnoDB keeps rows in the order of the primary key whatever ORDER BY says: the copy is for nothing.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ORDER BY a;"}, {SQL: "ALTER TABLE t ORDER BY a DESC, b;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD INDEX (a);"}, {SQL: "ALTER TABLE t COMMENT = 'x';"}},
}, blocking(func(c *call, p priced) string { return "Leave it out." })}
