package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

var (
	// ErrOutcomeUnknown: a statement may or may not have taken effect and the
	// catalog could not tell. Nothing more is done; a human must look.
	ErrOutcomeUnknown = errors.New("the outcome is not known")
	// ErrAborted: an operator asked the run to stop for good.
	ErrAborted = errors.New("aborted by an operator")
	// ErrPaused: an operator asked the run to wait.
	ErrPaused = errors.New("paused by an operator")
	// ErrAtWork: the time to wait is over, and the runner that was followed still works.
	ErrAtWork = errors.New("the run is still at work")
	// ErrWrongPhase: the phase asked for can't be next.
	ErrWrongPhase = errors.New("the phase can't be run now")
	// ErrIrreversible: the final drop has happened.
	ErrIrreversible = errors.New("the old column is dropped; there is no way back")
)

// irreversible says why a step can't be taken back, where the plan knows.
func irreversible(st plans.Step) error {
	if st.Act == nil || st.Act.Stays == "" {
		return ErrIrreversible
	}
	return &StaysError{Step: st.ID, Why: st.Act.Stays}
}

// StaysError says of a step that is done that it can't be taken back. It is ErrIrreversible.
type StaysError struct{ Step, Why string }

func (e *StaysError) Error() string { return fmt.Sprintf("%s can't be taken back: %s", e.Step, e.Why) }

// Is makes errors.Is(err, ErrIrreversible) true.
func (e *StaysError) Is(target error) bool { return target == ErrIrreversible }

// UnreturnableError says that a rollback would lose rows.
type UnreturnableError struct {
	Count  int64
	Sample []state.Unreturnable
	Table  schema.Ident // set where a whole table would go
}

// loses makes one error of all that says that rows would be lost.
func loses(err error) error {
	if h := new(dialect.HoldsRowsError); errors.As(err, &h) {
		return &UnreturnableError{Count: h.Count, Table: h.Table}
	}
	return err
}

func (e *UnreturnableError) Error() string {
	if e.Table != (schema.Ident{}) {
		return fmt.Sprintf("rollback would drop table %s, which holds %d rows that are nowhere else", e.Table, e.Count)
	}
	rows := "rows"
	if e.Count == 1 {
		rows = "row"
	}
	var first []string
	for _, u := range e.Sample {
		first = append(first, keyText(u.Key))
	}
	return fmt.Sprintf("rollback would lose %d %s whose new values the old column can't hold (the first: %s)", e.Count, rows, strings.Join(first, "; "))
}

// keyText writes a key as "id=1, shard=2".
func keyText(key map[string]string) string {
	var parts []string
	for _, column := range slices.Sorted(maps.Keys(key)) {
		parts = append(parts, column+"="+key[column])
	}
	return strings.Join(parts, ", ")
}
