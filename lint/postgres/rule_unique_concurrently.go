package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var uniqueConcurrently = rule{lint.Rule{
	ID: "index-left-invalid", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "a concurrent build that can fail and leave an INVALID index behind",
	Why: "A concurrent build that fails, by a duplicate, a lock timeout or a cancel, leaves an INVALID index, which slows writes and serves no query. With IF NOT EXISTS the next run finds the name taken and passes: " +
		"the index is never there. A unique one also refuses duplicates while it is being built.\n\nLook at pg_index.indisvalid, drop the invalid index concurrently, and build again; leave IF NOT EXISTS out.",
	Bad:  []lint.Example{{SQL: "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);"}, {SQL: "CREATE INDEX CONCURRENTLY IF NOT EXISTS j ON t (b);"}},
	Good: []lint.Example{{SQL: "CREATE INDEX CONCURRENTLY i ON t (a);"}, {SQL: "DROP INDEX CONCURRENTLY IF EXISTS i;\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);"}},
}, func(c *call) {
	n := c.node.GetIndexStmt()
	if n == nil || !n.Concurrent || !n.IfNotExists || !c.live(n.Relation) {
		return
	}
	if k := c.relation(n.Relation); k != nil && k.FindIndex(n.Idxname) != nil {
		return
	}
	if c.droppedBefore(n.Idxname) {
		return
	}
	c.report(said{message: "after a build that failed, IF NOT EXISTS takes the INVALID index for the wanted one",
		safe: fmt.Sprintf("DROP INDEX CONCURRENTLY IF EXISTS %s;\nCREATE INDEX CONCURRENTLY %s ON …;", quote(n.Idxname), quote(n.Idxname))})
}}

// droppedBefore reports whether an earlier statement of the file drops an index of that name.
func (j *judge) droppedBefore(name string) bool {
	for _, s := range j.file.Statements[:max(min(j.next-1, len(j.file.Statements)), 0)] {
		t := Syntax.Tokens(s.Text)
		if len(t) > 2 && t[0].Is("DROP") && t[1].Is("INDEX") && t[len(t)-1].Value() == name {
			return true
		}
	}
	return false
}
