package plans

import "slices"

// Gates that protect data; no choice of gates takes them away.
var protecting = map[PhaseName][]GateRef{
	Expand:   {{Kind: "preflight"}},
	Switch:   {{Kind: "backfill_done"}, {Kind: "dual_write_verified"}},
	Contract: {{Kind: "dual_write_verified"}},
}

// DefaultSoak is how long a hidden column rests before it is dropped when the
// change doesn't say.
const DefaultSoak = "24h"

func chosen(n PhaseName, g GateSet) []GateRef {
	return map[PhaseName][]GateRef{Expand: g.Expand, Switch: g.Switch, Contract: g.Contract}[n]
}

// gatesFor joins what protects data with what was asked for. Contract has an
// approval unless the change lists its own gates.
func gatesFor(n PhaseName, g GateSet) []GateRef {
	out := slices.Clone(protecting[n])
	asked := chosen(n, g)
	if n == Contract && asked == nil {
		asked = []GateRef{{Kind: "approval", Params: map[string]any{"by": 1}}}
	}
	for _, a := range asked {
		if a.Kind == "soak" && n == Contract {
			continue // stands before the drop, see soakBeforeDrop
		}
		out = replaceOrAppend(out, a)
	}
	return out
}

func replaceOrAppend(list []GateRef, g GateRef) []GateRef {
	if g.Kind == "preflight" || g.Kind == "backfill_done" || g.Kind == "dual_write_verified" {
		for i := range list {
			if list[i].Kind == g.Kind {
				list[i] = g
				return list
			}
		}
	}
	return append(list, g)
}

// soakBeforeDrop is the rest of the hidden column. A list of contract gates
// without a soak means none.
func soakBeforeDrop(g GateSet) []GateRef {
	if g.Contract == nil {
		return []GateRef{{Kind: "soak", Params: map[string]any{"for": DefaultSoak}}}
	}
	var out []GateRef
	for _, a := range g.Contract {
		if a.Kind == "soak" {
			out = append(out, a)
		}
	}
	return out
}

// NoGates is the choice of `--gates none`: only what protects data.
func NoGates() GateSet {
	return GateSet{Expand: []GateRef{}, Switch: []GateRef{}, Contract: []GateRef{}}
}
