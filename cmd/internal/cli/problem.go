package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/stream"
	"github.com/phasemig/phasemig/verify"
)

// problem is an error as it is told: to a human on stderr, to a script as JSON.
type problem struct {
	Class   string `json:"class"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Exit    int    `json:"exit"`
	// Details holds what a script may act on: the gate and its verdict, the
	// difference of a drift, the keys of rows.
	Details any `json:"details,omitempty"`
}

func (p *program) describe(ctx context.Context, err error) problem {
	c := classify(ctx, err)
	pr := problem{Class: c.word, Message: err.Error(), Hint: p.hint(c, err), Exit: c.exit, Details: details(err)}
	if pr.Hint == "" && c.exit == exitUsage {
		pr.Hint = strings.TrimSpace("phasemig "+p.command) + " --help"
	}
	return pr
}

func (p *program) printProblem(pr problem) {
	s := styleOf(p.Stderr, p.Getenv)
	fmt.Fprintf(p.Stderr, "%s %s\n", s.red("phasemig:"), clean(pr.Message))
	if pr.Hint != "" {
		fmt.Fprintf(p.Stderr, "%s %s\n", s.bold("hint:"), clean(pr.Hint))
	}
}

func details(err error) any {
	var (
		held     *gate.HeldError
		drift    *plans.DriftError
		diverged *verify.DivergedError
		lost     *engine.UnreturnableError
		lease    *state.HeldError
		conflict *shadow.ConflictError
		broken   *state.BrokenError
	)
	switch {
	case errors.As(err, &broken):
		return broken
	case errors.As(err, &held):
		return map[string]any{"phase": held.Phase, "step": held.Step, "gate": held.Gate, "verdict": held.Verdict}
	case errors.As(err, &drift):
		return map[string]any{"what": drift.What, "diff": drift.Diff}
	case errors.As(err, &diverged):
		return map[string]any{"table": diverged.Table, "rows": diverged.Rows, "differ": diverged.Differ, "keys": diverged.Keys}
	case errors.As(err, &lost):
		return map[string]any{"count": lost.Count, "rows": lost.Sample}
	case errors.As(err, &conflict):
		return map[string]any{"table": conflict.Table, "index": conflict.Index, "keys": conflict.Keys}
	case errors.As(err, &lease):
		return map[string]any{"scope": lease.Scope, "run": lease.Run, "holder": lease.Holder, "since": lease.Since}
	}
	return nil
}

// hint says what to do now. An error that brings its own is believed, but not after a request to stop: a driver whose
// connection was cancelled then reports one that was lost or couldn't be made, and the server is well.
func (p *program) hint(c class, err error) string {
	if c.word == "interrupted" {
		return classHints[c.word]
	}
	if own := ownHint(err); own != "" {
		return own
	}
	s := generalHint(c, err)
	if p.argument != "" {
		s = strings.ReplaceAll(s, "RUN", p.argument)
	}
	return s
}

// generalHint speaks of RUN, which is the argument of the call if there is one.
func generalHint(c class, err error) string {
	var held *gate.HeldError
	if errors.As(err, &held) {
		return gateHint(held)
	}
	for _, h := range errorHints {
		if errors.Is(err, h.err) {
			return h.do
		}
	}
	return classHints[c.word]
}

func ownHint(err error) string {
	var (
		usage   *usageError
		hinted  *dberr.Hint
		input   *plans.InputError
		refused *plans.RefusedError
		stop    *stream.StopError
		judged  *judgedError
	)
	switch {
	case errors.As(err, &judged):
		return judged.hint()
	case errors.As(err, &hinted):
		return hinted.Do
	case errors.As(err, &stop) && stop.Hint != "":
		return stop.Hint
	case errors.As(err, &input) && input.Hint != "":
		return input.Hint
	case errors.As(err, &refused) && refused.Hint != "":
		return refused.Hint
	case errors.As(err, &usage) && usage.hint != "":
		return usage.hint
	}
	return ""
}

func gateHint(h *gate.HeldError) string {
	phase := h.Phase
	if before, _, ok := strings.Cut(h.Step, "."); phase == "" && ok {
		phase = plans.PhaseName(before)
	}
	switch {
	case h.Gate == "approval" && h.Verdict.State != gate.Fail:
		return fmt.Sprintf("phasemig approve RUN --phase %s, by somebody who may; then call apply again", phase)
	case h.Verdict.State == gate.Fail:
		return "nothing of the phase was run; mend what the gate saw, then call again"
	case h.Verdict.Retry > 0:
		return fmt.Sprintf("call the same command again in %s", duration(h.Verdict.Retry))
	}
	return "nothing of the phase was run; call the same command again later"
}

// errorHints are tried in their order.
var errorHints = []struct {
	err error
	do  string
}{
	{state.ErrNotInstalled, "nothing has been run here yet: begin with phasemig plan and phasemig apply"},
	{state.ErrNotFound, "phasemig list shows the runs of this server"},
	{state.ErrVersion, "use the phasemig that wrote the state, or a newer one"},
	{state.ErrBusy, "finish or roll back the other run first: phasemig list"},
	{dberr.Unreachable, "check host and port of the target, and that this machine may reach it"},
	{dberr.BadLogin, "check user, database and password; the password is taken from PHASEMIG_PASSWORD, or from password_env or password_file of the environment in phasemig.yaml"},
	{dberr.LockTimeout, "nothing waits for us any more; call the same command again, at a quieter time or with a larger --lock-budget"},
	{dberr.Overloaded, "nothing is lost; call the same command again when the server is quieter, or give a higher --critical-load"},
	{dberr.Denied, "phasemig doctor lists every missing right with the statement that grants it"},
	{dberr.ReadOnly, "give the address of the primary"},
}

var classHints = map[string]string{
	"findings":        "each finding tells the safe form; one that is meant is ignored by a comment with a reason: -- phasemig:ignore RULE reason=\"…\"",
	"outcome_unknown": "look at the server before anything else is done: phasemig status RUN tells what was announced and what the catalog shows",
	"diverged":        "nothing was switched; see the rows named here, then phasemig verify RUN",
	"unreturnable":    "put values that fit into these rows, or give them up by --lose-rows",
	"paused":          "phasemig resume RUN",
	"at_work":         "the other runner goes on; the same command follows it again",
	"held":            "let the other runner finish (phasemig status RUN); the lease of a runner that died is free after a few seconds",
	"drift":           "nothing was run; make the plan again with phasemig plan and have it reviewed",
	"conflict":        "give one of the rows another value, then call again; or roll back: phasemig rollback RUN",
	"no_place_back":   "change or delete one of the rows, then call rollback again; or keep the new shape: phasemig apply --phase contract",
	"log_stopped":     "the copy can't be brought up to date any more: phasemig rollback RUN, then plan again",
	"foreign_rows":    "find out who writes into the copy; phasemig rollback RUN removes it",
	"irreversible":    "restore the dropped column from a backup, if it must come back",
	"tampered":        "no gate and no approval of this run can be believed any more: find out who may write to the state tables, and compare with the heads that were kept",
	"drill_failed":    "mend the code, its check or the plan, and drill again; --report FILE.html shows each state",
	"drill_differs":   "don't apply this plan: its rollback doesn't lead back to what was there; --report FILE.html shows the difference",
	"aborted":         "phasemig rollback RUN --all takes back what was done",
	"wrong_phase":     "phasemig status RUN shows where the run stands",
	"error":           "nothing goes on by itself; mend the cause and call the same command again, which goes on where it was",
	"input":           "nothing was run; phasemig init --print explains phasemig.yaml, phasemig plan --print-schema change files",
	"refused":         "nothing was run; change what is asked for as the reason says, or ask for another way by phasemig plan --strategy",
	"log_lost":        "phasemig rollback RUN, then apply again; the server must keep its log (binary log, or slot and WAL) for longer than a run takes, and a failover loses a slot",
	"temporary":       "safe to call again: the same command goes on where it was",
	"interrupted":     "stopped on request; safe to call again: the same command goes on where it was",
}
