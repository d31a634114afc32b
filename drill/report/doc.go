// Package report writes a drill's result for people, as Markdown and as one HTML page that holds its style and its plots
// and reaches for nothing outside. It adds nothing to the result: what it says stands in the file, too. Pure.
package report
