package integration

import (
	"os/exec"
	"path/filepath"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
)

// elsewhere are faults that lead to another server or to an older state of this one, and of replicas.
func elsewhere() []mishap {
	return []mishap{
		{name: "replica stopped", what: "a replica that the plan names stops applying, for two seconds more than it may lag", at: inBoth(inCopy), replica: true, watched: true, exits: []int{0},
			flags: []string{"--max-rate", "100"}, // or all is copied before anybody can see a lag
			strike: func(c *chaos) {
				dbtest.Exec(c.t, c.replica.DSN(maintenance(c.kind)), stopApply(c.kind))
				c.heal(func() {
					if err := c.server.CatchUp(c.t.Context(), c.replica); err != nil {
						c.t.Error(err)
					}
				})
			},
			during: func(c *chaos) {
				<-time.After(3 * time.Second)
				if c.runner.state() == "Z" {
					c.t.Errorf("the copying wasn't held: the run ended while the replica was stopped")
				}
				dbtest.Exec(c.t, c.replica.DSN(maintenance(c.kind)), startApply(c.kind))
			}},
		// What only reads may end on the new server, which holds all of both sides; the next call tells that it is another one.
		{name: "failover", what: "the primary is killed, its replica promoted, and the address leads there", replica: true, exits: []int{0, 1, 5, 75}, strike: failOver, // 1: the slot isn't there
			at:    map[string][]string{bySync: {inCopy, inCompare}, byShadow: {inCopy, inApply, inCompare}},
			stops: map[string][]int{bySync: {5}, byShadow: {5}}},
		{name: "backup restored", what: "the server's files are put back to how they were some chunks before", at: inBoth(inCopy), files: true, exits: []int{6, 75}, strike: restore}, // 6: the lease is an older one, too
	}
}

// failOver: the replica has everything, since what it hasn't is lost to the application, too, whoever migrates.
func failOver(c *chaos) {
	resume := c.quiet()
	if err := c.server.CatchUp(c.t.Context(), c.replica); err != nil {
		c.t.Fatal(err)
	}
	if err := c.server.Kill(); err != nil {
		c.t.Fatal(err)
	}
	dbtest.Exec(c.t, c.replica.DSN(maintenance(c.kind)), promote(c.kind)...)
	name := databaseOf(c.t, c.dsn)
	c.dsn = c.replica.DSN(name)
	c.net.Lead(c.replica.Addr())
	c.app.Lead(c.replica.Addr())
	c.net.Cut()
	c.app.Cut()
	c.who.reconnect()
	resume()
}

// restore keeps a copy of the files, lets another call go further, and puts the copy back. The application is silent from the
// copy on: what it wrote later would be gone, and that is no migration's fault.
func restore(c *chaos) {
	resume := c.quiet()
	data, err := filepath.Glob(filepath.Join(c.dir, "phasemig-*", "data"))
	if err != nil || len(data) != 1 {
		c.t.Fatalf("find the server's files: %v, %v", data, err)
	}
	keep := filepath.Join(c.dir, "kept")
	c.replaceFiles(data[0], keep)
	if err := c.runner.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	c.runner.wait()
	c.runner = c.halt(c.home, "verify.chunk@1", c.args...)
	c.replaceFiles(keep, data[0])
	c.who.reconnect()
	resume()
}

// replaceFiles copies a directory while the server is down.
func (c *chaos) replaceFiles(from, to string) {
	c.t.Helper()
	if err := c.server.Kill(); err != nil {
		c.t.Fatal(err)
	}
	for _, args := range [][]string{{"rm", "-rf", to}, {"cp", "-a", from, to}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			c.t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	if err := c.server.Restart(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}
