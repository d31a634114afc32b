package mysql

import (
	"slices"

	"github.com/phasemig/phasemig/schema"
)

// carriesForeignKey: a foreign key over other columns stands on this index and on
// no other. The parts of a split get no twin of it, so it must outlive its column: the
// server takes the column out of it by itself.
func (r *resolver) carriesForeignKey(x schema.Index) bool {
	for _, k := range r.t.Constraints {
		if k.Kind != schema.ForeignKey || r.ofOld(k.Columns) || !leads(x, k.Columns) {
			continue
		}
		other := func(y schema.Index) bool { return y.Name != x.Name && !r.ofOld(y.Uses) && leads(y, k.Columns) }
		if !slices.ContainsFunc(r.t.Indexes, other) {
			return true
		}
	}
	return false
}

func leads(x schema.Index, columns []string) bool {
	if len(x.Columns) < len(columns) {
		return false
	}
	for i, c := range columns {
		if x.Columns[i].Name != c {
			return false
		}
	}
	return true
}
