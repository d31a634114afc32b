// Package schema is the neutral catalog: what a table looks like, read from a
// live server by a dialect and compared by everybody else.
//
// It owns the vocabulary (Ident, Table, Column, Index, Constraint, Server) and
// the canonical description of a table, from which a Fingerprint is made and a
// difference is told in words. It promises that two reads of an unchanged table
// give the same lines in the same order. It holds no SQL of any server: types,
// defaults and definitions are the server's own text and are never interpreted
// here. Start reading at Table.
package schema
