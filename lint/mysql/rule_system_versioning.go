package mysql

import "github.com/phasemig/phasemig/lint"

var systemVersioning = rule{lint.Rule{
	ID: "system-versioning", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "system versioning or a period is added or dropped by a copy while writes wait",
	Why:     "The table is copied; DROP SYSTEM VERSIONING also deletes every row of the history.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ADD SYSTEM VERSIONING;"}, {SQL: "ALTER TABLE t DROP SYSTEM VERSIONING;"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE f (a int) WITH SYSTEM VERSIONING;"}, {SQL: "ALTER TABLE t ADD COLUMN a int;"}},
}, blocking(func(c *call, p priced) string {
	return "Copy the table beside its traffic into a versioned one, and exchange the names."
})}
