// Package gate gives verdicts at phase boundaries: pass, fail or inconclusive,
// each with its evidence. One file a kind.
//
// A gate is asked, answers and is done; the pace inside a loop is package
// throttle's. Inconclusive never passes by itself, an error is inconclusive, and
// evidence counts only for the plan hash that it was gathered for. What asks a
// database server comes in through the small interfaces of Input, so that this
// package holds no SQL; what a plan may call by command or http is defined in the runner's
// own configuration (Targets), because a plan comes from a pull request.
// Start reading at Check.
package gate
