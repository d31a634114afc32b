package canary

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// series makes a metric that is worse when it goes up.
func seriesMetric(name string) Metric {
	m := NewMetric(Series)
	m.Name, m.Direction = name, Increase
	return m
}

func countsMetric(name string) Metric {
	m := NewMetric(Counts)
	m.Name, m.Direction = name, Increase
	return m
}

func configOf(metrics ...Metric) Config {
	c := NewConfig()
	c.Metrics = metrics
	return c
}

// noise is n values around 100 with a standard deviation of 10, always the same for a seed.
func noise(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 0))
	out := make([]float64, n)
	for i := range out {
		out[i] = 100 + 10*r.NormFloat64()
	}
	return out
}

func minutes(n int) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(i) * 60_000
	}
	return out
}

func valuesOf(v []float64) Sample { return Sample{Times: minutes(len(v)), Values: v} }

// spread puts events and requests evenly into n points.
func spread(events, total float64, n int) Sample {
	s := Sample{Times: minutes(n), Events: make([]float64, n), Total: make([]float64, n)}
	for i := range n {
		s.Events[i] = math.Floor(events*float64(i+1)/float64(n)) - math.Floor(events*float64(i)/float64(n))
		s.Total[i] = math.Floor(total*float64(i+1)/float64(n)) - math.Floor(total*float64(i)/float64(n))
	}
	return s
}

// but counts what was no event: successes in place of failures.
func but(s Sample) Sample {
	for i := range s.Events {
		s.Events[i] = s.Total[i] - s.Events[i]
	}
	return s
}

func side(name string, s Sample) Population {
	return Population{Metrics: map[string]Sample{name: s}}
}

// judgeOne judges a single metric.
func judgeOne(t *testing.T, m Metric, baseline, canary Sample) (Verdict, Result) {
	t.Helper()
	v, err := Judge(configOf(m), Data{side(m.Name, baseline), side(m.Name, canary)})
	if err != nil {
		t.Fatal(err)
	}
	return v, v.Metrics[0]
}

func ways(list []Advice) []Way {
	var out []Way
	for _, a := range list {
		out = append(out, a.Way)
	}
	return out
}

// TestSeries: one metric, and what it says for different data.
func TestSeries(t *testing.T) {
	base := noise(60, 1)
	tolerant, small, decrease, either, strict := seriesMetric("x"), seriesMetric("x"), seriesMetric("x"), seriesMetric("x"), seriesMetric("x")
	tolerant.Tolerance = 0.2
	small.MinEffect = 0.9
	decrease.Direction, either.Direction = Decrease, Either
	strict.Tolerance, strict.AbsoluteTolerance = 0.01, 20
	for _, c := range []struct {
		name     string
		metric   Metric
		canary   []float64
		outcome  Outcome
		decision Decision
	}{
		{"alike", seriesMetric("x"), noise(60, 2), Pass, Promote},
		{"the very same", seriesMetric("x"), base, Pass, Promote},
		{"slower by a standard deviation", seriesMetric("x"), shifted(noise(60, 2), 10), Fail, Rollback},
		{"faster", seriesMetric("x"), shifted(noise(60, 2), -30), Pass, Promote},
		{"within the tolerance", tolerant, shifted(noise(60, 2), 10), Pass, Promote},
		{"beyond the tolerance", tolerant, shifted(noise(60, 2), 35), Fail, Rollback},
		{"within the absolute tolerance", strict, shifted(noise(60, 2), 15), Pass, Promote},
		{"sure and small", small, shifted(noise(60, 2), 10), Pass, Promote},
		{"sure and large", small, shifted(noise(60, 2), 40), Fail, Rollback},
		{"lower is worse", decrease, shifted(noise(60, 2), -10), Fail, Rollback},
		{"higher is well", decrease, shifted(noise(60, 2), 10), Pass, Promote},
		{"either, up", either, shifted(noise(60, 2), 12), Fail, Rollback},
		{"either, down", either, shifted(noise(60, 2), -12), Fail, Rollback},
		{"either, alike", either, noise(60, 2), Pass, Promote},
		{"few points", seriesMetric("x"), noise(20, 2), Inconclusive, Manual},
	} {
		v, r := judgeOne(t, c.metric, valuesOf(base), valuesOf(c.canary))
		if r.Outcome != c.outcome || v.Decision != c.decision {
			t.Errorf("%s: %s, %s: %s", c.name, r.Outcome, v.Decision, r.Reason)
		}
	}
}

