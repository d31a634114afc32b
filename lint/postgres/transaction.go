package postgres

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// transaction is the one that is open, and the locks that it holds.
type transaction struct {
	open    bool
	wrapped bool // by whoever runs the file
	held    []held
	away    []string // names that a rename of this transaction has freed
	// lost are the columns, and routines the routines, of what this transaction has taken away, by name.
	lost     map[string][]string
	routines map[string]*lint.Object
}

// held is a lock that blocks others until the transaction ends.
type held struct {
	table schema.Ident
	lock  string
	by    string // statement
}

func (t *transaction) begin(wrapped bool) { *t = transaction{open: true, wrapped: wrapped} }
func (t *transaction) end()               { *t = transaction{open: t.wrapped, wrapped: t.wrapped} }

// hold follows BEGIN and COMMIT, and notes the locks that a statement leaves behind.
func (j *judge) hold(p *parsed, found []lint.Finding) {
	if t := p.node.GetTransactionStmt(); t != nil {
		switch t.Kind {
		case pg.TransactionStmtKind_TRANS_STMT_BEGIN, pg.TransactionStmtKind_TRANS_STMT_START:
			j.tx.begin(j.tx.wrapped)
		case pg.TransactionStmtKind_TRANS_STMT_COMMIT, pg.TransactionStmtKind_TRANS_STMT_ROLLBACK, pg.TransactionStmtKind_TRANS_STMT_PREPARE:
			j.tx.end()
		}
		return
	}
	if !j.tx.open {
		return
	}
	for _, l := range j.locks(p) {
		if l.level >= lockShare {
			j.tx.held = append(j.tx.held, held{l.table, l.level.String(), ""})
		}
	}
}

// level is a table lock's strength.
type level int

// The levels that matter here, in the order of their strength.
const (
	lockNone level = iota
	lockShareUpdate
	lockShare
	lockShareRow
	lockExclusive
	lockAll
)

func (l level) String() string {
	return [...]string{"", "SHARE UPDATE EXCLUSIVE", share, shareRow, "EXCLUSIVE", exclusive}[l]
}

type taken struct {
	table schema.Ident
	level level
}

// locks lists the locks that a statement takes on tables that are in use.
func (j *judge) locks(p *parsed) []taken {
	var out []taken
	add := func(r *pg.RangeVar, l level) {
		if r != nil && j.live(r) {
			out = append(out, taken{ident(r), l})
		}
	}
	switch n := p.node.Node.(type) {
	case *pg.Node_AlterTableStmt:
		l := lockNone
		for _, c := range n.AlterTableStmt.Cmds {
			a := c.GetAlterTableCmd()
			l = max(l, j.lockOf(a, p.later))
			if k := a.GetDef().GetConstraint(); k != nil && k.Contype == pg.ConstrType_CONSTR_FOREIGN {
				add(k.Pktable, lockShareRow)
			}
			if q := a.GetDef().GetPartitionCmd(); q != nil {
				add(q.Name, lockAll)
			}
		}
		add(n.AlterTableStmt.Relation, l)
	case *pg.Node_IndexStmt:
		l := lockShare
		if n.IndexStmt.Concurrent {
			l = lockShareUpdate
		}
		add(n.IndexStmt.Relation, l)
	case *pg.Node_CreateStmt:
		for _, k := range constraintsOf(n.CreateStmt) {
			if k.Contype == pg.ConstrType_CONSTR_FOREIGN {
				add(k.Pktable, lockShareRow)
			}
		}
		for _, i := range n.CreateStmt.InhRelations {
			if n.CreateStmt.Partbound != nil {
				add(i.GetRangeVar(), lockAll)
			}
		}
	case *pg.Node_RenameStmt:
		add(n.RenameStmt.Relation, lockAll)
	case *pg.Node_AlterObjectSchemaStmt:
		add(n.AlterObjectSchemaStmt.Relation, lockAll)
	case *pg.Node_CreateTrigStmt:
		add(n.CreateTrigStmt.Relation, lockShareRow)
	case *pg.Node_RuleStmt:
		add(n.RuleStmt.Relation, lockAll)
	case *pg.Node_CreatePolicyStmt:
		add(n.CreatePolicyStmt.Table, lockAll)
	case *pg.Node_TruncateStmt:
		for _, r := range n.TruncateStmt.Relations {
			add(r.GetRangeVar(), lockAll)
		}
	case *pg.Node_LockStmt:
		for _, r := range n.LockStmt.Relations {
			add(r.GetRangeVar(), explicit(n.LockStmt.Mode))
		}
	case *pg.Node_DropStmt:
		out = append(out, j.dropped(n.DropStmt)...)
	case *pg.Node_RefreshMatViewStmt:
		l := lockAll
		if n.RefreshMatViewStmt.Concurrent {
			l = lockExclusive
		}
		add(n.RefreshMatViewStmt.Relation, l)
	}
	return out
}

