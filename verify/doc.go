// Package verify reads every row of a table, chunk by chunk, and tells whether
// the two sides agree on their stored bytes.
//
// It never uses a column's own equality: collations call bob and Bob equal, and
// some types have none. The dialect compares bytes, null-safe, normalised only
// by the conversion that the change asks for. A row that a chunk's plain read
// finds different is read once more before it counts, because a reader outside
// the trigger's transaction may see a row between two writes of an application
// that keeps both sides in step itself. It writes nothing. Start at Run.
package verify
