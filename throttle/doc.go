// Package throttle keeps the pace inside a loop: a row rate, and signals that
// hold the work back, slow it down, or end it. A gate is a verdict at a boundary; a
// throttle is asked between chunks.
//
// Signals come from sources, each asked at its own interval beside the work, so that a
// slow answer costs no rows. A source that fails or falls silent holds the work: a
// monitor must not keep its last healthy value. A signal over its limit holds, unless it
// says otherwise: one that slows leaves the work a share of the time, which follows
// the ratio of value and limit (see brake), and one that stops ends the run with
// dberr.Overloaded when two answers in a row are over. What holds is always told.
//
// It doesn't know where values come from, but for an address, a file, and how to add up
// latencies. Start at Pacer.Wait.
package throttle
