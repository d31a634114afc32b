// Package statetest is the test of state.Store that every dialect's flavour must
// pass on a real server. A dialect calls Run from its own tests; what is promised
// of leases, fences, evidence and segments is proved here, once.
package statetest

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect/sqlstate"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

// Home is a place on a server that holds no state yet.
type Home struct {
	Flavor sqlstate.Flavor
	// Open makes a pool of its own, as another process would have.
	Open func(t *testing.T) *sql.DB
	// Holder names the test that calls Hold, and DSN is what that test opens.
	Holder, DSN string
	// Kill is the statement that ends the session whose id is put for %s.
	Kill string
	// Freeze is run on a connection to set everything that could bend its clock.
	Freeze []string
}

// Run tests the store. fresh makes a Home for each test.
func Run(t *testing.T, fresh func(t *testing.T) Home) {
	for _, one := range []struct {
		name string
		test func(*testing.T, *home)
	}{
		{"no state", testNoState},
		{"concurrent installs", testInstall},
		{"versions", testVersion},
		{"migration", testMigrate},
		{"strangers", testStrangers},
		{"clock", testClock},
		{"lease", testLease},
		{"turned away", testTurnedAway},
		{"killed session", testKilled},
		{"killed process", testKilledProcess},
		{"hung runner", testHung},
		{"open transaction", testOpenTransaction},
		{"fence in a transaction", testFence},
		{"racing runners", testRace},
		{"racing takeovers", testRaceTakeover},
		{"lost lease connection", testLostSession},
		{"lost pool connections", testLostPool},
		{"runs", testRuns},
		{"one active run", testBusy},
		{"remove", testRemove},
		{"steps", testSteps},
		{"segments", testSegments},
		{"samples", testSamples},
		{"samples came later", testSamplesCameLater},
		{"controls and approvals", testControl},
		{"retired flags", testRetiredFlags},
		{"evidence", testEvidence},
		{"evidence chain", testChain},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			one.test(t, &home{fresh(t)})
		})
	}
}

type home struct{ Home }

// store is the Store of a new process.
func (h *home) store(t *testing.T) *sqlstate.Store {
	t.Helper()
	s := sqlstate.New(h.Open(t), h.Flavor, func(context.Context) (string, error) { return "server-1", nil })
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// installed is store on a server with state.
func (h *home) installed(t *testing.T) *sqlstate.Store {
	t.Helper()
	s := h.store(t)
	must(t, s.Install(t.Context()))
	return s
}

var (
	users  = schema.Ident{Schema: "app", Name: "users"}
	orders = schema.Ident{Schema: "app", Name: "orders 🙂 `\"'"}
)

func holder(run string, tables ...schema.Ident) state.Holder {
	return state.Holder{Run: run, Tables: tables, Who: "host " + run, Token: "token of " + run}
}

func acquire(t *testing.T, s *sqlstate.Store, run string, tables ...schema.Ident) state.Lease {
	t.Helper()
	l, err := s.Acquire(t.Context(), holder(run, tables...), time.Hour)
	must(t, err)
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got unpacks a call's results: got(f())(t).
func got[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}
