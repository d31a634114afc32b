package mysql

import "github.com/phasemig/phasemig/lint"

var primaryKey = rule{lint.Rule{
	ID: "primary-key", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "the primary key is dropped, and the table copied while writes wait",
	Why:     "InnoDB keeps rows in the primary key. Dropping it alone copies the table; dropping it and adding another one in the same ALTER writes the table anew beside writes. Without a primary key replication and phasemig have nothing to find a row by.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t DROP PRIMARY KEY;"}, {SQL: "ALTER TABLE t DROP PRIMARY KEY, ADD INDEX (id);"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (b);"}, {SQL: "ALTER TABLE t ADD PRIMARY KEY (id);"}},
}, blocking(func(c *call, p priced) string {
	return "ALTER TABLE " + quoted(c.table) + " DROP PRIMARY KEY, ADD PRIMARY KEY (…), ALGORITHM=INPLACE, LOCK=NONE;"
})}
