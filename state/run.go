package state

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Version is the layout of the state tables. Older ones are migrated forward
// by the next runner, while no other is at work; newer ones are refused. Version 2 came
// with Control.Limits.
const Version = 2

var (
	// ErrFenced: another runner took the lease; nothing more may be written.
	ErrFenced = errors.New("the lease was taken over by another runner")
	// ErrHeld: another runner holds the lease.
	ErrHeld = errors.New("another runner is at work")
	// ErrNotFound: no such run; a normal state.
	ErrNotFound = errors.New("no such run")
	// ErrVersion: the state was written by a phasemig that this one doesn't know.
	ErrVersion = errors.New("the state tables have an unknown version")
	// ErrBusy: another run is active on one of the tables.
	ErrBusy = errors.New("another run is active on the table")
	// ErrNotInstalled: the server has no phasemig schema.
	ErrNotInstalled = errors.New("phasemig has no state on this server")
)

// HeldError is ErrHeld with who it is.
type HeldError struct {
	Scope  string
	Run    string    // what it works on; empty: not known
	Holder string    // host, process, user
	Since  time.Time // database clock
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("another runner is at work on %s: %s, since %s", e.Scope, e.Holder, e.Since.UTC().Format(time.RFC3339))
}

// Is makes errors.Is(err, ErrHeld) true.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

// Status is where a run stands.
type Status string

// The states of a run. See transitions.
const (
	Planned     Status = "planned"      // known, nothing done
	Expanding   Status = "expanding"    // expand begun
	Expanded    Status = "expanded"     // expand done
	Switching   Status = "switching"    // switch begun
	Switched    Status = "switched"     // switch done
	Contracting Status = "contracting"  // contract begun; undone until its step "drop"
	Done        Status = "done"         // contract done
	RollingBack Status = "rolling_back" // a phase is being undone
	RolledBack  Status = "rolled_back"  // everything is undone
	Aborted     Status = "aborted"      // stopped by an operator, to be rolled back or cleaned up
)

var transitions = map[Status][]Status{
	Planned:     {Expanding},
	Expanding:   {Expanded, RollingBack, Aborted},
	Expanded:    {Switching, RollingBack, Aborted},
	Switching:   {Switched, RollingBack, Aborted},
	Switched:    {Contracting, RollingBack, Aborted},
	Contracting: {Done, RollingBack, Aborted},
	RollingBack: {Expanded, Switched, RolledBack, Aborted},
	RolledBack:  {Expanding},
	Aborted:     {RollingBack},
}

// CanBecome reports whether a run may go from s to next. Staying is allowed: a
// resumed run says again where it is. A run that becomes active again
// (RolledBack to Expanding) claims its tables anew.
func (s Status) CanBecome(next Status) bool {
	if s == next {
		return true
	}
	for _, t := range transitions[s] {
		if t == next {
			return true
		}
	}
	return false
}

// Active reports whether the run still owns its tables.
func (s Status) Active() bool { return s != Done && s != RolledBack && s != Planned }

// Transitions lists every edge, for the documentation's sake.
func Transitions() map[Status][]Status { return transitions }

// Run is one plan being carried out.
type Run struct {
	ID       string          `json:"id"` // the plan's ID
	Name     string          `json:"name"`
	PlanHash string          `json:"plan_hash"`
	Plan     []byte          `json:"-"` // the plan file
	Status   Status          `json:"status"`
	Phase    plans.PhaseName `json:"phase,omitempty"` // the phase at work or last done
	Tables   []schema.Ident  `json:"tables"`
	Identity string          `json:"server_identity"`
	Creator  string          `json:"creator"` // database user and OS user
	Created  time.Time       `json:"created"` // database clock, as all times here
	Updated  time.Time       `json:"updated"`
	Message  string          `json:"message,omitempty"` // why it stands where it stands
}

// StepState is how far a step is.
type StepState string

// The states of a step.
const (
	Intent   StepState = "intent" // announced; the server may or may not show it
	StepDone StepState = "done"
	Undoing  StepState = "undoing"
	Undone   StepState = "undone"
)

// StepRecord is the journal's last word on a step.
type StepRecord struct {
	Run     string    `json:"run"`
	Step    string    `json:"step"`
	State   StepState `json:"state"`
	Session string    `json:"session,omitempty"` // the server's id of the session that runs it
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	Rows    int64     `json:"rows,omitempty"`
	Note    string    `json:"note,omitempty"`
	// Position is the log position after the step, in the dialect's text.
	Position string `json:"position,omitempty"`
}

// Segment is a range of keys, open below and closed above, that one worker
// walks. Cursor is the last key that is done. Keys are the dialect's text.
type Segment struct {
	Run    string `json:"run"`
	Step   string `json:"step"`
	Pass   int    `json:"pass"`
	Number int    `json:"number"`
	Low    string `json:"low"`  // "" is before the first key
	High   string `json:"high"` // "" is after the last key
	Cursor string `json:"cursor"`
	Rows   int64  `json:"rows"`
	Done   bool   `json:"done"`
}

// Control is what operators ask of a running run; it is read between chunks.
type Control struct {
	Paused  bool    `json:"paused"`
	Abort   bool    `json:"abort"`
	MaxRate float64 `json:"max_rate,omitempty"` // rows a second; 0: as configured
	Limits  Limits  `json:"limits,omitzero"`
	By      string  `json:"by,omitempty"`
}

// Limits are those of the throttle, in place of the runner's own. What is zero is as
// configured.
type Limits struct {
	MaxLag       time.Duration `json:"max_lag_ns,omitempty"`
	MaxLatency   time.Duration `json:"max_latency_ns,omitempty"`
	MaxLoad      string        `json:"max_load,omitempty"` // "Threads_running=25,…"
	CriticalLoad string        `json:"critical_load,omitempty"`
}

// String lists the limits that are set, as the flags that set them are written.
func (l Limits) String() string {
	var out []string
	if l.MaxLag > 0 {
		out = append(out, "max-lag "+l.MaxLag.String())
	}
	if l.MaxLatency > 0 {
		out = append(out, "max-latency "+l.MaxLatency.String())
	}
	if l.MaxLoad != "" {
		out = append(out, "max-load "+l.MaxLoad)
	}
	if l.CriticalLoad != "" {
		out = append(out, "critical-load "+l.CriticalLoad)
	}
	return strings.Join(out, ", ")
}

// Approval is one person's word for one phase of one plan hash.
type Approval struct {
	Run      string          `json:"run"`
	Phase    plans.PhaseName `json:"phase"`
	PlanHash string          `json:"plan_hash"`
	By       string          `json:"by"` // database user / OS user
	At       time.Time       `json:"at"`
	Note     string          `json:"note,omitempty"`
}

// Unreturnable is a row whose value the old shape can't hold.
type Unreturnable struct {
	Sync  int               `json:"sync"`
	Table string            `json:"table"`
	Key   map[string]string `json:"key"`
	At    time.Time         `json:"at"`
}
