package canary

import (
	"cmp"
	"slices"
)

// tie is a run of equal values among all values of both samples.
type tie struct {
	size  int // how many there are
	first int // how many of them the first sample holds
	rank2 int // their common rank, doubled: a midrank may be a half
}

// ties ranks two samples together, from the least value up.
func ties(first, second []float64) []tie {
	type one struct {
		value float64
		first bool
	}
	all := make([]one, 0, len(first)+len(second))
	for _, v := range first {
		all = append(all, one{v, true})
	}
	for _, v := range second {
		all = append(all, one{v, false})
	}
	slices.SortFunc(all, func(a, b one) int { return cmp.Compare(a.value, b.value) })
	var out []tie
	for i := 0; i < len(all); {
		g := tie{}
		for before := i; i < len(all) && all[i].value == all[before].value; i++ {
			g.size++
			if all[i].first {
				g.first++
			}
		}
		g.rank2 = 2*(i-g.size) + g.size + 1
		out = append(out, g)
	}
	return out
}

// swapped looks at the same values from the other sample.
func swapped(g []tie) []tie {
	out := slices.Clone(g)
	for i := range out {
		out[i].first = out[i].size - out[i].first
	}
	return out
}

// rankSum2 is the doubled sum of the first sample's ranks.
func rankSum2(g []tie) int {
	sum := 0
	for _, t := range g {
		sum += t.first * t.rank2
	}
	return sum
}

// midranks gives every value its rank, from 1; equal values share theirs.
func midranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	out := make([]float64, len(values))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && values[order[j]] == values[order[i]] {
			j++
		}
		for _, k := range order[i:j] {
			out[k] = float64(i+j+1) / 2
		}
		i = j
	}
	return out
}
