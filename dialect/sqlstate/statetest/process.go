package statetest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// The environment of a process that holds a lease.
const dsnVariable, schemaVariable = "PHASEMIG_STATE_HOLDER_DSN", "PHASEMIG_STATE_HOLDER_SCHEMA"

const holds = "holds the lease"

// Hold takes a lease and keeps it until the process is killed. It does nothing
// in a process that wasn't started for that. A dialect calls it from
// the test named by Home.Holder.
func Hold(t *testing.T, open func(t *testing.T, dsn, schema string) Home) {
	dsn := os.Getenv(dsnVariable)
	if dsn == "" {
		return
	}
	h := &home{open(t, dsn, os.Getenv(schemaVariable))}
	acquire(t, h.store(t), "child", users, orders)
	fmt.Println(holds)
	_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent, if not before
}

// A runner that was killed the hard way is replaced at once, though its last
// heartbeat is fresh.
func testKilledProcess(t *testing.T, h *home) {
	h.installed(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+h.Holder+"$")
	cmd.Env = append(os.Environ(), dsnVariable+"="+h.DSN, schemaVariable+"="+h.Flavor.Schema)
	cmd.Stderr = os.Stderr
	out := got(cmd.StdoutPipe())(t)
	in := got(cmd.StdinPipe())(t)
	defer func() { _ = in.Close() }()
	must(t, cmd.Start())
	for lines := bufio.NewScanner(out); ; {
		if !lines.Scan() {
			t.Fatal("the other process never had the lease")
		}
		if lines.Text() == holds {
			break
		}
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	start := time.Now()
	l := takesOver(t, h.store(t), "parent", users, orders)
	if l.Epochs[0] != 2 || time.Since(start) > 5*time.Second {
		t.Errorf("epoch %d after %s", l.Epochs[0], time.Since(start))
	}
}
