package migration

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/plans"
)

// Words of the comments "-- phasemig:WORD …". A comment belongs to the statement on whose lines it stands, else to the next one.
const (
	Rename = "rename" // "old -> new", or "table.old -> new": a drop and an add are a rename
	Up     = "up"     // SQL that makes new values from old ones
	Down   = "down"   // SQL that makes old values from new ones
	Fill   = "fill"   // SQL that replaces NULLs of a column that becomes NOT NULL
	Drop   = "drop"   // yes, the statement takes data away
	Alter  = "alter"  // the ALTER TABLE is done as one, as it is written
	Keep   = "keep"   // of a desired schema: a table that the file isn't about
)

// words are ours; those of the linter are its own affair.
var (
	words       = []string{Rename, Up, Down, Fill, Drop, Alter, Keep}
	lintersOwn  = []string{"ignore", "ignore-file", "flag"}
	intentMark  = regexp.MustCompile(`phasemig:([A-Za-z-]+)[ \t]*([^\n]*)`)
	renameWords = regexp.MustCompile(`^(\S+)\s*->\s*(\S+)$`)
)

// Intent is what a comment says that SQL can't.
type Intent struct {
	Word, Text string
	At         int // first byte in the file
	File       *lint.File
	used       bool
}

// Statement is a statement with what its comments say.
type Statement struct {
	lint.Statement
	Intents []*Intent
}

// Says tells what the comment with a word says, which counts as used then.
func (s *Statement) Says(word string) (string, bool) {
	for _, n := range s.Intents {
		if n.Word == word {
			n.used = true
			return n.Text, true
		}
	}
	return "", false
}

// Read gives the statements of a file their comments.
func Read(f *lint.File, x lint.Syntax) ([]*Statement, error) {
	out, alone, err := read(f, x)
	if err == nil && len(alone) > 0 {
		err = alone[0].wrong("no statement follows that it could be about", "put it on a line before the statement, or behind it on its last line")
	}
	return out, err
}

// ReadDesired is Read for a desired schema, where a comment may stand alone.
func ReadDesired(f *lint.File, x lint.Syntax) (list []*Statement, alone []*Intent, err error) {
	return read(f, x)
}

func read(f *lint.File, x lint.Syntax) (list []*Statement, alone []*Intent, err error) {
	out := make([]*Statement, len(f.Statements))
	for i, s := range f.Statements {
		out[i] = &Statement{Statement: s}
	}
	if !strings.Contains(f.Source, "phasemig:") {
		return out, nil, nil
	}
	for t, ok := x.Next(f.Source, 0); ok; t, ok = x.Next(f.Source, t.End) {
		m := intentMark.FindStringSubmatch(t.Text)
		if t.Kind != lint.Comment || m == nil || slices.Contains(lintersOwn, m[1]) {
			continue
		}
		n := &Intent{Word: m[1], Text: strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(m[2]), "*/")), At: t.Start, File: f}
		if err := n.check(); err != nil {
			return nil, nil, err
		}
		if s := owner(out, f, t.Start); s != nil {
			s.Intents = append(s.Intents, n)
		} else {
			alone = append(alone, n)
		}
	}
	return out, alone, nil
}

func (n *Intent) check() error {
	if !slices.Contains(words, n.Word) {
		hint := "the words are " + strings.Join(words, ", ")
		if near := plans.Nearest(n.Word, slices.Concat(words, lintersOwn)); near != "" {
			hint = "did you mean phasemig:" + near + "?"
		}
		return n.wrong(fmt.Sprintf("there is no phasemig:%s", n.Word), hint)
	}
	switch n.Word {
	case Rename:
		if !renameWords.MatchString(n.Text) {
			return n.wrong("a rename is written as old -> new", "-- phasemig:rename full_name -> display_name")
		}
	case Up, Down, Fill, Keep:
		if n.Text == "" {
			return n.wrong("nothing stands behind the word", "")
		}
	}
	return nil
}

func (n *Intent) wrong(reason, hint string) error {
	return &plans.InputError{What: Place(n.File, n.At) + ": phasemig:" + n.Word, Reason: reason, Hint: hint}
}

// rename reads "old -> new".
func (n *Intent) rename() (table, from, to string) {
	m := renameWords.FindStringSubmatch(n.Text)
	from = m[1]
	if i := strings.LastIndexByte(from, '.'); i >= 0 {
		table, from = from[:i], from[i+1:]
	}
	return table, from, m[2]
}

// owner is the statement that a comment belongs to.
func owner(list []*Statement, f *lint.File, at int) *Statement {
	line, _ := f.Position(at)
	for _, s := range list {
		first, _ := f.Position(s.Start)
		last, _ := f.Position(max(s.End-1, s.Start))
		if first <= line && line <= last || s.Start > at {
			return s
		}
	}
	return nil
}

// Place is where a byte of a file stands, for messages: "file:line:column".
func Place(f *lint.File, at int) string {
	line, column := f.Position(at)
	return fmt.Sprintf("%s:%d:%d", f.Path, line, column)
}
