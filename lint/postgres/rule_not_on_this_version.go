package postgres

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var notOnThisVersion = rule{lint.Rule{
	ID: "not-on-this-version", Severity: lint.Error, Kind: lint.Fails,
	Summary: "syntax that this version of the server doesn't have",
	Why:     "VIRTUAL generated columns, NOT NULL as a named constraint, NOT ENFORCED and WITHOUT OVERLAPS came with 18, SET EXPRESSION with 17, MERGE and NULLS NOT DISTINCT with 15, DETACH PARTITION CONCURRENTLY with 14, SET COMPRESSION with 14, SET ACCESS METHOD with 15, INCLUDE with 11. Give --server-version the version that runs the file.",
	Bad:     []lint.Example{{Version: "17", SQL: "ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a) VIRTUAL;"}, {Version: "17", SQL: "ALTER TABLE t ADD CONSTRAINT c NOT NULL a NOT VALID;"}, {Version: "14", SQL: "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DO NOTHING;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a) VIRTUAL;"}, {Version: "17", SQL: "ALTER TABLE t ADD COLUMN b int;"}},
}, func(c *call) {
	if what, since := c.newest(); since > c.version {
		c.report(said{message: "this fails: " + what + " came with version " + since.String()[:2], safe: "Write it for the version that runs it."})
	}
}}

// newest names the newest thing in a statement, and the version that brought it.
func (c *call) newest() (what string, since lint.Version) {
	switch {
	case c.later.virtual:
		return "a VIRTUAL generated column", 180000
	case c.later.notNull != "":
		return "NOT NULL as a constraint of the table", 180000
	case c.later.notEnforced:
		return "NOT ENFORCED", 180000
	case c.later.temporal:
		return "WITHOUT OVERLAPS", 180000
	case c.later.inherit:
		return "ALTER CONSTRAINT … INHERIT", 180000
	case c.node.GetMergeStmt() != nil:
		return "MERGE", 150000
	}
	if n := c.node.GetIndexStmt(); n != nil {
		switch {
		case n.NullsNotDistinct:
			return "NULLS NOT DISTINCT", 150000
		case len(n.IndexIncludingParams) > 0:
			return "INCLUDE", 110000
		}
	}
	c.alterAny(func(_ *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		switch {
		case a.Subtype == pg.AlterTableType_AT_SetExpression:
			what, since = "SET EXPRESSION", 170000
		case a.Subtype == pg.AlterTableType_AT_SetCompression:
			what, since = "SET COMPRESSION", 140000
		case a.Subtype == pg.AlterTableType_AT_SetAccessMethod:
			what, since = "SET ACCESS METHOD", 150000
		case a.Subtype == pg.AlterTableType_AT_DropExpression:
			what, since = "DROP EXPRESSION", 130000
		case a.Def.GetConstraint().GetNullsNotDistinct():
			what, since = "NULLS NOT DISTINCT", 150000
		}
	})
	return what, since
}
