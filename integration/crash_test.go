package integration

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/internal/traffic"
)

// crashRows: several chunks for each worker.
const crashRows = 900

// long asks for every hit of every point, each in a life of its own.
func long() bool { return dbtest.Long() }

// TestCrash kills the program, as kill -9 does, at every failpoint, in every phase
// and in every rollback, while the application goes on writing; called again
// it must end as if nothing had happened. It must have died at each point, or the
// point is not where it is thought to be.
//
// In the short form all points are armed at once: each call dies at the next one,
// and the one after it goes on from there.
func TestCrash(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		for _, s := range crashScenarios(k) {
			t.Run(s.Name, func(t *testing.T) {
				if long() {
					crashEach(t, k, s)
					return
				}
				c := newCrash(t, k, s, syncPoints()...)
				c.run()
				c.everywhere(c.died)
			})
		}
	})
}

// syncPoints are the failpoints that a column sync comes by.
func syncPoints() []string {
	return slices.DeleteFunc(fault.Points(), func(p string) bool { return strings.HasPrefix(p, "shadow.") || strings.HasPrefix(p, "recipe.") })
}

// crashScenarios: a change that hides its column and one that swaps names. In the short form each
// server has one of them, and the older PostgreSQL none: TestLife takes it through the same phases.
func crashScenarios(k throwaway.Kind) []traffic.Scenario {
	hides, swaps := traffic.Rename(), traffic.NotNull()
	if k.IsPostgres() {
		swaps = traffic.Retype()
	}
	switch {
	case long():
		return []traffic.Scenario{hides, swaps}
	case k == throwaway.Postgres15:
		return nil
	case k == throwaway.MySQL:
		return []traffic.Scenario{hides}
	}
	return []traffic.Scenario{swaps}
}

func crashEach(t *testing.T, k throwaway.Kind, s traffic.Scenario) {
	var mu sync.Mutex
	died := map[string]int{}
	t.Run("points", func(t *testing.T) {
		for _, point := range syncPoints() {
			t.Run(point, func(t *testing.T) {
				t.Parallel()
				c := newCrash(t, k, s, point)
				c.run()
				mu.Lock()
				defer mu.Unlock()
				maps.Copy(died, c.died)
			})
		}
	})
	(&crash{life: &life{t: t}}).everywhere(died)
}

// crash is a life in which calls die.
type crash struct {
	*life
	points []string
	died   map[string]int
}

func newCrash(t *testing.T, k throwaway.Kind, s traffic.Scenario, points ...string) *crash {
	return &crash{life: newLife(t, k, s, crashRows), points: points, died: map[string]int{}}
}

func (c *crash) everywhere(died map[string]int) {
	for _, point := range syncPoints() {
		if died[point] == 0 && !c.t.Failed() {
			c.t.Errorf("the program never died at %s", point)
		}
	}
}

func (c *crash) run() {
	var err error
	c.fleet, err = traffic.Start(c.t.Context(), traffic.Options{DSN: c.dsn, Scenario: c.scenario, Rows: crashRows, OldWriters: 2, Seed: 5, Pause: between(5 * time.Millisecond)})
	if err != nil {
		c.t.Fatal(err)
	}
	defer c.fleet.Stop()
	old := traffic.Names{Old: c.scenario.Columns[traffic.Old]}
	c.again(func(hit int) {
		c.apply("expand", hit, 0)
		c.compare("expand", c.names(false))
		c.back(hit)
		c.check("rollback of expand", old, c.fleet.Model().Rederive)
		sameTable(c.t, "rollback of expand", describe(c.t, c.kind, c.dsn, "users"), c.original)
	})
	c.home.must(0, "apply", "plan.json", "--phase", "expand")
	c.fleet.SetVersions(2, 2)
	c.again(func(hit int) {
		c.apply("switch", hit, 0)
		c.compare("switch", c.names(true))
		c.back(hit)
		c.compare("rollback of switch", c.names(false))
	})
	c.home.must(0, "apply", "plan.json", "--phase", "switch")
	c.fleet.SetVersions(0, 2)
	c.contract()
	c.end()
}

// mostHits bounds how often a point is passed before it kills: the table grows while the
// application writes, and its chunks with it.
const mostHits = 12

// again repeats a way there and back until no call dies any more, at the n-th
// hit of the points; once in the short form.
func (c *crash) again(f func(hit int)) {
	c.t.Helper()
	for hit := 1; ; hit++ {
		before := len(c.died) + c.deaths()
		f(hit)
		if !long() || hit == mostHits || before == len(c.died)+c.deaths() {
			return
		}
	}
}

func (c *crash) deaths() int {
	n := 0
	for _, d := range c.died {
		n += d
	}
	return n
}

// contract goes to the end. As long as the soak keeps the column hidden it is
// shown again, once.
func (c *crash) contract() {
	c.t.Helper()
	for hit := 1; c.apply("contract", hit, 0, 3) != 0; hit++ {
		if hit == 1 || long() && hit < 6 {
			c.compare("contract up to hidden", c.hidden())
			c.back(hit)
			c.compare("rollback of contract", c.names(true))
			continue
		}
		c.rideOn(ride)
	}
	c.compare("contract", traffic.Names{New: finals(&c.plan.Syncs[0])})
}

func (c *crash) compare(what string, n traffic.Names) {
	c.t.Helper()
	c.check(what, n, func() {})
}

// apply runs a phase that dies at the n-th hit of each point and calls again.
func (c *crash) apply(phase string, hit int, exits ...int) int {
	c.t.Helper()
	return c.through(hit, exits, "apply", "plan.json", "--phase", phase, "--chunk-rows", "100")
}

func (c *crash) back(hit int) {
	c.t.Helper()
	c.through(hit, []int{0}, "rollback", c.plan.ID)
}

// through calls until a call doesn't die. Each point kills once; one that isn't on
// the way of this call changes nothing.
func (c *crash) through(hit int, exits []int, args ...string) int {
	c.t.Helper()
	armed := slices.Clone(c.points)
	limit := time.Now().Add(patience)
	for {
		var spec []string
		for _, p := range armed {
			spec = append(spec, fmt.Sprintf("%s=kill@%d", p, hit))
		}
		r := c.home.with("PHASEMIG_FAULT=" + strings.Join(spec, ",")).call(args...)
		if r.signal == syscall.SIGKILL {
			_, point, _ := strings.Cut(r.stderr, fault.KilledAt)
			point = strings.TrimSpace(point)
			c.died[point]++
			armed = slices.DeleteFunc(armed, func(p string) bool { return p == point })
			continue
		}
		if r.exit == 6 && time.Now().Before(limit) { // the server hasn't seen yet that the last one died
			c.rideOn(ride / 10)
			continue
		}
		if !slices.Contains(exits, r.exit) {
			c.t.Fatalf("after dying at %v: phasemig %v: exit %d (signal %v)\n%s%s", c.died, args, r.exit, r.signal, r.stdout, r.stderr)
		}
		return r.exit
	}
}
