package canary

import "slices"

// holm adjusts the p-values of one family by Holm's step-down procedure
// (Scandinavian Journal of Statistics 6, 1979). Comparing the adjusted values with alpha keeps the
// chance of any false alarm in the family at alpha, whatever the metrics have to do with each
// other. That matters here: metrics of one service move together, and Benjamini-Hochberg's false
// discovery rate would need them independent and says nothing about a single release.
// Against Bonferroni's correction it never loses an alarm.
func holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(p))
	worst := 0.0
	for i, k := range order {
		worst = max(worst, min(1, p[k]*float64(len(p)-i)))
		out[k] = worst
	}
	return out
}
