package shadow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/stream"
)

// Range is the keys of (Low, High], as text that only the dialect makes and reads.
// An empty end is open.
type Range struct{ Low, High string }

func (r Range) String() string { return fmt.Sprintf("(%s, %s]", r.Low, r.High) }

// Place is a key's place in the order in which the source is walked. Compared as
// bytes, places have the server's own order and equality. "" is before all.
type Place string

// Image is what is to become of one key.
type Image struct {
	Key stream.Row // the row, or an older one, that names the key
	Row stream.Row // nil: no row of this key
	// Heir names the key under which the shadow has what this row has in columns that only
	// the shadow has; nil: nothing, the row is new. Set only where the Table Keeps.
	Heir stream.Row
}

// Batch is a set of keys to be brought to their newest image in one transaction.
type Batch struct {
	Lane   int
	Images []Image
	L      stream.Position // where a resume of this lane reads the log again
}

// Table is a source and its shadow as a dialect serves them. Methods may be called
// from several goroutines. Classes of dberr tell errors apart; where one is
// dberr.ConnLost the dialect has made sure that the session is gone, so that nothing
// sent on it can still happen.
type Table interface {
	// Lanes is how many batches may be applied side by side: 1 where the shadow has a
	// unique key besides the one that is walked.
	Lanes() int
	// Keeps says that the shadow has columns of its own whose values follow a row, also
	// when its key changes. Then Lanes is 1.
	Keeps() bool
	// Resume is the stored L of each lane, the least of them; "" before the first
	// Begin.
	Resume(ctx context.Context) (stream.Position, error)
	// Begin finds the first L and stores it: a prefix of the log of which every
	// transaction is visible, before which no transaction is prepared and not ended.
	Begin(ctx context.Context) error
	// Open reads the log from a position on.
	Open(ctx context.Context, from stream.Position) (stream.Source, error)
	// Seen tells which transactions every read that begins from now on sees. nil: it
	// can't be told on this server, where commits become visible in the order of the log; see Branches.
	Seen(ctx context.Context) (func(stream.Txn) bool, error)
	// Mark commits a mark that comes back in the log, and returns its number.
	Mark(ctx context.Context) (uint64, error)
	// MarkOf is the number of the mark that a change is.
	MarkOf(c stream.Change) (uint64, bool)

	// Places of keys, and of the keys of rows.
	Places(ctx context.Context, keys []string) ([]Place, error)
	Locate(ctx context.Context, rows []stream.Row) ([]Place, error)

	// Copy reads the next n rows of a segment behind its cursor and writes them into the
	// shadow, in one transaction with the segment as it is then and the check of the
	// lease. *DuplicateError: a row of the chunk met another one.
	Copy(ctx context.Context, seg state.Segment, n int) (Copied, error)
	// CopyLocked is Copy while nobody else may write: drain is called under the lock, and
	// brings the shadow up to the log's end.
	CopyLocked(ctx context.Context, seg state.Segment, n int, drain Drain) (Copied, error)
	// Apply brings the batch's keys to their images and stores L, in one transaction
	// with the check of the lease.
	Apply(ctx context.Context, b Batch) error
	// Conflict asks the source, in one statement, for two rows that are equal under the
	// shadow's definition of the unique key that a duplicate was about; ok is false when it has none.
	Conflict(ctx context.Context, d *DuplicateError) (c *ConflictError, ok bool, err error)

	// Lock takes the locks of a cut-over, waiting for them no longer than the
	// dialect's bound. dberr.LockTimeout.
	Lock(ctx context.Context) (Locked, error)
}

// Shortener is a Table whose server reads its log from a place of its own choice, before the one that
// it is asked for.
type Shortener interface {
	// Shorten gives the server a reason to choose a newer one. It is worth no error: without it the next
	// reading takes longer.
	Shorten(ctx context.Context)
}

// Copied is a chunk that is committed.
type Copied struct {
	Rows int64
	Next state.Segment // the segment as it is stored now
}

// Drain brings the shadow up to the log's end through one connection.
type Drain func(ctx context.Context, mark func(context.Context) (uint64, error), apply func(context.Context, Batch) error) (stream.Position, error)

// Locked is the table under the locks of a cut-over: nobody else writes to it.
type Locked interface {
	Mark(ctx context.Context) (uint64, error)
	Apply(ctx context.Context, b Batch) error
	// Swap stores where the reverse reading begins, and exchanges the names. An
	// error may leave the outcome open; the catalog tells.
	Swap(ctx context.Context, reverse stream.Position) error
	// Close gives the locks back, whatever happened.
	Close() error
}

// DuplicateError is a row that met another one of the shadow in a unique key. By
// itself it proves nothing.
type DuplicateError struct {
	Index string
	Walk  bool // it is the key that is walked
	Err   error
}

func (e *DuplicateError) Error() string { return e.Err.Error() }
func (e *DuplicateError) Unwrap() error { return e.Err }

// ConflictError names rows of the source that the target's shape can't hold both.
type ConflictError struct {
	Table string
	Index string
	Keys  []string
	// Back: it is the old shape that can't hold both.
	Back bool
	// Stray: each of them has no place in the target, because it belongs to none of its partitions.
	Stray bool
}

func (e *ConflictError) Error() string {
	if e.Stray {
		return fmt.Sprintf("rows %s of %s belong to no partition of the new table: the change can't be done with the rows as they are", strings.Join(e.Keys, ", "), e.Table)
	}
	if e.Back {
		return fmt.Sprintf("rows %s of %s are equal under unique key %s of the old table, which can't hold both", strings.Join(e.Keys, " and "), e.Table, e.Index)
	}
	return fmt.Sprintf("rows %s of %s are equal under unique key %s of the new table: the change can't be done with the rows as they are", strings.Join(e.Keys, " and "), e.Table, e.Index)
}

// OrphanError names rows of the source that a foreign key of the new table would not
// allow: what they point at isn't there.
type OrphanError struct {
	Table  string
	Key    string
	Parent string
	Keys   []string // the first ones
}

func (e *OrphanError) Error() string {
	return fmt.Sprintf("rows %s of %s have no row in %s, as foreign key %s wants it: the change can't be done with the rows as they are", strings.Join(e.Keys, ", "), e.Table, e.Parent, e.Key)
}

// ErrForeign: the shadow holds a row that this run did not write.
var ErrForeign = errors.New("the shadow table holds rows that this run did not write")

// Options of a Pair.
type Options struct {
	// Memory bounds the images kept, in bytes. Default 24 MiB. A chunk is begun
	// only while less than half of it is in use.
	Memory int
	// Sample is how often Seen is asked while chunks are open. Default 50 ms.
	Sample time.Duration
	// Repair lets Compare copy rows anew that differ.
	Repair bool
	// Note is told what an operator may want to know.
	Note func(string)
}
