// Package migration turns the statements of SQL migrations into a change.
//
// It owns what is the same for every server: which comment belongs to which statement and what it says
// (intent.go), cutting a statement into its clauses (text.go), and putting what statements ask for together into one
// change, or refusing what one plan can't hold, by file, line and column (compose.go). What a statement asks for is
// known by the dialects, each a Translator, since only they know their server's SQL.
//
// Nothing is guessed: a statement that isn't understood, a comment that has no use where it stands, and rows or
// columns that would be taken away without a word all end the call. SQL is taken over as it was written, by the piece.
//
// The package is pure: no file, no server. Start reading at Compose.
package migration
