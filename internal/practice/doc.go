// Package practice runs a drill: it takes a plan through its phases and back on a server that serves nobody, measures, compares, and
// runs the checks of old and new code in each state.
//
// The server is one of its own (package throwaway), or one that is named: there a database is made and dropped again, or,
// only when it is asked for, an existing one is used, which ends up changed. Nothing is left behind however the drill ends; tables that
// it didn't make are never touched but in that last case.
//
// Gates that ask production are answered by a stand-in, which the result tells; those that look at the database itself are asked.
//
// How long a step keeps others waiting is measured by probes: every few milliseconds one session takes the table's lock as a
// reader does, and another one as a writer does, without touching a row, and the longest wait is the step's. Waits for the locks of single
// rows are not seen by that.
package practice