// TestConstants: two different constants are apart for sure, and nothing random decides it.
func TestConstants(t *testing.T) {
	four, five := slices.Repeat([]float64{4}, 40), slices.Repeat([]float64{5}, 40)
	if _, r := judgeOne(t, seriesMetric("x"), valuesOf(four), valuesOf(five)); r.Outcome != Fail || r.Series.Shift != 1 || r.Series.Effect != 1 {
		t.Errorf("%+v", r)
	}
	if _, r := judgeOne(t, seriesMetric("x"), valuesOf(four), valuesOf(four)); r.Outcome != Pass || *r.P != 1 {
		t.Errorf("%+v", r)
	}
}

// TestSevenOfTen: ten points of which seven are a hundred times the usual. A judge that wants the
// interval of the shift to clear a part of the shift itself lets this pass.
func TestSevenOfTen(t *testing.T) {
	m := seriesMetric("x")
	m.MinPoints = 10
	base, can := slices.Repeat([]float64{1}, 10), []float64{100, 1, 100, 100, 1, 100, 100, 100, 1, 100}
	v, r := judgeOne(t, m, valuesOf(base), valuesOf(can))
	if v.Decision != Rollback || math.Abs(*r.P-120.0/77520) > 1e-9 || r.Series.U != 85 || math.Abs(r.Series.Effect-0.7) > 1e-12 {
		t.Errorf("%s, p %v, %+v", v.Decision, *r.P, r.Series)
	}
}

// TestBrokenHalfway: a canary that breaks in its last minutes must not excuse itself by its unsteadiness: the
// differences are such that a design effect measured on it would hide them.
func TestBrokenHalfway(t *testing.T) {
	broken := even(60, 2)
	for i := 47; i < 60; i++ {
		broken[i] += 200
	}
	if v, r := judgeOne(t, seriesMetric("x"), valuesOf(even(60, 1)), valuesOf(broken)); v.Decision != Rollback {
		t.Errorf("series: %s, %+v", r.Reason, r.Series)
	}
	base, can := spread(60, 6000, 60), spread(60, 6000, 60)
	for i := 50; i < 60; i++ {
		can.Events[i] = 4
	}
	if v, r := judgeOne(t, countsMetric("x"), base, can); v.Decision != Rollback {
		t.Errorf("counts: %s, %+v", r.Reason, r.Counts)
	}
	base, can = spread(0, 6000, 60), spread(0, 6000, 60)
	for i := 0; i < 60; i += 2 { // none and two in turn are as dispersed as single events are
		base.Events[i], can.Events[i] = 2, 2
	}
	can.Events[21], can.Events[41] = 15, 15
	if v, r := judgeOne(t, countsMetric("x"), base, can); v.Decision != Rollback {
		t.Errorf("two bursts: %s, %+v", r.Reason, r.Counts)
	}
	for i := range can.Events {
		can.Events[i] = 0
		if i >= 50 {
			can.Events[i] = can.Total[i]
		}
	}
	if v, r := judgeOne(t, countsMetric("x"), base, can); v.Decision != Rollback {
		t.Errorf("ten minutes of nothing but errors: %s, %+v", r.Reason, r.Counts)
	}
}

