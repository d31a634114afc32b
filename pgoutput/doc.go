// Package pgoutput reads row changes from the log of PostgreSQL (15 and later), by
// logical decoding with the server's own plugin of that name. It implements stream.Source.
//
// It owns everything that knows the protocol: how a place in the log is written as
// text, the slot that keeps the log and the publication that names the relations, what
// the plugin's messages mean, and how a value becomes a literal of SQL. Messages and
// the commands of replication are pglogrepl's, which no other package imports.
//
// It promises:
//
//   - Changes come in the order in which transactions end, and a transaction's end only
//     after all of its changes. Rows of a prepared transaction come with its COMMIT
//     PREPARED, or never.
//   - A position given by Resume is the end of a transaction, or a place between two. A
//     reading that begins there begins with the next one.
//   - The server is told to let go of no more of the log than Forget allows.
//   - A new row is the whole row, as the relation was given to Open; only values that are stored
//     apart and didn't change are left as stream.Unchanged, unless the old row has them. An old row
//     holds the key, and the other columns where the replica identity is FULL; else they
//     are stream.Absent. Whatever could make rows something else ends the reading with a
//     *stream.StopError: other columns or types, another replica identity, a TRUNCATE, a
//     relation that was renamed, dropped or taken out of the publication.
//   - A partitioned table is followed by its partitions, as they are when reading begins: a row that moves between
//     two of them is a delete and an insert, a TRUNCATE of one is one of the table, and a partition that is added ends
//     the reading. One that is taken out is noticed as a relation that left the publication.
//   - Nothing is tried again. After a lost connection the caller opens a new Source where the
//     last transaction that it dealt with ended.
//   - A slot that holds back more of the log than the budget is dropped, and the reading ends.
//
// A relation that left the publication, or is filtered there, is noticed after a heartbeat and
// not in the log's order: who needs certainty at a moment asks Check under a lock. It
// doesn't see changes that the server doesn't log as rows: a rewrite that leaves the type
// as it is (ALTER COLUMN … TYPE same USING …) and what isn't about rows (indexes,
// triggers, sequences). While no reader is connected nobody enforces the budget but the
// server's max_slot_wal_keep_size; the next Open does, before it reads.
//
// Literals are meant for a session with client_encoding=UTF8, lc_monetary=C and
// xmloption=content.
//
// Start reading at Open, then Source.handle in message.go.
package pgoutput
