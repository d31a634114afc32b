package practice

import (
	"context"
	"io"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/plans"
)

// Options say what is drilled, where, and with which rows.
type Options struct {
	Plan *plans.Plan
	Open dialect.Open

	DSN      string // of the server; empty: a throwaway one
	Existing bool   // use the tables that stand there

	Schema string // SQL that makes the schema; empty: it is read from From
	From   string // DSN of a server to read from
	Rows   []int64

	Old, New Check
	Config   engine.Config      // the pace and the lock limits of the runner
	Log      io.Writer          // what is being done, for people
	Observe  func(engine.Event) // may be nil
}

// where is the place of the drill: a database that is made anew for each trial, and taken away after it.
type where interface {
	// make gives an empty database, or the one that is there, by its DSN.
	make(ctx context.Context) (dsn string, err error)
	// drop takes it away, with all that the drill has left on the server.
	drop(ctx context.Context) error
	// end gives the server back.
	end(ctx context.Context) error
	words() string
}
