package gate

import (
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// State is the verdict in one word.
type State string

// The three values.
const (
	Pass         State = "pass"
	Fail         State = "fail"
	Inconclusive State = "inconclusive"
)

// Verdict is a gate's answer.
type Verdict struct {
	State    State          `json:"state"`
	Reason   string         `json:"reason"`
	Evidence map[string]any `json:"evidence,omitempty"`
	// Retry is when asking again may make sense; zero: unknown.
	Retry time.Duration `json:"retry_ns,omitempty"`
	// Keep stores the verdict though it only repeats the last one: its evidence is what later ones
	// are drawn from.
	Keep bool `json:"-"`
}

// Passed, Failed and Unsure make verdicts.
func Passed(reason string, evidence map[string]any) Verdict {
	return Verdict{State: Pass, Reason: reason, Evidence: evidence}
}

// Failed says no.
func Failed(reason string, evidence map[string]any) Verdict {
	return Verdict{State: Fail, Reason: reason, Evidence: evidence}
}

// Unsure says that it can't be told yet.
func Unsure(reason string, evidence map[string]any) Verdict {
	return Verdict{State: Inconclusive, Reason: reason, Evidence: evidence}
}

// Replica is what gates ask of a replica.
type Replica interface {
	// Reached reports whether it has applied everything up to a position, and where it is.
	Reached(ctx context.Context, position string) (bool, string, error)
	// Lag is what it says itself; an error when its replication doesn't run.
	Lag(ctx context.Context) (time.Duration, error)
	// Sessions lists those on the replica that aren't phasemig's.
	Sessions(ctx context.Context) ([]Session, error)
	References() References
}

// Finding is one thing that preflight saw.
type Finding struct {
	Check, Detail, Fix string
	OK, Fatal          bool
}

// Verified is the outcome of comparing every row of every sync.
type Verified struct {
	Rows, Differ, Unreturnable int64
	Keys                       []string
	Position                   string
	At                         time.Time
}

// Input is all that a gate may look at.
type Input struct {
	Run       state.Run
	Plan      *plans.Plan
	Phase     plans.PhaseName
	Ref       plans.GateRef
	Steps     []state.StepRecord
	Evidence  []state.Evidence
	Approvals []state.Approval
	Now       time.Time // database clock
	Targets   Targets

	Preflight func(ctx context.Context) ([]Finding, error)
	// Verify compares every row now.
	Verify func(ctx context.Context) (Verified, error)
	// Written counts the rows of the plan's tables that were written since some moment that the server knows. nil: it makes no
	// sense, as in a drill. dberr.NotThere, dberr.Denied: the server doesn't tell.
	Written func(ctx context.Context) (int64, error)
	// SyncIntact reports what is wrong with the triggers that keep both sides in
	// step: missing, disabled, no longer last. Empty: nothing.
	SyncIntact func(ctx context.Context) (string, error)
	// Shows reports whether the catalog of a replica of the plan, or of the target (""), shows what
	// a step makes, and what it shows.
	Shows func(ctx context.Context, replica string, st plans.Step) (bool, string, error)
	// Unreturnable counts the rows whose value the old shape can't hold, and lists the first ones.
	Unreturnable func(ctx context.Context) (int64, []state.Unreturnable, error)
	References   References
	// Sessions lists those on the target that aren't phasemig's.
	Sessions func(ctx context.Context) ([]Session, error)
	// Retired lists the keys of flags that are used up.
	Retired func(ctx context.Context) ([]state.RetiredFlag, error)
	// Position is where the target's log ends now.
	Position func(ctx context.Context) (string, error)
	// Unnamed lists readers of the target's log that aren't replicas of the plan. dberr.Denied:
	// it can't be told.
	Unnamed func(ctx context.Context) ([]string, error)
	// Replica opens a named replica; an error says what is missing.
	Replica func(ctx context.Context, name string) (Replica, func() error, error)
}

// Check asks one gate. An error of the gate's source is inconclusive: only a
// gate that answered can open or shut a phase.
func Check(ctx context.Context, in Input) Verdict {
	f, ok := kinds[in.Ref.Kind]
	if !ok {
		return Failed(fmt.Sprintf("there is no gate %q; the kinds are %v", in.Ref.Kind, Kinds()), nil)
	}
	v, err := f(ctx, in)
	if err != nil {
		return Unsure(err.Error(), v.Evidence)
	}
	return v
}

// kinds is the one list of gates.
var kinds = map[string]func(context.Context, Input) (Verdict, error){
	"preflight":           preflight,
	"backfill_done":       backfillDone,
	"dual_write_verified": dualWriteVerified,
	"soak":                soak,
	"approval":            approval,
	"command":             command,
	"http":                httpGate,
	"window":              window,
	"replica_lag":         replicaLag,
	"expand_done":         expandDone,
	"flag":                flag,
	"flag_expiry":         flagExpiry,
	"backup":              backup,
	"smoke":               smoke,
	"canary":              canaryGate,
	"drill":               drillGate,
	"old_instances_gone":  oldInstancesGone,
	"no_references":       noReferences,
	"old_readers_safe":    oldReadersSafe,
}

// Kinds lists the kinds of gates, sorted.
func Kinds() []string {
	var out []string
	for k := range kinds {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// HeldError says which gate keeps a phase shut. Fail: it said no; else it is not
// open yet.
type HeldError struct {
	Phase   plans.PhaseName
	Step    string
	Gate    string
	Verdict Verdict
}

func (e *HeldError) Error() string {
	at := string(e.Phase)
	if e.Step != "" {
		at = e.Step
	}
	if e.Verdict.State == Fail {
		return fmt.Sprintf("gate %s before %s said no: %s", e.Gate, at, e.Verdict.Reason)
	}
	return fmt.Sprintf("gate %s before %s is not open: %s", e.Gate, at, e.Verdict.Reason)
}
