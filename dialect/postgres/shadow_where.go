package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// A shadow has the table's own name in a schema of the run: so its indexes and
// constraints have the names that the clauses of the change, and everybody later, know them by. When
// the tables change places each goes into the other's schema.

// copyID tells one copy of a run from its others: each has schemas, positions and a slot of its own, so that none
// waits for another one, and names in two tables may be the same.
type copyID struct {
	run string
	n   int // the first is 0, and has the run's own names
}

func copyOf(planID string, a *plans.Alter) copyID { return copyID{planID, a.N} }

func (c copyID) name() string {
	if c.n == 0 {
		return c.run
	}
	return fmt.Sprintf("%s_%d", c.run, c.n)
}

// shadowSchema is where the shadow stands until it takes the table's place.
func (c copyID) shadowSchema() string { return "phasemig_" + c.name() + "_new" }

// asideSchema is where the table in its old shape stands from then on.
func (c copyID) asideSchema() string { return "phasemig_" + c.name() + "_old" }

func (c copyID) shadowPlace(table schema.Ident) schema.Ident {
	return schema.Ident{Schema: c.shadowSchema(), Name: table.Name}
}

func (c copyID) asidePlace(table schema.Ident) schema.Ident {
	return schema.Ident{Schema: c.asideSchema(), Name: table.Name}
}

// checkpoint is the table that keeps from where the copy's log is read, and its marks.
func (c copyID) checkpoint() schema.Ident {
	return schema.Ident{Schema: stateSchema, Name: "checkpoint_" + c.name()}
}
