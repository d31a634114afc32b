// Package sqlstate keeps the state of runs in the target server: it is
// state.Store over database/sql, written once for every dialect.
//
// What differs between servers is text, and stands in a Flavor: the statements
// that create the tables, the form of an upsert, of a share lock, of a
// named lock and of the clock. Statements here are written with marks that the
// Flavor expands: {table} is a state table with its schema, {now} the server's
// wall clock, {share} the share lock, ? a parameter.
//
// Three promises hold the rest of the program up. Every write on behalf of a run
// share-locks the lease's row and compares epoch and token in the transaction that
// writes (CheckFence), so a runner that lost its lease can't commit; a takeover locks the same row
// and therefore waits for writes that are under way. A segment of a backfill
// advances in the transaction that writes its rows (AdvanceSegment). Evidence
// is a chain per run that two appenders can't fork, since (run, seq) is unique.
//
// A lease keeps one connection of its own, with a named lock for each scope and
// epoch. The server drops the lock with the connection, so a killed runner is
// replaced at once; one that hangs is replaced when its heartbeat is
// older than the time to live. The decision is taken under the lock of the epoch's
// row, one runner after the other. Reading a server without state answers
// "nothing" and creates nothing.
package sqlstate
