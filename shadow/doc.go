// Package shadow keeps a table and its shadow (the same rows in another shape) in
// step while the application writes, until they change places. It owns the
// protocol; the statements are a dialect's, behind Table.
//
// It promises that at the cut-over the shadow holds exactly the source's rows, in
// the new shape, whatever crashed before. Why that is so:
//
//   - The key space is cut into chunks that go open → reading → committed. A chunk
//     is one read of the server, committed with its checkpoint.
//   - The log is read from a place before the first chunk. Of each key only the newest
//     image is kept. A key of a committed chunk is pending and is applied; one of a
//     chunk that is being read is held until the chunk is committed; one of an open
//     chunk is held until every later read is known to see it, and then dropped. That
//     test and open → reading exclude each other, so no change is dropped that the
//     chunk's read could have missed. What the read did see is applied again, harmlessly.
//   - A batch deletes all of its keys, then inserts their newest images, in one
//     transaction with L, from where a resume reads the log again. L stands before every change
//     that is neither applied nor dropped. The rows of other keys are never touched.
//   - A Table may fill its shadow without the index by which rows are found. It is built before the first batch that
//     holds a change: the batch comes later, and L stands before it.
//   - Where the shadow has a further unique key, a batch holds everything up to the
//     end of a transaction. A duplicate all the same proves nothing while a chunk is being read:
//     copying stops, the log is read to its end, and only a duplicate that is still
//     there is looked for in the source, in one statement.
//
// A subpackage holds a model of this protocol that is run through millions of interleavings, with
// every rule taken away in turn.
//
// It does not: choose chunks or their size (package backfill), decide when to cut
// over (package gate), repair a difference unasked. Start reading at Pair, then ledger.go.
package shadow
