package canary

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table in docs/canary.md anew")

// world makes measurements as services give them.
type world struct{ *rand.Rand }

// shape is one kind of service.
type shape struct {
	name    string
	minutes int
	value   func(noise float64) float64 // of a minute, from standard normal noise
	load    func(minute int) float64    // a factor that both sides share
	rho     float64                     // correlation of a minute with the next
	burst   float64                     // standard deviation of the logarithm of the error rate
	traffic [2]float64                  // requests a minute of the baseline and the canary
	slower  float64                     // the canary's latency in a release that is slower
}

func normal(z float64) float64    { return 100 + 10*z }
func logNormal(z float64) float64 { return 100 * math.Exp(0.5*z) }
func steady(int) float64          { return 1 }
func wave(minute int) float64     { return 1 + 0.2*math.Sin(float64(minute)/20) }

var shapes = []shape{
	{"normal", 60, normal, steady, 0, 0, [2]float64{100, 100}, 1.1},
	{"log-normal", 60, logNormal, steady, 0, 0, [2]float64{100, 100}, 1.5},
	{"bursty, 1 h", 60, logNormal, steady, 0.6, 0.8, [2]float64{100, 100}, 1.5},
	{"bursty, 3 h", 180, logNormal, steady, 0.6, 0.8, [2]float64{100, 100}, 1.5},
	{"shared load", 60, normal, wave, 0, 0, [2]float64{100, 100}, 1.1},
	{"low traffic", 60, logNormal, steady, 0, 0, [2]float64{20, 2}, 1.5},
}

// release is what is wrong with a canary.
type release struct {
	name   string
	slower bool
	errors float64 // a factor on the error rate of 1 %
}

var releases = []release{{"healthy", false, 1}, {"slower", true, 1}, {"failing", false, 3}}

// simulated is judged as the example in the docs.
func simulated() Config {
	latency, cpu, queue, errors := seriesMetric("latency"), seriesMetric("cpu"), seriesMetric("queue"), countsMetric("errors")
	latency.Critical, errors.Critical, errors.Limit = true, true, 0.02
	cpu.Group, queue.Group = "host", "host"
	return configOf(latency, errors, cpu, queue)
}

// side simulates one population.
func (w world) side(s shape, slower, errors, traffic float64) Population {
	p := Population{Metrics: map[string]Sample{"latency": w.series(s, slower, traffic), "cpu": w.series(s, 1, traffic), "queue": w.series(s, 1, traffic)}}
	var out Sample
	w.walk(s, func(minute int, z float64) {
		n := w.poisson(traffic)
		// The mean of the factor on the rate is 1.
		k := w.poisson(n * 0.01 * errors * math.Exp(s.burst*z-s.burst*s.burst/2))
		out.Times = append(out.Times, int64(minute)*60_000)
		out.Events, out.Total = append(out.Events, min(n, k)), append(out.Total, n)
	})
	p.Metrics["errors"] = out
	return p
}

// series leaves out the minutes without a request.
func (w world) series(s shape, factor, traffic float64) Sample {
	var out Sample
	w.walk(s, func(minute int, z float64) {
		if w.Float64() < math.Exp(-traffic) {
			return
		}
		out.Times = append(out.Times, int64(minute)*60_000)
		out.Values = append(out.Values, factor*s.load(minute)*s.value(z))
	})
	return out
}

// walk gives standard normal noise of which each minute remembers the last.
func (w world) walk(s shape, minute func(int, float64)) {
	z := w.NormFloat64()
	for t := range s.minutes {
		minute(t, z)
		z = s.rho*z + math.Sqrt(1-s.rho*s.rho)*w.NormFloat64()
	}
}

func (w world) poisson(mean float64) float64 {
	if mean > 40 {
		return max(0, math.Round(mean+math.Sqrt(mean)*w.NormFloat64()))
	}
	n, p, limit := 0.0, w.Float64(), math.Exp(-mean)
	for p > limit {
		n++
		p *= w.Float64()
	}
	return n
}

// rates are shares of the simulated releases.
type rates struct{ promote, manual, rollback, alarm float64 }

