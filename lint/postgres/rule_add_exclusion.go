package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var addExclusion = rule{lint.Rule{
	ID: "add-exclusion", Severity: lint.Error, Kind: lint.Lock,
	Summary: "an exclusion constraint is added to a table in use",
	Why:     "Its index is built under ACCESS EXCLUSIVE, and there is no concurrent way. Create a new table that has it, fill that in step, and exchange the names.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE bookings ADD CONSTRAINT apart EXCLUDE USING gist (room WITH =, during WITH &&);"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE bookings (room int, during tsrange, EXCLUDE USING gist (room WITH =, during WITH &&));"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if a.Subtype == pg.AlterTableType_AT_AddConstraint && a.Def.GetConstraint().GetContype() == pg.ConstrType_CONSTR_EXCLUSION {
			c.report(said{message: fmt.Sprintf("the index behind the exclusion constraint is built while all reads and writes of %s wait; there is no concurrent way", table(t.Relation)),
				lock: blocksAll(c.size(t.Relation)), safe: fmt.Sprintf("Create a table like %s that has the constraint, keep it in step by triggers, fill it in batches, and exchange the names.", table(t.Relation))})
		}
	})
}}
