// Package bench measures what the project promises against what a person would do otherwise, on one server, in one
// run, in alternating rounds: the backfill beside one plain UPDATE and beside batches of 1,000 rows (Run), the shadow copy
// beside the server's own ALTER TABLE and other tools that are installed (RunShadow), a table written anew beside
// pg_repack (RunRepack), a migration beside requests to its API (RunServe).
//
// It prints medians and ratios, never single times, because machines are noisy; it asserts nothing. Report keeps the
// figures and makes a page of them. `make bench` runs it.
package bench
