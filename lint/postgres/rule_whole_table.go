package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var wholeTableUpdate = rule{lint.Rule{
	ID: "whole-table-update", Severity: lint.Error, Kind: lint.Lock,
	Summary: "an UPDATE that locks a part of the table that grows with it",
	Why: "Every row that is written stays locked until the statement commits, and writers of those rows wait. The table's dead rows double its size. Batches by key, each committed by itself, lock a few rows for milliseconds.\n\n" +
		"A condition counts as a bound if it compares a column of the table itself with a value, a list or a range that has two ends. IS NULL and <> bound nothing, nor does a range that no index serves. It is said of UPDATE, of MERGE, of INSERT … SELECT … ON CONFLICT DO UPDATE, and of SELECT … FOR UPDATE or FOR SHARE; in a loop without COMMIT of every UPDATE.",
	Bad:  []lint.Example{{SQL: "UPDATE users SET active = true;"}, {SQL: "UPDATE users SET country = 'de' WHERE country IS NULL;"}, {SQL: "SELECT id FROM jobs FOR UPDATE;"}, {SQL: "MERGE INTO t USING s ON s.id = t.id WHEN MATCHED THEN UPDATE SET a = s.a;"}},
	Good: []lint.Example{{SQL: "UPDATE users SET active = true WHERE id BETWEEN 1 AND 1000;"}, {SQL: "UPDATE settings SET value = 'x' WHERE name = 'color';"}},
}, func(c *call) {
	for _, x := range c.writes() {
		switch {
		case x.GetUpdateStmt() != nil && c.unbounded(x):
			c.updates(x.GetUpdateStmt().Relation, "UPDATE")
		case x.GetMergeStmt() != nil && c.unbounded(x) && merges(x.GetMergeStmt(), pg.CmdType_CMD_UPDATE):
			c.updates(x.GetMergeStmt().Relation, "MERGE")
		case x.GetInsertStmt() != nil && c.overwrites(x.GetInsertStmt()):
			c.updates(x.GetInsertStmt().Relation, "ON CONFLICT DO UPDATE")
		}
	}
	c.locksRows()
}}

// unbounded reports whether an UPDATE, DELETE or MERGE writes a part of a table in use that grows with it.
func (j *judge) unbounded(n *pg.Node) bool {
	switch s := n.Node.(type) {
	case *pg.Node_UpdateStmt:
		return j.grows(s.UpdateStmt.Relation, s.UpdateStmt.FromClause, s.UpdateStmt.WhereClause, s.UpdateStmt.WithClause)
	case *pg.Node_DeleteStmt:
		return j.grows(s.DeleteStmt.Relation, s.DeleteStmt.UsingClause, s.DeleteStmt.WhereClause, s.DeleteStmt.WithClause)
	case *pg.Node_MergeStmt:
		m := s.MergeStmt
		if slices.ContainsFunc(m.MergeWhenClauses, func(w *pg.Node) bool {
			return w.GetMergeWhenClause().GetMatchKind() == pg.MergeMatchKind_MERGE_WHEN_NOT_MATCHED_BY_SOURCE
		}) {
			return j.live(m.Relation)
		}
		return j.grows(m.Relation, []*pg.Node{m.SourceRelation}, m.JoinCondition, m.WithClause)
	}
	return false
}

// grows: in a loop that ends no transaction what one turn writes stays locked for all of them.
func (j *judge) grows(r *pg.RangeVar, sources []*pg.Node, where *pg.Node, with *pg.WithClause) bool {
	if v, ok := constant(where); ok && where != nil && v != true {
		return false
	}
	b := j.boundFor(r, sources)
	for _, n := range with.GetCtes() {
		if e := n.GetCommonTableExpr(); limited(e.GetCtequery().GetSelectStmt()) {
			b.few = append(b.few, e.Ctename)
		}
	}
	return j.live(r) && (!b.holds(where) || j.looped && !j.committed)
}

// merges reports whether a MERGE does something to rows that are there.
func merges(n *pg.MergeStmt, command pg.CmdType) bool {
	return slices.ContainsFunc(n.MergeWhenClauses, func(w *pg.Node) bool { return w.GetMergeWhenClause().GetCommandType() == command })
}

// overwrites: rows of another table, without a bound, are put over those that are there.
func (c *call) overwrites(n *pg.InsertStmt) bool {
	return c.live(n.Relation) && n.OnConflictClause.GetAction() == pg.OnConflictAction_ONCONFLICT_UPDATE && c.reads(n.SelectStmt.GetSelectStmt())
}

// locksRows looks for FOR UPDATE and FOR SHARE of rows without a bound, in subqueries, too.
func (c *call) locksRows() {
	if c.node.GetSelectStmt() == nil && c.node.GetInsertStmt() == nil && c.node.GetCreateTableAsStmt() == nil {
		return
	}
	walk(c.node, func(m *pg.Node) {
		q := m.GetSelectStmt()
		if q == nil || len(q.LockingClause) == 0 || q.LimitCount != nil {
			return
		}
		for _, f := range q.FromClause {
			if r := f.GetRangeVar(); r != nil && locked(q, r) && c.grows(r, q.FromClause, q.WhereClause, q.WithClause) {
				c.updates(r, "SELECT")
			}
		}
	})
}

// locked: OF names some of the tables.
func locked(q *pg.SelectStmt, r *pg.RangeVar) bool {
	name := r.Relname
	if a := r.GetAlias().GetAliasname(); a != "" {
		name = a
	}
	return slices.ContainsFunc(q.LockingClause, func(n *pg.Node) bool {
		l := n.GetLockingClause().GetLockedRels()
		return len(l) == 0 || slices.ContainsFunc(l, func(o *pg.Node) bool { return o.GetRangeVar().GetRelname() == name })
	})
}

