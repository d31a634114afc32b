package plans

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// Rollout is the way in which the code of a change is best brought out, and why. It decides nothing that
// phasemig runs.
type Rollout struct {
	Change   string   `json:"change"`
	Strategy Strategy `json:"strategy"`
	Because  string   `json:"because"`
}

// Strategy is a way of bringing out code.
type Strategy string

// The strategies.
const (
	Rolling   Strategy = "rolling"    // instance by instance
	Canary    Strategy = "canary"     // a small share of the traffic first, judged beside the rest
	BlueGreen Strategy = "blue-green" // all traffic at once, with the old instances kept ready
	Flag      Strategy = "flag"       // deployed dark, let on by a short-lived feature flag
)

// rollouts recommends a strategy for each operation.
func (b *builder) rollouts(p *Plan) []Rollout {
	var out []Rollout
	for i := range p.Syncs {
		out = append(out, syncRollout(&p.Syncs[i]))
	}
	for i := range p.Alters {
		a := &p.Alters[i]
		t, _ := b.facts.Table(a.Table)
		seen, _ := b.facts.Alter(a.Table, a.SQL)
		out = append(out, alterRollout(a, t, seen.Result))
	}
	return out
}

// syncRollout is the table of strategies for column syncs; the first row that fits counts.
func syncRollout(s *Sync) Rollout {
	r := Rollout{Change: fmt.Sprintf("%s %s.%s", s.Operation, s.Table.Name, names(s.Old))}
	old, nu := names(s.Old), names(s.New)
	if s.Move != nil {
		old, nu = s.Table.Name+"."+old, s.Move.To.Name+"."+nu
	}
	switch {
	case s.DualWrite == "app":
		r.Strategy = Rolling
		r.Because = "Every instance must write both sides before the backfill begins; a share that is kept on old code would leave rows behind."
	case s.Swap:
		r.Strategy = Rolling
		r.Because = fmt.Sprintf("%s gets its new form for all instances in one moment, so a share of them can't try it first: code that copes with both forms must be out everywhere before the switch.", old)
	case s.Fallible && s.OnUnreturnable == "reject":
		r.Strategy = Canary
		r.Because = fmt.Sprintf("A write to %s that %s can't hold is rejected until contract: a small share of the traffic shows how often that happens.", nu, old)
	case s.Fallible:
		r.Strategy = Flag
		r.Because = fmt.Sprintf("Each value of %s that %s can't hold closes the way back. A flag begins such writes with few users and ends them for all without a deployment; give it an expiry.", nu, old)
	case !s.Bijective:
		r.Strategy = Canary
		r.Because = fmt.Sprintf("What code reads from %s may differ from what it read from %s: measure new code beside old code before all traffic reads it.", nu, old)
	default:
		r.Strategy = Rolling
		r.Because = fmt.Sprintf("%s and %s always hold the same, so old and new code run side by side in any numbers and may go back at any moment.", old, nu)
	}
	return r
}

// alterRollout is the table of strategies for an ALTER TABLE, which shows to all code in one moment. It goes by the columns
// that come and go; result is the table after it, nil if it isn't known.
func alterRollout(a *Alter, t, result *schema.Table) Rollout {
	r := Rollout{Change: "alter table " + a.Table.Name, Strategy: Rolling}
	if result == nil {
		r.Because = fmt.Sprintf("Code that copes with %s before and after the change must be out everywhere first.", a.Table.Name)
		return r
	}
	gone, come := missing(t, result), missing(result, t)
	switch {
	case len(gone) > 0 && len(come) > 0:
		r.Strategy = BlueGreen
		r.Because = fmt.Sprintf("%s is gone and %s there in one moment: no code can name both, so have the new instances ready and move all traffic with the change. rename_column or split_column would let old and new code run side by side.",
			strings.Join(gone, ", "), strings.Join(come, ", "))
	case len(gone) > 0:
		r.Because = fmt.Sprintf("Code that doesn't name %s must be out everywhere first.", strings.Join(gone, ", "))
	case len(come) > 0:
		r.Because = fmt.Sprintf("Old code goes on without %s; code that names it goes out when the change is done.", strings.Join(come, ", "))
	default:
		r.Because = "The columns stay: code that copes with both shapes goes out as any other release."
	}
	return r
}

// missing lists the columns of one table that another doesn't have.
func missing(of, in *schema.Table) []string {
	return slices.DeleteFunc(columnNames(of), func(n string) bool { return taken(in, n) })
}
