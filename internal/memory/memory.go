// Package memory sets how much memory a process takes that carries rows. It is asked by
// main programs only: a library doesn't decide for its process.
package memory

import (
	"os"
	"runtime/debug"
)

// soft is what the heap is kept under. What must be kept of rows is bounded elsewhere (shadow.Options.Memory), well below.
const soft = 48 << 20

// Bound lets garbage grow to four times what is in use, as long as all of it stays under 48 MiB. A log is read in
// packets of which nothing is kept, so the usual double would collect every few megabytes: a fifth of all the
// processor time. What GOGC or GOMEMLIMIT says stands.
func Bound() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(soft)
	}
}