// TestCommonLoad: a load that rises on both sides alike is no dependence.
func TestCommonLoad(t *testing.T) {
	rising := func(seed uint64) []float64 {
		v := noise(60, seed)
		for i := range v {
			v[i] += 5 * float64(i)
		}
		return v
	}
	_, alone := judgeOne(t, seriesMetric("x"), Sample{Values: rising(1)}, Sample{Values: rising(2)[:59]}) // can't be put side by side
	_, r := judgeOne(t, seriesMetric("x"), valuesOf(rising(1)), valuesOf(rising(2)))
	if alone.Series.DesignEffect < 10 || r.Series.DesignEffect > 2 || r.Outcome != Pass {
		t.Errorf("alone %+v, side by side %+v: %s", alone.Series.Dependence, r.Series.Dependence, r.Reason)
	}
}

// TestHangTogether: points that hang together are worth less and need a longer window.
func TestHangTogether(t *testing.T) {
	walk := func(seed uint64) []float64 {
		v := noise(60, seed)
		for i := 1; i < len(v); i++ {
			v[i] = 100 + 0.8*(v[i-1]-100) + 0.6*(v[i]-100)
		}
		return v
	}
	_, r := judgeOne(t, seriesMetric("x"), valuesOf(walk(1)), valuesOf(walk(2)))
	if r.Outcome != Inconclusive || r.Series.Independent > 25 || !strings.Contains(r.Reason, "hang together") {
		t.Fatalf("%s: %s; %+v", r.Outcome, r.Reason, r.Series)
	}
	want := math.Ceil(30*r.Series.DesignEffect) - 60
	if len(r.Advice) != 1 || r.Advice[0].MorePoints != want || want < 20 {
		t.Errorf("%+v, want %v more points", r.Advice, want)
	}
}

func TestCounts(t *testing.T) {
	limited, tolerant, down, either := countsMetric("x"), countsMetric("x"), countsMetric("x"), countsMetric("x")
	limited.Limit = 0.01
	tolerant.Tolerance = 4
	down.Direction, either.Direction = Decrease, Either
	for _, c := range []struct {
		name             string
		metric           Metric
		baseline, canary Sample
		outcome          Outcome
		ways             []Way
	}{
		{"alike", countsMetric("x"), spread(100, 10000, 60), spread(100, 10000, 60), Pass, nil},
		{"twice as many", countsMetric("x"), spread(100, 10000, 60), spread(200, 10000, 60), Fail, nil},
		{"twice as many, five times is accepted", tolerant, spread(100, 10000, 60), spread(200, 10000, 60), Pass, nil},
		{"ten times as many, five times is accepted", tolerant, spread(100, 10000, 60), spread(1000, 10000, 60), Fail, nil},
		{"fewer is worse", down, spread(200, 10000, 60), spread(100, 10000, 60), Fail, nil},
		{"fewer successes of many", down, but(spread(10, 10000, 60)), but(spread(100, 10000, 60)), Fail, nil},
		{"either", either, spread(100, 10000, 60), spread(30, 10000, 60), Fail, nil},
		{"sparse: three of six, against none", countsMetric("x"), spread(0, 600, 6), Sample{Events: []float64{0, 1, 2, 1, 0, 0}, Total: []float64{100, 100, 100, 100, 100, 100}}, Inconclusive, []Way{Approval}},
		{"none against none, no limit", countsMetric("x"), spread(0, 1000, 60), spread(0, 1000, 60), Inconclusive, []Way{Approval}},
		{"none, and enough for the limit", limited, spread(0, 300, 60), spread(0, 300, 60), Pass, nil},
		{"none, and not enough for the limit", limited, spread(0, 3000, 60), spread(0, 200, 60), Inconclusive, []Way{LargerShare, LongerWindow, Approval}},
		{"hardly any traffic", limited, spread(0, 20, 20), spread(0, 20, 20), Inconclusive, []Way{SyntheticLoad, Approval}},
		{"over the limit, as the baseline is", limited, spread(500, 10000, 60), spread(500, 10000, 60), Fail, nil},
		{"over the limit, no baseline", limited, Sample{}, spread(30, 600, 60), Fail, nil},
		{"at the limit", limited, spread(100, 10000, 60), spread(100, 10000, 60), Inconclusive, []Way{Approval}},
		{"few events due", countsMetric("x"), spread(20, 10000, 60), spread(1, 1000, 60), Inconclusive, []Way{LargerShare, LongerWindow, Approval}},
		{"few failures among successes", down, but(spread(2, 10000, 60)), but(spread(0, 10000, 60)), Inconclusive, []Way{LongerWindow, Approval}},
		{"no traffic", countsMetric("x"), spread(10, 10000, 60), spread(0, 0, 60), Inconclusive, []Way{CheckQuery}},
	} {
		_, r := judgeOne(t, c.metric, c.baseline, c.canary)
		if r.Outcome != c.outcome || !reflect.DeepEqual(ways(r.Advice), c.ways) {
			t.Errorf("%s: %s %v: %s\n%+v", c.name, r.Outcome, ways(r.Advice), r.Reason, r.Counts)
		}
	}
}

