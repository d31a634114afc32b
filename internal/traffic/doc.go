// Package traffic is an application under load: an old and a new version side by
// side, against a real server, while a migration goes on underneath.
//
// Each writer is a goroutine with its own connection and one isolation level. It runs
// transactions of several rows in random key order: INSERT, UPDATE, DELETE,
// upserts, INSERT … SELECT, changes of case, accents and trailing spaces, NULLs.
// Writers of the old version name only old columns, those of the new one only
// new columns.
//
// What makes it more than noise is the Model. Every row has a version that each
// write increments in its own statement, so the server itself orders the writes
// of a row, and the log of committed writes says what value each version of each
// row must have, through the old column and through the new one. A lost write
// shows even where both sides agree on the wrong value, and so does a value that
// a reader saw at some version in the middle of a phase.
//
// Deadlocks, serialization failures and lock timeouts are tried again and counted;
// every other error is the application's own and is kept with its statement.
// The package owns its tables (users, teams) and knows nothing of the migration.
// Start reading at Start, then writer.go and model.go.
package traffic
