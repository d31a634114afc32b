//go:build race

package integration

// raced: the tests look for data races, and so must the program that they call. One that finds a race ends with 66, which no test
// expects.
const raced = true
