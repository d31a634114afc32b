package canary

// rankSums is the exact null distribution of a rank sum: every choice of n of the
// ranks is equally likely. It holds with ties, given which values are equal, because
// only the labels are exchanged.
type rankSums struct {
	ways  []float64 // by the doubled rank sum: how many choices give it
	total float64
}

// exactWork bounds the additions that an exact distribution may cost, a few
// milliseconds. Two samples of 25 stay under it, and so do 5 against 150; beyond, the
// normal approximation gives a p that is close, and rather too large than too small.
const exactWork = 2_000_000

// exactAffordable reports whether the distribution of n ranks out of all is within
// exactWork.
func exactAffordable(n, all int) bool {
	work := float64(all) * float64(n) * float64(n) * float64(2*all-n)
	return work <= 2*exactWork
}

// newRankSums counts choices group by group: out of a tie of t equal values j are
// chosen in C(t, j) ways. Counts are added and never subtracted, so that no precision is
// lost; up to C(54, 27) they are whole numbers.
func newRankSums(g []tie, n int) rankSums {
	most := mostRankSum2(g, n)
	ways := make([][]float64, n+1) // [chosen][sum]
	for k := range ways {
		ways[k] = make([]float64, most+1)
	}
	ways[0][0] = 1
	highest := make([]int, n+1) // the greatest sum reached with k chosen; 0 with none
	seen := 0
	for _, t := range g {
		seen += t.size
		for k := min(n, seen); k > 0; k-- {
			addChoices(ways, highest, t, k)
		}
	}
	total := 0.0
	for _, w := range ways[n] {
		total += w
	}
	return rankSums{ways[n], total}
}

// addChoices adds to the sums of k chosen ranks those that take some out of t.
func addChoices(ways [][]float64, highest []int, t tie, k int) {
	choose := 1.0
	for j := 1; j <= min(t.size, k); j++ {
		choose *= float64(t.size-j+1) / float64(j)
		from, shift := ways[k-j], j*t.rank2
		if k-j > 0 && highest[k-j] == 0 {
			continue // so many are not yet seen
		}
		for s := 0; s <= highest[k-j]; s++ {
			ways[k][s+shift] += from[s] * choose
		}
		highest[k] = max(highest[k], highest[k-j]+shift)
	}
}

// mostRankSum2 is the doubled sum of the n highest ranks.
func mostRankSum2(g []tie, n int) int {
	sum := 0
	for i := len(g) - 1; i >= 0 && n > 0; i-- {
		k := min(n, g[i].size)
		sum += k * g[i].rank2
		n -= k
	}
	return sum
}

// atLeast and atMost are the tails of the doubled rank sum, s included.
func (r rankSums) atLeast(s int) float64 { return r.between(s, len(r.ways)-1) }
func (r rankSums) atMost(s int) float64  { return r.between(0, s) }

func (r rankSums) between(low, high int) float64 {
	sum := 0.0
	for s := max(low, 0); s <= min(high, len(r.ways)-1); s++ {
		sum += r.ways[s]
	}
	return min(1, sum/r.total)
}