// TestAdviceDoes: what is advised, and done, is enough.
func TestAdviceDoes(t *testing.T) {
	m := countsMetric("x")
	m.Limit = 0.01
	for _, events := range []float64{0, 1, 2} {
		base := spread(8*events, 2000, 60)
		_, r := judgeOne(t, m, base, spread(events, 250, 60))
		if r.Outcome != Inconclusive {
			t.Fatalf("%v of 250: %s", events, r.Outcome)
		}
		more := r.Advice[0].MoreRequests
		k := math.Floor(events * (250 + more) / 250)
		if _, r = judgeOne(t, m, base, spread(k, 250+more, 60)); r.Outcome != Pass {
			t.Errorf("%v of 250, with %v more: %s %s", events, more, r.Outcome, r.Reason)
		}
		if _, r = judgeOne(t, m, base, spread(k, 250+0.9*more, 60)); r.Outcome == Pass {
			t.Errorf("%v of 250: nine tenths of %v more are enough, too", events, more)
		}
	}
	_, r := judgeOne(t, seriesMetric("x"), valuesOf(noise(60, 1)), valuesOf(noise(31, 2)[:20]))
	more := math.Ceil(30*r.Series.DesignEffect) - 20
	if a := r.Advice[0]; a.Way != LongerWindow || a.MorePoints != more || !strings.Contains(a.Text, fmt.Sprintf("about %.0fm more", more)) {
		t.Errorf("%+v, want %v more points", a, more)
	}
	if _, r = judgeOne(t, seriesMetric("x"), valuesOf(noise(60, 1)), valuesOf(noise(3, 2))); ways(r.Advice)[0] != Approval {
		t.Errorf("ten times the window is no advice: %+v", r.Advice)
	}
}

// TestMargin: to pass, a worsening of this size must be ruled out, and the number of points that is
// advised rules it out.
func TestMargin(t *testing.T) {
	m := seriesMetric("x")
	m.Tolerance, m.Margin, m.MinPoints = 0.03, 0.05, 10
	_, r := judgeOne(t, m, valuesOf(even(30, 1)), valuesOf(shifted(even(30, 2), 2)))
	if r.Outcome != Inconclusive || !strings.Contains(r.Reason, "a worsening of 5 isn't ruled out: it is up to") {
		t.Fatalf("%s: %s", r.Outcome, r.Reason)
	}
	n := 30 + int(r.Advice[0].MorePoints)
	if _, r = judgeOne(t, m, valuesOf(even(n+5, 1)), valuesOf(shifted(even(n+5, 2), 2))); r.Outcome != Pass {
		t.Errorf("%d points: %s", n+5, r.Reason)
	}
	if _, r = judgeOne(t, m, valuesOf(even(n*3/4, 1)), valuesOf(shifted(even(n*3/4, 2), 2))); r.Outcome != Inconclusive {
		t.Errorf("%d points: %s", n*3/4, r.Reason)
	}
	if _, r = judgeOne(t, m, valuesOf(even(30, 1)), valuesOf(shifted(even(30, 2), 5))); r.Outcome != Inconclusive || r.Advice[0].Way != Approval {
		t.Errorf("at the margin: %s, %+v", r.Reason, r.Advice)
	}
	m.Direction = Decrease
	if _, r = judgeOne(t, m, valuesOf(even(60, 1)), valuesOf(shifted(even(60, 2), 40))); r.Outcome != Pass {
		t.Errorf("a rise where a fall is worse: %s", r.Reason)
	}
}

