// Package lintset holds evaluation sets for a linter of schema changes, and proves their labels on real servers.
//
// The cases stand in testdata/lintset, one file a server: a schema in use, the statements of a migration, and a
// label. Read reads such a file. The labels come from the servers' manuals and from what the servers
// are seen to do, never from a linter. There are three folders:
//
//   - unseen says how good a linter is. It can say so only as long as nobody who writes rules looks at it, nor at a list of the cases
//     that a linter gets wrong: only totals may leave TestScore. Who needs examples to write a rule by takes
//     the manual, and makes new ones, or takes practice. The set is written from the manuals by somebody who has read neither rules nor practice.
//   - fresh is a second set of that kind, for the same use and under the same rule. A server whose cases of it have been looked at gets new ones. Of
//     PostgreSQL's labels only some are proved yet, so that nothing is scored by them.
//   - practice may be looked at while writing rules, and so says only that what was learnt is still known.
//
// Beside them stands walk: migrations without a label, of a walk through the manuals' grammar. TestWalk asks the server for it, and compares what
// the linter says. What depends on rows, or writes over values, disagrees there without anybody being wrong; the rest is a bug of a rule.
//
// Once the unseen set has been looked at it is no judge any more: it moves to practice, and a new one is written. A wrong label
// of either is mended by what the server shows, never by what a linter says.
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
// so: no linter that only reads the schema can tell, and a score leaves these cases out.
//
// The proof, in the tests of this package, fills the tables at two sizes, runs the statements and looks: at
// errors; at the old client's statements before and after; at counts of rows and values; at whether reads and writes
// by key in other sessions wait, and whether the work done meanwhile grows with the table. By default a sample of each folder is
// proved; every label is by
//
//	PHASEMIG_LONG=1 go test -count=1 -v -timeout 120m ./integration/lintset
//
// or, in portions, with -run 'TestLabels/mysql/unseen'. Where only a clock tells who waits, a busy machine takes more tries and more time.
package lintset
