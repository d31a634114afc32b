package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/tally"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/internal/traffic"
	"github.com/phasemig/phasemig/plans"
)

// moment is where a fault strikes: the runner is halted there, as SIGSTOP does, while the fault is made, and then let go
// on.
type moment struct {
	name  string
	phase plans.PhaseName
	point string // a failpoint and its hit; "" is before the call
}

// road is one of the ways in which a table is changed.
type road struct {
	name    string
	moments []moment
	travel  func(c *chaos) traveller
}

const (
	bySync   = "column sync"
	byShadow = "shadow"

	inCopy    = "copy"
	inChunk   = "chunk" // its rows are written and not committed
	inApply   = "apply"
	inCompare = "compare"
	inCutOver = "cut-over"
	before    = "before the cut-over"
)

// roads: a sync has no log to apply and its triggers change hands when the old column is hidden; a shadow has both.
var roads = []road{
	{bySync, []moment{
		{inCopy, plans.Expand, "backfill.chunk_committed@3"},
		{inChunk, plans.Expand, "backfill.chunk_written@3"},
		{inCompare, plans.Expand, "verify.chunk@1"},
		{inCutOver, plans.Contract, "step.locked@1"},
		{before, plans.Contract, ""},
	}, newSyncing},
	{byShadow, []moment{
		{inCopy, plans.Expand, "shadow.chunk_committed@3"},
		{inApply, plans.Expand, "shadow.batch_applied@2"},
		{inCompare, plans.Expand, "verify.chunk@1"},
		{inCutOver, plans.Switch, "shadow.drained@1"},
		{before, plans.Switch, ""},
	}, newShadowing},
}

// traveller is an application and a change of its table.
type traveller interface {
	id() string
	table() string
	// ready makes the application what a phase wants it to be.
	ready(phase plans.PhaseName)
	// pause keeps the application between two transactions.
	pause() (resume func())
	// reconnect gives a paused application new sessions.
	reconnect()
	// check compares every row with what was committed; phase is the last one that is done, "" is none.
	check(what string, phase plans.PhaseName)
	// original fails unless the table is what it was, in the server's own words.
	original(what string)
	// contracted checks what is left in the end.
	contracted()
}

// syncing is a rename under the load of old and new code.
type syncing struct{ *life }

func newSyncing(c *chaos) traveller {
	l := newLifeIn(c.t, c.app.DSN(c.dsn), c.kind, traffic.Rename(), crashRows, c.replicas(), lifeGates)
	var err error
	l.fleet, err = traffic.Start(c.t.Context(), traffic.Options{DSN: l.dsn, Scenario: l.scenario, Rows: crashRows, OldWriters: 2, Seed: 5, Pause: between(5 * time.Millisecond)})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { l.fleet.Stop() })
	c.home.write("plan.json", l.home.read("plan.json"))
	return &syncing{l}
}

func (s *syncing) id() string             { return s.plan.ID }
func (s *syncing) table() string          { return "users" }
func (s *syncing) pause() (resume func()) { return s.fleet.Pause() }
func (s *syncing) reconnect()             { s.fleet.Reconnect() }

func (s *syncing) ready(phase plans.PhaseName) {
	switch phase {
	case plans.Switch:
		s.fleet.SetVersions(2, 2)
	case plans.Contract:
		s.fleet.SetVersions(0, 2)
	}
}

func (s *syncing) check(what string, phase plans.PhaseName) {
	s.t.Helper()
	switch phase {
	case "":
		s.life.check(what, traffic.Names{Old: s.scenario.Columns[traffic.Old]}, s.fleet.Model().Rederive)
	case plans.Contract:
		s.life.check(what, traffic.Names{New: finals(&s.plan.Syncs[0])}, func() {})
	default:
		s.life.check(what, s.names(phase == plans.Switch), func() {})
	}
}

func (s *syncing) original(what string) {
	s.t.Helper()
	sameTable(s.t, what, describe(s.t, s.kind, s.dsn, "users"), s.life.original)
}

func (s *syncing) contracted() { s.end() }

// shadowing is an ALTER TABLE on a copy, while unique values move.
type shadowing struct{ *shadowed }

// shadows counts them.
var shadows atomic.Int32

func newShadowing(c *chaos) traveller {
	a := crashedAlter
	if c.kind.IsPostgres() {
		a = crashedPostgres
	}
	// Two runs of one plan in two databases of a server would want the same name for their slots.
	a.alter = strings.Replace(a.alter, "DEFAULT 7", fmt.Sprintf("DEFAULT %d", shadows.Add(1)), 1)
	s := newShadowedIn(c.t, c.kind, a, load{rows: 500, writers: 4, rate: 120, quiet: true}, c.app.DSN(c.dsn), c.app.DSN(c.oracle))
	s.begin()
	args := s.planArgs()
	args[slices.Index(args, "--replicas")+1] = strings.Trim(c.replicas(), "[]")
	s.home.must(0, args...)
	if err := json.Unmarshal([]byte(s.home.read("plan.json")), &s.plan); err != nil {
		c.t.Fatal(err)
	}
	c.home.write("plan.json", s.home.read("plan.json"))
	return &shadowing{s}
}

func (s *shadowing) id() string             { return s.plan.ID }
func (s *shadowing) table() string          { return tally.Table }
func (s *shadowing) pause() (resume func()) { return s.fleet.Pause() }
func (s *shadowing) ready(plans.PhaseName)  {}

func (s *shadowing) reconnect() {
	s.t.Helper()
	if err := s.fleet.Reconnect(context.WithoutCancel(s.t.Context())); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shadowing) check(what string, phase plans.PhaseName) {
	s.t.Helper()
	if phase == plans.Switch || phase == plans.Contract {
		s.isNew(what)
		return
	}
	s.isOld(what)
}

// original has nothing to add: check compares what the server says, too.
func (s *shadowing) original(string) {}
func (s *shadowing) contracted()     {}

// databases that a case works on.
func (c *chaos) databases(t *testing.T, s *throwaway.Server) {
	t.Helper()
	for i, into := range []*string{&c.dsn, &c.oracle} {
		name := []string{"app", "oracle"}[i]
		if err := s.CreateDatabase(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		*into = s.DSN(name)
	}
}
