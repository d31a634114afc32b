package integration

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/tally"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// eachShadow is each for MySQL and MariaDB, eachPostgres for the others.
func eachShadow(t *testing.T, f func(t *testing.T, k throwaway.Kind)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if !k.IsPostgres() {
			f(t, k)
		}
	})
}

// beside lets tests, or the servers of one, be busy at the same time; not in the long form, where rates
// matter. It isn't for tests that arm failpoints in this process, which has one set of them, nor for those that look at
// the whole server or at their own memory.
func beside(t *testing.T) {
	t.Helper()
	if !long() {
		t.Parallel()
	}
}

// eachPostgres runs f on both versions.
func eachPostgres(t *testing.T, f func(t *testing.T, k throwaway.Kind)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k.IsPostgres() {
			f(t, k)
		}
	})
}

// oneOfEach is one server of each dialect: the short form's choice where the other behaves alike.
func oneOfEach(k throwaway.Kind) bool { return k == throwaway.MySQL || k == throwaway.Postgres18 }

// sampled are the servers on which the short form tries what has little to do with the kind of server.
func sampled(k throwaway.Kind) bool { return long() || oneOfEach(k) }

// newestPostgres runs f on 18 alone in the short form: for what is the same on both versions.
func newestPostgres(t *testing.T, f func(t *testing.T, k throwaway.Kind)) {
	t.Helper()
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		if long() || k == throwaway.Postgres18 {
			f(t, k)
		}
	})
}

// onShadow plans an ALTER TABLE on a shadow, whatever would be cheaper, with the
// gates that protect data and no others.
func onShadow(alter string) []string {
	return []string{"plan", "--alter", "ALTER TABLE " + tally.Table + " " + alter, "--strategy", "shadow", "--replicas", "none", "--gates", "none", "-o", "plan.json"}
}

// shadowed is one table, its application and one change of it.
type shadowed struct {
	t      *testing.T
	kind   throwaway.Kind
	change alteration
	dsn    string
	oracle string // DSN of the database in which the tally is written out
	fleet  *tally.Fleet
	home   *home
	plan   plans.Plan
}

// load says how much the application does.
type load struct {
	rows, writers int
	rate          float64
	quiet         bool // no XA
}

func newShadowed(t *testing.T, k throwaway.Kind, a alteration, l load) *shadowed {
	t.Helper()
	return newShadowedIn(t, k, a, l, dbtest.Database(t, k), dbtest.Database(t, k))
}

// newShadowedIn is newShadowed in databases that are there.
func newShadowedIn(t *testing.T, k throwaway.Kind, a alteration, l load, dsn, oracle string) *shadowed {
	t.Helper()
	s := &shadowed{t: t, kind: k, change: a, dsn: dsn, oracle: oracle}
	s.home = newHome(t, s.dsn)
	var err error
	s.fleet, err = tally.Open(t.Context(), tally.Options{DSN: s.dsn, Name: s.database(), Subject: a.subject(), Rows: l.rows, Writers: l.writers, Rate: l.rate, Seed: 7, NoXA: l.quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.fleet.Close() })
	return s
}

func (s *shadowed) database() string { return databaseOf(s.t, s.dsn) }

// planArgs plan the change.
func (s *shadowed) planArgs() []string {
	if s.change.operation == "" {
		return onShadow(s.change.alter)
	}
	s.home.write("change.yaml", "name: items\noperations:\n  - "+s.change.operation+"\n")
	return []string{"plan", "--change", "change.yaml", "--replicas", "none", "--gates", "none", "-o", "plan.json"}
}

// planned plans the change, which must be possible.
func (s *shadowed) planned() {
	s.t.Helper()
	s.home.must(0, s.planArgs()...)
	if err := json.Unmarshal([]byte(s.home.read("plan.json")), &s.plan); err != nil {
		s.t.Fatal(err)
	}
}

// temporary bounds how often a call may end with "call again" in a row.
const temporary = 20

// settled calls until the call doesn't end with "temporary, call again".
func (h *home) settled(args ...string) called {
	h.t.Helper()
	for range temporary {
		c := h.call(args...)
		if c.exit != 75 {
			return c
		}
		h.t.Logf("phasemig %v: temporary:\n%s", args, c.stderr)
		<-time.After(50 * time.Millisecond)
	}
	h.t.Fatalf("phasemig %v: temporary %d times in a row", args, temporary)
	return called{}
}

func (s *shadowed) apply(phase plans.PhaseName) called {
	s.t.Helper()
	c := s.home.settled("apply", "plan.json", "--phase", string(phase))
	c.want(s.t, 0)
	return c
}

func (s *shadowed) rollback() {
	s.t.Helper()
	s.home.settled("rollback", s.plan.ID).want(s.t, 0)
}

// isNew and isOld compare the table with the tally, in the new and in the old shape.
func (s *shadowed) isNew(what string) {
	s.t.Helper()
	c := tally.Check{Alter: s.change.alter}
	if s.change.operation != "" {
		c.Create = s.change.after(s.change.create())
	}
	s.compare(what, c)
}

func (s *shadowed) isOld(what string) {
	s.t.Helper()
	c := tally.Check{}
	if s.change.lossy {
		c = tally.Check{Alter: s.change.alter, Both: true}
	}
	s.compare(what, c)
}

func (s *shadowed) compare(what string, c tally.Check) {
	s.t.Helper()
	resume := s.fleet.Pause()
	defer resume()
	c.DSN, c.Ignore = s.oracle, s.change.ignore
	if what != "contract" && len(s.plan.Alters) > 0 {
		c.Helper = s.plan.Alters[0].Helper
	}
	if err := s.fleet.Compare(s.t.Context(), c); err != nil {
		s.t.Fatalf("after %s: %v", what, err)
	}
	if r := s.fleet.Report(); r.Errors > 0 {
		s.t.Fatalf("after %s: %s", what, r)
	}
}

// lap logs what the application went through during a phase.
func (s *shadowed) lap(what string) tally.Report {
	s.t.Helper()
	r := s.fleet.Lap()
	s.t.Logf("%-16s %s", what, r)
	return r
}

// begin starts the application. A branch that it has prepared must be ended, whatever
// fails: the test's end is not its.
func (s *shadowed) begin() { s.fleet.Start(context.WithoutCancel(s.t.Context())) }

// ride lets the application run.
func (s *shadowed) ride(d time.Duration) { <-time.After(d) }

// whole goes through every phase, and back after the switch.
func (s *shadowed) whole(d time.Duration) {
	s.t.Helper()
	s.begin()
	s.planned()
	s.apply(plans.Expand)
	s.lap("expand")
	s.ride(d)
	s.isOld("expand")
	s.apply(plans.Switch)
	s.lap("switch")
	s.ride(d)
	s.isNew("switch")
	s.rollback()
	s.lap("rollback")
	s.ride(d)
	s.isOld("rollback of switch")
	s.apply(plans.Switch)
	s.lap("second switch")
	s.ride(d)
	s.isNew("second switch")
	s.apply(plans.Contract)
	s.lap("contract")
	s.isNew("contract")
}