// explicit translates the numbers of LOCK TABLE.
func explicit(mode int32) level {
	switch mode {
	case 4:
		return lockShareUpdate
	case 5:
		return lockShare
	case 6:
		return lockShareRow
	case 7:
		return lockExclusive
	case 8:
		return lockAll
	}
	return lockNone
}

func (j *judge) dropped(d *pg.DropStmt) []taken {
	var out []taken
	for _, o := range d.Objects {
		id := identOf(o.GetList().GetItems())
		switch d.RemoveType {
		case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_MATVIEW, pg.ObjectType_OBJECT_VIEW:
		case pg.ObjectType_OBJECT_INDEX:
			r, _ := j.catalog.Owner(id.Name)
			if r == nil || d.Concurrent {
				continue
			}
			id = r.Ident
		case pg.ObjectType_OBJECT_TRIGGER, pg.ObjectType_OBJECT_RULE, pg.ObjectType_OBJECT_POLICY:
			n := names(o.GetList().GetItems())
			id = schema.Ident{Name: n[max(len(n)-2, 0)]}
		default:
			continue
		}
		if r := j.catalog.Relation(id); r == nil || !r.Fresh {
			out = append(out, taken{id, lockAll})
		}
	}
	return out
}

// lockOf is the lock that an action of ALTER TABLE takes (AlterTableGetLockLevel in the server's source, 12 and later).
func (j *judge) lockOf(a *pg.AlterTableCmd, l later) level {
	switch a.Subtype {
	case pg.AlterTableType_AT_ValidateConstraint, pg.AlterTableType_AT_SetStatistics, pg.AlterTableType_AT_ClusterOn,
		pg.AlterTableType_AT_DropCluster, pg.AlterTableType_AT_SetOptions, pg.AlterTableType_AT_ResetOptions,
		pg.AlterTableType_AT_SetRelOptions, pg.AlterTableType_AT_ResetRelOptions, pg.AlterTableType_AT_DetachPartitionFinalize:
		return lockShareUpdate
	case pg.AlterTableType_AT_AttachPartition:
		if j.version < 120000 {
			return lockAll
		}
		return lockShareUpdate
	case pg.AlterTableType_AT_DetachPartition:
		if a.Def.GetPartitionCmd().GetConcurrent() {
			return lockShareUpdate
		}
		return lockAll
	case pg.AlterTableType_AT_EnableTrig, pg.AlterTableType_AT_EnableAlwaysTrig, pg.AlterTableType_AT_EnableReplicaTrig,
		pg.AlterTableType_AT_EnableTrigAll, pg.AlterTableType_AT_EnableTrigUser, pg.AlterTableType_AT_DisableTrig,
		pg.AlterTableType_AT_DisableTrigAll, pg.AlterTableType_AT_DisableTrigUser:
		return lockShareRow
	case pg.AlterTableType_AT_AddConstraint:
		if k := a.Def.GetConstraint(); k != nil && k.Contype == pg.ConstrType_CONSTR_FOREIGN {
			return lockShareRow
		}
	}
	return lockAll
}

// heavy is why a statement takes a time that grows with a table, "" where it doesn't.
func (j *judge) heavy(p *parsed, found []lint.Finding) string {
	switch n := p.node.Node.(type) {
	case *pg.Node_AlterTableStmt:
		for _, c := range n.AlterTableStmt.Cmds {
			if c.GetAlterTableCmd().Subtype == pg.AlterTableType_AT_ValidateConstraint && j.live(n.AlterTableStmt.Relation) {
				return "VALIDATE CONSTRAINT reads the whole table"
			}
		}
	case *pg.Node_UpdateStmt:
		if j.live(n.UpdateStmt.Relation) && !bounded(n.UpdateStmt.WhereClause) {
			return "the UPDATE writes a part of the table that grows with it"
		}
	case *pg.Node_DeleteStmt:
		if j.live(n.DeleteStmt.Relation) && !bounded(n.DeleteStmt.WhereClause) {
			return "the DELETE writes a part of the table that grows with it"
		}
	case *pg.Node_InsertStmt:
		if s := n.InsertStmt.GetSelectStmt().GetSelectStmt(); s != nil && j.reads(s) {
			return "the INSERT reads a table as a whole"
		}
	case *pg.Node_CreateTableAsStmt:
		if s := n.CreateTableAsStmt.GetQuery().GetSelectStmt(); s != nil && j.reads(s) {
			return "the new table is filled from another one"
		}
	}
	return ""
}

// reads reports whether a query reads a table that is in use without a bound.
func (j *judge) reads(s *pg.SelectStmt) bool {
	if s.LimitCount != nil {
		return false
	}
	for _, f := range s.FromClause {
		if r := f.GetRangeVar(); r != nil && j.live(r) && !bounded(s.WhereClause) {
			return true
		}
		if f.GetJoinExpr() != nil && !bounded(s.WhereClause) {
			return true
		}
	}
	return false
}
