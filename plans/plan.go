package plans

import (
	"slices"
	"time"

	"github.com/phasemig/phasemig/schema"
)

// Format is the version of the plan file. A plan of another format is refused.
const Format = 1

// Plan is what was decided, ready to be reviewed, stored and carried out.
type Plan struct {
	Format int    `json:"format"`
	Name   string `json:"name"`
	// ID names the run and everything that it creates on the server: 12 hex
	// digits derived from the change and the schema it was planned for.
	ID   string `json:"id"`
	Hash string `json:"hash"`
	// FactsRead is when the facts were read that the plan rests on, in RFC 3339, where they came from a file. It stands outside the hash.
	FactsRead string `json:"facts_read,omitempty"`

	Dialect    string      `json:"dialect"`
	Strategy   string      `json:"strategy"` // "sync", "native" or "shadow"
	Replicas   Replicas    `json:"replicas,omitempty"`
	Operations []Operation `json:"operations"`
	Syncs      []Sync      `json:"syncs,omitempty"`
	Alters     []Alter     `json:"alters,omitempty"`
	Recipes    []Recipe    `json:"recipes,omitempty"`
	Assumes    []Assume    `json:"assumes"`
	Notes      []string    `json:"notes,omitempty"`
	Rollouts   []Rollout   `json:"rollouts,omitempty"` // one an operation
	Phases     []Phase     `json:"phases"`
}

// PhaseName is expand, switch or contract.
type PhaseName string

// The phases, in their order.
const (
	Expand   PhaseName = "expand"
	Switch   PhaseName = "switch"
	Contract PhaseName = "contract"
)

// PhaseNames lists the phases in their order.
func PhaseNames() []PhaseName { return []PhaseName{Expand, Switch, Contract} }

// Phase is one gated, resumable deploy step.
type Phase struct {
	Name  PhaseName `json:"name"`
	Gates []GateRef `json:"gates"`
	Steps []Step    `json:"steps"`
	// Reversible tells whether rollback can undo the whole phase; contract can be
	// undone until its step "drop".
	Reversible bool   `json:"reversible"`
	Until      string `json:"reversible_until,omitempty"` // id of the first step that can't be undone
	Code       Code   `json:"code"`
	// Estimate is of the phase as a whole: the sum of its steps, but for rows and bytes, which are those of the largest. It stands outside the hash.
	Estimate Estimate `json:"estimate,omitzero"`
}

// Code says what the application must be doing around a phase.
type Code struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// StepKind says what a step does. The dialect knows how to observe each kind.
type StepKind string

// The kinds of the column sync, in the order in which a plan holds them.
const (
	Relax       StepKind = "relax"        // loosen the old column where the mapping back needs it
	AddColumns  StepKind = "add_columns"  // the new columns
	InstallSync StepKind = "install_sync" // the triggers that keep both sides in step
	Backfill    StepKind = "backfill"     // fill the new side in batches
	BuildTwin   StepKind = "build_twin"   // what the old column carries, on the new one
	Verify      StepKind = "verify"       // every row, on stored bytes
	Swap        StepKind = "swap"         // exchange the names of old and new
	Hide        StepKind = "hide"         // take the old column out of sight, reversibly
	Drop        StepKind = "drop"         // triggers and old columns; the end of the way back
	AdoptNames  StepKind = "adopt_names"  // twins take the names of what they replaced

	RunAlter      StepKind = "run_alter"      // the ALTER TABLE, by the server itself
	CreateShadow  StepKind = "create_shadow"  // an empty copy of the table in its new shape
	CopyRows      StepKind = "copy_rows"      // fill it and follow what changes
	CompareShadow StepKind = "compare_shadow" // every row of both tables, on stored bytes
	CutOver       StepKind = "cut_over"       // the copy takes the table's place
	DropOld       StepKind = "drop_old"       // the old table; the end of the way back
)

// Mode says how a step's statements are run.
type Mode string

// The modes.
const (
	Each        Mode = "each"        // one after the other, each by itself
	Transaction Mode = "transaction" // all in one transaction
	Locked      Mode = "locked"      // on one connection under an explicit table lock
	Batches     Mode = "batches"     // many short transactions, see backfill
	ReadOnly    Mode = "read_only"
)

