package mysql

import "github.com/phasemig/phasemig/lint"

var rebuildTable = rule{lint.Rule{
	ID: "rebuild-table", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "a table with a FULLTEXT index is rebuilt by a copy while writes wait",
	Why:     "ENGINE=InnoDB, FORCE, ROW_FORMAT and the like write a table anew in place and beside writes, but not one with a FULLTEXT index: that is copied.",
	Bad:     []lint.Example{{Schema: "CREATE TABLE t (a text, FULLTEXT (a));", SQL: "ALTER TABLE t FORCE;"}, {Schema: "CREATE TABLE t (a text, FULLTEXT (a));", SQL: "ALTER TABLE t ENGINE=InnoDB;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t COMMENT = 'x';"}, {Schema: "CREATE TABLE t (a text);", SQL: "ALTER TABLE t FORCE;"}},
}, blocking(func(c *call, p priced) string { return "Copy the table beside its traffic, and exchange the names." })}
