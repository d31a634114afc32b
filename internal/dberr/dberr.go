// Package dberr holds the classes into which a dialect sorts its server's
// errors, so that neutral code can decide on them. A class is tested with
// errors.Is and never depends on a message. It owns no text of any server.
package dberr

import (
	"errors"
	"fmt"
)

// The classes.
var (
	LockTimeout = errors.New("lock not granted in time")             // try again later
	Deadlock    = errors.New("deadlock or serialization failure")    // try again
	ConnLost    = errors.New("connection lost")                      // the outcome of the last statement is not known
	Denied      = errors.New("permission denied")                    // names the missing right
	ReadOnly    = errors.New("the server is read-only")              //
	NotThere    = errors.New("the object does not exist")            //
	Exists      = errors.New("the object exists already")            //
	Duplicate   = errors.New("a value is not unique")                //
	DataError   = errors.New("a value does not fit")                 //
	Syntax      = errors.New("the server does not take the SQL")     //
	Unreachable = errors.New("the server can't be reached")          //
	BadLogin    = errors.New("user, password or database not taken") //
	Overloaded  = errors.New("the server is over its critical load") // try again when it is quieter
)

type classified struct {
	class error
	err   error
}

func (c *classified) Error() string   { return c.err.Error() }
func (c *classified) Unwrap() []error { return []error{c.class, c.err} }

// Mark puts err into a class and keeps its text.
func Mark(class, err error) error {
	if err == nil {
		return nil
	}
	return &classified{class, err}
}

// Hint is an error with what to do about it.
type Hint struct {
	Err error
	Do  string
}

func (h *Hint) Error() string { return h.Err.Error() }
func (h *Hint) Unwrap() error { return h.Err }

// WithHint adds what to do now to an error.
func WithHint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Hint{err, fmt.Sprintf(format, args...)}
}

// Temporary reports whether the same call may go through later.
func Temporary(err error) bool {
	return errors.Is(err, LockTimeout) || errors.Is(err, Deadlock) || errors.Is(err, ConnLost) || errors.Is(err, Unreachable) || errors.Is(err, Overloaded)
}