// even is a sample that is as normal as n points can be, around 100 with a standard deviation of 10, in an
// order of its own for each seed.
func even(n int, seed uint64) []float64 {
	out := make([]float64, n)
	for i, k := range rand.New(rand.NewPCG(seed, 0)).Perm(n) {
		out[i] = 100 + 10*tailQuantile((float64(k)+0.5)/float64(n))
	}
	return out
}

// TestTooFewToFail: four against four can't show anything, and say so, however far apart they are.
func TestTooFewToFail(t *testing.T) {
	m := seriesMetric("x")
	m.MinPoints = 3
	c := configOf(m, seriesMetric("y"))
	c.Alpha = 0.02
	v, err := Judge(c, Data{
		Population{Metrics: map[string]Sample{"x": valuesOf([]float64{1, 2, 3}), "y": valuesOf(noise(60, 1))}},
		Population{Metrics: map[string]Sample{"x": valuesOf([]float64{1, 3, 2}), "y": valuesOf(noise(60, 2))}},
	})
	if err != nil || v.Decision != Manual || !strings.Contains(v.Metrics[0].Reason, "no difference, however large, could show: the least p that so much data can give is 0.1") {
		t.Errorf("%v, %v", v.Reasons, err)
	}
	// Below min_points it isn't counted, and a human is told what it looks like.
	v, r := judgeOne(t, seriesMetric("x"), valuesOf(noise(10, 1)), valuesOf(shifted(noise(10, 2), 100)))
	if v.Decision != Manual || r.Adjusted != nil || !strings.Contains(r.Reason, "it looks worse") {
		t.Errorf("%s: %s", v.Decision, r.Reason)
	}
}

// TestRequests: points that few requests stand behind are no points.
func TestRequests(t *testing.T) {
	m := seriesMetric("x")
	m.MinRequests = 1000
	with := func(v []float64, each float64) Sample {
		s := valuesOf(v)
		s.Total = slices.Repeat([]float64{each}, len(v))
		return s
	}
	for _, c := range []struct {
		each    float64
		outcome Outcome
	}{{20, Pass}, {5, Inconclusive}, {0, Inconclusive}} {
		if _, r := judgeOne(t, m, with(noise(60, 1), 200), with(noise(60, 2), c.each)); r.Outcome != c.outcome {
			t.Errorf("%v requests a point: %s %s", c.each, r.Outcome, r.Reason)
		}
	}
	if _, r := judgeOne(t, m, valuesOf(noise(60, 1)), valuesOf(noise(60, 2))); !strings.Contains(r.Reason, "the data have no totals") {
		t.Error(r.Reason)
	}
}

// TestHoles: a canary that fell silent, a reader that doesn't vouch, and no data at all.
func TestHoles(t *testing.T) {
	base := noise(120, 1)
	silent := Sample{Times: minutes(50), Values: noise(50, 2)}
	if _, r := judgeOne(t, seriesMetric("x"), valuesOf(base), silent); r.Outcome != Inconclusive || !strings.Contains(r.Reason, "silent") {
		t.Errorf("silent: %s %s", r.Outcome, r.Reason)
	}
	partial := valuesOf(shifted(noise(120, 2), 50))
	partial.Incomplete = "one store didn't answer"
	if _, r := judgeOne(t, seriesMetric("x"), valuesOf(base), partial); r.Outcome != Inconclusive || r.Adjusted != nil || !strings.Contains(r.Reason, "one store didn't answer") {
		t.Errorf("incomplete: %s %s", r.Outcome, r.Reason)
	}
	for _, k := range []Kind{Series, Counts, Never} {
		m := NewMetric(k)
		m.Name, m.Direction = "x", Increase
		v, r := judgeOne(t, m, Sample{}, Sample{})
		if v.Decision != Manual || r.Outcome != Inconclusive || !strings.HasPrefix(r.Reason, "no data") || len(r.Advice) == 0 {
			t.Errorf("no data, %s: %s, %+v", k, v.Decision, r)
		}
		m.NoData, m.Critical = Fail, true
		if v, r = judgeOne(t, m, Sample{}, Sample{}); v.Decision != Rollback || r.Outcome != Fail {
			t.Errorf("no data is fail, %s: %s, %+v", k, v.Decision, r)
		}
	}
}

