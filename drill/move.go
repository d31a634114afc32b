package drill

import "github.com/phasemig/phasemig/plans"

// State is what the application finds: the schema between two moves.
type State string

// The states, in their order. Hidden is contract up to its first step that can't be undone.
const (
	Start    State = "start"
	Expanded State = "expanded"
	Switched State = "switched"
	Hidden   State = "hidden"
	Done     State = "done"
)

// Move is one call: a phase carried out, or taken back.
type Move struct {
	Phase plans.PhaseName `json:"phase"`
	Back  bool            `json:"back,omitempty"`
	// Before is the step before which the phase is left, since it can't be undone; empty: all of the phase.
	Before string `json:"before,omitempty"`
}

// String says the move in words.
func (m Move) String() string {
	switch {
	case m.Back:
		return "rollback of " + string(m.Phase)
	case m.Before != "":
		return string(m.Phase) + " up to " + m.Before
	}
	return string(m.Phase)
}

// State is what stands after the move.
func (m Move) State() State {
	if m.Back {
		return map[plans.PhaseName]State{plans.Expand: Start, plans.Switch: Expanded, plans.Contract: Switched}[m.Phase]
	}
	if m.Phase == plans.Contract && m.Before != "" {
		return Hidden
	}
	return map[plans.PhaseName]State{plans.Expand: Expanded, plans.Switch: Switched, plans.Contract: Done}[m.Phase]
}

// Moves is the order of a drill: each phase is carried out, taken back and carried out again, as far as it can be
// undone; what can't be is carried out once, and the last drop is the last of all.
func Moves(p *plans.Plan) []Move {
	var out []Move
	for i := range p.Phases {
		ph := &p.Phases[i]
		there := Move{Phase: ph.Name}
		before, ok := turn(ph)
		if ok {
			out = append(out, Move{Phase: ph.Name, Before: before}, Move{Phase: ph.Name, Back: true})
		}
		out = append(out, there)
	}
	return out
}

// turn is the step before which a phase must be left to be taken back; empty: it can be undone as a whole. A run whose
// contract is over is over, so of that the last step is left out.
func turn(ph *plans.Phase) (before string, ok bool) {
	steps := ph.Steps
	switch {
	case ph.Name != plans.Contract && ph.Reversible:
		return "", true
	case len(steps) == 0:
		return "", false
	case ph.Until != "":
		return ph.Until, ph.Until != steps[0].ID
	case ph.Name == plans.Contract:
		return steps[len(steps)-1].ID, len(steps) > 1
	}
	return "", false
}

// Need is whether code of the application has to work.
type Need string

// The needs. What is only observed is told, and decides nothing.
const (
	Required Need = "required"
	Observed Need = "observed"
	Unasked  Need = "unasked"
)

// Expect says which code must work in a state. Old code must, up to the switch and after each rollback; new code must from
// expand on, or from the switch on where the names change hands there. After such a switch old code is only observed: the
// plan asks for code that copes with both. In contract nothing is left of the old code.
func Expect(p *plans.Plan, s State) (old, next Need) {
	if s == Done && len(p.Phase(plans.Contract).Steps) == 0 {
		s = Switched // nothing was taken away
	}
	late := changesHands(p)
	switch s {
	case Start:
		return Required, Unasked
	case Expanded:
		return Required, whether(!late)
	case Switched:
		return whether(!late), Required
	}
	return Unasked, Required
}

func whether(required bool) Need {
	if required {
		return Required
	}
	return Observed
}

// changesHands: the old form and the new one have the same name, one after the other.
func changesHands(p *plans.Plan) bool {
	if _, ok := p.Shadowed(); ok {
		return true
	}
	for i := range p.Syncs {
		if p.Syncs[i].Swap {
			return true
		}
	}
	return false
}
