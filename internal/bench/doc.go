// Package bench measures the backfill against what a person would do by hand, on
// one server, in one run, in alternating rounds: one plain UPDATE of the column,
// and batches of 1,000 rows one after the other under the same triggers.
//
// RunServe measures what requests to the API cost a migration, in alternating pairs with and without them.
//
// It prints medians and ratios, never single times, because machines are noisy;
// it asserts nothing. Each measurement starts from a fresh copy of the table and a
// checkpoint. `make bench` runs it. Start at Run.
package bench
