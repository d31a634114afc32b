package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// scene is what the live view shows, at one moment. It is filled by the events of a
// run that this process carries out (see), or from the state of one that another does (sceneOf).
type scene struct {
	name   string
	status string
	phase  plans.PhaseName
	since  time.Time // of the phase, or of the call
	steps  []sceneStep
	step   string // at work
	does   string
	began  time.Time
	sample state.Sample
	rates  []float64
	gates  []sceneGate
	waits  []string      // for whom or what it waits
	quiet  time.Duration // nothing was heard of another process for so long
}

type sceneStep struct {
	id   string
	done bool
}

type sceneGate struct {
	name  string
	state gate.State
}

// remembered is how many rates are kept for the line of them.
const remembered = 120

// see takes an event. pl may be nil.
func (s *scene) see(e engine.Event, pl *plans.Plan, now time.Time) {
	switch e := e.(type) {
	case engine.RunAttached:
		s.name, s.status, s.waits = e.Name, e.Status, nil
	case engine.RunFollowed:
		s.name, s.status, s.waits = e.Name, e.Status, []string{"carried out by " + e.Holder}
	case engine.GateChecked:
		s.enter(e.Phase, pl, now)
		s.gate(e.Gate, e.Verdict.State)
	case engine.PhaseStarted:
		s.enter(e.Phase, pl, now)
		s.waits = nil
	case engine.StepStarted:
		s.begin(e.Step, pl, now)
	case engine.StepDone:
		s.finish(e.Step)
	case engine.Progress:
		s.sample.Step, s.sample.Rows, s.sample.Total, s.sample.Rate = e.Step, e.Rows, e.Total, e.Rate
	case engine.Sampled:
		s.sample = e.Sample
		s.rates = append(s.rates, e.Rate)
		s.rates = s.rates[max(len(s.rates)-remembered, 0):]
	case engine.LockWaiting:
		s.waits = trimmed(lockWords(e))
	case engine.BuildWaiting:
		s.waits = trimmed(buildWords(e))
		if len(e.Holders) == 0 {
			s.waits = nil
		}
	case engine.Waiting:
		s.waits = []string{"waiting: " + e.Reason}
	}
}

