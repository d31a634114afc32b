package mysql

import "github.com/phasemig/phasemig/lint"

var partitionMaintenance = rule{lint.Rule{
	ID: "partition-maintenance", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "rows move between partitions, or are read, while writes wait",
	Why:     "REORGANIZE, COALESCE, REBUILD and ADD PARTITION of a HASH or KEY table copy rows with LOCK=SHARED. OPTIMIZE PARTITION writes the whole table anew, beside writes. On MariaDB a partition that is added beside DEFAULT takes rows from there. EXCHANGE PARTITION reads every row of the other table, unless WITHOUT VALIDATION (MariaDB: since 11.4). ADD PARTITION of a RANGE or LIST table is a matter of the catalog.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t REORGANIZE PARTITION pm INTO (PARTITION p2 VALUES LESS THAN (300), PARTITION pm VALUES LESS THAN MAXVALUE);"}, {SQL: "ALTER TABLE t COALESCE PARTITION 2;"}, {SQL: "ALTER TABLE t ADD PARTITION PARTITIONS 4;"}, {SQL: "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE x;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD PARTITION (PARTITION p9 VALUES LESS THAN (900));"}, {SQL: "ALTER TABLE t ANALYZE PARTITION p0;"}},
}, blocking(func(c *call, p priced) string {
	return "Split a partition while it is empty, add partitions ahead of time, and copy the table beside its traffic for anything else."
})}
