package integration

import (
	"fmt"
	"slices"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// mishap is one thing that goes wrong.
type mishap struct {
	name string // in the page of outcomes, too
	what string // what is done, in a sentence
	// at lists the moments by road; a road that isn't there isn't struck.
	at map[string][]string
	// short are the servers, roads and moments of the short form.
	short []string

	settings []string // of a server of its own
	alone    bool     // a server of its own, as it is
	away     bool     // the same, and it goes away
	files    bool     // the same, and its files are needed
	mount    bool     // the same, on a small disk
	replica  bool     // the same, with a replica
	watched  bool     // the plan names the replica
	flags    []string // of the call that is struck

	open   func(*chaos) // before the run
	strike func(*chaos) // while the runner is halted
	during func(*chaos) // when it goes on
	exits  []int        // of the runner that was struck; -1: killed

	// stops: the run can't go on, by road, with the exit codes of another call. amend comes before it is
	// taken back, tidy after it.
	stops       map[string][]int
	unseen      bool // PostgreSQL's log doesn't tell of it: what is as it was when it is looked at goes on
	amend, tidy func(*chaos)
	emptied     bool // the tally is no judge any more
}

func (m mishap) own() bool {
	return m.alone || m.away || m.files || m.mount || m.replica || m.settings != nil
}

// strikes tells whether a place is in the table, and in the short form whether it is tried.
func (m mishap) strikes(k throwaway.Kind, r road, at moment) bool {
	if !slices.Contains(m.at[r.name], at.name) {
		return false
	}
	return long() || slices.Contains(m.short, fmt.Sprintf("%s %s %s", k, r.name, at.name))
}

// The moments at which a fault can strike a runner at work.
func everywhere() map[string][]string {
	return map[string][]string{bySync: {inCopy, inChunk, inCompare, inCutOver}, byShadow: {inCopy, inApply, inCompare, inCutOver}}
}

func inBoth(moments ...string) map[string][]string {
	return map[string][]string{bySync: moments, byShadow: moments}
}

func onlyShadow(moments ...string) map[string][]string {
	return map[string][]string{byShadow: moments}
}

func mishaps() []mishap {
	return slices.Concat(serverMishaps(), networkMishaps(), limitMishaps(), runnerMishaps(), otherPeople(), elsewhere())
}

func serverMishaps() []mishap {
	return []mishap{
		{name: "server restarted", what: "an orderly stop and start", at: everywhere(), away: true, exits: []int{0, 3, 75},
			strike: func(c *chaos) { c.away(func() error { return c.server.Restart(c.t.Context()) }) }},
		{name: "server crashed", what: "SIGKILL, started again on the same data", at: everywhere(), away: true, exits: []int{0, 3, 75},
			short: []string{"postgres18 shadow cut-over", "mysql shadow copy"},
			strike: func(c *chaos) {
				c.away(func() error {
					if err := c.server.Kill(); err != nil {
						return err
					}
					return c.server.Restart(c.t.Context())
				})
			}},
	}
}

// away does something for which the server goes away. The application is between two transactions meanwhile, or
// nobody would know what it has committed.
func (c *chaos) away(f func() error) {
	c.t.Helper()
	resume := c.quiet()
	if err := f(); err != nil {
		c.t.Fatal(err)
	}
	c.who.reconnect()
	resume()
}

func networkMishaps() []mishap {
	return []mishap{
		{name: "network lost", what: "all connections are cut and none is let through until the runner has ended", at: everywhere(), exits: []int{75},
			short: []string{"postgres18 column sync cut-over"},
			strike: func(c *chaos) {
				c.net.Refuse(true)
				c.net.Cut()
				c.heal(func() {
					c.home.must(75, "status", c.who.id())
					c.net.Refuse(false)
				})
			}},
		{name: "network silent", what: "nothing passes in either direction, and nobody says so", at: everywhere(), exits: []int{75},
			strike: func(c *chaos) {
				c.net.Pause()
				c.heal(func() { c.net.Cut(); c.net.Resume() })
			}},
		{name: "answers lost", what: "what the runner sends arrives, no answer comes back; after a second the connections are cut", at: everywhere(), exits: []int{0, 3, 75},
			strike: func(c *chaos) { c.net.PauseAnswers() },
			during: func(c *chaos) {
				<-time.After(2 * ride)
				c.net.Cut()
				c.net.Resume()
			}},
		{name: "reset in an answer", what: "each connection is reset after some bytes of its next answer", at: everywhere(), exits: []int{0, 3, 75},
			short:  []string{"postgres18 shadow copy"},
			strike: func(c *chaos) { c.net.ResetAnswers(9) }},
		{name: "network slow", what: "20 ms more in each direction", at: inBoth(inCopy, inCompare), exits: []int{0},
			strike: func(c *chaos) {
				c.net.Delay(20 * time.Millisecond)
				c.heal(func() { c.net.Delay(0) })
			}},
	}
}

func runnerMishaps() []mishap {
	return []mishap{
		{name: "two runners", what: "a second runner is called while the first is at work", at: inBoth(inCopy), exits: []int{0},
			strike: func(c *chaos) { c.home.must(6, c.args...).says(c.t, "another runner") }},
		{name: "lease stolen", what: "the runner is halted until a second one has taken over and done the phase", at: inBoth(inCopy, inCutOver), exits: []int{1, 6, 75},
			strike: func(c *chaos) { c.again(c.args...) }},
		{name: "clock jumped", what: "the runner is halted for longer than its lease, so that its clocks jump by 20 s", at: inBoth(inCopy), exits: []int{0, 6, 75},
			strike: func(*chaos) { <-time.After(20 * time.Second) }},
	}
}
