package canary

import (
	"math"
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// sample draws values with many ties and some without.
func sample(t *rapid.T, name string, most int) []float64 {
	whole := rapid.SliceOfN(rapid.IntRange(-4, 4), 1, most).Draw(t, name)
	fraction := rapid.SampledFrom([]float64{0, 0, 0.25, 0.125}).Draw(t, name+" fraction")
	out := make([]float64, len(whole))
	for i, v := range whole {
		out[i] = float64(v) + float64(i%3)*fraction
	}
	return out
}

// pairsOver counts the pairs in which x is larger, an equal pair half: U by its definition.
func pairsOver(x, y []float64) float64 {
	u := 0.0
	for _, a := range x {
		for _, b := range y {
			if a > b {
				u++
			} else if a == b {
				u += 0.5
			}
		}
	}
	return u
}

// relabelled gives U for every choice of labels: the permutation distribution by
// its definition.
func relabelled(x, y []float64) []float64 {
	all := slices.Concat(x, y)
	var out []float64
	for set := range uint(1) << len(all) {
		if bits.OnesCount(set) != len(x) {
			continue
		}
		var a, b []float64
		for i, v := range all {
			if set>>i&1 == 1 {
				a = append(a, v)
			} else {
				b = append(b, v)
			}
		}
		out = append(out, pairsOver(a, b))
	}
	return out
}

func shareOf(list []float64, of func(float64) bool) float64 {
	n := 0
	for _, v := range list {
		if of(v) {
			n++
		}
	}
	return float64(n) / float64(len(list))
}

// TestExactIsEnumeration: the p-values are shares of all relabellings, ties or not.
func TestExactIsEnumeration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := sample(t, "x", 6), sample(t, "y", 6)
		got := mannWhitney(x, y)
		all := relabelled(x, y)
		greater, less := shareOf(all, func(u float64) bool { return u >= got.u }), shareOf(all, func(u float64) bool { return u <= got.u })
		if got.u != pairsOver(x, y) || math.Abs(got.greater-greater) > 1e-12 || math.Abs(got.less-less) > 1e-12 || !got.exact {
			t.Fatalf("got %+v; want U %v, greater %v, less %v", got, pairsOver(x, y), greater, less)
		}
	})
}

// TestMannWhitneySymmetry: swapping the samples mirrors U and exchanges the tails;
// so does turning every value's sign; no p is over 1, and the tails overlap in what is seen.
func TestMannWhitneySymmetry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]int{8, 20, 120}).Draw(t, "most")
		x, y := sample(t, "x", most), sample(t, "y", most)
		a, b, c := mannWhitney(x, y), mannWhitney(y, x), mannWhitney(negated(x), negated(y))
		near := func(p, q float64) bool { return math.Abs(p-q) < 1e-12 }
		if a.u+b.u != float64(len(x)*len(y)) || !near(a.greater, b.less) || !near(a.less, b.greater) || !near(a.either(), b.either()) {
			t.Fatalf("swapped: %+v, %+v", a, b)
		}
		if !near(a.greater, c.less) || !near(a.less, c.greater) {
			t.Fatalf("negated: %+v, %+v", a, c)
		}
		for _, p := range []float64{a.greater, a.less, a.either()} {
			if !(p > 0 && p <= 1) {
				t.Fatalf("p is %v: %+v", p, a)
			}
		}
		if a.greater+a.less < 1-1e-12 {
			t.Fatalf("the tails leave a hole: %+v", a)
		}
	})
}

func negated(x []float64) []float64 {
	out := slices.Clone(x)
	for i := range out {
		out[i] = -out[i]
	}
	return out
}

func shifted(x []float64, by float64) []float64 {
	out := slices.Clone(x)
	for i := range out {
		out[i] += by
	}
	return out
}

// TestMannWhitneyRanksOnly: what keeps the order keeps the verdict.
func TestMannWhitneyRanksOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := sample(t, "x", 30), sample(t, "y", 30)
		exp := func(in []float64) []float64 {
			out := slices.Clone(in)
			for i := range out {
				out[i] = math.Exp(out[i])
			}
			return out
		}
		if a, b := mannWhitney(x, y), mannWhitney(exp(x), exp(y)); a != b {
			t.Fatalf("%+v is not %+v", a, b)
		}
	})
}

// TestNormalNearExact: where the approximation takes over, it agrees with counting, and
// what it is off makes p larger: it may miss an alarm and raises none.
func TestNormalNearExact(t *testing.T) {
	for _, c := range []struct {
		n, m int
		most float64 // how much larger, over p of 0.1 % to 10 %
	}{{25, 25, 1.25}, {12, 60, 1.5}, {5, 150, 2.5}} {
		n, m := c.n, c.m
		if !exactAffordable(n, n+m) {
			t.Fatalf("%d against %d is not counted", n, m)
		}
		ranks := make([]tie, n+m)
		for i := range ranks {
			ranks[i] = tie{size: 1, rank2: 2 * (i + 1)}
		}
		d := newRankSums(ranks, n)
		for u := 0; u <= n*m; u++ {
			exact := d.atLeast(n*(n+1) + 2*u)
			normal, _ := normalTails(float64(u), n, m, 0)
			if exact > 1e-3 && exact < 0.1 && (normal/exact < 0.95 || normal/exact > c.most) {
				t.Errorf("%d against %d, U %d: normal %.5f, exact %.5f", n, m, u, normal, exact)
			}
		}
	}
}

