// Package state is what phasemig remembers: runs, steps, checkpoints, evidence,
// approvals, and the lease that lets one runner work.
//
// It all lives in the target server, beside the data it speaks of, so that a
// checkpoint commits with its rows and a restored backup can be recognised by
// the server's identity. Store is implemented by the dialects over one shared
// set of statements; this package holds the vocabulary, the transitions of a run
// and the evidence chain. It promises that nothing is written for a runner whose lease is
// gone (ErrFenced). It runs no SQL itself.
package state
