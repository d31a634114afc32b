package cli

import (
	"context"
	"errors"

	"github.com/phasemig/phasemig/drill"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/serve"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/stream"
	"github.com/phasemig/phasemig/verify"
)

// The exit codes, which scripts branch on.
const (
	exitDone      = 0
	exitError     = 1
	exitLint      = 2
	exitWaiting   = 3
	exitNo        = 4
	exitDrift     = 5
	exitHeld      = 6
	exitUnknown   = 7
	exitDiverged  = 8
	exitRefused   = 9
	exitUsage     = 64
	exitTemporary = 75
)

// class is an error's kind in one word, and its exit code.
type class struct {
	word string
	exit int
}

// classify gives an error its class. The order matters where an error carries
// several: what needs a human comes first, and "call again" last, so that a run whose
// outcome is not known never looks like one that may simply be repeated.
func classify(ctx context.Context, err error) class {
	var (
		usage        *usageError
		diverged     *verify.DivergedError
		unreturnable *engine.UnreturnableError
		held         *gate.HeldError
		refused      *plans.RefusedError
		input        *plans.InputError
		conflict     *shadow.ConflictError
		stop         *stream.StopError
		judged       *judgedError
		found        *foundError
		broken       *drill.BrokenError
	)
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case errors.As(err, &usage):
		return class{"usage", exitUsage}
	case errors.As(err, &found):
		return class{"findings", exitLint}
	case errors.As(err, &broken) && broken.Differs():
		return class{"drill_differs", exitDiverged}
	case errors.As(err, &broken):
		return class{"drill_failed", exitNo}
	case is(engine.ErrOutcomeUnknown):
		return class{"outcome_unknown", exitUnknown}
	case errors.As(err, &diverged):
		return class{"diverged", exitDiverged}
	case errors.As(err, &unreturnable):
		return class{"unreturnable", exitNo}
	case errors.As(err, &held) && held.Verdict.State == gate.Fail:
		return class{"gate_failed", exitNo}
	case errors.As(err, &held):
		return class{"gate_waiting", exitWaiting}
	case errors.As(err, &judged):
		return judged.class()
	case is(engine.ErrPaused):
		return class{"paused", exitWaiting}
	case is(engine.ErrAtWork):
		return class{"at_work", exitTemporary}
	case is(state.ErrHeld), is(state.ErrFenced), is(state.ErrBusy):
		return class{"held", exitHeld}
	case errors.As(err, &conflict) && conflict.Back:
		return class{"no_place_back", exitNo}
	case errors.As(err, &conflict):
		return class{"conflict", exitRefused}
	case errors.As(err, &stop):
		return class{"log_stopped", exitDrift}
	case is(stream.ErrLost):
		return class{"log_lost", exitError}
	case is(shadow.ErrForeign):
		return class{"foreign_rows", exitUnknown}
	case is(plans.ErrStale):
		return class{"drift", exitDrift}
	case errors.As(err, &refused):
		return class{"refused", exitRefused}
	case is(engine.ErrIrreversible):
		return class{"irreversible", exitRefused}
	case errors.As(err, &input):
		return class{"input", exitError}
	case is(state.ErrBroken):
		return class{"tampered", exitError}
	case is(engine.ErrAborted):
		return class{"aborted", exitError}
	case is(engine.ErrWrongPhase):
		return class{"wrong_phase", exitError}
	case ctx.Err() != nil, is(serve.ErrInterrupted):
		return class{"interrupted", exitTemporary}
	case dberr.Temporary(err), is(context.DeadlineExceeded): // a bound of ours: what goes on after it is looked at first
		return class{"temporary", exitTemporary}
	}
	return class{"error", exitError}
}
