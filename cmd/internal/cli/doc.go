// Package cli is the command line: one file a command, and the rendering of what
// the engine answers.
//
// Run takes its arguments, streams, environment and the opener of targets from
// its caller and returns the exit code, so that tests run the real thing. It
// promises to scripts:
//
//  1. stdout carries the result and nothing else: one JSON document with
//     --output json, JSON lines with the result last with --output jsonl. An
//     error is such a document, too.
//  2. stderr carries progress and messages: what, where, why, and a hint. Where it
//     is no terminal, progress is a line at most every ten seconds.
//  3. The exit code is given by exitCode alone, from the error's class, never from its text.
//  4. A password is neither taken from the command line nor printed.
//
// It decides nothing about a database: plans and engine do. It names no dialect;
// package main hands in the opener. Start reading at Run, then plan.go and apply.go.
package cli
