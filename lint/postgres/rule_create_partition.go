package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var createPartition = rule{lint.Rule{
	ID: "create-partition", Severity: lint.Warning, Kind: lint.Scan,
	Summary: "CREATE TABLE … PARTITION OF locks the parent, and reads its DEFAULT partition",
	Why: "PARTITION OF takes ACCESS EXCLUSIVE on the parent: short, but reads and writes of every partition queue behind it. If the parent has a DEFAULT partition, that is read whole under the lock, and it is an error.\n\n" +
		"A table that is created by itself and then attached takes SHARE UPDATE EXCLUSIVE on the parent.",
	Bad: []lint.Example{{SQL: "CREATE TABLE logs_2027 PARTITION OF logs FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"},
		{Schema: "CREATE TABLE logs (at date) PARTITION BY RANGE (at);\nCREATE TABLE rest PARTITION OF logs DEFAULT;", SQL: "CREATE TABLE logs_2027 PARTITION OF logs FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"}},
	Good: []lint.Example{{SQL: "CREATE TABLE logs (at date) PARTITION BY RANGE (at);\nCREATE TABLE l PARTITION OF logs FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"}, {SQL: "CREATE TABLE logs_2027 (LIKE logs INCLUDING ALL);\nALTER TABLE logs ATTACH PARTITION logs_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"}},
}, func(c *call) {
	n := c.node.GetCreateStmt()
	if n == nil || n.Partbound == nil || len(n.InhRelations) == 0 || n.IfNotExists && c.relation(n.Relation) != nil {
		return
	}
	parent := n.InhRelations[0].GetRangeVar()
	if !c.live(parent) {
		return
	}
	x := said{message: fmt.Sprintf("every read and write of %s waits behind the lock on it", table(parent)), lock: exclusive + " on the parent, short",
		safe: fmt.Sprintf("CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS);\nALTER TABLE %s ATTACH PARTITION %s FOR VALUES …;", table(n.Relation), table(parent), table(parent), table(n.Relation))}
	if d := c.defaultOf(parent); d != nil && !n.Partbound.IsDefault && !excluded(d) {
		x.severity, x.lock = lint.Error, blocksAll("the DEFAULT partition's size")
		x.message = fmt.Sprintf("the DEFAULT partition %s is read whole while reads and writes of %s wait", quoted(d.Ident), table(parent))
	}
	c.report(x)
}}
