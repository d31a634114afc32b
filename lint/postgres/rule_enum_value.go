package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var enumValue = rule{lint.Rule{
	ID: "enum-value-in-transaction", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a new enum value is used in the transaction that adds it",
	Why:     "It fails (55P04): the value can be used once the transaction that added it has committed. Since 17 a type that the same transaction created is free of this.",
	Bad:     []lint.Example{{SQL: "BEGIN;\nALTER TYPE state ADD VALUE 'lost';\nUPDATE t SET state = 'lost' WHERE id = 1;\nCOMMIT;"}, {SQL: "BEGIN;\nALTER TYPE state ADD VALUE 'lost';\nALTER TABLE t ALTER COLUMN state SET DEFAULT 'lost';\nCOMMIT;"}},
	Good:    []lint.Example{{SQL: "ALTER TYPE state ADD VALUE 'lost';\nUPDATE t SET state = 'lost' WHERE id = 1;"}, {SQL: "BEGIN;\nALTER TYPE state ADD VALUE 'lost';\nCOMMIT;"}},
}, func(c *call) {
	if !c.tx.open || c.node.GetAlterEnumStmt() != nil || c.node.GetCommentStmt() != nil {
		return
	}
	fresh := c.catalog.NewValues()
	if len(fresh) == 0 {
		return
	}
	used := ""
	walk(c.node, func(n *pg.Node) {
		if s := n.GetAConst().GetSval(); s != nil && fresh[s.Sval] {
			used = s.Sval
		}
	})
	if used != "" {
		c.report(said{message: fmt.Sprintf("this fails: '%s' was added in this transaction and can't be used before it has committed", used), safe: "COMMIT after ALTER TYPE … ADD VALUE, in a file of its own."})
	}
}}
