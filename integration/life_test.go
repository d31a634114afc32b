package integration

import (
	"database/sql"
	"encoding/json"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/internal/traffic"
	"github.com/phasemig/phasemig/plans"
)

const (
	lifeRows    = 4000
	lifeWriters = 4
	// ride is how long the application runs in each state.
	ride = 400 * time.Millisecond
)

// lifeGates: a soak that holds the first contract back and passes the second.
const lifeGates = "gates:\n  contract:\n    - soak: {for: 2s}\n"

// TestLife takes each example change through its whole life and back at every
// phase, under the load of old and new code, and compares every row with what was
// committed each time.
func TestLife(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		for _, s := range traffic.Scenarios() {
			if runsOn(k, s) {
				t.Run(s.Name, func(t *testing.T) { newLife(t, k, s, lifeRows).run() })
			}
		}
	})
}

// unprepared: a prepared statement outlives a change of its columns' types on no
// server, and the test reads across it.
func unprepared(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); u.Scheme == "postgres" {
		q.Set("default_query_exec_mode", "simple_protocol")
		u.RawQuery = q.Encode()
	}
	return u.String()
}

// runsOn: a retype elsewhere is another road. The short form has the rename everywhere, but
// not its variants, and each other change on one server.
func runsOn(k throwaway.Kind, s traffic.Scenario) bool {
	switch {
	case s.Name == "retype" && !k.IsPostgres():
		return false
	case long() || s.Name == "rename":
		return true
	}
	return k == map[string]throwaway.Kind{"retype": throwaway.Postgres18, "not-null": throwaway.Postgres18, "split": throwaway.MySQL}[s.Name]
}

// life is one example on one server.
type life struct {
	t        *testing.T
	kind     throwaway.Kind
	scenario traffic.Scenario
	dsn      string
	db       *sql.DB
	fleet    *traffic.Fleet
	home     *home
	original []string
	plan     plans.Plan
	alone    traffic.Report
}

func newLife(t *testing.T, k throwaway.Kind, s traffic.Scenario, rows int) *life {
	return newLifeIn(t, dbtest.Database(t, k), k, s, rows, "none", lifeGates)
}

func newGatedLife(t *testing.T, k throwaway.Kind, s traffic.Scenario, rows int, gates string) *life {
	return newLifeIn(t, dbtest.Database(t, k), k, s, rows, "none", gates)
}

// newLifeIn is newLife in a database that is there.
func newLifeIn(t *testing.T, dsn string, k throwaway.Kind, s traffic.Scenario, rows int, replicas, gates string) *life {
	l := &life{t: t, kind: k, scenario: s, dsn: dsn}
	l.db = dbtest.DB(t, unprepared(t, l.dsn))
	l.home = newHome(t, l.dsn)
	if err := traffic.Create(t.Context(), l.db, l.dsn, rows); err != nil {
		t.Fatal(err)
	}
	l.original = describe(t, k, l.dsn, "users")
	l.home.write("change.yaml", s.Change(l.dsn, replicas, gates))
	l.home.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
	if err := json.Unmarshal([]byte(l.home.read("plan.json")), &l.plan); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *life) run() {
	l.t.Helper()
	l.start(2 * lifeWriters)
	defer l.fleet.Stop()
	l.rideOn(2 * ride)
	l.alone = l.fleet.Lap()
	l.fleet.SetVersions(lifeWriters, 0)

	l.apply(0, "expand")
	l.both("expand", l.names(false))
	l.fleet.SetVersions(l.oldOnly())
	l.rollback()
	l.check("rollback of expand", traffic.Names{Old: l.scenario.Columns[traffic.Old]}, l.fleet.Model().Rederive)
	sameTable(l.t, "rollback of expand", describe(l.t, l.kind, l.dsn, "users"), l.original)

	l.apply(0, "expand")
	l.both("second expand", l.names(false))
	l.apply(0, "switch")
	l.both("switch", l.names(true))
	l.rollback()
	l.both("rollback of switch", l.names(false))
	l.apply(0, "switch")
	l.both("second switch", l.names(true))

	if !l.plan.Syncs[0].Swap { // a swap has taken the old column out of sight already
		l.fleet.SetVersions(0, lifeWriters)
		l.apply(3, "contract")
		l.fleetOf(0, "contract up to hidden", l.hidden())
		l.rollback()
		l.both("rollback of contract", l.names(true))
	}
	l.fleet.SetVersions(0, lifeWriters)
	l.untilDone()
	l.fleetOf(0, "contract", traffic.Names{New: l.columns(func(s *plans.Sync) []string { return finals(s) })})
	l.end()
}

// between is how long a writer rests between two transactions: in the short form three times as long, or the writers of the tests that run
// beside each other take the processors from what they test.
func between(d time.Duration) time.Duration {
	if long() {
		return d
	}
	return 3 * d
}

