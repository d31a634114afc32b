package integration

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// ending is what was seen of one fault at one moment.
type ending struct {
	fault, what, road, at string
	kind                  throwaway.Kind
	exit                  int // of the runner that was struck; -1: killed
	end                   string
	message               string // its error, without what differs from run to run
}

// failed is the end of a case that didn't come out as it must.
const failed = "**not as it must be**"

// outcomes of all faults.
type outcomes struct {
	kinds []throwaway.Kind // that were tried

	mu   sync.Mutex
	list []ending
}

func (o *outcomes) add(one ending) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, one)
}

func (o *outcomes) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.list)
}

func (c *chaos) outcome() ending {
	if c.t.Failed() {
		c.end = failed
	}
	out := ending{fault: c.mishap.name, what: c.mishap.what, road: c.road.name, at: c.at.name, kind: c.kind, exit: c.struck.exit, end: c.end, message: problemOf(c.struck.stderr)}
	c.t.Logf("%s on %s, %s, %s: exit %d, %s: %s", out.fault, out.kind, out.road, out.at, out.exit, out.end, out.message)
	return out
}

// passing is what differs from run to run in a message.
var passing = regexp.MustCompile(`\b[0-9a-f]{8,}\b|127\.0\.0\.1:\d+(->127\.0\.0\.1:\d+)?|\bt_[a-z0-9]{12}\b|\d+`)

// problemOf is the error on stderr in one line.
func problemOf(stderr string) string {
	_, text, ok := strings.Cut(stderr, "phasemig: ")
	if !ok {
		return ""
	}
	text, _, _ = strings.Cut(text, "\n")
	return passing.ReplaceAllString(text, "…")
}

// write makes the page from what was seen.
func (o *outcomes) write(t *testing.T, path string) {
	t.Helper()
	var b strings.Builder
	b.WriteString(reliabilityHead)
	for _, k := range o.kinds {
		fmt.Fprintf(&b, " %s |", k)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(o.kinds)) + "\n")
	for _, m := range mishaps() {
		for _, r := range roads {
			if m.at[r.name] != nil {
				fmt.Fprintf(&b, "| **%s**: %s | %s: %s |", m.name, m.what, r.name, strings.Join(m.at[r.name], ", "))
				for _, k := range o.kinds {
					fmt.Fprintf(&b, " %s |", o.cell(m.name, r.name, k))
				}
				b.WriteString("\n")
			}
		}
	}
	b.WriteString("\n## What it said\n\nThe messages of the runners that were struck, or that were called next where the fault had killed them; what differs from run to run is left out.\n\n")
	for _, m := range mishaps() {
		fmt.Fprintf(&b, "- **%s**\n", m.name)
		for _, message := range o.messages(m.name) {
			fmt.Fprintf(&b, "  - `%s`\n", strings.ReplaceAll(message, "`", "'"))
		}
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

const reliabilityHead = `# What was seen when things went wrong

<!-- Written by the run: make chaos. Don't edit. -->

Each fault strikes while an application writes to the table (` + "`internal/traffic`, `internal/tally`" + `) and the runner is halted at the moment named. The runner then goes on
and ends with the exit code in the table; where several are named they came at several moments. After that the same call was repeated, as a pipeline does, and

- **goes on**: it came to the end of contract, and at every phase each row was what the application had committed;
- **stops, is taken back**: it said why it can't go on, ` + "`rollback --all`" + ` took it back, and the table was what it had been in every row and in the server's own words.

An outcome that is **not as it must be** made the test fail. Otherwise no table, trigger, slot, publication or connection of the run was left. An exit code that isn't 0 or 3 came with a message and a hint each time.

Not tried, because it can't be: bytes that a network sends twice or in another order, which TCP puts right before any program sees them; a
machine's clock that is set, since the tests share it. The lease and the soak go by the database's clock; a runner's own clock only paces it.

| fault | way: moments |`

func (o *outcomes) cell(fault, road string, k throwaway.Kind) string {
	var exits, ends []string
	for _, one := range o.list {
		if one.fault == fault && one.road == road && one.kind == k {
			exit := fmt.Sprint(one.exit)
			if one.exit < 0 {
				exit = "killed"
			}
			exits, ends = append(exits, exit), append(ends, one.end)
		}
	}
	if exits == nil {
		return "–"
	}
	slices.Sort(exits)
	slices.Sort(ends)
	return strings.Join(slices.Compact(exits), ", ") + "; " + strings.Join(slices.Compact(ends), ", ")
}

func (o *outcomes) messages(fault string) []string {
	var out []string
	for _, one := range o.list {
		if one.fault == fault && one.message != "" {
			out = append(out, one.message)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
