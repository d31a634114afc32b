package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var redundantIndex = rule{lint.Rule{
	ID: "redundant-index", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "an index whose columns another index already begins with",
	Why:     "A btree index on (a, b) answers what one on (a) does. The second one costs every write and says nothing new, unless it is unique, partial, or of another method.",
	Bad:     []lint.Example{{Schema: "CREATE TABLE t (a int, b int);\nCREATE INDEX ab ON t (a, b);", SQL: "CREATE INDEX CONCURRENTLY a ON t (a);"}, {SQL: "CREATE TABLE t (id int PRIMARY KEY);\nCREATE INDEX i ON t (id);"}},
	Good:    []lint.Example{{Schema: "CREATE TABLE t (a int, b int);\nCREATE INDEX ab ON t (a, b);", SQL: "CREATE INDEX CONCURRENTLY b ON t (b);"}, {Schema: "CREATE TABLE t (a int, b int);\nCREATE INDEX ab ON t (a, b);", SQL: "CREATE UNIQUE INDEX CONCURRENTLY a ON t (a);"}},
}, func(c *call) {
	n := c.node.GetIndexStmt()
	if n == nil || n.Unique || n.WhereClause != nil || n.AccessMethod != "btree" && n.AccessMethod != "" || len(n.IndexIncludingParams) > 0 {
		return
	}
	k := c.relation(n.Relation)
	if k == nil {
		return
	}
	var cols []string
	for _, p := range n.IndexParams {
		e := p.GetIndexElem()
		if e.Name == "" || len(e.Opclass) > 0 || e.Collation != nil {
			return
		}
		cols = append(cols, e.Name)
	}
	for _, x := range k.Indexes {
		if x.Name != n.Idxname && begins(x, cols) {
			c.report(said{message: fmt.Sprintf("the index %s of %s begins with the same columns already", quote(x.Name), table(n.Relation)), safe: "Leave it out."})
			return
		}
	}
}}

func begins(x schema.Index, cols []string) bool {
	if x.Predicate != "" || x.Invalid || x.Method != "btree" && x.Method != "" || len(x.Columns) < len(cols) {
		return false
	}
	for i, c := range cols {
		if x.Columns[i].Name != c {
			return false
		}
	}
	return true
}