// writes are the statement and those in its WITH.
func (c *call) writes() []*pg.Node {
	out := []*pg.Node{c.node}
	with := c.node.GetSelectStmt().GetWithClause()
	for _, w := range []*pg.WithClause{c.node.GetInsertStmt().GetWithClause(), c.node.GetUpdateStmt().GetWithClause(), c.node.GetDeleteStmt().GetWithClause(), c.node.GetMergeStmt().GetWithClause()} {
		if w != nil {
			with = w
		}
	}
	for _, n := range with.GetCtes() {
		out = append(out, n.GetCommonTableExpr().GetCtequery())
	}
	return out
}

func (c *call) updates(r *pg.RangeVar, what string) {
	c.report(said{message: fmt.Sprintf("every row of %s that the %s takes stays locked until it commits", table(r), what),
		lock: "row locks: writers of those rows wait, for a time that grows with " + c.size(r), safe: fmt.Sprintf("-- in batches by key, each committed by itself:\n… %s … WHERE … AND id BETWEEN … AND …;", table(r))})
}

var wholeTableDelete = rule{lint.Rule{
	ID: "whole-table-delete", Severity: lint.Error, Kind: lint.Data,
	Summary: "a DELETE without a bound",
	Why:     "It deletes a part of the table that grows with it, and every such row stays locked until it commits.",
	Bad:     []lint.Example{{SQL: "DELETE FROM users;"}, {SQL: "DELETE FROM users WHERE deleted_at IS NOT NULL;"}},
	Good:    []lint.Example{{SQL: "DELETE FROM users WHERE false;"}, {SQL: "CREATE TABLE t (a int);\nDELETE FROM t;"}},
}, func(c *call) {
	for _, x := range c.writes() {
		if n := x.GetDeleteStmt(); n != nil && c.unbounded(x) {
			c.deletes(n.Relation)
		}
		if n := x.GetMergeStmt(); n != nil && c.unbounded(x) && merges(n, pg.CmdType_CMD_DELETE) {
			c.deletes(n.Relation)
		}
	}
}}

func (c *call) deletes(r *pg.RangeVar) {
	c.report(said{message: fmt.Sprintf("rows of %s are deleted without a bound, and stay locked until it commits", table(r)),
		lock: "row locks: writers of those rows wait, for a time that grows with " + c.size(r), safe: fmt.Sprintf("-- in batches by key, each committed by itself:\nDELETE FROM %s WHERE … AND id BETWEEN … AND …;", table(r))})
}

var deletesData = rule{lint.Rule{
	ID: "deletes-data", Severity: lint.Error, Kind: lint.Data,
	Summary: "rows or values that are there are deleted",
	Why:     "A DELETE with a bound locks few rows, and they are gone all the same; so are the values of a column that is set to NULL. No rollback of the application brings them back. Where that is what is wanted, say so: ignore the finding with a reason. Rows of a table that the file itself makes, and a DELETE that can find none, aren't meant.",
	Bad:     []lint.Example{{SQL: "DELETE FROM users WHERE id = 7;"}, {SQL: "UPDATE users SET phone = NULL WHERE id BETWEEN 1 AND 500;"}, {SQL: "DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE at < '2020-01-01' LIMIT 1000);"}},
	Good:    []lint.Example{{SQL: "DELETE FROM users WHERE false;"}, {SQL: "UPDATE users SET phone = '' WHERE id BETWEEN 1 AND 500;"}, {SQL: "CREATE TABLE t (a int);\nDELETE FROM t WHERE a = 1;"}},
}, func(c *call) {
	for _, x := range c.writes() {
		switch n := x.GetNode().(type) {
		case *pg.Node_DeleteStmt:
			v, ok := constant(n.DeleteStmt.WhereClause)
			if never := ok && n.DeleteStmt.WhereClause != nil && v != true; c.live(n.DeleteStmt.Relation) && !never && !c.unbounded(x) {
				c.report(said{message: fmt.Sprintf("rows of %s are gone for good", table(n.DeleteStmt.Relation)), safe: "Keep a copy of them first, in a table of its own."})
			}
		case *pg.Node_MergeStmt:
			if c.live(n.MergeStmt.Relation) && !c.unbounded(x) && merges(n.MergeStmt, pg.CmdType_CMD_DELETE) {
				c.report(said{message: fmt.Sprintf("rows of %s are gone for good", table(n.MergeStmt.Relation)), safe: "Keep a copy of them first, in a table of its own."})
			}
		case *pg.Node_UpdateStmt:
			if v, ok := constant(n.UpdateStmt.WhereClause); ok && n.UpdateStmt.WhereClause != nil && v != true {
				continue
			}
			if col := c.emptied(n.UpdateStmt); col != "" {
				c.report(said{message: fmt.Sprintf("the values of %s.%s in these rows are gone for good", table(n.UpdateStmt.Relation), quote(col)), safe: "Keep a copy of them first, in a table of its own."})
			}
		}
	}
}}

// emptied names a column of a table in use that is set to NULL.
func (c *call) emptied(n *pg.UpdateStmt) string {
	if !c.live(n.Relation) {
		return ""
	}
	k := c.relation(n.Relation)
	for _, t := range n.TargetList {
		r := t.GetResTarget()
		if r.GetVal() != nil && isNull(r.Val) && (k == nil || !k.New[r.Name] && (k.Column(r.Name) == nil || k.Column(r.Name).Nullable)) {
			return r.Name
		}
	}
	return ""
}
