// Package plans turns a wanted change and the facts of a live table into a plan:
// expand → switch → contract, every step with its SQL, its lock, why, and how to
// undo it.
//
// It is pure: no database, no clock, no randomness. The same change and the same
// facts give the same bytes. What a step's SQL looks like is asked of Rules, which
// each dialect implements without a connection; which steps there are, in which
// order, and what may be undone until when is decided here, once for all servers.
//
// A plan carries a hash over everything that decides what runs. Estimates and the
// age of the facts stand outside it. Start reading at Plan, then Build.
package plans
