package postgres

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var outsideTransaction = rule{lint.Rule{
	ID: "not-in-transaction", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a statement that can't run in a transaction, in one",
	Why: "CONCURRENTLY, VACUUM, CREATE and DROP DATABASE, ALTER SYSTEM and some others fail inside a transaction (25001). Most migration tools wrap each file in one, or send it as one message, which is the same. Each tool has a word to leave it out: " +
		"goose `-- +goose NO TRANSACTION`, dbmate `transaction:false`, Atlas `-- atlas:txmode none`, golang-migrate and Prisma a file with this one statement, Flyway a file with only such statements.\n\nThe other way round, LOCK TABLE fails outside of a transaction.",
	Bad:  []lint.Example{{SQL: "BEGIN;\nCREATE INDEX CONCURRENTLY i ON t (a);\nCOMMIT;"}, {SQL: "BEGIN;\nVACUUM t;\nCOMMIT;"}, {SQL: "LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE;"}},
	Good: []lint.Example{{SQL: "CREATE INDEX CONCURRENTLY i ON t (a);"}, {SQL: "BEGIN;\nANALYZE t;\nCOMMIT;"}},
}, func(c *call) {
	if what := c.alone(); what != "" && (c.tx.open || c.depth > 0) {
		c.report(said{message: "this fails: " + what + " can't run inside a transaction" + c.whose(), safe: c.way()})
	}
	if body := c.bodyOf(); body != "" && c.tx.open && slices.ContainsFunc(Syntax.Tokens(body), func(t lint.Token) bool { return t.Is("COMMIT") }) {
		c.report(said{message: "this fails: the COMMIT inside can't end the transaction that is open around it", safe: c.way()})
	}
	c.savepoint()
	if c.node.GetLockStmt() != nil && !c.tx.open && c.depth == 0 {
		c.report(said{message: "this fails: LOCK TABLE only makes sense in a transaction, and there is none", safe: "BEGIN; " + c.s.Text + "; …; COMMIT;"})
	}
}}

// alone names what a statement is that has to be by itself.
func (c *call) alone() string {
	switch n := c.node.Node.(type) {
	case *pg.Node_IndexStmt:
		if n.IndexStmt.Concurrent {
			return "CREATE INDEX CONCURRENTLY"
		}
	case *pg.Node_DropStmt:
		if n.DropStmt.Concurrent {
			return "DROP INDEX CONCURRENTLY"
		}
	case *pg.Node_ReindexStmt:
		k := n.ReindexStmt.Kind
		if option(n.ReindexStmt.Params, "concurrently") {
			return "REINDEX CONCURRENTLY"
		}
		if k == pg.ReindexObjectType_REINDEX_OBJECT_SCHEMA || k == pg.ReindexObjectType_REINDEX_OBJECT_DATABASE || k == pg.ReindexObjectType_REINDEX_OBJECT_SYSTEM {
			return "REINDEX of more than one table"
		}
	case *pg.Node_VacuumStmt:
		if n.VacuumStmt.IsVacuumcmd {
			return "VACUUM"
		}
	case *pg.Node_ClusterStmt:
		if n.ClusterStmt.Relation == nil {
			return "CLUSTER of every table"
		}
	case *pg.Node_CreatedbStmt:
		return "CREATE DATABASE"
	case *pg.Node_DropdbStmt:
		return "DROP DATABASE"
	case *pg.Node_CreateTableSpaceStmt:
		return "CREATE TABLESPACE"
	case *pg.Node_DropTableSpaceStmt:
		return "DROP TABLESPACE"
	case *pg.Node_AlterSystemStmt:
		return "ALTER SYSTEM"
	case *pg.Node_CreateSubscriptionStmt:
		if !strings.Contains(strings.ToLower(c.s.Text), "create_slot") && !strings.Contains(strings.ToLower(c.s.Text), "connect") {
			return "CREATE SUBSCRIPTION with a slot"
		}
	case *pg.Node_AlterEnumStmt:
		if n.AlterEnumStmt.OldVal == "" && c.version < 120000 {
			return "ALTER TYPE … ADD VALUE before version 12"
		}
	case *pg.Node_AlterDatabaseStmt:
		if strings.Contains(strings.ToUpper(c.s.Text), "TABLESPACE") {
			return "ALTER DATABASE SET TABLESPACE"
		}
	case *pg.Node_AlterTableStmt:
		for _, a := range n.AlterTableStmt.Cmds {
			if a.GetAlterTableCmd().GetDef().GetPartitionCmd().GetConcurrent() {
				return "DETACH PARTITION CONCURRENTLY"
			}
		}
	}
	return ""
}

func (c *call) whose() string {
	switch {
	case c.depth > 0:
		return ", and a DO block or routine is in one"
	case c.file.Single:
		return ", and " + string(c.file.Format) + " sends the file as one message, which is one transaction"
	case c.file.Wrapped:
		return ", and " + string(c.file.Format) + " wraps the file in one"
	}
	return ""
}

func (c *call) way() string {
	switch c.file.Format {
	case lint.Goose:
		return "-- +goose NO TRANSACTION\n(in front of -- +goose Up, in a file with only this statement)"
	case lint.Dbmate:
		return "-- migrate:up transaction:false\n(in a file with only this statement)"
	case lint.Atlas:
		return "-- atlas:txmode none\n(as the first line, in a file with only this statement)"
	}
	return "Put it into a file of its own, outside of any transaction."
}

// savepoint looks at SAVEPOINT and what goes back to one.
func (c *call) savepoint() {
	t := c.node.GetTransactionStmt()
	switch t.GetKind() {
	case pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT, pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO, pg.TransactionStmtKind_TRANS_STMT_RELEASE:
	default:
		return
	}
	switch {
	case !c.tx.open && c.depth == 0:
		c.report(said{message: "this fails: a savepoint is a part of a transaction, and there is none", safe: "BEGIN first."})
	case t.Kind != pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT && c.tx.open && !slices.Contains(c.tx.savepoints, t.SavepointName):
		c.report(said{message: "this fails: there is no savepoint " + quote(t.SavepointName), safe: "SAVEPOINT " + quote(t.SavepointName) + "; -- first"})
	}
}

// bodyOf is what a DO or a CALL of a procedure of the files runs.
func (c *call) bodyOf() string {
	for _, a := range c.node.GetDoStmt().GetArgs() {
		if d := a.GetDefElem(); d.GetDefname() == "as" {
			return str(d.Arg)
		}
	}
	if f := c.node.GetCallStmt().GetFunccall(); f != nil {
		return c.routines[lastName(f.Funcname)]
	}
	return ""
}
