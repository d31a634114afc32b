package state

import (
	"context"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Lease is the right to write for one run. Epoch and Token go into every write
// transaction.
type Lease struct {
	Scopes []string // one a table, sorted
	Epochs []int64  // one a scope
	Token  string
}

// Fence is what a write transaction checks: the scope's row must still hold the
// epoch and the token.
type Fence struct {
	Scope string
	Epoch int64
	Token string
}

// Fence gives the check for one table.
func (l Lease) Fence(id schema.Ident) Fence {
	for i, s := range l.Scopes {
		if s == Scope(id) {
			return Fence{s, l.Epochs[i], l.Token}
		}
	}
	return Fence{}
}

// Scope is the lease's name for a table.
func Scope(id schema.Ident) string { return id.String() }

// Holder says who asks for a lease.
type Holder struct {
	Run    string
	Tables []schema.Ident
	Who    string // host, process, user: for the message of the one who comes second
	Token  string // random, made by the caller
}

// Store keeps the state in the target server. Writes that belong to a run take
// its Lease and return ErrFenced when it is gone.
type Store interface {
	// Install creates or migrates the state tables. ErrVersion: written by a
	// newer phasemig.
	Install(ctx context.Context) error
	// Installed reports whether there is any state; readers of a server without
	// state answer "nothing" and create nothing.
	Installed(ctx context.Context) (bool, error)
	// Now is the server's wall clock, which no session setting freezes.
	Now(ctx context.Context) (time.Time, error)

	// Acquire takes the lease for all tables of the run, in their order. A lease
	// whose holder's session is gone, or whose heartbeat is older than ttl, is
	// taken over; else *HeldError.
	Acquire(ctx context.Context, h Holder, ttl time.Duration) (Lease, error)
	// Heartbeat says that the holder lives. ErrFenced when it no longer holds.
	Heartbeat(ctx context.Context, l Lease) error
	// Beat is Heartbeat, and returns the server's clock that it wrote. A replica that
	// shows it has applied everything up to then.
	Beat(ctx context.Context, l Lease) (time.Time, error)
	// Release gives the lease back.
	Release(ctx context.Context, l Lease) error

	// CreateRun stores a run unless it exists. ErrBusy when another active run
	// has one of its tables.
	CreateRun(ctx context.Context, l Lease, r Run) error
	Run(ctx context.Context, id string) (Run, error)
	Runs(ctx context.Context) ([]Run, error)
	SetRun(ctx context.Context, l Lease, id string, s Status, p plans.PhaseName, message string) error

	Steps(ctx context.Context, run string) ([]StepRecord, error)
	PutStep(ctx context.Context, l Lease, r StepRecord) error

	// Segments of a backfill. They are opened here and advanced by the dialect
	// in the transaction that writes the rows.
	Segments(ctx context.Context, run, step string) ([]Segment, error)
	PutSegment(ctx context.Context, l Lease, s Segment) error
	ClearSegments(ctx context.Context, l Lease, run, step string) error

	// Samples are a run's series, for looking at; see Series. PutSample stores the one of its Seq,
	// SetSamples all of them in place of what is there. Where the table was never made there are none,
	// and storing one fails with dberr.NotThere.
	Samples(ctx context.Context, run string) ([]Sample, error)
	PutSample(ctx context.Context, l Lease, s Sample) error
	SetSamples(ctx context.Context, l Lease, run string, list []Sample) error

	Control(ctx context.Context, run string) (Control, error)
	SetControl(ctx context.Context, run string, c Control) error

	AddEvidence(ctx context.Context, e Evidence) (Evidence, error)
	Evidence(ctx context.Context, run string) ([]Evidence, error)
	AddApproval(ctx context.Context, a Approval) error
	Approvals(ctx context.Context, run string) ([]Approval, error)

	// RetireFlag stores that a feature flag's key is used up.
	RetireFlag(ctx context.Context, l Lease, f RetiredFlag) error
	RetiredFlags(ctx context.Context) ([]RetiredFlag, error)

	// Remove deletes everything about a run that is not active, but for its retired flags.
	Remove(ctx context.Context, run string) error
}