// Step is one thing done to the server.
type Step struct {
	ID    string   `json:"id"` // "expand.3.backfill": unique in the plan, stable
	Kind  StepKind `json:"kind"`
	Sync  int      `json:"sync"`            // index into Plan.Syncs
	Alter int      `json:"alter,omitempty"` // index into Plan.Alters, for its kinds
	// Recipe is an index into Plan.Recipes, and Act what its step does there.
	Recipe int          `json:"recipe,omitempty"`
	Act    *Act         `json:"act,omitempty"`
	Table  schema.Ident `json:"table"`
	Mode   Mode         `json:"mode"`
	SQL    []string     `json:"sql,omitempty"`
	Undo   []string     `json:"undo,omitempty"`
	Twin   *Twin        `json:"twin,omitempty"`

	Lock       Lock      `json:"lock"`
	Rewrites   bool      `json:"rewrites"`
	Scans      bool      `json:"scans"`
	Estimate   Estimate  `json:"estimate"`
	Because    string    `json:"because"`
	Reversible bool      `json:"reversible"`
	Gates      []GateRef `json:"gates,omitempty"` // asked before this very step
}

// Lock is the strongest lock a step takes and the longest time it may hold or
// wait for it.
type Lock struct {
	Level        string `json:"level"`
	BlocksReads  bool   `json:"blocks_reads"`
	BlocksWrites bool   `json:"blocks_writes"`
	BoundedMS    int64  `json:"bounded_ms"` // 0: not a lock that others wait for
}

