package cli

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/canary"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/verify"
)

// TestExitCodes holds the table of the README. Each error is wrapped as it comes
// out of the engine: nothing may depend on its being outermost.
func TestExitCodes(t *testing.T) {
	lost := dberr.Mark(dberr.ConnLost, errors.New("unexpected EOF"))
	for _, c := range []struct {
		err  error
		exit int
	}{
		{errors.New("anything"), 1},
		{&plans.InputError{What: "table x", Reason: "none"}, 1},
		{engine.ErrAborted, 1},
		{&state.BrokenError{Seq: 2}, 1},
		{engine.ErrWrongPhase, 1},
		{state.ErrNotFound, 1},
		{dberr.Mark(dberr.BadLogin, errors.New("no")), 1},
		{&gate.HeldError{Verdict: gate.Unsure("not yet", nil)}, 3},
		{engine.ErrPaused, 3},
		{notPromoted(canary.Verdict{Decision: canary.Manual, Reasons: []string{"x"}}), 3},
		{notPromoted(canary.Verdict{Decision: canary.Rollback, Reasons: []string{"x"}}), 4},
		{&gate.HeldError{Verdict: gate.Failed("no", nil)}, 4},
		{&engine.UnreturnableError{Count: 2}, 4},
		{plans.ErrStale, 5},
		{&plans.DriftError{What: "x"}, 5},
		{&state.HeldError{Scope: "users"}, 6},
		{fmt.Errorf("%w: run x", engine.ErrAtWork), 75},
		{state.ErrFenced, 6},
		{state.ErrBusy, 6},
		{engine.ErrOutcomeUnknown, 7},
		{fmt.Errorf("%w: %w", lost, engine.ErrOutcomeUnknown), 7},
		{errors.Join(state.ErrFenced, engine.ErrOutcomeUnknown), 7},
		{&verify.DivergedError{Table: "users"}, 8},
		{&plans.RefusedError{What: "x"}, 9},
		{engine.ErrIrreversible, 9},
		{usagef("x"), 64},
		{lost, 75},
		{dberr.Mark(dberr.LockTimeout, errors.New("x")), 75},
		{dberr.Mark(dberr.Deadlock, errors.New("x")), 75},
		{dberr.WithHint(dberr.Mark(dberr.Unreachable, errors.New("x")), "try"), 75},
		{errors.Join(state.ErrFenced, lost), 6},
	} {
		if got := classify(t.Context(), fmt.Errorf("step 1: %w", c.err)); got.exit != c.exit {
			t.Errorf("%v: exit %d (%s), want %d", c.err, got.exit, got.word, c.exit)
		}
	}
}

// TestInterrupted: whatever a driver makes of a cancelled context, a signal ends
// in "call again", but never hides an outcome that isn't known.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		err  error
		exit int
	}{{context.Canceled, 75}, {errors.New("driver: bad connection"), 75}, {engine.ErrOutcomeUnknown, 7}, {state.ErrFenced, 6}} {
		if got := classify(ctx, c.err).exit; got != c.exit {
			t.Errorf("%v: exit %d, want %d", c.err, got, c.exit)
		}
	}
	unreachable := dberr.Mark(dberr.Unreachable, errors.New("driver: bad connection"))
	if got := (&program{command: "apply"}).describe(ctx, unreachable).Hint; !strings.Contains(got, "stopped on request") {
		t.Errorf("a connection that the request to stop has ended: hint %q", got)
	}
}

// TestHints: every error that a user can meet says what to do.
func TestHints(t *testing.T) {
	p := &program{command: "apply"}
	for _, err := range []error{
		usagef("x"), engine.ErrAborted, engine.ErrWrongPhase, engine.ErrPaused, engine.ErrOutcomeUnknown, engine.ErrIrreversible,
		&gate.HeldError{Gate: "soak", Verdict: gate.Unsure("x", nil)}, &gate.HeldError{Gate: "approval", Phase: plans.Contract, Verdict: gate.Unsure("x", nil)},
		notPromoted(canary.Verdict{Decision: canary.Manual, Reasons: []string{"x"}}), notPromoted(canary.Verdict{Decision: canary.Rollback, Reasons: []string{"x"}}),
		&engine.UnreturnableError{Count: 1}, &plans.DriftError{}, &state.HeldError{}, engine.ErrAtWork, state.ErrNotFound, state.ErrNotInstalled, state.ErrVersion, state.ErrBusy,
		&verify.DivergedError{}, dberr.Unreachable, dberr.BadLogin, dberr.LockTimeout, dberr.ConnLost, dberr.Deadlock, dberr.Denied, dberr.ReadOnly,
	} {
		if pr := p.describe(t.Context(), err); pr.Hint == "" {
			t.Errorf("%v: no hint", err)
		}
	}
	own := p.describe(t.Context(), dberr.WithHint(dberr.Mark(dberr.Denied, errors.New("x")), "GRANT %s", "TRIGGER"))
	if own.Hint != "GRANT TRIGGER" {
		t.Errorf("an error's own hint is not taken: %q", own.Hint)
	}
}

// TestEveryClassHasAHint: whatever went wrong, a message says what to do now. The words are read from classify itself.
func TestEveryClassHasAHint(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "exit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if c, ok := n.(*ast.CompositeLit); ok && len(c.Elts) == 2 {
			if typ, ok := c.Type.(*ast.Ident); ok && typ.Name == "class" {
				words[strings.Trim(c.Elts[0].(*ast.BasicLit).Value, `"`)] = true
			}
		}
		return true
	})
	if len(words) < 20 {
		t.Fatalf("only %d classes were found", len(words))
	}
	own := []string{"usage", "gate_failed", "gate_waiting"} // gateHint, and the command's help
	for w := range words {
		if classHints[w] == "" && !slices.Contains(own, w) {
			t.Errorf("class %s has no hint", w)
		}
	}
}
