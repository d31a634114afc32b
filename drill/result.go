package drill

import (
	"time"

	"github.com/phasemig/phasemig/plans"
)

// Format is the version of the result's file.
const Format = 1

// Result is a whole drill. Times are durations in nanoseconds.
type Result struct {
	Format   int      `json:"format"`
	Plan     string   `json:"plan"` // its name
	PlanHash string   `json:"plan_hash"`
	Run      string   `json:"run"`
	Tables   []string `json:"tables"`
	Server   Server   `json:"server"`
	// Data says where the rows are from: generated, sampled, found.
	Data   string `json:"data"`
	Checks Checks `json:"checks"`
	Passed bool   `json:"passed"`
	// Broken is all that keeps the drill from having passed.
	Broken   []Broken  `json:"broken,omitempty"`
	Ended    time.Time `json:"ended"` // on the clock of the drill's server
	StandIns []StandIn `json:"stand_ins,omitempty"`
	Trials   []Trial   `json:"trials"` // one for each size, the smallest first
	// Production is how many rows the plan saw, 0: it doesn't say.
	Production int64      `json:"production_rows,omitempty"`
	Forecasts  []Forecast `json:"forecasts,omitempty"`
	Seal       string     `json:"seal"`
}

// Server is where the drill was run.
type Server struct {
	Product string `json:"product"`
	Version string `json:"version"`
	Place   string `json:"place"` // in words
}

// Checks are how old and new code were tried; empty: not at all.
type Checks struct {
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
}

// Kind of what is broken.
const (
	BrokenCode = "code" // a check that had to pass didn't
	BrokenBack = "back" // a rollback left another schema, or other rows
	BrokenMove = "move" // a phase or a rollback didn't go through
)

// Broken is one thing that went wrong, and where.
type Broken struct {
	Kind  string `json:"kind"`
	Rows  int64  `json:"rows"` // the trial's size
	State State  `json:"state"`
	After string `json:"after"` // the move before it
	What  string `json:"what"`
}

// StandIn is a gate that was answered in place of what it asks.
type StandIn struct {
	Phase plans.PhaseName `json:"phase"`
	Step  string          `json:"step,omitempty"`
	Gate  string          `json:"gate"`
	Why   string          `json:"why"`
}

// Trial is the drill with tables of one size.
type Trial struct {
	Asked  int64  `json:"asked_rows"`
	Rows   int64  `json:"rows"` // of the smallest of the plan's tables
	Tables []Size `json:"tables"`
	// Noise is the longest that a probe took while nothing else was at work.
	Noise time.Duration `json:"noise_ns"`
	Moves []Made        `json:"moves"`
}

// Size is how many rows a table got.
type Size struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// Made is a move that was made, and what was found behind it. The one before the first move has no phase.
type Made struct {
	Move
	State   State         `json:"state"`
	Elapsed time.Duration `json:"elapsed_ns"`
	Steps   []Timing      `json:"steps,omitempty"`
	// Compared is set behind a rollback.
	Compared *Comparison `json:"compared,omitempty"`
	Checked  []Checked   `json:"checked,omitempty"`
	Error    string      `json:"error,omitempty"`
}

// Timing is one step that was done or undone. ReadWait and WriteWait are the longest that a statement which only takes the
// table's lock as a reader, or as a writer, was kept waiting meanwhile.
type Timing struct {
	Step      string        `json:"step"`
	Elapsed   time.Duration `json:"elapsed_ns"`
	Rows      int64         `json:"rows,omitempty"`
	ReadWait  time.Duration `json:"read_wait_ns"`
	WriteWait time.Duration `json:"write_wait_ns"`
	Attempts  int           `json:"lock_attempts,omitempty"` // for a lock that wasn't granted in time
	Probe     string        `json:"probe_error,omitempty"`   // what such a statement was told by the server, beside waiting
}

// Comparison is what was compared behind a rollback with what was there before the phase.
type Comparison struct {
	Schema []string `json:"schema,omitempty"` // the difference: "- was", "+ is"
	Rows   []string `json:"rows,omitempty"`   // tables and columns that differ
	// Note says what couldn't be compared, and why.
	Note string `json:"note,omitempty"`
}

// Equal reports whether nothing differs.
func (c *Comparison) Equal() bool { return len(c.Schema) == 0 && len(c.Rows) == 0 }

// Checked is one check of old or of new code in one state.
type Checked struct {
	Code    string        `json:"code"` // "old" or "new"
	Need    Need          `json:"need"`
	Works   bool          `json:"works"`
	Said    string        `json:"said,omitempty"`
	Elapsed time.Duration `json:"elapsed_ns"`
}

// Rows is the size of the largest trial.
func (r *Result) Rows() int64 {
	var n int64
	for _, t := range r.Trials {
		n = max(n, t.Rows)
	}
	return n
}
