package drill

import (
	"fmt"
	"strings"
)

// Judge gathers what is broken and says whether the drill passed.
func (r *Result) Judge() {
	r.Broken = nil
	for _, t := range r.Trials {
		for _, m := range t.Moves {
			r.Broken = append(r.Broken, m.broken(t.Rows)...)
		}
	}
	r.Passed = len(r.Broken) == 0 && len(r.Trials) > 0
}

func (m Made) broken(rows int64) (out []Broken) {
	add := func(kind, format string, args ...any) {
		out = append(out, Broken{Kind: kind, Rows: rows, State: m.State, After: m.name(), What: fmt.Sprintf(format, args...)})
	}
	if m.Error != "" {
		add(BrokenMove, "%s didn't go through: %s", m.name(), m.Error)
	}
	if c := m.Compared; c != nil && len(c.Schema) > 0 {
		add(BrokenBack, "%s left another schema: %s", m.name(), strings.Join(c.Schema, "; "))
	}
	if c := m.Compared; c != nil && len(c.Rows) > 0 {
		add(BrokenBack, "%s left other rows: %s", m.name(), strings.Join(c.Rows, "; "))
	}
	for _, c := range m.Checked {
		if c.Need == Required && !c.Works {
			add(BrokenCode, "%s code doesn't work: %s", c.Code, c.Said)
		}
	}
	return out
}

func (m Made) name() string {
	if m.Phase == "" {
		return "the start"
	}
	return m.Move.String()
}

// Name says the move, or the start.
func (m Made) Name() string { return m.name() }

// BrokenError is a drill that didn't pass although every move went through.
type BrokenError struct {
	Result *Result
}

func (e *BrokenError) Error() string {
	b := e.Result.Broken[0]
	more := ""
	if n := len(e.Result.Broken) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return fmt.Sprintf("the drill of %s didn't pass: in the state %s, after %s, with %d rows: %s%s", e.Result.Plan, b.State, b.After, b.Rows, b.What, more)
}

// Differs reports whether a rollback left something else than was there.
func (e *BrokenError) Differs() bool {
	for _, b := range e.Result.Broken {
		if b.Kind == BrokenBack {
			return true
		}
	}
	return false
}