// TestDifferencesAreSorted: the search finds what sorting all differences finds.
func TestDifferencesAreSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 12).Draw(t, "x")
		y := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 12).Draw(t, "y")
		if rapid.Bool().Draw(t, "tied") {
			x, y = sample(t, "tied x", 12), sample(t, "tied y", 12)
		}
		var all []float64
		for _, a := range x {
			for _, b := range y {
				all = append(all, a-b)
			}
		}
		slices.Sort(all)
		d := newDifferences(x, y)
		for k, want := range all {
			if got := d.at(k + 1); got != want || math.Signbit(got) && got == 0 {
				t.Fatalf("difference %d is %v, not %v", k+1, got, want)
			}
		}
	})
}

// TestShiftEquivariance: moving the canary moves the estimate and its interval
// by as much; scaling both scales them; swapping the sides turns the sign.
func TestShiftEquivariance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := sample(t, "x", 40), sample(t, "y", 40)
		by := float64(rapid.IntRange(-1000, 1000).Draw(t, "by")) / 8
		level := rapid.SampledFrom([]float64{0.8, 0.9, 0.99}).Draw(t, "level")
		weaker := rapid.SampledFrom([]dependence{independent, {2.5, 12}}).Draw(t, "dependence")
		a, b, c := newDifferences(x, y), newDifferences(shifted(x, by), y), newDifferences(y, x)
		if a.median()+by != b.median() || a.median() != -c.median() {
			t.Fatalf("shift %v; moved by %v: %v; swapped: %v", a.median(), by, b.median(), c.median())
		}
		ia, ib, ic := a.interval(level, weaker), b.interval(level, weaker), c.interval(level, weaker)
		if (ia == nil) != (ib == nil) || (ia == nil) != (ic == nil) {
			t.Fatal("an interval is there or not, whatever the values are")
		}
		if ia != nil && (ia.Low+by != ib.Low || ia.High+by != ib.High || ia.Low != -ic.High || ia.Low > a.median() || ia.High < a.median()) {
			t.Fatalf("%+v, moved by %v: %+v, swapped: %+v", *ia, by, *ib, *ic)
		}
	})
}

// TestIntervalInvertsTheTest: a shift outside the interval is rejected at its
// level. Without ties a shift inside is not.
func TestIntervalInvertsTheTest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(3, 20).Draw(t, "n"), rapid.IntRange(3, 20).Draw(t, "m")
		order := rapid.Permutation(numbers(n+m)).Draw(t, "order")
		x, y := slices.Clone(order[:n]), slices.Clone(order[n:])
		for i := range x {
			x[i] += 1.0 / float64(int(8)<<uint(i)) // no two differences are the same
		}
		d := newDifferences(x, y)
		i := d.interval(0.9, independent)
		if i == nil {
			return
		}
		const beyond = 1.0 / (1 << 40)
		under, over := mannWhitney(shifted(x, -i.Low+beyond), y), mannWhitney(shifted(x, -i.High-beyond), y)
		if under.greater > 0.05+1e-12 || over.less > 0.05+1e-12 {
			t.Fatalf("outside %+v: p %v and %v", *i, under.greater, over.less)
		}
		inLow, inHigh := mannWhitney(shifted(x, -i.Low-beyond), y), mannWhitney(shifted(x, -i.High+beyond), y)
		if inLow.greater < 0.05+1e-12 || inHigh.less < 0.05+1e-12 {
			t.Fatalf("inside %+v: p %v and %v", *i, inLow.greater, inHigh.less)
		}
	})
}

func numbers(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i)
	}
	return out
}

// TestFisherIsEnumeration: the tails are the sums of products of binomial coefficients.
func TestFisherIsEnumeration(t *testing.T) {
	choose := func(n, k int) float64 { return math.Round(math.Exp(logChoose(n, k))) }
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(1, 25).Draw(t, "n"), rapid.IntRange(0, 25).Draw(t, "m")
		k := rapid.IntRange(0, n+m).Draw(t, "k")
		odds := rapid.SampledFrom([]float64{1, 1.5, 0.5, 4}).Draw(t, "odds")
		x := rapid.IntRange(-1, n+1).Draw(t, "x")
		var all, atLeast, atMost float64
		for i := max(0, k-m); i <= min(n, k); i++ {
			w := choose(n, i) * choose(m, k-i) * math.Pow(odds, float64(i))
			all += w
			if i >= x {
				atLeast += w
			}
			if i <= x {
				atMost += w
			}
		}
		d := newDrawn(float64(n), float64(m), float64(k), odds)
		if math.Abs(d.atLeast(float64(x))-atLeast/all) > 1e-11 || math.Abs(d.atMost(float64(x))-atMost/all) > 1e-11 {
			t.Fatalf("got %v and %v, want %v and %v", d.atLeast(float64(x)), d.atMost(float64(x)), atLeast/all, atMost/all)
		}
	})
}