func trimmed(list []string) []string {
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

func (s *scene) enter(ph plans.PhaseName, pl *plans.Plan, now time.Time) {
	if s.phase == ph {
		return
	}
	s.phase, s.since, s.gates, s.steps = ph, now, nil, nil
	if pl != nil {
		for _, st := range pl.Phase(ph).Steps {
			s.steps = append(s.steps, sceneStep{id: st.ID})
		}
	}
}

func (s *scene) gate(name string, v gate.State) {
	for i := range s.gates {
		if s.gates[i].name == name {
			s.gates[i].state = v
			return
		}
	}
	s.gates = append(s.gates, sceneGate{name, v})
}

func (s *scene) begin(st plans.Step, pl *plans.Plan, now time.Time) {
	s.step, s.began, s.waits, s.rates, s.sample, s.does = st.ID, now, nil, nil, state.Sample{}, ""
	if pl != nil {
		s.does = doing(pl, st)
	}
	for i := range s.steps { // those before it are done, by an earlier call perhaps
		if s.steps[i].id == st.ID {
			return
		}
		s.steps[i].done = true
	}
}

func (s *scene) finish(id string) {
	for i := range s.steps {
		if s.steps[i].id == id {
			s.steps[i].done = true
		}
	}
	if s.step == id {
		s.step, s.does, s.waits, s.rates, s.sample = "", "", nil, nil, state.Sample{}
	}
}

// sceneOf is the scene of a run as its state shows it.
func sceneOf(g engine.Glance) scene {
	s := scene{name: g.Name, status: string(g.Status)}
	s.enter(g.Phase, g.Plan, g.Created)
	if s.phase == "" {
		s.phase = plans.Expand
	}
	for _, e := range g.Evidence {
		if name, ok := strings.CutPrefix(e.Kind, "gate:"); ok && e.Phase == s.phase {
			s.gate(name, gate.State(e.State))
		}
	}
	for _, r := range g.Steps {
		s.record(r, g)
	}
	if g.Control.Paused {
		s.waits = append(s.waits, "paused by "+g.Control.By)
	}
	if s.step == "" && g.Message != "" {
		s.waits = append(s.waits, g.Message)
	}
	return s
}

// record takes one step's last word.
func (s *scene) record(r state.StepRecord, g engine.Glance) {
	i := slices.IndexFunc(s.steps, func(st sceneStep) bool { return st.id == r.Step })
	if i == 0 {
		s.since = r.Started
	}
	switch r.State {
	case state.StepDone:
		if i >= 0 {
			s.steps[i].done = true
		}
	case state.Intent, state.Undoing:
		s.step, s.began = r.Step, r.Started
		if st, ok := g.Plan.Step(r.Step); ok {
			s.does = doing(g.Plan, st)
		}
		s.samples(g)
	}
}

// samples takes those of the step at work.
func (s *scene) samples(g engine.Glance) {
	for _, one := range g.Samples {
		if one.Step == s.step {
			s.sample = one
			s.rates = append(s.rates, one.Rate)
		}
	}
	if at := s.sample.At; !at.IsZero() && !g.Control.Paused { // a runner that was paused has ended
		s.quiet = g.Now.Sub(at)
	}
}

// tally adds up what a call saw, for its last words.
type tally struct {
	held   time.Duration // seconds in which something held the work back or slowed it
	why    string
	locks  int
	peaks  []state.Measured
	gates  int
	rows   int64
	worked time.Duration
}

func (t *tally) see(e engine.Event) {
	switch e := e.(type) {
	case engine.Throttled:
		t.held += time.Second // it is told once a second
		t.why = e.Reason
	case engine.LockWaiting:
		t.locks++
	case engine.GateChecked:
		if e.Verdict.State == gate.Pass {
			t.gates++
		}
	case engine.StepDone:
		if e.Rows > 0 {
			t.rows += e.Rows
			t.worked += e.Elapsed
		}
	case engine.Sampled:
		for _, v := range e.Values {
			t.peak(v)
		}
	}
}

func (t *tally) peak(v state.Measured) {
	if v.Name != "replica_lag" && !isLatency(v) {
		return
	}
	for i := range t.peaks {
		if p := &t.peaks[i]; p.Name == v.Name && p.Of == v.Of {
			p.Value = max(p.Value, v.Value)
			return
		}
	}
	t.peaks = append(t.peaks, v)
}

// isLatency: that of the application, not of a query of our own by which a server's load is judged.
func isLatency(v state.Measured) bool {
	return v.Name == "latency" && strings.HasPrefix(v.Of, "p99 of ")
}

// words are what there is to say; empty after a call that did nothing.
func (t *tally) words(elapsed time.Duration) string {
	if t.rows == 0 && t.gates == 0 && t.locks == 0 {
		return ""
	}
	out := []string{duration(elapsed)}
	if t.rows > 0 && t.worked > 0 {
		out = append(out, fmt.Sprintf("%s walked at %s rows/s", plural(t.rows, "row", "rows"), number(int64(float64(t.rows)/t.worked.Seconds()))))
	}
	if t.gates > 0 {
		out = append(out, plural(int64(t.gates), "gate", "gates")+" passed")
	}
	if t.locks > 0 {
		out = append(out, plural(int64(t.locks), "lock", "locks")+" asked for again")
	}
	if t.held > 0 {
		out = append(out, fmt.Sprintf("held back or slowed for %s, last by %s", duration(t.held), t.why))
	}
	for _, p := range t.peaks {
		out = append(out, fmt.Sprintf("%s at most %s", valueName(p), amount(p.Value, p.Unit)))
	}
	return strings.Join(out, " · ")
}
