package tally

import (
	"context"
	"database/sql"
	"net/url"
)

// server is what the application must know of the server that it writes to.
type server interface {
	quote(name string) string
	// settings of a writer's session.
	settings(level, mode string) []string
	// insert adds a row under a key that the server chooses, and returns the key.
	insert(t *transaction, names, values string) (int64, error)
	// head and loaded are for filling a table with keys that are given.
	head(table, names string) string
	loaded(ctx context.Context, db *sql.DB, table string, key string) error
	// branchID names a transaction that is prepared.
	branchID(name string, writer, n, format int) string
	// beginBranch begins it, endWork is what comes behind its work, whatever became of that, and
	// prepareBranch prepares it. abandonBranch gives it up before.
	beginBranch(t *transaction, id string) error
	endWork(t *transaction, id string, err error) error
	prepareBranch(t *transaction, id string) error
	abandonBranch(t *transaction, id string)
	// settleBranch ends one that is prepared, once one that never was.
	settleBranch(id string, commit bool) string
	once(id string) string
	// detaches reports whether another session may settle what one has prepared.
	detaches(ctx context.Context, db *sql.DB) bool
	// snapshots reports whether writes of a transaction see rows as of its snapshot, and not as of now.
	snapshots() bool
	// verdict sorts what ended a transaction.
	verdict(err error) verdict

	// columns lists the table's columns, quoted; plain: those that aren't computed.
	columns(ctx context.Context, db *sql.DB, plain bool) ([]string, error)
	// describe is how the server describes the table, without an index that it may have besides.
	describe(ctx context.Context, db *sql.DB, helper string) (string, error)
	// copyOf makes a copy of the table called "actual" in the oracle's database, and alters it.
	copyOf(ctx context.Context, db, oracle *sql.DB, alter string) error
	// asBytes writes a column by its bytes, text one that is a key.
	asBytes(ctx context.Context, db *sql.DB, table string) (func(string) string, error)
	text(column string) string
}

// verdict is what an error means to an application.
type verdict int

const (
	wrong      verdict = iota
	again              // to be tried again
	otherShape         // the table has its other shape
)

// serverOf tells by the DSN.
func serverOf(dsn string) server {
	if u, err := url.Parse(dsn); err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") {
		return postgres{}
	}
	return mariadb{}
}
