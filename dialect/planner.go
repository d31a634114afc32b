package dialect

import (
	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
)

// Planner is what a dialect knows without a server.
type Planner struct {
	Rules     plans.Rules
	Translate migration.Translator
}