// TestAtOnce: an unknown column or table, or an event that may never be, is ROLLBACK beside the best
// statistics, and beside data that can't be judged.
func TestAtOnce(t *testing.T) {
	never := NewMetric(Never)
	never.Name = "lost"
	c := configOf(seriesMetric("x"), never)
	good := func() Data {
		return Data{
			Population{Metrics: map[string]Sample{"x": valuesOf(noise(60, 1)), "lost": {Events: []float64{3}}}},
			Population{Metrics: map[string]Sample{"x": valuesOf(noise(60, 2)), "lost": {Events: []float64{0, 0}}}},
		}
	}
	check := func(d Data, want Decision, reason string) {
		t.Helper()
		v, err := Judge(c, d)
		if err != nil || v.Decision != want || !strings.Contains(v.Reasons[0], reason) {
			t.Errorf("got %s %v, %v; want %s …%s…", v.Decision, v.Reasons, err, want, reason)
		}
	}
	check(good(), Promote, "score is 100")
	for code, what := range map[string]string{"42703": "unknown column (42703) once", "42S22": "unknown column", "1054": "unknown column", "42P01": "unknown table", "42S02": "unknown table", "1146": "unknown table"} {
		d := good()
		d.Canary.Errors = []ServerError{{Code: code, Count: 1, Message: "column x"}}
		check(d, Rollback, what)
		d.Canary.Metrics["x"] = Sample{Values: []float64{math.NaN()}}
		check(d, Rollback, what)
	}
	d := good()
	d.Canary.Errors = []ServerError{{Code: "40P01", Count: 9}, {Code: "42703", Count: 0}}
	d.Baseline.Errors = []ServerError{{Code: "42703", Count: 9}}
	check(d, Promote, "score is 100")
	d = good()
	d.Canary.Metrics["lost"] = Sample{Events: []float64{0, 0.3}}
	check(d, Rollback, "lost: happened on the canary once")
	c.Metrics[1].Weight = 0
	check(d, Promote, "score is 100")
}

// TestDecision is the table of the rules.
func TestDecision(t *testing.T) {
	p, f, i := Pass, Fail, Inconclusive
	for _, c := range []struct {
		outcomes []Outcome
		critical int // which is; -1: none
		want     Decision
	}{
		{[]Outcome{p, p, p, p}, 0, Promote},
		{[]Outcome{f, p, p, p}, 0, Rollback},                      // critical
		{[]Outcome{f, p, p, p}, -1, Manual},                       // 75: marginal is included
		{[]Outcome{f, f, p, p}, -1, Rollback},                     // 50
		{[]Outcome{f, i, i, i}, -1, Manual},                       // 75 at best
		{[]Outcome{f, f, i, i}, -1, Rollback},                     // 50 at best
		{[]Outcome{i, p, p, p}, -1, Manual},                       // inconclusive never passes
		{slices.Repeat([]Outcome{i}, 4), -1, Manual},              // nothing is known
		{append(slices.Repeat([]Outcome{p}, 19), f), -1, Promote}, // 95: pass is included
		{append(slices.Repeat([]Outcome{p}, 19), i), -1, Manual},
		{append(slices.Repeat([]Outcome{p}, 18), f), -1, Manual}, // 94.7
	} {
		v := Verdict{Config: NewConfig()}
		for k, o := range c.outcomes {
			v.Metrics = append(v.Metrics, Result{Metric: fmt.Sprint(k), Outcome: o, Critical: k == c.critical, Weight: 1, Kind: Series})
		}
		v.decide(nil)
		if v.Decision != c.want || len(v.Reasons) == 0 {
			t.Errorf("%v, critical %d: %s (%v to %v), want %s", c.outcomes, c.critical, v.Decision, v.Score, v.Best, c.want)
		}
	}
}

