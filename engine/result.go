package engine

import (
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// Options chooses what Apply does.
type Options struct {
	// Phase is the one phase to run; empty: expand and switch as far as gates
	// allow, never contract.
	Phase plans.PhaseName
	// Before is the id of a step before which Apply ends with ErrStopped; empty: none.
	Before string
	// Revision is that of the application which this call belongs to; empty: not said. It is stored with
	// each phase that the call opens.
	Revision string
	// OldInstancesGone is the caller's word, with its reason, that no instance of an old revision
	// lives, for contract where the plan has no gate that asks.
	OldInstancesGone string
}

// RollbackOptions chooses what Rollback does.
type RollbackOptions struct {
	// All goes back to the state before the run; else one phase.
	All bool
	// LoseRows gives up the values that the old shape can't hold.
	LoseRows bool
}

// Result is the end of an Apply or a Rollback.
type Result struct {
	Run      string          `json:"run"`
	Name     string          `json:"name"`
	PlanHash string          `json:"plan_hash"`
	Status   state.Status    `json:"status"`
	Phase    plans.PhaseName `json:"phase,omitempty"`
	Already  bool            `json:"already"` // nothing was left to do
	Steps    []StepResult    `json:"steps,omitempty"`
	Elapsed  time.Duration   `json:"elapsed_ns"`
	Evidence string          `json:"evidence_head,omitempty"`
	Next     string          `json:"next,omitempty"` // what to call now
}

// StepResult is one step that this call did or undid.
type StepResult struct {
	ID      string        `json:"id"`
	State   string        `json:"state"`
	Rows    int64         `json:"rows,omitempty"`
	Elapsed time.Duration `json:"elapsed_ns"`
	Note    string        `json:"note,omitempty"`
}

// GateResult is one gate asked now.
type GateResult struct {
	Phase   plans.PhaseName `json:"phase"`
	Step    string          `json:"step,omitempty"` // set for a gate before one step
	Gate    plans.GateRef   `json:"gate"`
	Verdict gate.Verdict    `json:"verdict"`
}

// Report is all that is known about one run.
type Report struct {
	state.Run
	Steps        []state.StepRecord   `json:"steps"`
	Segments     []state.Segment      `json:"segments,omitempty"`
	Control      state.Control        `json:"control"`
	Evidence     []state.Evidence     `json:"evidence"`
	Approvals    []state.Approval     `json:"approvals"`
	Artifacts    []dialect.Artifact   `json:"artifacts"`
	Unreturnable int64                `json:"unreturnable"`
	Sample       []state.Unreturnable `json:"unreturnable_rows,omitempty"`
	Revertible   bool                 `json:"revertible"` // rollback is possible without losing rows
	PlanFile     *plans.Plan          `json:"plan,omitempty"`
}

// AuditReport is the evidence of a run, and whether it is what was written.
type AuditReport struct {
	Run      string             `json:"run"`
	Name     string             `json:"name"`
	PlanHash string             `json:"plan_hash"`
	Status   state.Status       `json:"status"`
	Evidence []state.Evidence   `json:"evidence"`
	Head     string             `json:"evidence_head"`
	Whole    bool               `json:"whole"`
	Broken   *state.BrokenError `json:"broken,omitempty"`
}

// VerifyResult is a verification of every row.
type VerifyResult struct {
	Run    string          `json:"run"`
	Tables []TableVerified `json:"tables"`
}

// TableVerified is the result for one sync.
type TableVerified struct {
	Table        string        `json:"table"`
	Columns      string        `json:"columns"`
	Rows         int64         `json:"rows"`
	Differ       int64         `json:"differ"`
	Keys         []string      `json:"keys,omitempty"`
	Repaired     int64         `json:"repaired,omitempty"` // differed and were copied anew
	RepairedKeys []string      `json:"repaired_keys,omitempty"`
	Unreturnable int64         `json:"unreturnable"`
	Elapsed      time.Duration `json:"elapsed_ns"`
	Position     string        `json:"position,omitempty"`
}

// wholeTable stands in TableVerified.Columns where a table and its copy were compared.
const wholeTable = "*"

// CleanupResult lists what was removed, or would be.
type CleanupResult struct {
	Removed []dialect.Artifact `json:"removed"`
	Runs    []string           `json:"runs"`
	DryRun  bool               `json:"dry_run"`
}
