package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var wholeTableUpdate = rule{lint.Rule{
	ID: "whole-table-update", Severity: lint.Error, Kind: lint.Lock,
	Summary: "an UPDATE that locks a part of the table that grows with it",
	Why: "Every row that is written stays locked until the statement commits, and writers of those rows wait. The table's dead rows double its size. Batches by key, each committed by itself, lock a few rows for milliseconds.\n\n" +
		"A condition counts as a bound if it compares a column with a value, a list or a range that ends. IS NULL and <> bound nothing.",
	Bad:  []lint.Example{{SQL: "UPDATE users SET active = true;"}, {SQL: "UPDATE users SET country = 'de' WHERE country IS NULL;"}},
	Good: []lint.Example{{SQL: "UPDATE users SET active = true WHERE id BETWEEN 1 AND 1000;"}, {SQL: "UPDATE settings SET value = 'x' WHERE name = 'color';"}},
}, func(c *call) {
	for _, x := range c.writes() {
		if n := x.GetUpdateStmt(); n != nil && c.live(n.Relation) && !bounded(n.WhereClause) {
			c.updates(n)
		}
	}
}}

// writes are the statement and those in its WITH.
func (c *call) writes() []*pg.Node {
	out := []*pg.Node{c.node}
	with := c.node.GetSelectStmt().GetWithClause()
	for _, w := range []*pg.WithClause{c.node.GetInsertStmt().GetWithClause(), c.node.GetUpdateStmt().GetWithClause(), c.node.GetDeleteStmt().GetWithClause()} {
		if w != nil {
			with = w
		}
	}
	for _, n := range with.GetCtes() {
		out = append(out, n.GetCommonTableExpr().GetCtequery())
	}
	return out
}

func (c *call) updates(n *pg.UpdateStmt) {
	c.report(said{message: fmt.Sprintf("every row that the UPDATE writes in %s stays locked until it commits", table(n.Relation)),
		lock: "row locks: writers of those rows wait, for a time that grows with " + c.size(n.Relation), safe: fmt.Sprintf("-- in batches by key, each committed by itself:\nUPDATE %s SET … WHERE … AND id BETWEEN … AND …;", table(n.Relation))})
}

var wholeTableDelete = rule{lint.Rule{
	ID: "whole-table-delete", Severity: lint.Error, Kind: lint.Data,
	Summary: "a DELETE without a bound",
	Why:     "It deletes a part of the table that grows with it, and every such row stays locked until it commits.",
	Bad:     []lint.Example{{SQL: "DELETE FROM users;"}, {SQL: "DELETE FROM users WHERE deleted_at IS NOT NULL;"}},
	Good:    []lint.Example{{SQL: "DELETE FROM users WHERE id = 7;"}, {SQL: "DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE at < '2020-01-01' LIMIT 1000);"}},
}, func(c *call) {
	for _, x := range c.writes() {
		if n := x.GetDeleteStmt(); n != nil && c.live(n.Relation) && !bounded(n.WhereClause) {
			c.deletes(n)
		}
	}
}}

func (c *call) deletes(n *pg.DeleteStmt) {
	c.report(said{message: fmt.Sprintf("rows of %s are deleted without a bound, and stay locked until it commits", table(n.Relation)),
		lock: "row locks: writers of those rows wait, for a time that grows with " + c.size(n.Relation), safe: fmt.Sprintf("-- in batches by key, each committed by itself:\nDELETE FROM %s WHERE … AND id BETWEEN … AND …;", table(n.Relation))})
}
