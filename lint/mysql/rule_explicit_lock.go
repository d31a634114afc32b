package mysql

import (
	"cmp"

	"github.com/phasemig/phasemig/lint"
)

var explicitLock = rule{lint.Rule{
	ID: "explicit-lock", Severity: lint.Error, Kind: lint.Lock,
	Summary: "ALGORITHM=COPY, LOCK=SHARED or LOCK=EXCLUSIVE asks for what would have been online",
	Why:     "The server does as it is told: writes wait, and with EXCLUSIVE reads as well, for as long as the change takes. Leave the words out, or ask for LOCK=NONE, which makes the server refuse rather than block.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ADD INDEX (a), LOCK=EXCLUSIVE;"}, {SQL: "ALTER TABLE t ADD COLUMN c int, ALGORITHM=COPY;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD INDEX (a), ALGORITHM=INPLACE, LOCK=NONE;"}, {SQL: "ALTER TABLE t ADD COLUMN c int, ALGORITHM=INSTANT;"}},
}, func(c *call) {
	if !c.altered() || c.worst().blocks() {
		return
	}
	w := c.worst()
	switch {
	case c.algorithm == "COPY" && !(c.maria && c.version >= 110200):
		c.report(said{message: "ALGORITHM=COPY copies " + quoted(c.table) + " while writes wait", lock: "writes wait, for a time that grows with the table's size", safe: "Leave ALGORITHM=COPY out."})
	case (c.lock == "SHARED" || c.lock == "EXCLUSIVE") && (w.how == rebuild || w.rule == "index-build" || c.algorithm == "INPLACE" && c.instantly()):
		c.report(said{message: "LOCK=" + c.lock + " makes others wait while " + cmp.Or(w.why, "the table is written anew"), lock: c.lock + ": for a time that grows with the table's size", safe: "LOCK=NONE"})
	}
}}

// instantly: a clause that would be INSTANT, and writes the table anew where ALGORITHM=INPLACE is asked for.
func (c *call) instantly() bool {
	return c.any(func(x clause) bool {
		return x.kind == "add column" && x.column.generated != "virtual" || x.kind == "drop column"
	})
}

// worst is the cost of the whole statement.
func (c *call) worst() cost {
	var w cost
	k := c.relation(c.table)
	for _, x := range c.clauses {
		p := c.cost(c.statement, x, k)
		if p.blocks() && !w.blocks() || p.blocks() == w.blocks() && p.how > w.how || w.rule == "" {
			w = p
		}
	}
	return w
}
