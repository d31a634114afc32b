package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var refreshView = rule{lint.Rule{
	ID: "refresh-materialized-view", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "a materialized view is filled anew while its readers wait",
	Why:     "REFRESH takes ACCESS EXCLUSIVE for as long as the query runs. CONCURRENTLY lets readers go on; it needs a unique index on plain columns, without a predicate, and a view that was filled before. WITH NO DATA empties the view, and reading it fails.",
	Bad:     []lint.Example{{SQL: "REFRESH MATERIALIZED VIEW totals;"}, {SQL: "REFRESH MATERIALIZED VIEW totals WITH NO DATA;"}},
	Good:    []lint.Example{{SQL: "REFRESH MATERIALIZED VIEW CONCURRENTLY totals;"}, {SQL: "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;\nREFRESH MATERIALIZED VIEW m;"}},
}, func(c *call) {
	n := c.node.GetRefreshMatViewStmt()
	if n == nil || !c.live(n.Relation) {
		return
	}
	concurrent := fmt.Sprintf("REFRESH MATERIALIZED VIEW CONCURRENTLY %s;", table(n.Relation))
	k := c.relation(n.Relation)
	if k != nil && k.Kind == "matview" && !hasUnique(k) {
		concurrent = fmt.Sprintf("CREATE UNIQUE INDEX CONCURRENTLY ON %s (…);\n%s", table(n.Relation), concurrent)
	}
	switch {
	case n.SkipData:
		c.report(said{message: fmt.Sprintf("running clients that read %s fail until it is filled again", table(n.Relation)), safe: concurrent})
	case n.Concurrent && k != nil && k.Kind == "matview" && !hasUnique(k):
		c.report(said{message: fmt.Sprintf("this fails: %s has no unique index on plain columns", table(n.Relation)), safe: concurrent})
	case !n.Concurrent:
		x := said{message: fmt.Sprintf("readers of %s wait until its query has run", table(n.Relation)), lock: blocksAll("the query's time"), safe: concurrent}
		if k != nil && k.Kind == "matview" && hasUnique(k) {
			x.fix = c.afterWord("VIEW", " CONCURRENTLY")
		}
		c.report(x)
	}
}}

func hasUnique(k *lint.Relation) bool {
	for _, x := range k.Indexes {
		if x.Unique && x.Predicate == "" {
			return true
		}
	}
	return false
}
