package migration

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
)

// Item is one thing that a statement asks for: an operation, or a clause of an ALTER TABLE.
type Item struct {
	Statement *Statement
	At        int // first byte in the file
	Table     string
	// Operation is set, or Clause, which is what stands behind ALTER TABLE t.
	Operation plans.Operation
	Clause    string
	// Adds and Drops name the column that it adds or drops, and Objects all that it is about.
	Adds, Drops string
	Objects     []string
	// NotValid is a constraint that is added without looking at the rows, and Validates one whose rows are then looked at.
	NotValid, Validates string
	// Unread: nobody can tell what the clause is about.
	Unread bool
	// Alone: the clause can stand beside those of its kind only.
	Alone bool
	// Index is one whose table the statement doesn't name.
	Index string
}

// Part is what the dialect made of one statement.
type Part struct {
	Items []Item
	// Left says why the statement is left to the tool that runs the migration; "": it isn't.
	Left string
}

// Translator reads one statement. It refuses what it can't read, and what no operation of the catalog can do
// (*plans.InputError, *plans.RefusedError), by its place.
type Translator func(*Statement) (Part, error)

// way is how an item is done.
type way string

const (
	byAlter  way = "by an ALTER TABLE, natively or on a shadow"
	bySync   way = "by a column sync"
	byRecipe way = "by the server itself, without blocking"
)

func (i *Item) way() way {
	o := i.Operation
	switch {
	case i.Clause != "":
		return byAlter
	case o.RenameColumn != nil, o.ChangeType != nil, o.SplitColumn != nil, o.SetNotNull != nil && o.SetNotNull.Fill != "":
		return bySync
	}
	return byRecipe
}

func (i *Item) retypes() bool { return i.Operation.ChangeType != nil }

func (i *Item) place() string { return Place(i.Statement.File, i.At) }

// words say an item to people.
func (i *Item) words() string {
	if i.Clause != "" {
		return "ALTER TABLE " + i.Table + " " + brief(i.Clause)
	}
	return i.Operation.Words()
}

func brief(sql string) string {
	s := []rune(strings.Join(strings.Fields(sql), " "))
	if len(s) > 60 {
		return string(s[:59]) + "…"
	}
	return string(s)
}

// UnreadError is a statement that can't be read.
type UnreadError struct{ *plans.InputError }

// Unwrap makes it an input error.
func (e *UnreadError) Unwrap() error { return e.InputError }

// Unread says at which byte of a statement's text the reader stopped.
func (s *Statement) Unread(at int, format string, args ...any) error {
	return &UnreadError{&plans.InputError{What: Place(s.File, s.Start+at), Reason: "it can't be read: " + fmt.Sprintf(format, args...),
		Hint: "a statement that can't be read isn't run: let the migration tool run it, and plan the others; or --unparsed run, for an ALTER TABLE that the server does at once to an empty copy"}}
}

// Wrong says at which byte of a statement's text something can't be meant.
func (s *Statement) Wrong(at int, hint, format string, args ...any) error {
	return &plans.InputError{What: Place(s.File, s.Start+at), Reason: fmt.Sprintf(format, args...), Hint: hint}
}

// Refuse says at which byte of a statement's text something has no way of its own.
func (s *Statement) Refuse(at int, hint, format string, args ...any) error {
	return &plans.RefusedError{What: Place(s.File, s.Start+at), Reason: fmt.Sprintf(format, args...), Hint: hint}
}
