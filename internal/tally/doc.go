// Package tally is an application that writes to one table of MySQL or MariaDB and keeps its own tally of what was
// committed: inserts, updates, deletes, rows that come back under the same key, keys that change, unique
// values that move between rows all the time, NULLs, rollbacks, savepoints, XA. A table is compared with the tally byte
// for byte, in the shape in which it was made or in the one that a given ALTER TABLE makes of it.
//
// It promises that a difference is the table's fault: a row is taken in memory before a transaction names it, so that two
// transactions never change the same one, and is given back when the outcome is known. Only additions to
// a counter, which come to the same end in any order, meet each other in the server. It copes with both shapes at
// once: a column that is unknown under one name is tried under the other, as code does that is
// released before the change.
//
// It doesn't survive a lost answer of a COMMIT: the application's server must stay up. Start reading at Fleet.
package tally
