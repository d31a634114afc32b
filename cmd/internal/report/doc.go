// Package report draws a run as one HTML page that can be kept, mailed and opened
// anywhere: style and pictures stand in it, and it loads nothing.
//
// It is pure: from what the engine read of a run (engine.Glance) to bytes. What
// is shown is what was stored, with the gaps that it has: a step shorter than a second leaves no samples,
// and a value that wasn't measured has no picture. It judges nothing itself. Start reading at HTML.
package report
