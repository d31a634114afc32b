package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var heldLock = rule{lint.Rule{
	ID: "held-lock", Severity: lint.Error, Kind: lint.Lock,
	Summary: "long work in a transaction that still holds a lock which others wait for",
	Why:     "A lock is held until the transaction ends. A backfill or a VALIDATE behind an ALTER TABLE in the same transaction runs for as long as the table is large, and all of that time the ALTER's lock blocks. Put the two into two transactions.",
	Bad: []lint.Example{{SQL: "BEGIN;\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c;\nCOMMIT;"},
		{SQL: "BEGIN;\nALTER TABLE t ADD COLUMN b int;\nINSERT INTO other SELECT * FROM t;\nCOMMIT;"}},
	Good: []lint.Example{{SQL: "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c;"}, {SQL: "BEGIN;\nALTER TABLE t ADD COLUMN b int;\nALTER TABLE t ALTER COLUMN b SET DEFAULT 1;\nCOMMIT;"}},
}, func(c *call) {
	if !c.tx.open || len(c.tx.held) == 0 {
		return
	}
	why := c.heavy(c.parsed)
	if why == "" {
		return
	}
	h := c.tx.held[0]
	for _, x := range c.tx.held {
		if x.lock == exclusive {
			h = x
		}
	}
	c.report(said{message: fmt.Sprintf("%s, while this transaction holds %s on %s from an earlier statement", why, h.lock, quoted(h.table)),
		lock: h.lock + " on " + quoted(h.table) + ": held for a time that grows with the table", safe: "COMMIT before it, and run it in a transaction of its own."})
}}

var transactionLeft = rule{lint.Rule{
	ID: "transaction-left-open", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "a file that ends inside a transaction, or a BEGIN inside of one",
	Why:     "Without COMMIT the server rolls everything back when the session ends. A BEGIN in a file that its runner wraps in a transaction does nothing, and its COMMIT ends the runner's transaction.",
	Bad:     []lint.Example{{SQL: "BEGIN;\nALTER TABLE t ADD COLUMN a int;"}, {SQL: "BEGIN;\nBEGIN;\nCOMMIT;"}},
	Good:    []lint.Example{{SQL: "BEGIN;\nALTER TABLE t ADD COLUMN a int;\nCOMMIT;"}, {SQL: "ALTER TABLE t ADD COLUMN a int;"}},
}, func(c *call) {
	n := c.node.GetTransactionStmt()
	if n != nil && n.Kind == pg.TransactionStmtKind_TRANS_STMT_BEGIN && c.tx.open && !c.file.Single {
		c.report(said{message: "a transaction is open already, so that BEGIN does nothing and COMMIT ends the outer one", safe: "Leave BEGIN and COMMIT out."})
	}
}}
