// Package report writes the result of a check for people and for machines: text with excerpts, JSON, SARIF 2.1.0, GitHub
// annotations and the summary of a GitHub step, GitLab code quality, JUnit, and the documentation of the rules.
//
// A report is a pure function of the result: it holds no time and nothing random, and findings come in the order in
// which they were found: by file, then by position.
package report
