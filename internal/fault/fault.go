// Package fault holds named failpoints: places where a crash is told apart from
// every other by what is already on the server. A point does nothing unless
// PHASEMIG_FAULT names it, so production code pays one map lookup in an empty map.
//
// PHASEMIG_FAULT=name=kill kills the process the way kill -9 does, at the first
// hit; name=kill@3 at the third; name=stop halts it as SIGSTOP does, until SIGCONT;
// name=error returns an error. rule=broken takes a rule away, for the tests that must fail without
// it. Several are joined by commas. Points lists every name,
// and the crash test goes through all of them.
package fault

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// KilledAt stands in front of a point's name in the last line of a process that was
// killed there, so that a test that armed several knows which it was.
const KilledAt = "killed at failpoint "

// StoppedAt is the same for a process that was halted there.
const StoppedAt = "stopped at failpoint "

// ErrInjected is what an armed "error" point returns.
var ErrInjected = errors.New("injected fault")

type armed struct {
	action string
	after  int
}

var (
	mu     sync.Mutex
	points = parse(os.Getenv("PHASEMIG_FAULT"))
)

func parse(spec string) map[string]*armed {
	out := map[string]*armed{}
	for _, one := range strings.Split(spec, ",") {
		name, action, ok := strings.Cut(strings.TrimSpace(one), "=")
		if !ok {
			continue
		}
		a := &armed{action: action, after: 1}
		if act, n, ok := strings.Cut(action, "@"); ok {
			a.action = act
			a.after, _ = strconv.Atoi(n)
		}
		out[name] = a
	}
	return out
}

// Arm sets the points of this process, for tests that run in it.
func Arm(spec string) {
	mu.Lock()
	defer mu.Unlock()
	points = parse(spec)
}

// Point is a place where a crash can be asked for. The name must stand in Points.
func Point(name string) error {
	mu.Lock()
	defer mu.Unlock()
	a, ok := points[name]
	if !ok {
		return nil
	}
	if a.after--; a.after != 0 {
		return nil
	}
	switch a.action {
	case "kill":
		fmt.Fprintf(os.Stderr, "%s%s\n", KilledAt, name)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way; nothing more may happen
	case "stop":
		fmt.Fprintf(os.Stderr, "%s%s\n", StoppedAt, name)
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "error":
		return fmt.Errorf("%w at %s", ErrInjected, name)
	}
	return nil
}

// Broken reports whether a rule is taken away. Rules have no place in Points.
func Broken(rule string) bool {
	mu.Lock()
	defer mu.Unlock()
	a, ok := points[rule]
	return ok && a.action == "broken"
}

// Points lists every failpoint of the program.
func Points() []string {
	return slices.Clone([]string{
		"engine.run_created",        // run and phases stored, nothing done
		"engine.phase_started",      // phase marked active
		"engine.step_intent",        // intent journaled, nothing sent
		"engine.step_done",          // step done on the server, not yet journaled
		"engine.step_journaled",     // step journaled done
		"engine.phase_done",         // all steps journaled, phase not yet
		"engine.undo_intent",        // undo announced, nothing sent
		"engine.undo_done",          // undone on the server, not yet journaled
		"engine.rollback_done",      // every step undone, run not yet marked
		"step.statement",            // between two statements of one step
		"step.locked",               // inside LOCK TABLES or the swap's transaction
		"backfill.segment_opened",   // a key range is claimed
		"backfill.chunk_written",    // rows written, not committed
		"backfill.chunk_committed",  // rows and checkpoint committed
		"backfill.segment_finished", // a key range is done
		"backfill.pass_finished",    // the whole key space was walked once
		"shadow.begun",              // the log's first position is stored, nothing copied
		"shadow.chunk_reading",      // a chunk is about to be read
		"shadow.chunk_committed",    // a chunk and its checkpoint are committed
		"shadow.batch_applied",      // changed rows and their log position are committed
		"shadow.copied",             // every chunk is committed
		"shadow.indexed",            // the indexes left for the end are there
		"shadow.locked",             // the cut-over's locks are held, nothing drained
		"shadow.drained",            // the last changes are applied under the lock
		"shadow.position_stored",    // where the other direction reads is committed, names unchanged
		"shadow.carried",            // triggers and foreign keys are on the new table too, names unchanged
		"shadow.rename_waits",       // another session waits with the RENAME, the sentry is in its way
		"shadow.sentry_gone",        // nothing is in its way but the lock
		"shadow.renamed",            // the tables have changed places, locks still held
		"recipe.cleaned",            // what a failed build has left is dropped, nothing built anew
		"verify.chunk",              // in the middle of the verification
		"verify.evidence",           // verified, evidence not yet stored
	})
}
