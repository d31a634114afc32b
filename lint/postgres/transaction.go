package postgres

import (
	"slices"

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
	// lost are the columns, and routines the routines, of what this transaction has taken away, by name; tables are those that were tables.
	lost     map[string][]string
	tables   map[string]*lint.Relation
	rights   map[string][]string // of the same, the roles that may use them
	routines map[string]*lint.Object
	// back is where the transaction goes back to; void: it ends with ROLLBACK, and points counts the savepoints at hand that do so.
	back   []undone
	void   bool
	points int
	// savepoints are those that are there.
	savepoints []string
	before     *searchPath // what it was before SET LOCAL
}

// held is a lock that blocks others until the transaction ends.
type held struct {
	table schema.Ident
	lock  string
	by    string // statement
}

// undone is what there was at a BEGIN or SAVEPOINT that a later statement goes back to.
type undone struct {
	name    string // of the savepoint
	catalog *lint.Catalog
	held    []held
}

func (t *transaction) begin(wrapped bool) { *t = transaction{open: true, wrapped: wrapped} }
func (t *transaction) end()               { *t = transaction{open: t.wrapped, wrapped: t.wrapped} }

// hold follows BEGIN and COMMIT, and notes the locks that a statement leaves behind.
func (j *judge) hold(p *parsed) {
	if t := p.node.GetTransactionStmt(); t != nil {
		j.transact(t)
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

func (j *judge) transact(t *pg.TransactionStmt) {
	switch t.Kind {
	case pg.TransactionStmtKind_TRANS_STMT_BEGIN, pg.TransactionStmtKind_TRANS_STMT_START:
		if !j.tx.open || j.tx.wrapped { // a second BEGIN is a warning, and does nothing
			j.beginTransaction()
		}
	case pg.TransactionStmtKind_TRANS_STMT_COMMIT, pg.TransactionStmtKind_TRANS_STMT_PREPARE:
		j.endTransaction(t.Chain)
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK:
		j.takeBack()
		j.endTransaction(t.Chain)
	case pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT:
		j.tx.savepoints = append(j.tx.savepoints, t.SavepointName)
		if j.ahead(func(w []lint.Token) bool { return goesBackTo(w, t.SavepointName) }) {
			j.tx.back = append(j.tx.back, undone{t.SavepointName, j.catalog.Clone(), slices.Clone(j.tx.held)})
			j.tx.points++
		}
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		j.goBack(t.SavepointName)
	}
}

// beginTransaction opens one, and looks whether it is taken back: by ROLLBACK, or as the session ends without a COMMIT.
func (j *judge) beginTransaction() {
	j.tx.begin(j.tx.wrapped)
	last := len(j.rest())
	if !j.tx.wrapped && (j.rolledBack(last) || j.unfinished(last)) {
		j.tx.void = true
		j.tx.back = []undone{{catalog: j.catalog.Clone()}}
	}
}

// endTransaction ends one; with AND CHAIN the next one begins at once.
func (j *judge) endTransaction(chain bool) {
	if j.tx.before != nil {
		j.search = *j.tx.before
	}
	j.tx.end()
	if chain {
		j.beginTransaction()
	}
}

// takeBack puts things as they were at BEGIN.
func (j *judge) takeBack() {
	if len(j.tx.back) > 0 && j.tx.back[0].name == "" {
		j.catalog.Restore(j.tx.back[0].catalog)
	}
}

// unfinished: the file ends behind so many statements, without an end of the transaction.
func (j *judge) unfinished(after int) bool {
	return j.depth == 0 && min(j.next, len(j.file.Statements))+after == len(j.file.Statements)
}

// goBack puts things as they were at a savepoint; locks that were taken since are given back.
func (j *judge) goBack(name string) {
	for i := len(j.tx.back) - 1; i >= 0; i-- {
		if b := j.tx.back[i]; b.name == name {
			j.catalog.Restore(b.catalog)
			j.tx.held, j.tx.back, j.tx.points = b.held, j.tx.back[:i], j.tx.points-1
			return
		}
	}
}

// goesBackTo reads ROLLBACK [WORK | TRANSACTION] TO [SAVEPOINT] name.
func goesBackTo(t []lint.Token, name string) bool {
	return t[0].Is("ROLLBACK") && t[len(t)-1].Value() == name && len(t) > 2
}

// rolledBack reports whether the statement behind so many others takes the transaction back.
func (j *judge) rolledBack(after int) bool {
	at := min(j.next, len(j.file.Statements)) + after
	if at >= len(j.file.Statements) {
		return false
	}
	t := Syntax.Tokens(j.file.Statements[at].Text)
	return len(t) > 0 && (t[0].Is("ROLLBACK") || t[0].Is("ABORT"))
}

// nothingLeft takes away what is said about others and about data of a statement that is taken back before anybody sees it.
func (j *judge) nothingLeft(found []lint.Finding) []lint.Finding {
	if !j.tx.void && j.tx.points == 0 {
		return found
	}
	return slices.DeleteFunc(found, func(f lint.Finding) bool {
		kind := j.kind(f.Rule)
		return kind == lint.Client || kind == lint.Data && f.Rule != wholeTableDelete.ID // which holds its rows until then
	})
}

// rest lists the statements that follow in the open transaction.
func (j *judge) rest() []lint.Statement {
	if !j.tx.open {
		return nil
	}
	after := j.file.Statements[min(j.next, len(j.file.Statements)):]
	for i, s := range after {
		if t := Syntax.Tokens(s.Text); ends(t) {
			return after[:i]
		}
	}
	return after
}

// ends reports whether a statement ends a transaction. ROLLBACK TO goes back inside of one.
func ends(t []lint.Token) bool {
	if len(t) == 0 {
		return false
	}
	if t[0].Is("PREPARE") {
		return len(t) > 1 && t[1].Is("TRANSACTION")
	}
	return t[0].Is("COMMIT") || t[0].Is("END") || (t[0].Is("ROLLBACK") || t[0].Is("ABORT")) && !slices.ContainsFunc(t, func(x lint.Token) bool { return x.Is("TO") })
}

// ahead looks for a statement in the rest of the open transaction.
func (j *judge) ahead(found func([]lint.Token) bool) bool {
	return slices.ContainsFunc(j.rest(), func(s lint.Statement) bool {
		t := Syntax.Tokens(s.Text)
		return len(t) > 0 && found(t)
	})
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
func (j *judge) heavy(p *parsed) string {
	switch n := p.node.Node.(type) {
	case *pg.Node_AlterTableStmt:
		for _, c := range n.AlterTableStmt.Cmds {
			if c.GetAlterTableCmd().Subtype == pg.AlterTableType_AT_ValidateConstraint && j.live(n.AlterTableStmt.Relation) {
				return "VALIDATE CONSTRAINT reads the whole table"
			}
		}
	case *pg.Node_UpdateStmt:
		if j.unbounded(p.node) {
			return "the UPDATE writes a part of the table that grows with it"
		}
	case *pg.Node_DeleteStmt:
		if j.unbounded(p.node) {
			return "the DELETE writes a part of the table that grows with it"
		}
	case *pg.Node_MergeStmt:
		if j.unbounded(p.node) {
			return "the MERGE reads a part of the table that grows with it"
		}
	case *pg.Node_SelectStmt:
		if j.reads(n.SelectStmt) {
			return "the SELECT reads a table as a whole"
		}
	case *pg.Node_InsertStmt:
		if s := n.InsertStmt.GetSelectStmt().GetSelectStmt(); s != nil && j.reads(s) {
			return "the INSERT reads a table as a whole"
		}
	case *pg.Node_CreateTableAsStmt:
		if s := n.CreateTableAsStmt.GetQuery().GetSelectStmt(); s != nil && j.reads(s) && !n.CreateTableAsStmt.GetInto().GetSkipData() {
			return "the new table is filled from another one"
		}
	}
	return ""
}

// reads reports whether a query reads a table that is in use without a bound.
func (j *judge) reads(s *pg.SelectStmt) bool {
	if s == nil || s.LimitCount != nil && len(s.SortClause) == 0 && len(s.GroupClause) == 0 {
		return false
	}
	if j.reads(s.Larg) || j.reads(s.Rarg) {
		return true
	}
	if j.endsOnly(s) {
		return false
	}
	for _, f := range s.FromClause {
		if j.readsFrom(f, s) {
			return true
		}
	}
	return false
}

func (j *judge) readsFrom(f *pg.Node, s *pg.SelectStmt) bool {
	switch n := f.Node.(type) {
	case *pg.Node_RangeVar:
		k := j.relation(n.RangeVar)
		return j.live(n.RangeVar) && !system(ident(n.RangeVar)) && (k == nil || k.Kind != "sequence") && !j.boundFor(n.RangeVar, s.FromClause).holds(s.WhereClause)
	case *pg.Node_JoinExpr:
		return j.readsFrom(n.JoinExpr.Larg, s) && j.readsFrom(n.JoinExpr.Rarg, s)
	case *pg.Node_RangeSubselect:
		return j.reads(n.RangeSubselect.Subquery.GetSelectStmt())
	}
	return false
}

// endsOnly: nothing but max() or min() of columns that an index begins with.
func (j *judge) endsOnly(s *pg.SelectStmt) bool {
	if len(s.FromClause) != 1 || s.FromClause[0].GetRangeVar() == nil || s.WhereClause != nil || len(s.GroupClause) > 0 {
		return false
	}
	b := j.boundFor(s.FromClause[0].GetRangeVar(), nil)
	return !slices.ContainsFunc(s.TargetList, func(n *pg.Node) bool {
		f := n.GetResTarget().GetVal().GetFuncCall()
		return f == nil || lastName(f.Funcname) != "max" && lastName(f.Funcname) != "min" || len(f.Args) != 1 || !b.served(f.Args[0])
	})
}
