package plans

import (
	"fmt"
	"slices"

	"github.com/phasemig/phasemig/schema"
)

// phases lays out the steps of every sync. All syncs of a plan go through a
// phase together: expand is over when the last of them is verified.
func (b *builder) phases(p *Plan) error {
	p.Phases = []Phase{{Name: Expand, Reversible: true}, {Name: Switch, Reversible: true}, {Name: Contract}}
	for i := range p.Syncs {
		s := &p.Syncs[i]
		if s.DualWrite == "trigger" {
			s.Trigger = fmt.Sprintf("~pm_%s_%d", p.ID, i)
		}
		t, _ := b.facts.Table(s.Table)
		for n, steps := range [][]Step{expandSteps(s), switchSteps(s), contractSteps(s)} {
			if err := b.add(p, &p.Phases[n], t, i, steps); err != nil {
				return err
			}
		}
	}
	if err := b.alterPhases(p); err != nil {
		return err
	}
	if err := b.recipePhases(p); err != nil {
		return err
	}
	for i := range p.Phases {
		b.finish(p, &p.Phases[i])
	}
	return nil
}

func expandSteps(s *Sync) []Step {
	out := []Step{{Kind: Relax}, {Kind: AddColumns}}
	if s.DualWrite == "trigger" {
		out = append(out, Step{Kind: InstallSync})
	}
	out = append(out, Step{Kind: Backfill})
	return append(append(out, twinSteps(s, false)...), Step{Kind: Verify})
}

func switchSteps(s *Sync) []Step {
	if s.Swap {
		return []Step{{Kind: Swap}}
	}
	return nil
}

func contractSteps(s *Sync) []Step {
	out := []Step{{Kind: Hide}}
	out = append(out, twinSteps(s, true)...)
	return append(out, Step{Kind: Drop}, Step{Kind: AdoptNames})
}

func twinSteps(s *Sync, late bool) []Step {
	var out []Step
	for i := range s.Twins {
		if s.Twins[i].Late == late {
			w := s.Twins[i]
			out = append(out, Step{Kind: BuildTwin, Twin: &w})
		}
	}
	return out
}

func (b *builder) add(p *Plan, ph *Phase, t *schema.Table, sync int, steps []Step) error {
	s := &p.Syncs[sync]
	for _, st := range steps {
		st.Sync, st.Table, st.Reversible = sync, s.Table, st.Kind != Drop && st.Kind != AdoptNames
		needed, err := b.rules.Render(b.facts, t, s, p.ID, &st)
		if err != nil {
			return err
		}
		if st.Lock.Level == "" {
			st.Lock.Level = "none"
		}
		if needed {
			ph.Steps = append(ph.Steps, st)
		}
	}
	return nil
}

// finish numbers the steps and puts gates and words to the phase. In contract
// every column is hidden before the first is dropped: the soak stands once
// between them.
func (b *builder) finish(p *Plan, ph *Phase) {
	if ph.Name == Contract {
		ph.Steps = inContract(p, ph.Steps)
	}
	if ph.Name == Expand && len(p.Alters) > 0 {
		slices.SortStableFunc(ph.Steps, func(x, y Step) int { return inExpand(x.Kind) - inExpand(y.Kind) })
	}
	if ph.Name == Switch {
		b.exchangeOrder(p, ph.Steps)
	}
	for i := range ph.Steps {
		ph.Steps[i].ID = fmt.Sprintf("%s.%d.%s", ph.Name, i+1, ph.Steps[i].Kind)
	}
	ph.Estimate = sum(ph.Steps)
	ph.Gates = gatesFor(ph.Name, b.change.Gates)
	ph.Code = codeFor(ph.Name, p)
	if _, copies := p.Shadowed(); len(p.Recipes) > 0 && !copies && len(p.Syncs) == 0 {
		b.recipeGates(ph)
		return
	}
	if p.onlyNative() {
		nativeOnly(p, ph)
		return
	}
	appWritesBoth(p, ph)
	if ph.Name != Contract {
		ph.endOfWayBack()
		return
	}
	if _, ok := p.Shadowed(); ok && len(p.Syncs) == 0 { // the tables were compared before they changed places
		ph.Gates = slices.DeleteFunc(ph.Gates, func(g GateRef) bool { return g.Kind == "dual_write_verified" })
	}
	for i := range ph.Steps {
		if !ph.Steps[i].Reversible {
			ph.Until = ph.Steps[i].ID
			ph.Steps[i].Gates = soakBeforeDrop(b.change.Gates)
			break
		}
	}
}

func inContract(p *Plan, steps []Step) []Step {
	switch {
	case len(p.Recipes) > 0 && len(p.Syncs) > 0:
		return mixedOrder(steps)
	case len(p.Recipes) > 0:
		slices.SortStableFunc(steps, func(x, y Step) int { return contractOrder(x.Kind) - contractOrder(y.Kind) })
		return lastingFirst(steps)
	}
	slices.SortStableFunc(steps, func(x, y Step) int { return contractOrder(x.Kind) - contractOrder(y.Kind) })
	return steps
}

// endOfWayBack notes the first step that can't be taken back.
func (ph *Phase) endOfWayBack() {
	for _, st := range ph.Steps {
		if !st.Reversible {
			ph.Reversible, ph.Until = false, st.ID
			return
		}
	}
}

// nativeOnly: what the server does by itself has no two sides to compare and
// nothing to contract.
func nativeOnly(p *Plan, ph *Phase) {
	ph.Gates = nil
	ph.Reversible = len(ph.Steps) == 0
	if ph.Name == Expand {
		ph.Gates = gatesFor(Expand, GateSet{Expand: []GateRef{}})
		ph.Until = ph.Steps[0].ID
	}
}

func contractOrder(k StepKind) int {
	return map[StepKind]int{Hide: 0, BuildTwin: 1, Drop: 2, DropOld: 2, AdoptNames: 3}[k]
}

// appWritesBoth keeps the backfill shut, where no trigger keeps the sides in
// step, until somebody says that every instance writes both: an old instance
// that updates a row after its chunk would leave the new side stale for ever.
func appWritesBoth(p *Plan, ph *Phase) {
	for i := range ph.Steps {
		st := &ph.Steps[i]
		if st.Kind == Backfill && p.Syncs[st.Sync].DualWrite == "app" {
			st.Gates = []GateRef{{Kind: "approval", Params: map[string]any{"by": 1, "requester": true}}}
			st.Because += " It waits for the word that no instance is left which writes only one side: phasemig approve --phase expand."
		}
	}
}
