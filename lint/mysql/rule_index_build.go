package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

var indexBuild = rule{lint.Rule{
	ID: "index-build", Severity: lint.Warning, Kind: lint.Heavy,
	Summary: "an index is built beside writes, and replicas wait for it",
	Why:     "On the source reads and writes go on. A replica applies nothing else while it builds the index. A unique index fails at the end if there is a duplicate. LOCK=NONE makes the server refuse rather than block.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ADD INDEX (a);"}, {SQL: "CREATE UNIQUE INDEX i ON t (a);"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t DROP INDEX i;"}, {SQL: "CREATE TABLE f (a int);\nCREATE INDEX i ON f (a);"}},
}, func(c *call) {
	for _, p := range c.costs("index-build") {
		if p.blocks() {
			c.report(said{severity: lint.Error, message: c.sentence(p), lock: c.waiting(p), safe: "Make the key short enough for an index."})
			continue
		}
		what := "an index"
		if p.key.kind == "unique" {
			what = "a unique index, which fails if there is a duplicate,"
		}
		x := said{message: what + " is built on " + quoted(c.table) + "; replicas apply nothing else meanwhile", lock: "none beside a short metadata lock; replicas wait, for a time that grows with the table's size",
			safe: strings.TrimSpace(c.s.Text) + c.online()}
		if c.algorithm == "" && c.lock == "" && len(c.clauses) == 1 && c.depth == 0 {
			end := c.s.Start + len(c.s.Text)
			x.fix = &lint.Fix{Start: end, End: end, Text: c.online()}
		}
		c.report(x)
	}
}}

// online is what makes the server refuse rather than block.
func (c *call) online() string {
	if c.verb == "ALTER TABLE" {
		return ", ALGORITHM=INPLACE, LOCK=NONE"
	}
	return " ALGORITHM=INPLACE LOCK=NONE"
}
