package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/schema"
)

// Position is where reading can resume, as text that only its dialect makes and
// reads. Everything before it was read to its end, nothing after it was.
type Position string

// Txn is one finished transaction of the log.
type Txn struct {
	// Seq is its place in this reading of the log: from 1, without holes, in the
	// order of the ends of transactions. It means nothing to another Source.
	Seq uint64
	// ID is the server's name of it, where it has one.
	ID string
	// At is when the server committed it, by the server's clock, as exactly as the
	// log tells. Zero where it doesn't.
	At time.Time
	// Branch names the two-phase commit that this is the end of. Such a commit may
	// become visible later than the log's order says.
	Branch string
}

// Kind says what happened to a row.
type Kind byte

// The kinds. A change of the key is a Delete and an Insert.
const (
	Insert Kind = iota + 1
	Update
	Delete
)

// Change is one row changed. Relation is its place in Options.Follow.
type Change struct {
	Relation int
	Kind     Kind
	Before   Row // nil for Insert
	After    Row // nil for Delete
}

// Row is a full image: one value for each column of the relation, in the
// catalog's order, columns that the server computes and doesn't log left out as
// Absent.
type Row []Value

// Value is one column's stored value. Text is a literal in the dialect's own SQL
// that a column of the same definition takes back as exactly the stored bytes.
type Value struct {
	Text []byte
	Form Form
}

// Form tells special values apart.
type Form byte

// The forms of a value.
const (
	Literal   Form = iota // Text holds it
	Null                  // SQL NULL; Text is empty
	Unchanged             // not in the log because it did not change
	Absent                // never in the log: computed by the server when it is read
)

// Piece is a part of a transaction: changes in the order of the log, and its end
// in the last piece. A transaction without changes of followed relations comes as
// one piece without changes, so that progress shows; several such may come as one.
type Piece struct {
	Changes []Change
	End     bool
	Txn     Txn // valid where End is set
}

// Source reads a log once, from a position on. It is used from one goroutine but
// for Resume and Forget, which any may call.
type Source interface {
	// Next blocks for the next piece. Errors end the reading for good: ErrLost,
	// *StopError, and temporary ones (a lost connection) after which a new
	// Source is opened at Resume of the last transaction that was dealt with.
	Next(ctx context.Context) (Piece, error)
	// Resume is the position before which everything up to and with transaction
	// seq was read, and nothing that a later reading would need: it never stands
	// between the two halves of a two-phase commit. 0 is where the reading began.
	Resume(seq uint64) Position
	// Forget says that Resume won't be asked about transactions before seq.
	Forget(seq uint64)
	Close() error
}

// Options of a reading.
type Options struct {
	From   Position
	Follow []schema.Ident // the relations whose rows are wanted
	// Run names the run. A schema change whose statement carries its mark is our
	// own and doesn't stop the reading.
	Run string
}

// ErrLost: the log no longer reaches back to the position. There is no way to go
// on; the copy must start anew.
var ErrLost = errors.New("the server's log no longer reaches back to where reading has to go on")

// StopError is something in the log after which rows can't be followed: somebody
// else's schema change or TRUNCATE of a followed relation, a statement logged
// instead of its rows, an image that isn't full.
type StopError struct {
	Relation schema.Ident
	Reason   string // "somebody changed the table: ALTER TABLE …"
	Hint     string
}

func (e *StopError) Error() string {
	return fmt.Sprintf("follow the changes of %s: %s", e.Relation, e.Reason)
}
