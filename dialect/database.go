package dialect

import (
	"context"
	"time"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/verify"
)

// Database is one open target.
type Database struct {
	Name   string // the dialect: what plans call it
	Target string // the target without its password, for messages
	Reader plans.Reader
	Rules  plans.Rules
	Store  state.Store
	Steps  Steps
	Server Server
	Watch  Watch
	// Columns opens a column sync for work on its rows.
	Columns func(ctx context.Context, w Work) (Columns, error)
	// Shadow opens a table and its shadow; nil where the server has no shadow copies.
	Shadow func(ctx context.Context, w ShadowWork) (Shadow, error)
	// IndexTable finds the table of an index, as operations name it; "" where there is no such index. nil where statements
	// about an index name its table.
	IndexTable func(ctx context.Context, index string) (string, error)
	// Desired loads definitions of tables into a place of their own on the server, reads them beside those of the database, and takes
	// them away again, however it ends. Errors: *LoadError, *plans.RefusedError.
	Desired func(ctx context.Context, statements []string) (Desired, error)
	// Replica opens a replica by its DSN.
	Replica func(ctx context.Context, dsn string) (Replica, error)
	Close   func() error
}

// Open makes a Database from a target URL. Errors: dberr.Unreachable,
// dberr.BadLogin.
type Open func(ctx context.Context, dsn string) (*Database, error)

// Work says on whose behalf rows are written.
type Work struct {
	Plan  *plans.Plan
	Sync  int
	Fence state.Fence
	// Swapped: the names were exchanged already (a sync with Swap after its
	// switch). Hidden: the old column carries its hidden name.
	Swapped bool
	Hidden  bool
	// Workers is how many goroutines will call at once: the size of the pool.
	Workers int
}

// Columns is a column sync's rows: to be filled, to be compared, and those that
// can't go back.
type Columns interface {
	backfill.Table
	backfill.Ender
	backfill.Distant
	verify.Comparer
	// Rows is the server's estimate, for progress.
	Rows(ctx context.Context) (int64, error)
	// Unreturnable counts the rows recorded whose value the old side doesn't
	// hold at this moment, and lists the first ones. It forgets records of rows that agree again or are gone.
	Unreturnable(ctx context.Context, limit int) (int64, []state.Unreturnable, error)
	// Resync makes the two sides agree where they don't, by the chunk, after a
	// crash left the table without its triggers: old := down(new) when newWins,
	// else new := up(old). It returns how many rows it changed and the first keys.
	Resync(ctx context.Context, newWins bool) (int64, []string, error)
	Close() error
}

// ShadowWork says on whose behalf a pair of tables is kept in step.
type ShadowWork struct {
	Plan  *plans.Plan
	Alter int // index into Plan.Alters
	Fence state.Fence
	// Reverse: the tables have changed places, and the old one follows the new.
	Reverse bool
	// Workers is how many goroutines will copy or compare at once.
	Workers int
}

// Shadow is a table and its shadow.
type Shadow interface {
	shadow.Table
	shadow.Comparer
	backfill.Distant
	// About is a key about n rows behind low, whether or not there is such a row; ""
	// when about as few are left.
	About(ctx context.Context, low string, n int) (string, error)
	// Rows is the server's estimate, for progress.
	Rows(ctx context.Context) (int64, error)
	// Unreturnable counts the rows that the old table can't hold, and lists the first
	// ones. It is asked of a reversed pair.
	Unreturnable(ctx context.Context, limit int) (int64, []state.Unreturnable, error)
	Close() error
}

// Outcome is what the catalog shows of a step.
type Outcome int

// The outcomes. Partial is cleared by Undo or finished by Do, as the step's kind
// allows; Do must go on from Partial.
const (
	NotStarted Outcome = iota
	Partial
	Done
	Foreign // something of the name is there and it isn't ours
)

func (o Outcome) String() string {
	return [...]string{"not started", "partial", "done", "foreign"}[o]
}

// Env is what a step needs while it runs.
type Env struct {
	Lease state.Lease
	// Journal stores the server's id of the session that is about to run DDL, so
	// that a later runner can wait for it.
	Journal func(ctx context.Context, session string) error
	// LockWait bounds each wait for a lock; dberr.LockTimeout when it is spent.
	LockWait time.Duration
	// BuildWait bounds a wait that nobody queues behind: that of a build beside traffic for
	// transactions that are older. 0: no bound.
	BuildWait time.Duration
	// LoseRows: a way back gives up rows that are nowhere else.
	LoseRows bool
	// Waits is told for whom such a build waits, when that changes; nil: nobody wants to know.
	Waits func([]Holder)
}

