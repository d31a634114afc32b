// Package engine carries out a plan: lease, journal, phases, gates, steps,
// rollback, events. It contains no SQL and no word of any server; all that
// touches one goes through dialect.Database.
//
// Each step is run as: journal the intent, do, observe, journal done. After a
// crash or a lost answer only the server's catalog decides; the memory of having
// sent a statement does not. If the catalog can't tell, ErrOutcomeUnknown stops the run.
//
// Apply is start-or-attach: the same plan and phase again goes on where it was,
// or reports what is done. One runner works at a time; the lease's epoch is checked in every
// write transaction, so a runner that was replaced can't commit.
//
// Run methods block; the caller owns the goroutine. Progress leaves as typed
// events, never as log lines. Start reading at Engine.Apply, then step.go.
package engine