// TestWeights: a weight of nothing decides nothing, a large one more.
func TestWeights(t *testing.T) {
	d := Data{Population{Metrics: map[string]Sample{}}, Population{Metrics: map[string]Sample{}}}
	for i, name := range []string{"a", "b", "c"} {
		d.Baseline.Metrics[name] = valuesOf(noise(60, uint64(i)))
		d.Canary.Metrics[name] = valuesOf(noise(60, uint64(i+10)))
	}
	d.Canary.Metrics["a"] = valuesOf(shifted(noise(60, 20), 30))
	for _, c := range []struct {
		weight float64
		score  float64
		want   Decision
	}{{0, 100, Promote}, {0.1, 100 * 2 / 2.1, Promote}, {0.5, 80, Manual}, {2, 50, Rollback}} {
		a := seriesMetric("a")
		a.Weight = c.weight
		v, err := Judge(configOf(a, seriesMetric("b"), seriesMetric("c")), d)
		if err != nil || v.Decision != c.want || math.Abs(v.Score-c.score) > 1e-9 {
			t.Errorf("weight %v: %s, score %v, %v", c.weight, v.Decision, v.Score, err)
		}
	}
}

// TestMultiplicity: p-values are adjusted by Holm in a group, and for the number of groups; what is
// only shown costs nothing.
func TestMultiplicity(t *testing.T) {
	trials := func(groups string, weights ...float64) []*trial {
		var out []*trial
		for i, g := range groups {
			m := seriesMetric(fmt.Sprint(i))
			m.Group, m.Weight = string(g), 1
			if len(weights) > 0 {
				m.Weight = weights[i]
			}
			tr := &trial{metric: m}
			tr.setP(0.01*float64(i+1), 0, true)
			out = append(out, tr)
		}
		return out
	}
	for _, c := range []struct {
		groups  string
		weights []float64
		want    []float64
	}{
		{"aaa", nil, []float64{0.03, 0.04, 0.04}},
		{"aab", nil, []float64{0.04, 0.04, 0.06}},
		{"abc", nil, []float64{0.03, 0.06, 0.09}},
		{"aaa", []float64{1, 0, 1}, []float64{0.02, -1, 0.03}},
	} {
		list := trials(c.groups, c.weights...)
		adjust(0.05, list)
		for i, tr := range list {
			got := -1.0
			if a := tr.result.Adjusted; a != nil {
				got = *a
			}
			if math.Abs(got-c.want[i]) > 1e-12 {
				t.Errorf("%s %v: metric %d: %v, want %v", c.groups, c.weights, i, got, c.want[i])
			}
		}
	}
}