// Estimate is a guess and stands outside the hash.
type Estimate struct {
	Rows    int64   `json:"rows,omitempty"`
	Bytes   int64   `json:"bytes,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
	// DiskBytes is the room that is needed besides what is there: for copies, indexes and versions of rows, until something is dropped or cleared.
	DiskBytes int64 `json:"disk_bytes,omitempty"`
	// ReplayRows are changes of rows that each replica has to apply. ReplaySeconds is for how long one statement keeps a replica from applying
	// what comes behind it, as on the primary.
	ReplayRows    int64   `json:"replay_rows,omitempty"`
	ReplaySeconds float64 `json:"replay_seconds,omitempty"`
}

// sum adds the steps of a phase up.
func sum(steps []Step) Estimate {
	var out Estimate
	for _, st := range steps {
		e := st.Estimate
		out.Rows, out.Bytes = max(out.Rows, e.Rows), max(out.Bytes, e.Bytes)
		out.Seconds += e.Seconds
		out.DiskBytes += e.DiskBytes
		out.ReplayRows += e.ReplayRows
		out.ReplaySeconds += e.ReplaySeconds
	}
	return out
}

// Share is about what so many of a table's columns take of its size.
func Share(t *schema.Table, columns int) int64 {
	if len(t.Columns) == 0 {
		return 0
	}
	return t.Bytes / int64(len(t.Columns)) * int64(min(columns, len(t.Columns)))
}

// Sync is a column sync: old columns and new ones that mean the same, and the
// SQL that maps each way.
type Sync struct {
	Operation string       `json:"operation"` // rename_column, split_column, merge_columns …
	Table     schema.Ident `json:"table"`
	Old       []Side       `json:"old"`
	New       []Side       `json:"new"`
	Key       []KeyPart    `json:"key"`
	// Swap: the new columns take the old names in the switch.
	Swap bool `json:"swap,omitempty"`
	// Fallible: the mapping back can meet a value that the old shape can't hold.
	Fallible       bool   `json:"fallible,omitempty"`
	OnUnreturnable string `json:"on_unreturnable,omitempty"`
	// Bijective is false when the mapping there and back isn't the identity for
	// every value; agreement then means new = up(old) or old = down(new).
	Bijective bool   `json:"bijective"`
	DualWrite string `json:"dual_write"`
	// Trigger is the common part of the names of what keeps both sides in step.
	Trigger string `json:"trigger,omitempty"`
	// Reads lists the other columns of the row that the mapping SQL names.
	Reads []string `json:"reads,omitempty"`
	// Views are those that read the old columns, where they are made anew on the new ones when names change. Others that are made
	// meanwhile go along with them.
	Views []string `json:"views,omitempty"`
	// UserTriggers is the change's word on triggers that the backfill would fire.
	UserTriggers string `json:"user_triggers,omitempty"`
	// Twins lists what the old columns carry and the new ones get.
	Twins []Twin `json:"twins,omitempty"`
	// Move is set where the new columns are on another table.
	Move *Move `json:"move,omitempty"`
	// Extra is for the dialect: small facts that its steps need and that must not
	// change between plan and apply.
	Extra map[string]string `json:"extra,omitempty"`
}

// Reshapes: the sync has more columns on one of its sides, so that an index or a promise about the one side says nothing about
// the other.
func (s *Sync) Reshapes() bool {
	return s.Operation == "split_column" || s.Operation == "merge_columns"
}

// Side is one column of a sync and the SQL that fills it from the other side:
// Up for a new column (naming old columns), Down for an old one (naming new
// columns). Plain is set when that SQL is just the other column.
type Side struct {
	Name   string           `json:"name"`
	Type   string           `json:"type"`
	Class  schema.TypeClass `json:"class"`
	SQL    string           `json:"map"`
	Plain  string           `json:"plain,omitempty"`
	Hidden string           `json:"hidden,omitempty"` // name of an old column once hidden or swapped away
	// NotNull, Default, Collation, Charset, Comment and OnUpdate are the old
	// column's own; for a new column what it shall have in the end.
	NotNull   bool    `json:"not_null,omitempty"`
	Default   *string `json:"default,omitempty"`
	Collation string  `json:"collation,omitempty"`
	Charset   string  `json:"charset,omitempty"`
	Comment   string  `json:"comment,omitempty"`
}

// KeyPart is a column of the key that batches walk, in the index's own order.
type KeyPart struct {
	Name       string           `json:"name"`
	Type       string           `json:"type"`
	Class      schema.TypeClass `json:"class"`
	Charset    string           `json:"charset,omitempty"`
	Collation  string           `json:"collation,omitempty"`
	Descending bool             `json:"descending,omitempty"`
	// ByBytes: it is walked in the order of its bytes, and not in that of its collation.
	ByBytes bool `json:"by_bytes,omitempty"`
}

// TwinKind says what is doubled.
type TwinKind string

// The kinds of twins, in the order in which they are built.
const (
	TwinNotNull    TwinKind = "not_null"
	TwinCheck      TwinKind = "check"
	TwinIndex      TwinKind = "index"
	TwinUnique     TwinKind = "unique"
	TwinForeignKey TwinKind = "foreign_key"
	TwinGrants     TwinKind = "grants"
	TwinStatistics TwinKind = "statistics"
	TwinComment    TwinKind = "comment"
)

// Twin is one thing that the old column carries and the new one gets. In the end
// the twin's name is Final.
type Twin struct {
	Kind    TwinKind `json:"kind"`
	Of      string   `json:"of,omitempty"`    // the name of the original
	Name    string   `json:"name,omitempty"`  // the name while both exist
	Final   string   `json:"final,omitempty"` // the name after contract
	Columns []string `json:"columns,omitempty"`
	Late    bool     `json:"late,omitempty"` // built in contract because the old side forbids it before
	// Definition is the twin's own clause in the server's words.
	Definition string `json:"definition,omitempty"`
}

// Assume is a bound that the plan rests on. It is read again before each step;
// when it no longer holds nothing is run.
type Assume struct {
	What  string       `json:"what"` // rows, bytes, product, version_min, version_max, modes, rest, columns, key …
	Table schema.Ident `json:"table,omitzero"`
	Max   int64        `json:"max,omitempty"`
	Value string       `json:"value,omitempty"`
	Lines []string     `json:"lines,omitempty"` // a description that must not have changed
}

// LockBudget bounds every wait for a lock that others queue behind: the longest
// stall that an attempt can cause. One second is the least that every server can
// be told.
const LockBudget = time.Second

// Phase finds a phase by name.
func (p *Plan) Phase(n PhaseName) *Phase {
	for i := range p.Phases {
		if p.Phases[i].Name == n {
			return &p.Phases[i]
		}
	}
	return nil
}

// Asks reports whether a gate of this kind stands before the phase or before one of its steps.
func (ph *Phase) Asks(kind string) bool {
	is := func(g GateRef) bool { return g.Kind == kind }
	return slices.ContainsFunc(ph.Gates, is) || slices.ContainsFunc(ph.Steps, func(st Step) bool { return slices.ContainsFunc(st.Gates, is) })
}

// Step finds a step by its id.
func (p *Plan) Step(id string) (Step, bool) {
	for _, ph := range p.Phases {
		for _, s := range ph.Steps {
			if s.ID == id {
				return s, true
			}
		}
	}
	return Step{}, false
}

// Tables lists the plan's tables once each, sorted: the order in which leases
// are taken.
func (p *Plan) Tables() []schema.Ident {
	return sortedTables(p.Syncs, p.Alters, p.Recipes)
}
