package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var validateWithOthers = rule{lint.Rule{
	ID: "validate-with-others", Severity: lint.Error, Kind: lint.Scan,
	Summary: "VALIDATE CONSTRAINT in one ALTER TABLE with an action that takes a stronger lock",
	Why:     "By itself VALIDATE reads the table under SHARE UPDATE EXCLUSIVE, which lets reads and writes through. An ALTER TABLE takes the strongest lock of its actions for all of them.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t VALIDATE CONSTRAINT c, ALTER COLUMN a SET NOT NULL;"}, {SQL: "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT c;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t VALIDATE CONSTRAINT c;\nALTER TABLE t DROP CONSTRAINT d;"}, {SQL: "ALTER TABLE t VALIDATE CONSTRAINT c, VALIDATE CONSTRAINT d;"}},
}, func(c *call) {
	strongest := lockNone
	c.alter(func(_ *pg.AlterTableStmt, a *pg.AlterTableCmd) { strongest = max(strongest, c.lockOf(a, c.later)) })
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if a.Subtype == pg.AlterTableType_AT_ValidateConstraint && strongest > lockShareUpdate {
			c.report(said{message: fmt.Sprintf("VALIDATE CONSTRAINT %s reads all of %s under the %s lock that another action of this ALTER TABLE takes", quote(a.Name), table(t.Relation), strongest),
				lock: blocksAll(c.size(t.Relation)), safe: fmt.Sprintf("-- the other actions first, committed; then:\nALTER TABLE %s VALIDATE CONSTRAINT %s;", table(t.Relation), quote(a.Name))})
		}
	})
}}