// Steps carries out the steps of a plan that are SQL statements (all but
// backfill and verify). One call is one attempt; the engine repeats it.
type Steps interface {
	// Observe asks the catalog alone. The string says what was seen. An error
	// means that it couldn't be told.
	Observe(ctx context.Context, p *plans.Plan, st plans.Step) (Outcome, string, error)
	// Do runs the step from NotStarted or Partial to Done.
	Do(ctx context.Context, p *plans.Plan, st plans.Step, env Env) error
	// Undo runs it back from Done or Partial to NotStarted.
	Undo(ctx context.Context, p *plans.Plan, st plans.Step, env Env) error
	// Holds counts rows of a table that the way back of the step would drop. Undo looks again, behind a lock; *HoldsRowsError then.
	Holds(ctx context.Context, st plans.Step) (int64, error)
}

// Server is the target as a whole.
type Server interface {
	// Info is read anew at each call; Identity in it changes when this is
	// another server, another timeline or a restored backup.
	Info(ctx context.Context) (schema.Server, error)
	// Table reads one table; *plans.InputError when it isn't there.
	Table(ctx context.Context, id schema.Ident) (*schema.Table, error)
	// Position is the log's end after a commit that was just made, as text.
	Position(ctx context.Context) (string, error)
	// Holders lists who holds locks on the table that a DDL would wait for.
	Holders(ctx context.Context, id schema.Ident) ([]Holder, error)
	// Kill ends a holder's session. It refuses backups, replicas and other DDL.
	Kill(ctx context.Context, h Holder) error
	// SessionAlive reports whether a journaled session still exists.
	SessionAlive(ctx context.Context, session string) (bool, error)
	// Sessions lists those that aren't phasemig's, by the names that they give themselves.
	// dberr.NotThere, dberr.Denied: the server doesn't tell.
	Sessions(ctx context.Context) ([]gate.Session, error)
	// References finds who uses a column.
	References() gate.References
	// Written counts the rows of a table that were inserted, updated and deleted since the counters were set back.
	// dberr.NotThere, dberr.Denied: the server doesn't tell.
	Written(ctx context.Context, id schema.Ident) (int64, error)
	// Preflight lists what stands against running the plan now: read-only,
	// missing rights, pooling proxy, long transactions, settings.
	Preflight(ctx context.Context, p *plans.Plan) ([]Advice, error)
	// Doctor checks server, settings and rights without a plan.
	Doctor(ctx context.Context, tables []schema.Ident) ([]Advice, error)
	// Artifacts lists everything on the server that carries a phasemig mark.
	Artifacts(ctx context.Context) ([]Artifact, error)
	// Remove takes artifacts away, with a bounded lock wait each. One that is gone
	// by then counts as removed.
	Remove(ctx context.Context, list []Artifact) error
}

// Replica is a replica of the target.
type Replica interface {
	Lag(ctx context.Context) (time.Duration, error)
	// Reached reports whether the replica has applied everything up to the
	// position, and what it said. It fails when it isn't a replica of the target.
	Reached(ctx context.Context, position string) (bool, string, error)
	// Beat is the last heartbeat of a lease that the replica has applied. dberr.NotThere,
	// dberr.Denied: it shows none.
	Beat(ctx context.Context, lease state.Fence) (time.Time, error)
	// Observe asks the replica's own catalog, as Steps.Observe the target's.
	Observe(ctx context.Context, p *plans.Plan, st plans.Step) (Outcome, string, error)
	// Sessions lists those on the replica, as Server.Sessions the target's.
	Sessions(ctx context.Context) ([]gate.Session, error)
	References() gate.References
	// Name is what Watch.Followers calls it.
	Name(ctx context.Context) (string, error)
	Close() error
}

// Holder is a session that holds a lock others wait for.
type Holder struct {
	Session string        `json:"session"`
	User    string        `json:"user,omitempty"`
	Client  string        `json:"client,omitempty"` // application name, host
	Kind    string        `json:"kind,omitempty"`   // "transaction", "prepared", "backup", "ddl", "replica"
	Query   string        `json:"query,omitempty"`
	Age     time.Duration `json:"age_ns,omitempty"`
}

func (h Holder) String() string {
	s := "session " + h.Session
	if h.User != "" {
		s += " of " + h.User
	}
	if h.Client != "" {
		s += " (" + h.Client + ")"
	}
	if h.Age > 0 {
		s += " open for " + h.Age.Round(time.Second).String()
	}
	if h.Query != "" {
		s += ": " + h.Query
	}
	return s
}

// Advice is one checked thing.
type Advice struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Fatal  bool   `json:"fatal,omitempty"` // not OK and nothing can run
	Detail string `json:"detail,omitempty"`
	Fix    string `json:"fix,omitempty"` // the statement or setting that mends it
}

// Artifact is something that phasemig made.
type Artifact struct {
	Kind  string       `json:"kind"` // column, trigger, function, index, constraint
	Table schema.Ident `json:"table"`
	Name  string       `json:"name"`
	Run   string       `json:"run"` // plan ID in its mark; "" when it can't be told
	// Detail says what it costs to keep it, where that may be much.
	Detail string `json:"detail,omitempty"`
	// Remove is the SQL that takes it away.
	Remove []string `json:"remove"`
}
