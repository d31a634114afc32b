// Package backfill walks a table by its key in short transactions and fills the
// new side of a column sync. It owns the walk: segments, chunk size, workers,
// passes, progress. It owns no SQL; Table is what a dialect does for it.
//
// What it promises:
//
//  1. A chunk and the segment's cursor commit in one transaction of the target
//     server (the dialect's promise), so a resume goes on at the next row.
//  2. A chunk never waits for a row lock while it holds one: locked rows are
//     skipped and come again in the next pass; the last of them are done one by one.
//  3. Segments are disjoint and cover the whole key space: the first is open
//     below, the last open above. The cursor is always the last key walked,
//     never an id given out by a write: the loop that walks by the id of the last
//     insert does not advance on UPDATE.
//  4. Memory doesn't grow with the table: at most one open segment a worker.
//
// It does not decide which rows need filling (the dialect's predicate does), nor
// verify: package verify reads every row again. Start reading at Runner.Run.
package backfill
