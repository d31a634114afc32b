package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var reindex = rule{lint.Rule{
	ID: "reindex", Severity: lint.Error, Kind: lint.Lock,
	Summary: "indexes are rebuilt while writes wait, and reads that would use them",
	Why:     "REINDEX takes SHARE on the table and ACCESS EXCLUSIVE on the index, so writes wait, and so does every query that plans with the index. CONCURRENTLY (since 12) builds a new one beside it, outside a transaction. System catalogs have no concurrent form.",
	Bad:     []lint.Example{{SQL: "REINDEX TABLE orders;"}, {SQL: "REINDEX INDEX orders_user;"}, {SQL: "REINDEX SCHEMA public;"}},
	Good:    []lint.Example{{SQL: "REINDEX TABLE CONCURRENTLY orders;"}, {SQL: "REINDEX (CONCURRENTLY) INDEX orders_user;"}},
}, func(c *call) {
	n := c.node.GetReindexStmt()
	if n == nil {
		return
	}
	concurrent := option(n.Params, "concurrently")
	name := n.Name
	if n.Relation != nil {
		if n.Kind == pg.ReindexObjectType_REINDEX_OBJECT_TABLE && !c.live(n.Relation) {
			return
		}
		if k, _ := c.catalog.Owner(n.Relation.Relname); n.Kind == pg.ReindexObjectType_REINDEX_OBJECT_INDEX && k != nil && k.Fresh {
			return
		}
		name = table(n.Relation)
	}
	switch {
	case concurrent && n.Kind == pg.ReindexObjectType_REINDEX_OBJECT_SYSTEM:
		c.report(said{message: "this fails: system catalogs can't be reindexed concurrently", safe: "REINDEX SYSTEM in a maintenance window."})
	case concurrent && c.version < 120000:
		c.report(said{message: "this fails: REINDEX CONCURRENTLY came with version 12", safe: "CREATE INDEX CONCURRENTLY a twin, then DROP INDEX CONCURRENTLY the old one."})
	case !concurrent:
		x := said{message: fmt.Sprintf("writes wait while %s is rebuilt, and so do reads that plan with the index", name),
			lock: share + " on the table, " + exclusive + " on the index: for a time that grows with the table's size", safe: c.concurrently(n)}
		c.report(x)
	}
}}

func (c *call) concurrently(n *pg.ReindexStmt) string {
	word := map[pg.ReindexObjectType]string{pg.ReindexObjectType_REINDEX_OBJECT_INDEX: "INDEX", pg.ReindexObjectType_REINDEX_OBJECT_TABLE: "TABLE",
		pg.ReindexObjectType_REINDEX_OBJECT_SCHEMA: "SCHEMA", pg.ReindexObjectType_REINDEX_OBJECT_DATABASE: "DATABASE"}[n.Kind]
	if word == "" {
		return "REINDEX DATABASE CONCURRENTLY …; -- leaves the system catalogs out"
	}
	return c.with(word, " CONCURRENTLY")
}
