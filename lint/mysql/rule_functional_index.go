package mysql

import "github.com/phasemig/phasemig/lint"

var functionalIndex = rule{lint.Rule{
	ID: "functional-index", Severity: lint.Error, Kind: lint.Lock,
	Summary: "an index on an expression is built while writes wait",
	Why:     "The expression becomes a hidden virtual column, which is added together with its index: that is done in place with LOCK=SHARED. A virtual column that is added first, by an ALTER of its own, is INSTANT, and the index on it is built beside writes.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ADD INDEX ((a + 1));"}, {SQL: "CREATE INDEX i ON t ((lower(v)));"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN a1 int AS (a + 1) VIRTUAL;\nALTER TABLE t ADD INDEX (a1);"}, {SQL: "ALTER TABLE t ADD INDEX (a);"}},
}, blocking(func(c *call, p priced) string {
	return "ALTER TABLE " + quoted(c.table) + " ADD COLUMN … AS (" + p.key.parts[0].Expression + ") VIRTUAL INVISIBLE, ALGORITHM=INSTANT;\nALTER TABLE " + quoted(c.table) + " ADD INDEX (…), ALGORITHM=INPLACE, LOCK=NONE;"
})}
