// Package throttle keeps the pace inside a loop: a row rate, and signals of the
// server's load and its replicas' lag that hold the work back. A gate is a
// verdict at a boundary; a throttle is asked between chunks.
//
// Signals are sampled at most once a second by whoever asks first. A probe that
// stops answering holds the work: a monitor must not keep its last healthy value.
// Nothing here stops a run; holding is told through the reason. Start at Pacer.Wait.
package throttle
