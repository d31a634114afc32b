package postgres

import (
	pg "github.com/pganalyze/pg_query_go/v6"
)

// carriedOut is the statement that another one carries out: behind EXPLAIN ANALYZE, in COPY (…) TO, or one that PREPARE gave a name. Any other is
// carried out itself, and EXPLAIN alone only plans.
func (j *judge) carriedOut(n *pg.Node) *pg.Node {
	switch s := n.GetNode().(type) {
	case *pg.Node_ExplainStmt:
		inner := s.ExplainStmt.Query
		if option(s.ExplainStmt.Options, "analyze") && inner.GetRefreshMatViewStmt() == nil { // REFRESH has no plan to explain
			return j.carriedOut(inner)
		}
	case *pg.Node_CopyStmt: // COPY (DELETE … RETURNING …) TO …
		if q := s.CopyStmt.Query; q != nil {
			return q
		}
	case *pg.Node_ExecuteStmt:
		if q := j.prepared[s.ExecuteStmt.Name]; q != nil {
			return q
		}
	case *pg.Node_CreateTableAsStmt: // CREATE TABLE … AS EXECUTE
		if q := j.prepared[s.CreateTableAsStmt.GetQuery().GetExecuteStmt().GetName()]; q != nil {
			s.CreateTableAsStmt.Query = q
		}
	}
	return n
}

// prepare follows PREPARE and DEALLOCATE.
func (j *judge) prepare(n *pg.Node) {
	if s := n.GetPrepareStmt(); s != nil {
		j.prepared[s.Name] = s.Query
	}
	if s := n.GetDeallocateStmt(); s != nil {
		delete(j.prepared, s.Name)
		if s.Name == "" { // ALL
			clear(j.prepared)
		}
	}
}
