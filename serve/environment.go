package serve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// Environment is a target that the server's configuration names.
type Environment struct {
	Name   string
	Open   func(ctx context.Context) (*dialect.Database, error)
	Engine engine.Config
}

// target is an environment with a connection that short requests share. Operations open their own: one that is
// lost then takes nothing else with it.
type target struct {
	Environment
	mu    sync.Mutex
	db    *dialect.Database
	views views
}

// engine is one on the shared connection, for a person.
func (t *target) engine(ctx context.Context, person string) (*engine.Engine, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.db == nil {
		db, err := t.Open(ctx)
		if err != nil {
			return nil, fmt.Errorf("open environment %s: %w", t.Name, err)
		}
		t.db = db
	}
	return engine.New(t.db, t.configFor(person), nil), nil
}

// configFor is the engine's configuration with the caller as the person who asks.
func (t *target) configFor(person string) engine.Config {
	c := t.Engine
	if person != "" {
		c.Person = person
		c.Who = person + ", by phasemig serve of " + engine.Who()
	}
	return c
}

func (t *target) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.db != nil {
		_ = t.db.Close() // nothing is under way on it
		t.db = nil
	}
}

// viewFor is how old an answer may be that many ask for. It keeps pollers, however many, from costing the target
// more than one reading a second.
const viewFor = time.Second

// views are the last answers about runs.
type views struct {
	mu      sync.Mutex
	reports map[string]*view[engine.Report]
	runs    view[[]state.Run]
}

// view is one answer; who comes while it is being read waits for the same reading.
type view[T any] struct {
	mu    sync.Mutex
	value T
	at    time.Time
}

func (v *view[T]) get(read func() (T, error)) (T, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.at.IsZero() && time.Since(v.at) < viewFor {
		return v.value, nil
	}
	value, err := read()
	if err == nil {
		v.value, v.at = value, time.Now()
	}
	return value, err
}

// list is all runs, at most a second old.
func (t *target) list(ctx context.Context) ([]state.Run, error) {
	e, err := t.engine(ctx, "")
	if err != nil {
		return nil, err
	}
	return t.views.runs.get(func() ([]state.Run, error) { return e.List(ctx) })
}

// report is all about a run, at most a second old.
func (t *target) report(ctx context.Context, id string) (engine.Report, error) {
	e, err := t.engine(ctx, "")
	if err != nil {
		return engine.Report{}, err
	}
	return t.views.of(id).get(func() (engine.Report, error) { return e.Status(ctx, id) })
}

// mostViews bounds the memory for reports; the runs of a server are few.
const mostViews = 256

func (v *views) of(id string) *view[engine.Report] {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.reports == nil || len(v.reports) >= mostViews {
		v.reports = map[string]*view[engine.Report]{}
	}
	if v.reports[id] == nil {
		v.reports[id] = &view[engine.Report]{}
	}
	return v.reports[id]
}

// forget makes the next reader ask anew: who has just changed something wants to see it.
func (v *views) forget(id string) {
	v.mu.Lock()
	delete(v.reports, id)
	v.mu.Unlock()
	v.runs.mu.Lock()
	v.runs.at = time.Time{}
	v.runs.mu.Unlock()
}

// find takes a run's ID, a unique beginning of it, or its name. A run that isn't in the last list may be new.
func (t *target) find(ctx context.Context, name string) (state.Run, error) {
	list, err := t.list(ctx)
	if err != nil {
		return state.Run{}, err
	}
	if r, err := pick(list, name); !errors.Is(err, state.ErrNotFound) {
		return r, err
	}
	t.views.forget("")
	if list, err = t.list(ctx); err != nil {
		return state.Run{}, err
	}
	return pick(list, name)
}

// pick finds a run by its ID, else the one active run of a name, else the newest of that name, else by
// the beginning of its ID.
func pick(list []state.Run, name string) (state.Run, error) {
	var named, active, begins []state.Run
	for _, r := range list {
		switch {
		case r.ID == name:
			return r, nil
		case r.Name == name:
			named = append(named, r)
			if r.Status.Active() {
				active = append(active, r)
			}
		case len(name) >= 4 && strings.HasPrefix(r.ID, name):
			begins = append(begins, r)
		}
	}
	switch {
	case len(active) > 1:
		return state.Run{}, malformed("several runs named %q are under way: give the ID", name)
	case len(active) == 1:
		return active[0], nil
	case len(named) > 0:
		return slices.MaxFunc(named, func(a, b state.Run) int { return a.Created.Compare(b.Created) }), nil
	case len(begins) == 1:
		return begins[0], nil
	}
	return state.Run{}, fmt.Errorf("find run %q: %w", name, state.ErrNotFound)
}

// planOf is the plan that the run's state holds.
func planOf(r state.Run) (*plans.Plan, error) {
	pl, err := plans.Decode(r.Plan)
	if err != nil {
		return nil, fmt.Errorf("read the stored plan of run %s: %w", r.ID, err)
	}
	return pl, nil
}
