package mysql

import "github.com/phasemig/phasemig/lint"

var changeEngine = rule{lint.Rule{
	ID: "change-engine", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "another storage engine copies the table while writes wait",
	Why:     "The whole table is copied, and what the new engine doesn't know (foreign keys, transactions) is gone.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ENGINE=MyISAM;"}, {SQL: "ALTER TABLE t ENGINE = MEMORY;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ENGINE=InnoDB;"}, {SQL: "CREATE TABLE f (a int) ENGINE=MyISAM;"}},
}, blocking(func(c *call, p priced) string {
	return "Copy the table beside its traffic into one of the other engine, and exchange the names."
})}
