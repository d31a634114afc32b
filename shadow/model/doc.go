// Package model is a model of the shadow copy protocol: copy, apply, visibility, resume, cut-over, reverse stream and swap
// back, with everything else left out. It is the proof's twin. The proof, in the comment of package shadow, says why no row is lost; the
// model runs the same rules, in the same words, through millions of interleavings and tiny worlds completely, and
// shows that each rule is needed: there is a switch that takes it away, and a test that fails unless something
// breaks then. It knows no database, no clock, no goroutine, and imports nothing of the project.
//
//	go test ./shadow/model                             some ten seconds of one core
//	PHASEMIG_LONG=1 go test -timeout 60m ./shadow/model    about ten minutes
//	go test ./shadow/model -v -run 'Mutants/REPLACE'   the shortest loss that was found without a rule
//
// # The world
//
// A world (world.go) is a server (server.go), what is stored in it (store.go) and the memory of at most two runners
// (runner.go). A row has a key 0…4, a further unique value a…e and a payload. Everything that happens is a step
// (step.go): may says when it can happen, do what it does, at once and as a whole. An execution is any order of steps; a simulation
// (random.go) draws one by a seed, an exploration (explore.go) goes through all. So the rules are read off the steps:
//
//	server.go       a transaction is logged → visible → in the executed set, each later and in another order
//	start.go        the first L
//	stream.go       the log is read; events are held, pending, or dropped as seen
//	copier.go       a chunk is open → reading → committed: begin, read, insert row by row, commit, know
//	lastresort.go   one chunk under a table lock
//	applier.go      a batch: choose up to P, delete all, insert all, commit with L
//	duplicate.go    what a duplicate means: wait until no chunk is reading, read E, judge, ask the source
//	cutover.go      intent, lock, drain, epoch, reverse position, RENAME, unlock; the swap back is the same
//	abort.go        an operator's abort: DDL that no lock fences
//	runner.go       crash, takeover, resume
//	session.go      transactions on the shadow: row locks, unique keys checked row by row, waits
//
// An "if w.broken(x)" is a rule taken away (mutants.go) and is not part of the protocol: read past it. What differs between servers is the
// variant (variant.go): "executed set" is MySQL with GTID, "snapshot" is PostgreSQL, "marker" is MariaDB and MySQL without
// GTID where commits become visible in log order, "never seen" is the same where they don't.
//
// # What is checked
//
// check.go: at RENAME the shadow equals the source, and at the swap back the old table equals the new one; a
// conflict is reported only when the source has it; no row of a chunk that isn't committed is in the shadow;
// the copy never meets its own key; one image of a key waits in memory; no XA COMMIT comes without its rows; what was reported as aborted
// is never swapped; and once the writers have stopped, any fair order of steps ends in the cut-over.
//
// # How to read a trace
//
// A violation is told as the shortest execution that was found, after leaving out every step that isn't needed:
//
//	snapshot; rows 0a 1b; chunk 0: keys 0, chunk 1: keys 1; memory limit 4
//	  1. writer: T1 hand over (0c1, 1a1), logged at 1
//	  2. server: become visible: T1  → old relation: 0c1 1a1
//	  3. runner 0: read the log  → entry 1: T1 ends; held [1a1@1] pending [0c1@1]
//
// 0c1 is the row with key 0 and value c, whose payload is from transaction T1; 0c without a number is from the
// beginning or its payload isn't in the image. 1a1@1 is an event whose transaction ends at entry 1 of the log. After the
// arrow stands what the step changed. The old relation is the source, the new one the shadow, whatever their names are.
//
// To try an order of steps by hand see schedule_test.go.
//
// # What is not modelled
//
// Conversions by the server that merge keys or values; the order and equality of keys (a chunk is a set of numbers here);
// foreign keys; DDL by others and TRUNCATE in the stream; verification; triggers and AUTO_INCREMENT at the cut-over; the
// two-connection swap of MariaDB; the halving of a chunk before the last resort (it makes two open chunks out of one). Locks are those of
// rows and unique values: gaps and pages only make more waits and more victims, and any side may be a victim at any step. The
// session of a crashed runner ends at once, except in DDL: as long as it lives it holds the epoch, and a takeover
// waits for it. Relations are told apart by identity, as the protocol demands; a runner that looks at names isn't shown. The writers
// stop in the end: with values handed over for ever the copy's retries are only likely to succeed, and that is what the last resort is for.
package model
