package dialect

import (
	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Planner is what a dialect knows without a server.
type Planner struct {
	Rules     plans.Rules
	Translate migration.Translator
	// Difference writes the statements from one shape of a table to another, and Rename that of a column.
	Difference migration.Difference
	Rename     func(table schema.Ident, from, to string) string
	// Renamed and Drop write those of a table of the target's own schema.
	Renamed func(table, to string) string
	Drop    func(table string) string
}
