package backfill

import (
	"context"
	"time"

	"github.com/phasemig/phasemig/state"
)

// Key is a position in the key space, as text that only the dialect makes and
// reads. The empty Key is before the first row (as a lower bound) and after the
// last (as an upper bound). Order and equality are the server's.
type Key = string

// Chunk is the range (Low, High] of keys.
type Chunk struct {
	Low, High Key
}

// Filled is what a chunk did.
type Filled struct {
	Written int64 // rows whose new side was written
}

// Stepper is a Table that finds the end of a chunk by itself while it works on it,
// which saves a walk over the rows.
type Stepper interface {
	// Step works on the next n rows of a segment behind its cursor, in one
	// transaction with the segment, and returns it as it is stored then. Errors as of
	// Table.Fill.
	Step(ctx context.Context, seg state.Segment, n int) (state.Segment, Filled, error)
}

// Counter is a Table that tells how many rows the last chunk of a segment has. Without it
// progress falls short of the table by these.
type Counter interface {
	Count(ctx context.Context, c Chunk) (int64, error)
}

// Ender is a Table whose rows need no filling that are inserted once the walk has begun, as where triggers fill them. The walk
// ends where the table ended when it began: held to fewer rows than are inserted meanwhile, it would never end.
type Ender interface {
	// End is the key of the last row; "" of a table without rows.
	End(ctx context.Context) (Key, error)
}

// Table is a table under backfill, as a dialect serves it. All methods may be
// called from several goroutines.
type Table interface {
	// Boundary returns the key of the n-th row after low in key order, not
	// beyond high; "" when fewer than n rows are left up to high.
	Boundary(ctx context.Context, low, high Key, n int) (Key, error)
	// Fill writes the new side of every row of the chunk that needs it and that
	// nobody has locked, in one transaction with the segment as given (whose
	// Cursor and Rows the caller advanced) and the check of the lease. Errors:
	// state.ErrFenced; dberr.Deadlock, dberr.LockTimeout: rolled back, try again;
	// dberr.ConnLost: the outcome is not known, read the segment.
	Fill(ctx context.Context, c Chunk, seg state.Segment) (Filled, error)
	// Missing returns up to n keys of the chunk whose rows still need filling, in
	// key order, by a plain read that takes no lock.
	Missing(ctx context.Context, c Chunk, n int) ([]Key, error)
	// FillOne fills one row in a transaction of its own, waiting for its lock no
	// longer than wait. dberr.LockTimeout when somebody keeps it.
	FillOne(ctx context.Context, k Key, wait time.Duration) (Filled, error)
}
