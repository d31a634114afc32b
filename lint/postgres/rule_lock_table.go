package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var lockTable = rule{lint.Rule{
	ID: "lock-table", Severity: lint.Error, Kind: lint.Lock,
	Summary: "LOCK TABLE in a mode that blocks writes",
	Why:     "The lock is held until the transaction ends, whatever else it does. Modes below SHARE let reads and writes through.",
	Bad:     []lint.Example{{SQL: "BEGIN;\nLOCK TABLE users;\nCOMMIT;"}, {SQL: "BEGIN;\nLOCK TABLE users IN SHARE MODE;\nCOMMIT;"}},
	Good:    []lint.Example{{SQL: "BEGIN;\nLOCK TABLE users IN ROW EXCLUSIVE MODE;\nCOMMIT;"}, {SQL: "BEGIN;\nLOCK TABLE users IN SHARE UPDATE EXCLUSIVE MODE;\nCOMMIT;"}},
}, func(c *call) {
	n := c.node.GetLockStmt()
	if n == nil || explicit(n.Mode) < lockShare {
		return
	}
	for _, r := range n.Relations {
		if v := r.GetRangeVar(); c.live(v) {
			c.report(said{message: fmt.Sprintf("%s is locked in %s mode until the transaction ends", table(v), explicit(n.Mode)), lock: explicit(n.Mode).String() + ": held until the transaction ends",
				safe: "Let each statement take the lock that it needs, with a lock_timeout, or lock the rows: SELECT … FOR UPDATE."})
		}
	}
}}
