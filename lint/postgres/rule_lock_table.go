package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var lockTable = rule{lint.Rule{
	ID: "lock-table", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "LOCK TABLE in a mode that blocks writes",
	Why:     "The lock is held until the transaction ends, whatever else it does; work behind it whose time grows with a table is an error of its own (held-lock). Modes below SHARE let reads and writes through.",
	Bad:     []lint.Example{{SQL: "BEGIN;\nLOCK TABLE users;\nCOMMIT;"}, {SQL: "BEGIN;\nLOCK TABLE users IN SHARE MODE;\nCOMMIT;"}},
	Good:    []lint.Example{{SQL: "BEGIN;\nLOCK TABLE users IN ROW EXCLUSIVE MODE;\nCOMMIT;"}, {SQL: "BEGIN;\nLOCK TABLE users IN SHARE UPDATE EXCLUSIVE MODE;\nCOMMIT;"}},
}, func(c *call) {
	n := c.node.GetLockStmt()
	if n == nil || explicit(n.Mode) < lockShare {
		return
	}
	severity := lint.Off
	if c.tx.open && !c.tx.wrapped && c.depth == 0 && !c.ended() {
		severity = lint.Error // until the session ends
	}
	for _, r := range n.Relations {
		if v := r.GetRangeVar(); c.live(v) {
			c.report(said{severity: severity, message: fmt.Sprintf("%s is locked in %s mode until the transaction ends", table(v), explicit(n.Mode)), lock: explicit(n.Mode).String() + ": held until the transaction ends",
				safe: "Let each statement take the lock that it needs, with a lock_timeout, or lock the rows: SELECT … FOR UPDATE."})
		}
	}
}}

// ended: a statement of the file ends the open transaction.
func (j *judge) ended() bool {
	return len(j.rest()) < len(j.file.Statements)-min(j.next, len(j.file.Statements))
}
