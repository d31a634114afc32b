package plans

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/phasemig/phasemig/schema"
)

// Column syncs and what the server does by itself go through the phases together where neither touches what the other is
// about. Every way back stays open as long as it would for each alone: what ends one stands in contract, behind the soak.

// besideSyncs refuses what can't stand beside a column sync.
func (r *Recipe) besideSyncs(p *Plan) error {
	for i := range p.Syncs {
		if why := r.againstSync(&p.Syncs[i]); why != "" {
			return &RefusedError{What: "change " + p.Name, Reason: fmt.Sprintf("%s of %s stands beside %s of %s: %s", r.Operation, r.Table, p.Syncs[i].Operation, p.Syncs[i].Table, why),
				Hint: apartHint}
		}
	}
	return nil
}

func (r *Recipe) againstSync(s *Sync) string {
	if s.Move != nil && slices.ContainsFunc(r.tables(), func(id schema.Ident) bool { return slices.Contains(s.Tables(), id) }) {
		return "columns move to or from the table"
	}
	if r.Whole() && slices.Contains(r.tables(), s.Table) {
		return "it is about the whole table, and the other about columns of it"
	}
	if slices.ContainsFunc(r.Steps, func(st Step) bool { return st.Act.Phase != Contract && !st.Reversible }) {
		return "it can't be taken back from its first phase on, and the other can"
	}
	if n := shared(r.Objects, s.Owns()); n != "" {
		return "both are about " + n
	}
	names := s.Columns()
	if r.Table != s.Table {
		names = nil
		for _, id := range s.Tables() {
			names = append(names, id.Name)
		}
	} else if n := shared(r.Columns, names); n != "" {
		return "both are about column " + n
	}
	for _, n := range names {
		if r.mentions(n) {
			return "its statements name " + n
		}
	}
	return ""
}

// mentions: a name in an expression or a reference is no column of the recipe's own.
func (r *Recipe) mentions(name string) bool {
	return slices.ContainsFunc(r.Steps, func(st Step) bool {
		return slices.ContainsFunc(slices.Concat(st.SQL, st.Undo), func(sql string) bool { return Mentions(sql, name) })
	})
}

// Mentions reports whether a name stands in a text as a word of its own, in whatever case and wherever: rather once too often.
func Mentions(text, name string) bool {
	return regexp.MustCompile(`(?i)(^|[^\pL\pN_])` + regexp.QuoteMeta(name) + `($|[^\pL\pN_])`).MatchString(text)
}

// mixedOrder is that of contract: first all that can be taken back, then what can't.
func mixedOrder(steps []Step) []Step {
	rank := func(st Step) int {
		switch {
		case st.Kind != RunAct:
			return contractOrder(st.Kind)
		case st.Reversible:
			return contractOrder(BuildTwin)
		}
		return contractOrder(Drop)
	}
	slices.SortStableFunc(steps, func(x, y Step) int { return rank(x) - rank(y) })
	return steps
}