func simulate(t *testing.T, s shape, r release, n int) rates {
	w := world{rand.New(rand.NewPCG(20260301, uint64(len(s.name))))}
	c, slower := simulated(), 1.0
	if r.slower {
		slower = s.slower
	}
	var out rates
	one := 1 / float64(n)
	for range n {
		v, err := Judge(c, Data{w.side(s, 1, 1, s.traffic[0]), w.side(s, slower, r.errors, s.traffic[1])})
		if err != nil {
			t.Fatal(err)
		}
		switch v.Decision {
		case Promote:
			out.promote += one
		case Manual:
			out.manual += one
		case Rollback:
			out.rollback += one
		}
		if len(v.named(Fail)) > 0 {
			out.alarm += one
		}
	}
	return out
}

// bounds are what is promised of each shape.
var bounds = map[string]struct {
	alarm         float64 // at most, of healthy releases
	promote       float64 // at least, of healthy releases
	slow, failing float64 // rolled back at least
	missed        float64 // promoted at most, of releases that are worse
}{
	"normal":      {0.05, 0.94, 0.99, 0.98, 0.02},
	"log-normal":  {0.05, 0.94, 0.94, 0.98, 0.06},
	"bursty, 1 h": {0.07, 0, 0.40, 0.65, 0.01},
	"bursty, 3 h": {0.07, 0.90, 0.92, 0.93, 0.06},
	"shared load": {0.05, 0.85, 0.97, 0.98, 0.03},
	"low traffic": {0.05, 0, 0.90, 0.05, 0.01},
}

// TestSimulation judges 10,008 simulated releases, 6,000 of them healthy, and holds what it finds against
// bounds and against the table in docs/canary.md.
func TestSimulation(t *testing.T) {
	var table strings.Builder
	fmt.Fprintln(&table, "| service | release | releases | PROMOTE | MANUAL | ROLLBACK | some metric called worse |")
	fmt.Fprintln(&table, "|---|---|---:|---:|---:|---:|---:|")
	for _, s := range shapes {
		for _, r := range releases {
			n := 334
			if r.name == "healthy" {
				n = 1000
			}
			got := simulate(t, s, r, n)
			fmt.Fprintf(&table, "| %s | %s | %d | %.1f %% | %.1f %% | %.1f %% | %.1f %% |\n", s.name, r.name, n, 100*got.promote, 100*got.manual, 100*got.rollback, 100*got.alarm)
			within(t, s, r, got)
		}
	}
	compareTable(t, table.String())
}

func within(t *testing.T, s shape, r release, got rates) {
	t.Helper()
	b := bounds[s.name]
	ok := got.promote <= b.missed
	switch r.name {
	case "healthy":
		ok = got.alarm <= b.alarm && got.promote >= b.promote
	case "slower":
		ok = ok && got.rollback >= b.slow
	case "failing":
		ok = ok && got.rollback >= b.failing
	}
	if !ok {
		t.Errorf("%s, %s: %+v is not within %+v", s.name, r.name, got, b)
	}
}

const (
	docs       = "../docs/canary.md"
	tableBegin = "<!-- table of TestSimulation -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

// compareTable holds the table in the docs against the one that was found, or writes it with -update.
// Other processors round otherwise in the last digit, which may turn one release in a thousand.
func compareTable(t *testing.T, got string) {
	t.Helper()
	b, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begins := bytes.Cut(b, []byte(tableBegin))
	want, tail, ends := bytes.Cut(rest, []byte(tableEnd))
	if !begins || !ends {
		t.Fatalf("%s has no table between %q and %q", docs, tableBegin, tableEnd)
	}
	if *update {
		text := string(head) + tableBegin + got + tableEnd + string(tail)
		if err := os.WriteFile(docs, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !sameTable(got, string(want)) {
		t.Errorf("%s differs from what is simulated (-update writes it anew):\n%s", docs, got)
	}
}

func sameTable(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		p, err1 := strconv.ParseFloat(x[i], 64)
		q, err2 := strconv.ParseFloat(y[i], 64)
		if x[i] != y[i] && (err1 != nil || err2 != nil || math.Abs(p-q) > 0.35) {
			return false
		}
	}
	return true
}
