// Package stream is the vocabulary of row changes read from a server's log.
//
// It owns what a reader of a log hands on (Piece, Change, Row) and how a place in
// the log is named (Position, Txn), and promises nothing of its own: readers are
// package binlog and its twin, and the one who understands the changes is package
// shadow. A transaction counts where it ends: rows of a transaction whose end has
// been split from them (two-phase commit) are handed on with its end, or never.
//
// It is pure: no server, no clock. Start reading at Source.
package stream
