// Package postgres knows what a statement does on PostgreSQL 10 to 18: which lock it takes on which table, whether it
// rewrites or reads the table under that lock, what it breaks for running clients, and when it fails.
//
// It owns the rules (one file each, listed in rules.go) and the simulation that they are judged against: statements
// are applied in order to a lint.Catalog (apply*.go), and transactions are followed with the locks that they hold
// (transaction.go). The grammar is the server's own (parse.go); what is newer than that grammar is read by
// rewriting it to an equivalent first (newer.go).
//
// The truth of each lock, rewrite and scan was seen on PostgreSQL 15 and 18; truth_test.go sees it again. What comes from
// older versions' release notes is said where it is used.
package postgres
