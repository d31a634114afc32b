// Package arch holds the code against the rules of ARCHITECTURE.md: who may
// import whom, which words have no place in neutral packages, which files may
// start goroutines, that every package says what it is, and that the drawn life of a run
// is the one in the code.
//
// The rules are tests, so that there is one command to run and a broken rule names
// the line that breaks it. They read the source and build nothing; all of them
// take less than a second. A new package needs a place in layers (layers_test.go).
package arch
