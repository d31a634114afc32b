// Package lintset holds an evaluation set for a linter of schema changes, and proves its labels on real servers.
//
// The cases stand in testdata/lintset, one file a server: a schema in use, the statements of a migration, and a
// label. Read reads such a file. The labels come from the servers' manuals and from what the servers
// are seen to do, never from a linter. So the set can say how often a linter is right, and it can say so
// only as long as nobody looks at it while writing rules: rules must not be written from this set, nor from a
// list of the cases that a linter gets wrong. Who needs examples to write a rule by takes the manual and makes
// new ones. A wrong label is mended here, with a proof; a missing kind of statement is added with its proof.
//
// A statement is dangerous when, on an existing and populated table in use, it
//
//   - blocks: blocks reads or writes for a time that grows with the table,
//   - breaks: breaks a running client of the old schema, whose statements name their columns,
//   - fails: fails on real data, or can't run, or
//   - loses: deletes data.
//
// Everything else is safe: a short metadata lock, online but heavy work, a missing lock timeout, style, policy. A
// label holds for a table as the case describes it: rows that the schema allows, with NULL in every tenth row of
// a nullable column and equal values wherever nothing says unique (rows names other values where a case needs them, and then the client never leaves
// that column out). The client writes values like those that are in the table, sends each statement anew (a prepared statement
// that a change of type makes stale is prepared again by its driver), and is the owner unless the case names a role.
// Where the same statement would get the other label on other rows that the schema allows too, depends_on_rows says
// so: no linter that only reads the schema can tell, and a score is best given with and without these cases.
//
// The proof, in the tests of this package, fills the tables at two sizes, runs the statements and looks: at
// errors; at the old client's statements before and after; at counts of rows and values; at whether reads and writes
// by key in other sessions wait, and whether the work done meanwhile grows with the table. By default a sample is
// proved; every label is by
//
//	PHASEMIG_LONG=1 go test -count=1 -v -timeout 90m ./integration/lintset
package lintset
