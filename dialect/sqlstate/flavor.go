package sqlstate

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
)

// Flavor is what a server says differently. The dialects fill one each.
//
// Connections must give and take times in UTC: the clock's expression and
// Time decide what that is on the server.
type Flavor struct {
	// Schema is where the tables are, a plain lower-case name.
	Schema string
	// Numbered: parameters are $1, $2 …; else ?.
	Numbered bool
	// DDL creates schema and tables, with marks, each statement harmless when its
	// object exists. It must hold everything but the row in {version}.
	DDL []string
	// Migrate holds, for each older layout, the statements that make the next one of it.
	// They only add, so that a runner of the older layout who came in between goes on. Where
	// DDL can't be rolled back one that was done before fails with dberr.Exists.
	Migrate map[int][]string
	// Later makes the tables that came without a new version, being for looking only: a runner that
	// doesn't know them misses nothing and leaves them alone. Statements of DDL, harmless when run again.
	Later []string
	// Present counts the state tables named version in schema ?, whatever
	// rights the user has on them.
	Present string
	// Strangers lists tables of schema ? that don't carry our comment.
	Strangers string

	// Clock is the wall clock in UTC with microseconds, which no session setting
	// freezes.
	Clock string
	// Time makes a parameter of a time in UTC.
	Time func(time.Time) any
	// Update begins the part of an INSERT that updates the row of the same keys.
	Update func(keys ...string) string
	// Ignore is the part of an INSERT that leaves the row of the same keys alone.
	Ignore func(keys ...string) string
	// ShareLock ends a SELECT that share-locks its rows.
	ShareLock string

	// Session is run on a lease's own connection, first of all: it bounds the waits for locks.
	Session []string
	// SessionID is the expression for the server's id of the session.
	SessionID string
	// LockKey makes the parameter of a named lock from its name, which is long.
	LockKey func(name string) any
	// TryLock takes the named lock ? for the session and returns true, or false at once.
	TryLock string
	// WaitLock takes it within the bound of Session; false or an error when it isn't granted.
	WaitLock string
	// FreeLock tells whether no session has it.
	FreeLock string
	// UnlockAll gives back all of the session's.
	UnlockAll string

	// Classify puts an error into a class of dberr.
	Classify func(error) error
}

// sql expands the marks of a statement.
func (f Flavor) sql(q string) string {
	var b strings.Builder
	for n := 0; q != ""; {
		i := strings.IndexAny(q, "?{")
		if i < 0 {
			b.WriteString(q)
			break
		}
		b.WriteString(q[:i])
		if q[i] == '?' {
			n++
			b.WriteString(f.param(n))
			q = q[i+1:]
			continue
		}
		name, rest, _ := strings.Cut(q[i+1:], "}")
		b.WriteString(f.mark(name))
		q = rest
	}
	return b.String()
}

func (f Flavor) param(n int) string {
	if f.Numbered {
		return "$" + strconv.Itoa(n)
	}
	return "?"
}

func (f Flavor) mark(name string) string {
	switch name {
	case "schema":
		return f.Schema
	case "now":
		return f.Clock
	case "share":
		return f.ShareLock
	case "session":
		return f.SessionID
	}
	return f.Schema + "." + name
}

// classes are the classes of errors that a Flavor gives.
var classes = []error{
	dberr.LockTimeout, dberr.Deadlock, dberr.ConnLost, dberr.Denied, dberr.ReadOnly, dberr.NotThere, dberr.Exists,
	dberr.Duplicate, dberr.DataError, dberr.Syntax, dberr.Unreachable, dberr.BadLogin,
}

// class classifies an error once: errors pass through several hands, and each
// would add the server's details to the text again.
func (f Flavor) class(err error) error {
	for _, c := range classes {
		if errors.Is(err, c) {
			return err
		}
	}
	return f.Classify(err)
}

// field is a column with its value; a nil value stands for the clock.
type field struct {
	name  string
	value any
}

func (c field) text() string {
	if c.value == nil {
		return "{now}"
	}
	return "?"
}

// upsert makes the statement that stores vals under keys, and its arguments.
func (f Flavor) upsert(table string, keys, vals []field) (string, []any) {
	all := append(append([]field{}, keys...), vals...)
	var names, texts, sets, keyNames []string
	var args []any
	for _, c := range all {
		names, texts, args = append(names, c.name), append(texts, c.text()), c.bind(args)
	}
	for _, c := range vals {
		sets, args = append(sets, c.name+" = "+c.text()), c.bind(args)
	}
	for _, c := range keys {
		keyNames = append(keyNames, c.name)
	}
	q := "INSERT INTO {" + table + "} (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(texts, ", ") + ") " +
		f.Update(keyNames...) + " " + strings.Join(sets, ", ")
	return f.sql(q), args
}

func (c field) bind(args []any) []any {
	if c.value == nil {
		return args
	}
	return append(args, c.value)
}

// insert makes the statement that stores a new row, and its arguments.
func (f Flavor) insert(table string, vals ...field) (string, []any) {
	var names, texts []string
	var args []any
	for _, c := range vals {
		names, texts, args = append(names, c.name), append(texts, c.text()), c.bind(args)
	}
	return f.sql("INSERT INTO {" + table + "} (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(texts, ", ") + ")"), args
}

// time is a parameter for t, or the clock when t is zero.
func (f Flavor) time(name string, t time.Time) field {
	if t.IsZero() {
		return field{name: name}
	}
	return field{name, f.Time(t.UTC().Truncate(time.Microsecond))}
}

// nullTime is a parameter for t, or NULL when t is zero.
func (f Flavor) nullTime(name string, t time.Time) field {
	if t.IsZero() {
		return field{name, null{}}
	}
	return f.time(name, t)
}