// TestFisherTea is Fisher's own example: three of four cups told apart, and four.
func TestFisherTea(t *testing.T) {
	d := newDrawn(4, 4, 4, 1)
	close9(t, "three cups", d.atLeast(3), 17.0/70)
	close9(t, "four cups", d.atLeast(4), 1.0/70)
}

// TestFisherFarTail: a p-value that no difference of sums could hold.
func TestFisherFarTail(t *testing.T) {
	got := newDrawn(1000, 1000, 200, 1).atLeast(200) // C(1000,200)/C(2000,200)
	want := math.Exp(logChoose(1000, 200) - logChoose(2000, 200))
	if math.Abs(got/want-1) > 1e-9 {
		t.Errorf("got %v, want %v", got, want)
	}
	if p := newDrawn(1e9, 1e9, 1e6, 1).atLeast(5e5); math.Abs(p-0.5) > 1e-3 {
		t.Errorf("half of a million events: p %v", p)
	}
	if p := newDrawn(1e6, 1e6, 1e6, 1).atLeast(1e6); p != 0 {
		t.Errorf("all of a million events: p %v", p)
	}
}

// TestBoundIsClopperPearson: at the bound the count seen, or a smaller one, has exactly the
// chance alpha.
func TestBoundIsClopperPearson(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		alpha := rapid.SampledFrom([]float64{0.05, 0.01, 0.3}).Draw(t, "alpha")
		rate := upperBound(float64(k), float64(n), alpha)
		if k == n {
			if rate != 1 {
				t.Fatalf("all are events: %v", rate)
			}
			return
		}
		if got := binomialAtMost(k, n, rate); math.Abs(got-alpha) > 1e-9 {
			t.Fatalf("%d of %d, bound %v: P(X<=k) is %v", k, n, rate, got)
		}
		other := rapid.Float64Range(0.001, 0.999).Draw(t, "rate")
		if got, want := overRate(float64(k), float64(n), other), 1-binomialAtMost(k-1, n, other); math.Abs(got-want) > 1e-9 {
			t.Fatalf("%d of %d at %v: got %v, want %v", k, n, other, got, want)
		}
	})
}

func binomialAtMost(k, n int, rate float64) float64 {
	sum := 0.0
	for i := 0; i <= k; i++ {
		sum += math.Exp(logChoose(n, i) + float64(i)*math.Log(rate) + float64(n-i)*math.Log1p(-rate))
	}
	return sum
}

// TestRuleOfThree: without an event, n requests rule out a rate of 3/n at 95 %.
func TestRuleOfThree(t *testing.T) {
	for _, n := range []float64{300, 3000} {
		got := upperBound(0, n, 0.05)
		if got > 3/n || got < 2.97/n {
			t.Errorf("n %v: %v", n, got)
		}
		if n0 := needed(got, 0.05); math.Abs(n0-n) > 1 {
			t.Errorf("%v needs %v, not %v", got, n0, n)
		}
	}
}

// TestHolm is against the step-down procedure as Holm words it: reject the
// smallest, go on to the next with one hypothesis less, stop at the first that stays.
func TestHolm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.SampledFrom([]float64{0.001, 0.004, 0.01, 0.02, 0.03, 0.2, 0.9, 1}), 1, 8).Draw(t, "p")
		alpha := rapid.SampledFrom([]float64{0.01, 0.05, 0.1}).Draw(t, "alpha")
		got := holm(p)
		sorted := slices.Sorted(slices.Values(p))
		rejected := 0
		for rejected < len(p) && sorted[rejected] <= alpha/float64(len(p)-rejected) {
			rejected++
		}
		for i, v := range p {
			reject := rejected > 0 && v <= sorted[rejected-1]
			if (got[i] <= alpha) != reject || got[i] < v || got[i] > 1 {
				t.Fatalf("%v at %v: adjusted %v", p, alpha, got)
			}
		}
	})
}

// TestNormalInverse: quantile and tail undo each other, far out as well.
func TestNormalInverse(t *testing.T) {
	for _, p := range []float64{0.975, 0.5, 0.05, 0.025, 1e-5, 1e-20, 1e-100, 1e-290} {
		if got := upperTail(tailQuantile(p)); math.Abs(got/p-1) > 1e-9 {
			t.Errorf("p %g comes back as %g", p, got)
		}
	}
	close9(t, "z of 2.5 %", tailQuantile(0.025), 1.9599639845400545)
	close9(t, "z of 1 %", tailQuantile(0.01), 2.3263478740408408)
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Float64Range(1e-12, 1).Draw(t, "p")
		d := dependence{rapid.Float64Range(1, 40).Draw(t, "effect"), rapid.Float64Range(1, 400).Draw(t, "freedom")}
		if got := d.demand(d.discount(p)); math.Abs(got-p) > 1e-9 {
			t.Fatalf("p %v comes back as %v", p, got)
		}
		if p < 0.5 && d.discount(p) < p {
			t.Fatalf("dependence made p %v smaller", p)
		}
	})
}
