package mysql

import "github.com/phasemig/phasemig/lint"

var partitionTable = rule{lint.Rule{
	ID: "partition-table", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "a table is partitioned, or made whole again, by a copy while writes wait",
	Why:     "PARTITION BY and REMOVE PARTITIONING write every row into new files.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 4;"}, {SQL: "ALTER TABLE t REMOVE PARTITIONING;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD PARTITION (PARTITION p9 VALUES LESS THAN (900));"}, {SQL: "CREATE TABLE f (id int) PARTITION BY HASH (id) PARTITIONS 4;"}},
}, blocking(func(c *call, p priced) string {
	return "Copy the table beside its traffic into one with the wanted partitions, and exchange the names."
})}
