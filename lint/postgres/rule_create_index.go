package postgres

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var createIndex = rule{lint.Rule{
	ID: "create-index", Severity: lint.Error, Kind: lint.Lock,
	Summary: "an index is built while writes to the table wait",
	Why: "CREATE INDEX takes SHARE, which blocks every write until the index is there. CONCURRENTLY reads the table twice and blocks nobody, outside a transaction; a build that fails leaves an INVALID index behind, " +
		"which has to be dropped before the next try.\n\nA partitioned table has no concurrent form: create the index ON ONLY the parent, CONCURRENTLY on each partition, and attach them.",
	Bad: []lint.Example{{SQL: "CREATE INDEX orders_user ON orders (user_id);"}, {SQL: "CREATE UNIQUE INDEX IF NOT EXISTS u ON users (email);"},
		{Schema: "CREATE TABLE logs (at date) PARTITION BY RANGE (at);", SQL: "CREATE INDEX CONCURRENTLY ON logs (at);"}},
	Good: []lint.Example{{SQL: "CREATE INDEX CONCURRENTLY orders_user ON orders (user_id);"}, {SQL: "CREATE TABLE t (a int);\nCREATE INDEX ON t (a);"}, {SQL: "CREATE INDEX logs_at ON ONLY logs (at);"}},
}, func(c *call) {
	n := c.node.GetIndexStmt()
	if n == nil || !c.live(n.Relation) {
		return
	}
	k := c.relation(n.Relation)
	if n.IfNotExists && k.FindIndex(n.Idxname) != nil || !n.Relation.Inh && (k == nil || k.Partitioned) {
		return
	}
	switch {
	case n.Concurrent && k != nil && k.Partitioned:
		c.report(said{message: fmt.Sprintf("this fails: %s is partitioned, and an index on it can't be built concurrently", table(n.Relation)), safe: c.indexRecipe(n)})
	case !n.Concurrent && k != nil && k.Kind == "matview":
		c.report(said{severity: lint.Warning, message: fmt.Sprintf("REFRESH of %s waits until the index is built; readers don't", table(n.Relation)), lock: share, safe: c.indexRecipe(n)})
	case !n.Concurrent:
		x := said{message: fmt.Sprintf("writes to %s wait until the index is built", table(n.Relation)),
			lock: share + ": writes wait, for a time that grows with " + c.size(n.Relation), safe: c.indexRecipe(n)}
		if (k == nil || !k.Partitioned) && !c.tx.open && c.depth == 0 {
			x.fix = c.afterWord("INDEX", " CONCURRENTLY")
		}
		c.report(x)
	}
}}

// afterWord is the fix that puts a text behind the first such keyword of the statement.
func (c *call) afterWord(word, text string) *lint.Fix {
	for _, t := range Syntax.Tokens(c.s.Text) {
		if t.Is(word) {
			return &lint.Fix{Start: c.s.Start + t.End, End: c.s.Start + t.End, Text: text}
		}
	}
	return nil
}

// with is the statement's own text with a text behind its first such keyword.
func (c *call) with(word, text string) string {
	f := c.afterWord(word, text)
	if f == nil {
		return c.s.Text
	}
	at := f.Start - c.s.Start
	return c.s.Text[:at] + text + c.s.Text[at:] + ";"
}

func (c *call) indexRecipe(n *pg.IndexStmt) string {
	k := c.relation(n.Relation)
	if k == nil || !k.Partitioned {
		note := ""
		if c.tx.open {
			note = "-- outside a transaction, in a file of its own:\n"
		}
		return note + c.with("INDEX", " CONCURRENTLY")
	}
	var cols []string
	for _, p := range n.IndexParams {
		if e := p.GetIndexElem(); e.GetName() != "" {
			cols = append(cols, quote(e.Name))
		}
	}
	at := strings.Join(cols, ", ")
	return fmt.Sprintf("CREATE INDEX %s ON ONLY %s (%s);\n-- for each partition:\nCREATE INDEX CONCURRENTLY …_idx ON … (%s);\nALTER INDEX %s ATTACH PARTITION …_idx;", quote(n.Idxname), table(n.Relation), at, at, quote(n.Idxname))
}
