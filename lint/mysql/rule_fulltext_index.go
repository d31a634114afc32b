package mysql

import "github.com/phasemig/phasemig/lint"

var fulltextIndex = rule{lint.Rule{
	ID: "fulltext-spatial-index", Severity: lint.Error, Kind: lint.Lock,
	Summary: "a FULLTEXT, SPATIAL or VECTOR index is built while writes wait",
	Why:     "These indexes are built in place with LOCK=SHARED. The first FULLTEXT index of a table without a column FTS_DOC_ID also writes the table anew, and no later change of the table is INSTANT.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ADD FULLTEXT INDEX ft (v);"}, {SQL: "CREATE SPATIAL INDEX s ON t (place);"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD INDEX (v);"}, {SQL: "CREATE TABLE f (v text, FULLTEXT (v));"}},
}, blocking(func(c *call, p priced) string {
	return "Copy the table beside its traffic into one that has the index, and exchange the names."
})}
