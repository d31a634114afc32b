// Package binlog reads row changes from the binary log of MySQL and MariaDB. It
// implements stream.Source.
//
// It owns everything that knows the log's format: how a place in it is written as
// text, how a connection to it is opened, what its events mean, and how a stored
// value becomes a literal of SQL. Network and packets are go-mysql's, which no other
// package imports; events and values are read here from the raw bytes, because a
// detour over Go values loses what SQL has to get back (sign, padding, type of a
// number inside JSON, dates that no calendar has).
//
// It promises:
//
//   - Changes come in the order of the log, and a transaction's end only after all of
//     its changes. Rows of an XA branch are kept from its PREPARE on and come with its
//     COMMIT, or never.
//   - A position given by Resume is a plain prefix of the log. It never stands behind
//     the PREPARE of a branch whose end lies after it.
//   - A row is a full image of the relation as it was given to Open. Whatever could
//     make it something else ends the reading with a *stream.StopError: another number
//     or type of columns, a partial image, a schema change, a statement that was
//     logged instead of its rows.
//   - Nothing is tried again. After a lost connection the caller opens a new Source
//     where the last transaction that it dealt with ended, so no half of a transaction
//     comes twice.
//
// It doesn't see what the log doesn't hold: sessions with sql_log_bin=0, databases
// that binlog-ignore-db hides, rows that a foreign key's action changes on servers
// that don't log them, and a trigger in another database that fires for a statement
// which was logged as text.
//
// Literals are meant for a session with character_set_client=utf8mb4,
// time_zone='+00:00' and a sql_mode that has ALLOW_INVALID_DATES and neither a strict
// mode nor NO_ZERO_DATE, NO_ZERO_IN_DATE, NO_BACKSLASH_ESCAPES, ANSI_QUOTES: see
// SQLMode. Texts of one Piece share blocks of memory of some KiB.
//
// Start reading at Open, then Source.handle in event.go.
package binlog
