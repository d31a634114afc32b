package engine

import (
	"sync"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
)

// Event is something that happened while a run was carried out. Observers
// (terminal, JSON lines, tests) switch on the type.
type Event interface{ Kind() string }

// The events.
type (
	// RunAttached: the lease is held and the run is known.
	RunAttached struct {
		Run     string `json:"run"`
		Name    string `json:"name"`
		Status  string `json:"status"`
		Resumed bool   `json:"resumed"`
	}
	// RunFollowed: another runner holds the lease and does what was asked for; what it has
	// done is told from here on.
	RunFollowed struct {
		Run    string    `json:"run"`
		Name   string    `json:"name"`
		Status string    `json:"status"`
		Holder string    `json:"holder"`
		Since  time.Time `json:"since"`
	}
	// Waiting: what was asked for can't be done now and is tried again.
	Waiting struct {
		Reason string        `json:"reason"`
		Pause  time.Duration `json:"pause_ns"`
	}
	// PhaseStarted opens a phase after its gates.
	PhaseStarted struct {
		Phase plans.PhaseName `json:"phase"`
		Steps int             `json:"steps"`
	}
	// PhaseDone closes it.
	PhaseDone struct {
		Phase   plans.PhaseName `json:"phase"`
		Elapsed time.Duration   `json:"elapsed_ns"`
	}
	// GateChecked tells a verdict.
	GateChecked struct {
		Phase   plans.PhaseName `json:"phase"`
		Gate    string          `json:"gate"`
		Verdict gate.Verdict    `json:"verdict"`
	}
	// StepStarted, StepDone and StepUndone frame a step.
	StepStarted struct {
		Step    plans.Step `json:"step"`
		Resumed bool       `json:"resumed"`
	}
	// StepDone closes a step.
	StepDone struct {
		Step    string        `json:"step"`
		Rows    int64         `json:"rows,omitempty"`
		Note    string        `json:"note,omitempty"`
		Elapsed time.Duration `json:"elapsed_ns"`
	}
	// StepUndone tells that a step was taken back.
	StepUndone struct {
		Step string `json:"step"`
	}
	// Progress of a long step, about twice a second.
	Progress struct {
		Step  string        `json:"step"`
		Rows  int64         `json:"rows"`  // walked since the step began, earlier runs included
		Total int64         `json:"total"` // estimate; 0: unknown
		Rate  float64       `json:"rows_per_second"`
		ETA   time.Duration `json:"eta_ns,omitempty"`
		Chunk int           `json:"chunk_rows,omitempty"`
		Hold  string        `json:"hold,omitempty"` // why it is held back, if it is
	}
	// Throttled tells, once a second, what holds the work back or slows it.
	Throttled struct {
		Step    string            `json:"step"`
		Reason  string            `json:"reason"`
		Share   float64           `json:"share"` // of the time that is worked; 0: held
		Signals []throttle.Signal `json:"signals"`
	}
	// Sampled tells, once a second, how a long step stands, whether it is held back or not.
	Sampled struct {
		state.Sample
	}
	// BuildWaiting: a build beside traffic waits for these older transactions, or for none any more.
	// Nobody queues behind it.
	BuildWaiting struct {
		Step    string           `json:"step"`
		Holders []dialect.Holder `json:"holders"`
	}
	// LockWaiting: a lock wasn't granted in time; these sessions hold it.
	LockWaiting struct {
		Step    string           `json:"step"`
		Attempt int              `json:"attempt"`
		Pause   time.Duration    `json:"pause_ns"`
		Holders []dialect.Holder `json:"holders"`
	}
	// Note is a sentence for a human.
	Note struct {
		Text string `json:"text"`
	}
)

// Kind names the event in JSON lines.
func (RunAttached) Kind() string { return "run_attached" }

// Kind names the event in JSON lines.
func (RunFollowed) Kind() string { return "run_followed" }

// Kind names the event in JSON lines.
func (Waiting) Kind() string { return "waiting" }

// Kind names the event in JSON lines.
func (PhaseStarted) Kind() string { return "phase_started" }

// Kind names the event in JSON lines.
func (PhaseDone) Kind() string { return "phase_done" }

// Kind names the event in JSON lines.
func (GateChecked) Kind() string { return "gate_checked" }

// Kind names the event in JSON lines.
func (StepStarted) Kind() string { return "step_started" }

// Kind names the event in JSON lines.
func (StepDone) Kind() string { return "step_done" }

// Kind names the event in JSON lines.
func (StepUndone) Kind() string { return "step_undone" }

// Kind names the event in JSON lines.
func (Progress) Kind() string { return "progress" }

// Kind names the event in JSON lines.
func (Throttled) Kind() string { return "throttled" }

// Kind names the event in JSON lines.
func (Sampled) Kind() string { return "sampled" }

// Kind names the event in JSON lines.
func (LockWaiting) Kind() string { return "lock_waiting" }

// Kind names the event in JSON lines.
func (BuildWaiting) Kind() string { return "build_waiting" }

// Kind names the event in JSON lines.
func (Note) Kind() string { return "note" }

// serialised lets several goroutines emit and one observer listen.
func serialised(f func(Event)) func(Event) {
	var mu sync.Mutex
	return func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		f(e)
	}
}