// TestRefusedData: what has no rank or no meaning is refused, and the message says where it is.
func TestRefusedData(t *testing.T) {
	for _, c := range []struct {
		kind   Kind
		sample Sample
		want   string
	}{
		{Series, Sample{Values: []float64{1, math.NaN()}}, "x of the canary: point 2 is NaN"},
		{Series, Sample{Values: []float64{math.Inf(1)}}, "point 1 is +Inf"},
		{Series, Sample{Values: []float64{1e200}}, "point 1 is 1e+200"},
		{Series, Sample{Values: []float64{1}, Total: []float64{math.NaN()}}, "point 1 is NaN"},
		{Series, Sample{Values: []float64{1, 2}, Times: []int64{1, 1}}, "point 2 is not later"},
		{Series, Sample{Values: []float64{1, 2}, Times: []int64{1}}, "2 points have 1 times"},
		{Series, Sample{Events: []float64{1}, Total: []float64{1}}, "the data are no series"},
		{Counts, Sample{Values: []float64{1}}, "the data are no counts"},
		{Counts, Sample{Events: []float64{1}}, "events have no totals"},
		{Counts, Sample{Events: []float64{-1}, Total: []float64{2}}, "point 1 has -1 events"},
		{Counts, Sample{Events: []float64{1}, Total: []float64{-1}}, "point 1 has a total of -1"},
		{Counts, Sample{Events: []float64{3}, Total: []float64{2}}, "3 events are more than their total of 2"},
		{Counts, Sample{Events: []float64{math.NaN()}, Total: []float64{2}}, "point 1 is NaN"},
		{Never, Sample{Values: []float64{1}}, "the data are no never"},
		{Never, Sample{Events: []float64{math.NaN()}}, "point 1 is NaN"},
	} {
		m := NewMetric(c.kind)
		m.Name, m.Direction = "x", Increase
		if v, err := Judge(configOf(m), Data{Canary: side("x", c.sample)}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want …%s…", c.kind, v.Decision, err, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := noise(rapid.IntRange(1, 40).Draw(t, "n"), 1)
		v[rapid.IntRange(0, len(v)-1).Draw(t, "at")] = rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}).Draw(t, "bad")
		d := Data{side("x", valuesOf(noise(40, 2))), side("x", valuesOf(v))}
		if rapid.Bool().Draw(t, "swap") {
			d.Baseline, d.Canary = d.Canary, d.Baseline
		}
		if _, err := Judge(configOf(seriesMetric("x")), d); err == nil {
			t.Fatal("it was judged")
		}
	})
}

// drawnSample is any sample of a metric that the judge takes.
func drawnSample(t *rapid.T, k Kind, name string) Sample {
	n := rapid.IntRange(0, 40).Draw(t, name+" points")
	s := Sample{}
	if rapid.Bool().Draw(t, name+" times") {
		s.Times = minutes(n)
	}
	for range n {
		if k == Series {
			s.Values = append(s.Values, float64(rapid.IntRange(-5, 5).Draw(t, name)))
			continue
		}
		total := rapid.IntRange(0, 40).Draw(t, name+" total")
		s.Total = append(s.Total, float64(total))
		s.Events = append(s.Events, float64(rapid.IntRange(0, min(total, 5)).Draw(t, name+" events")))
	}
	return s
}

// TestJudgeProperties: for whatever data, the verdict is plain JSON, the same a second time, p is at most
// 1, nothing passes or fails without a p or a reason, and swapping the sides with the direction changes nothing
// but the signs.
func TestJudgeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom([]Kind{Series, Counts}).Draw(t, "kind")
		m := NewMetric(k)
		m.Name, m.Direction = "x", rapid.SampledFrom([]Direction{Increase, Decrease, Either}).Draw(t, "direction")
		m.MinPoints = min(m.MinPoints, rapid.IntRange(1, 30).Draw(t, "min points"))
		a, b := drawnSample(t, k, "baseline"), drawnSample(t, k, "canary")
		v, err := Judge(configOf(m), Data{side("x", a), side("x", b)})
		if err != nil {
			t.Fatal(err)
		}
		first, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := Judge(configOf(m), Data{side("x", a), side("x", b)})
		if second, _ := json.Marshal(again); string(first) != string(second) {
			t.Fatalf("%s\n%s", first, second)
		}
		r := v.Metrics[0]
		if r.P != nil && !(*r.P >= 0 && *r.P <= 1) || r.Reason == "" || len(v.Reasons) == 0 || r.Outcome != Inconclusive && r.Adjusted == nil {
			t.Fatalf("%s", first)
		}
		mirrored := m
		mirrored.Direction = map[Direction]Direction{Increase: Decrease, Decrease: Increase, Either: Either}[m.Direction]
		if k == Series {
			w, err := Judge(configOf(mirrored), Data{side("x", flipped(a)), side("x", flipped(b))})
			if err != nil || w.Decision != v.Decision || (r.P != nil && math.Abs(*w.Metrics[0].P-*r.P) > 1e-9) {
				t.Fatalf("turned around: %s\n%+v", first, w)
			}
		}
	})
}

func flipped(s Sample) Sample {
	s.Values = negated(s.Values)
	return s
}
