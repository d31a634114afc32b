// Package lint finds in SQL files what would lock, lose or break, before it reaches a server.
//
// It owns the vocabulary (File, Statement, Finding, Rule, Catalog), the reading of files (which statements, at
// which position, inside which transaction), the bookkeeping around findings (ignores, levels per path, baseline)
// and their reports. What a statement does on a server is known by the packages lint/postgres and lint/mysql, each
// a Dialect.
//
// Error level means exactly this: on an existing, populated table in use, the statement
//
//  1. blocks reads or writes for a time that grows with the table, or
//  2. breaks a running client of the old schema whose statements name their columns, or
//  3. fails or can't run, or
//  4. deletes data.
//
// A short metadata lock is no error. Online but heavy work, a missing lock timeout, style and policy are warnings or
// notes. A statement that can't be read is a finding of its own (NotJudged), and the rest of the file is still judged.
//
// Statements are applied in order to a Catalog, so that each is judged against the schema that it will meet: a
// table that the same file creates is empty, and nothing that is done to it is dangerous. A table that isn't
// in the catalog is taken to be there, filled and in use, unless the catalog is Complete: then it isn't there, and what
// names it fails.
//
// The package is pure: no file, no clock, no server. Start reading at check.go.
package lint
