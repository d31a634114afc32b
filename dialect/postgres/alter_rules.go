package postgres

import (
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// noAlter is why an ALTER TABLE in the server's own words isn't planned here yet.
func noAlter(t *schema.Table) *plans.RefusedError {
	return &plans.RefusedError{What: "alter table " + t.Ident.String(), Reason: "on this server changes are planned by operations on columns",
		Hint: "rename_column, split_column, change_type or set_not_null in a change file"}
}

// NativeWays implements plans.Rules.
func (Rules) NativeWays(*plans.Facts, *schema.Table, *plans.AlterFacts) []plans.NativeWay { return nil }

// Alter implements plans.Rules.
func (Rules) Alter(_ *plans.Facts, t *schema.Table, _ *plans.AlterFacts, _ *plans.Alter) error {
	return noAlter(t)
}

// RenderAlter implements plans.Rules.
func (Rules) RenderAlter(_ *plans.Facts, t *schema.Table, _ *plans.Alter, _ string, _ *plans.Step) (bool, error) {
	return false, noAlter(t)
}
