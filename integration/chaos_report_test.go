package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// ending is what was seen of one fault at one moment.
type ending struct {
	Fault   string         `json:"fault"`
	Road    string         `json:"way"`
	At      string         `json:"at"`
	Kind    throwaway.Kind `json:"server"`
	Version string         `json:"version"`
	Date    string         `json:"date"`
	Exit    int            `json:"exit"` // of the runner that was struck; -1: killed
	End     string         `json:"end"`
	Message string         `json:"message,omitempty"` // its error, without what differs from run to run
}

// of is which case it is of.
func (e ending) of() string {
	return strings.Join([]string{string(e.Kind), e.Fault, e.Road, e.At}, "/")
}

// failed is the end of a case that didn't come out as it must.
const failed = "**not as it must be**"

// outcomes of all faults.
type outcomes struct {
	mu   sync.Mutex
	list []ending
}

func (o *outcomes) add(one ending) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, one)
}

func (c *chaos) outcome() ending {
	if c.t.Failed() {
		c.end = failed
	}
	out := ending{Fault: c.mishap.name, Road: c.road.name, At: c.at.name, Kind: c.kind, Date: time.Now().UTC().Format(time.DateOnly),
		Exit: c.struck.exit, End: c.end, Message: problemOf(c.struck.stderr)}
	if c.server != nil {
		out.Version = c.server.Version()
	}
	c.t.Logf("%s: exit %d, %s: %s", out.of(), out.Exit, out.End, out.Message)
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

// keep puts what was seen now in the place of what was seen of the same cases before, and makes the page from all of it.
func (o *outcomes) keep(t *testing.T, stored, page string) {
	t.Helper()
	seen := o.list
	o.list = nil
	b, err := os.ReadFile(stored)
	if err == nil {
		err = json.Unmarshal(b, &o.list)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range seen {
		o.list = append(slices.DeleteFunc(o.list, func(x ending) bool { return x.of() == e.of() }), e)
	}
	slices.SortFunc(o.list, func(x, y ending) int { return strings.Compare(x.of(), y.of()) })
	if b, err = json.MarshalIndent(o.list, "", " "); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{stored: string(b) + "\n", page: o.page()} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// page shows every case that there is now, and what was seen of it.
func (o *outcomes) page() string {
	var b strings.Builder
	b.WriteString(reliabilityHead)
	for _, k := range throwaway.Kinds() {
		fmt.Fprintf(&b, " %s |", o.server(k))
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(throwaway.Kinds())) + "\n")
	for _, m := range mishaps() {
		for _, r := range roads {
			if m.at[r.name] != nil {
				fmt.Fprintf(&b, "| **%s**: %s | %s: %s |", m.name, m.what, r.name, strings.Join(m.at[r.name], ", "))
				for _, k := range throwaway.Kinds() {
					fmt.Fprintf(&b, " %s |", o.cell(m, r, k))
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
	return b.String()
}

// server names a kind with the versions and the days on which it was tried.
func (o *outcomes) server(k throwaway.Kind) string {
	var versions, days []string
	for _, e := range o.list {
		if e.Kind == k {
			versions, days = append(versions, e.Version), append(days, e.Date)
		}
	}
	if versions == nil {
		return string(k)
	}
	slices.Sort(versions)
	slices.Sort(days)
	days = slices.Compact(days)
	when := days[0]
	if len(days) > 1 {
		when += " to " + days[len(days)-1]
	}
	return fmt.Sprintf("%s (%s; %s)", k, strings.Join(slices.Compact(versions), ", "), when)
}

const reliabilityHead = `# What was seen when things went wrong

<!-- Written by the run: make chaos. Don't edit. What single runs saw is in reliability.json. -->

Each fault strikes while an application writes to the table (` + "`internal/traffic`, `internal/tally`" + `) and the runner is halted at the moment named. The runner then goes on
and ends with the exit code in the table; where several are named they came at several moments. After that the same call was repeated, as a pipeline does, and

- **goes on**: it came to the end of contract, and at every phase each row was what the application had committed;
- **stops, is taken back**: it said why it can't go on, ` + "`rollback --all`" + ` took it back, and the table was what it had been in every row and in the server's own words.

An outcome that is **not as it must be** made the test fail. Otherwise no table, trigger, slot, publication or connection of the run was left. An exit code that isn't 0 or 3 came with a message and a hint each time.

Not tried, because it can't be: bytes that a network sends twice or in another order, which TCP puts right before any program sees them; a
machine's clock that is set, since the tests share it. The lease and the soak go by the database's clock; a runner's own clock only paces it.

| fault | way: moments |`

func (o *outcomes) cell(m mishap, r road, k throwaway.Kind) string {
	var exits, ends []string
	for _, at := range r.moments {
		if !slices.Contains(m.at[r.name], at.name) {
			continue
		}
		i := slices.IndexFunc(o.list, func(e ending) bool { return e.of() == ending{Fault: m.name, Road: r.name, At: at.name, Kind: k}.of() })
		if i < 0 {
			ends = append(ends, "not tried at "+at.name)
			continue
		}
		exit := fmt.Sprint(o.list[i].Exit)
		if o.list[i].Exit < 0 {
			exit = "killed"
		}
		exits, ends = append(exits, exit), append(ends, o.list[i].End)
	}
	if ends == nil {
		return "–"
	}
	slices.Sort(exits)
	slices.Sort(ends)
	if exits == nil {
		return strings.Join(ends, ", ")
	}
	return strings.Join(slices.Compact(exits), ", ") + "; " + strings.Join(slices.Compact(ends), ", ")
}

func (o *outcomes) messages(fault string) []string {
	var out []string
	for _, one := range o.list {
		if one.Fault == fault && one.Message != "" {
			out = append(out, one.Message)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestReliabilityPage: the page shows what was seen, and every case that there is.
func TestReliabilityPage(t *testing.T) {
	var o outcomes
	stored, err := os.ReadFile("../docs/reliability.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(stored, &o.list); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != o.page() {
		t.Error("docs/reliability.md isn't what make chaos writes from docs/reliability.json: run it, or a part of it by -run, again")
	}
}
