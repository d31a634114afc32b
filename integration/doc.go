// Package integration holds the tests of the whole: the real program, as a
// process of its own, against real servers, under the load of package traffic.
//
// The oracle is the server. Rows are compared with the log of what the
// application committed, and the final schema with that of a table which was altered
// directly. There is nothing here but tests: life_test.go takes each example
// change through its life and back, catalog_test.go holds every operation against every server, crash_test.go kills the program at every
// failpoint, script_test.go runs what users type, traps_test.go has one test for each
// known way to lose a row although all looks right.
package integration