// start starts the application, all of it old code.
func (l *life) start(writers int) {
	l.t.Helper()
	var err error
	l.fleet, err = traffic.Start(l.t.Context(), traffic.Options{DSN: l.dsn, Scenario: l.scenario, Rows: lifeRows, OldWriters: writers, Seed: 11, Pause: between(6 * time.Millisecond)})
	if err != nil {
		l.t.Fatal(err)
	}
}

// oldOnly: where both versions name the same column nobody has to be stopped.
func (l *life) oldOnly() (oldWriters, newWriters int) {
	if l.scenario.SameName {
		return lifeWriters, lifeWriters
	}
	return lifeWriters, 0
}

func (l *life) rideOn(d time.Duration) { <-time.After(d) } // a length of time, not an order of events

func (l *life) apply(exit int, phase string) {
	l.t.Helper()
	l.home.must(exit, "apply", "plan.json", "--phase", phase)
}

// untilDone calls again as a pipeline does, while the soak lasts.
func (l *life) untilDone() {
	l.t.Helper()
	for range 20 {
		c := l.home.call("apply", "plan.json", "--phase", "contract")
		if c.exit != 3 {
			c.want(l.t, 0)
			return
		}
		l.rideOn(ride / 2)
	}
	l.t.Fatal("the soak of contract never passes")
}

func (l *life) rollback() {
	l.t.Helper()
	l.home.must(0, "rollback", l.plan.ID)
}

// both lets both versions run for a while and compares every row.
func (l *life) both(what string, n traffic.Names) {
	l.t.Helper()
	l.fleetOf(lifeWriters, what, n)
}

func (l *life) fleetOf(oldWriters int, what string, n traffic.Names) {
	l.t.Helper()
	l.fleet.SetVersions(oldWriters, lifeWriters)
	l.rideOn(ride)
	l.check(what, n, func() {})
}

func (l *life) check(what string, n traffic.Names, then func()) {
	l.t.Helper()
	resume := l.fleet.Pause()
	if _, err := l.fleet.Model().Check(l.t.Context(), l.db, n); err != nil {
		l.t.Fatalf("after %s: %v", what, err)
	}
	if r := l.fleet.Report(); r.Errors > 0 {
		l.t.Fatalf("after %s: %s", what, r)
	}
	then()
	resume()
}

// names are the columns of both sides before and after the switch.
func (l *life) names(switched bool) traffic.Names {
	s := l.plan.Syncs[0]
	if switched && s.Swap {
		return traffic.Names{Old: hiddenNames(&s), New: oldNames(&s)}
	}
	return traffic.Names{Old: oldNames(&s), New: newNames(&s)}
}

func (l *life) hidden() traffic.Names {
	s := l.plan.Syncs[0]
	return traffic.Names{Old: hiddenNames(&s), New: finals(&s)}
}

func (l *life) columns(f func(*plans.Sync) []string) []string { return f(&l.plan.Syncs[0]) }

func oldNames(s *plans.Sync) []string {
	return sides(s.Old, func(s plans.Side) string { return s.Name })
}
func newNames(s *plans.Sync) []string {
	return sides(s.New, func(s plans.Side) string { return s.Name })
}
func hiddenNames(s *plans.Sync) []string {
	return sides(s.Old, func(s plans.Side) string { return s.Hidden })
}

// finals are the columns that are left in the end.
func finals(s *plans.Sync) []string {
	if s.Swap {
		return oldNames(s)
	}
	return newNames(s)
}

func sides(list []plans.Side, f func(plans.Side) string) []string {
	var out []string
	for _, s := range list {
		out = append(out, f(s))
	}
	return out
}

// end: nothing is left of the migration, and the table is what an ALTER would have made.
func (l *life) end() {
	l.t.Helper()
	during := l.fleet.Stop()
	l.t.Logf("without phasemig: %s", l.alone)
	l.t.Logf("with phasemig:    %s", during)
	if during.Errors > 0 || during.Transactions == 0 {
		l.t.Fatalf("%s", during)
	}
	if l.alone.Transactions > 0 {
		l.compareRetries(during)
	}
	got := describe(l.t, l.kind, l.dsn, "users")
	if list := direct(l.kind, l.scenario); list != nil {
		sameTable(l.t, "contract", got, altered(l.t, l.kind, list...))
	}
	if slices.ContainsFunc(got, func(line string) bool { return mentions(line, l.plan.ID) }) {
		l.t.Errorf("the table still carries a mark of the run:\n%v", got)
	}
}

// compareRetries: twice as many as without phasemig, and two in a hundred for the
// small numbers of a short run, would be a migration that gets into the application's way.
func (l *life) compareRetries(during traffic.Report) {
	l.t.Helper()
	if limit := 2*l.alone.RetryRate() + .02; during.RetryRate() > limit {
		l.t.Errorf("%.2f %% of transactions were tried again; %.2f %% without phasemig", 100*during.RetryRate(), 100*l.alone.RetryRate())
	}
}
