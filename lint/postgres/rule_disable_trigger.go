package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var disableTrigger = rule{lint.Rule{
	ID: "disable-trigger", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "triggers are switched off for everybody",
	Why:     "What they keep true isn't kept any more, for all sessions, and DISABLE TRIGGER ALL also switches off foreign keys. To write without triggers in one session, SET session_replication_role = replica.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE users DISABLE TRIGGER ALL;"}, {SQL: "ALTER TABLE users DISABLE TRIGGER audit;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE users ENABLE TRIGGER ALL;"}, {SQL: "SET session_replication_role = replica;"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		switch a.Subtype {
		case pg.AlterTableType_AT_DisableTrig, pg.AlterTableType_AT_DisableTrigAll, pg.AlterTableType_AT_DisableTrigUser, pg.AlterTableType_AT_DisableRule:
			c.report(said{message: fmt.Sprintf("triggers of %s are off for every session", table(t.Relation)), lock: shareRow + ", short", safe: "SET session_replication_role = replica; -- for this session alone"})
		}
	})
}}
