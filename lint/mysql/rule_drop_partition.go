package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

var dropPartition = rule{lint.Rule{
	ID: "drop-partition", Severity: lint.Error, Kind: lint.Data,
	Summary: "a partition's rows are deleted",
	Why:     "DROP PARTITION and TRUNCATE PARTITION delete rows in a moment and for good; DISCARD TABLESPACE deletes a table's file. To be able to take it back, EXCHANGE the partition with an empty table first, and drop that table later.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t DROP PARTITION p0;"}, {SQL: "ALTER TABLE t TRUNCATE PARTITION p0;"}, {SQL: "ALTER TABLE t DISCARD TABLESPACE;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD PARTITION (PARTITION p9 VALUES LESS THAN (900));"}, {SQL: "ALTER TABLE t ANALYZE PARTITION p0;"}},
}, func(c *call) {
	if !c.altered() {
		return
	}
	if c.ignore && c.maria && c.any(drops) {
		c.report(said{message: "ALTER IGNORE deletes rows of " + quoted(c.table) + " that the new keys refuse", safe: "Look for the duplicates, decide which ones go, and leave IGNORE out."})
	}
	for _, x := range c.clauses {
		if k := c.relation(c.table); x.kind == "drop partition" && x.exists && k != nil && k.Bound != "" && !slices.ContainsFunc(strings.Split(x.value, ", "), func(n string) bool { return readPartitioning(k.Bound).find(n) >= 0 }) {
			continue
		}
		if x.kind == "exchange partition" && c.withNew(x) {
			c.report(said{message: "rows of " + quoted(c.table) + " go to a table that clients don't know, and running clients find them no more", safe: "Do it when no client reads them any more."})
		}
		switch x.kind {
		case "drop partition", "truncate partition", "discard tablespace", "drop versioning":
			c.report(said{message: "rows of " + quoted(c.table) + " are deleted for good", lock: "exclusive metadata lock, short",
				safe: "CREATE TABLE archive LIKE " + quoted(c.table) + ";\nALTER TABLE archive REMOVE PARTITIONING;\nALTER TABLE " + quoted(c.table) + " EXCHANGE PARTITION … WITH TABLE archive;"})
		}
	}
}}

// withNew: the table that is exchanged for a partition is empty, as the file has made it.
func (c *call) withNew(x clause) bool {
	cur := newCursor(x.value)
	cur.name()
	if !cur.take("WITH", "TABLE") {
		return false
	}
	o := c.relation(cur.ident())
	return cur.err == nil && o != nil && o.Fresh && !o.New["rows"]
}

// drops: a clause under which ALTER IGNORE drops rows, or cuts values.
func drops(x clause) bool {
	return x.kind == "add key" && (x.key.kind == "unique" || x.key.kind == "primary") || x.kind == "add column" && (x.column.unique || x.column.primary) || x.kind == "modify" || x.kind == "change" || x.kind == "convert" || x.kind == "partition by"
}
