package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

// Column is one whose use is looked for.
type Column struct {
	Table schema.Ident
	Name  string
	// Views are those that go along with the column, as the catalog names them: they name it on nobody's behalf.
	Views []string
}

// References is what a server knows of who uses columns. phasemig's own statements and triggers are left
// out. dberr.NotThere, dberr.Denied: it isn't told, and why.
type References interface {
	// Statements reads the counters of the statements that name a column, or may use it without.
	Statements(ctx context.Context, cols []Column) (Statements, error)
	// Live lists sessions that name a column in what they run, have run since a moment, or have prepared.
	Live(ctx context.Context, cols []Column, since time.Time) ([]string, error)
	// Objects lists views, routines, triggers and the like that name a column.
	Objects(ctx context.Context, cols []Column) ([]string, error)
}

// Statements is a reading of the counters. Two of them can be compared when nothing was reset, evicted or
// turned away in between.
type Statements struct {
	Source string        // where it was read, for people
	Epoch  string        // changes when all counters were set back
	Uptime time.Duration // since the server started
	Lost   int64         // grows with statements that were evicted, or not counted by their text
	List   []Statement
}

// Statement is one kind of statement.
type Statement struct {
	ID    string `json:"id"`
	Use   Use    `json:"use"`
	Calls int64  `json:"calls"`
	Text  string `json:"text"`
}

// reading is what of Statements a later one is compared with.
type reading struct {
	Source string           `json:"source"`
	Epoch  string           `json:"epoch"`
	Lost   int64            `json:"lost"`
	Calls  map[string]int64 `json:"calls"`
}

// snapshot are the readings of the target ("") and of the replicas when a soak began.
type snapshot struct {
	Since time.Time          `json:"since"`
	At    map[string]reading `json:"readings"`
}

// elsewhere says what opens the phase where statements can't be counted.
const elsewhere = "what else can open the phase: old_instances_gone with two sources, and an approval, in place of no_references"

// fewest bounds how often counting begins anew in a soak: each time is stored as evidence, and a gate that is polled
// while somebody uses the column must not fill the table.
const fewest = 10

func soakOf(p map[string]any) (time.Duration, error) {
	d, err := duration(p, "soak", 24*time.Hour)
	if err == nil && d == 0 {
		err = errors.New("setting soak: it must be more than nothing: statements are counted over it")
	}
	return d, err
}

// noReferences passes when nobody has used the old columns by name over a soak, on the target and on every named
// replica: the counters of statements are read when the soak begins and compared at each call. A statement that
// names a column, an object in the catalog that does, or a session that has one prepared is a no, and the soak begins anew. What makes the
// counters untrustworthy (reset, restart, eviction, overflow, texts that were cut off, SELECT * and INSERT without columns) is inconclusive.
// Settings: soak (24h).
func noReferences(ctx context.Context, in Input) (Verdict, error) {
	want, err := soakOf(in.Ref.Params)
	if err != nil {
		return Verdict{}, err
	}
	cols, why := oldNames(in.Plan)
	if why != "" {
		return Unsure(why+"; "+elsewhere, nil), nil
	}
	if len(cols) == 0 {
		return Passed("the plan takes no name away that code could use", nil), nil
	}
	before, begun := lastSnapshot(in)
	since := before.Since
	if !begun {
		since = in.Now
	}
	look := search{in: in, cols: cols, since: since}
	if err := look.everywhere(ctx); err != nil {
		return Unsure(err.Error()+"; "+elsewhere, nil), nil
	}
	return look.verdict(before, begun, want), nil
}

// oldNames are the columns that contract takes away. Where names were exchanged the old name is the new column's.
func oldNames(p *plans.Plan) (cols []Column, why string) {
	if len(p.Alters) > 0 {
		return nil, "what an ALTER TABLE takes away is not told by name in this version"
	}
	for _, r := range p.Recipes {
		if r.Operation == "drop_table" || r.Operation == "rename_table" {
			return nil, "who uses a table, or a name of it, that goes is not looked for in this version"
		}
		for _, c := range r.Drops {
			cols = append(cols, Column{Table: r.Table, Name: c})
		}
	}
	for _, s := range p.Syncs {
		if s.Swap {
			continue
		}
		for _, o := range s.Old {
			cols = append(cols, Column{Table: s.Table, Name: o.Name, Views: s.Views})
		}
	}
	return cols, ""
}

// lastSnapshot is where the soak of this phase began. A step that was done or undone since begins it anew.
func lastSnapshot(in Input) (s snapshot, ok bool) {
	for _, e := range slices.Backward(in.Evidence) {
		if e.Kind != "gate:no_references" || e.Phase != in.Phase || e.PlanHash != in.Plan.Hash {
			continue
		}
		var data struct {
			Snapshot *snapshot `json:"snapshot"`
		}
		if json.Unmarshal(e.Data, &data) != nil || data.Snapshot == nil {
			continue
		}
		return *data.Snapshot, !lastTouch(in.Steps).After(data.Snapshot.Since)
	}
	return s, false
}

func lastTouch(steps []state.StepRecord) time.Time {
	last := lastDone(steps)
	for _, r := range steps {
		if r.State == state.Undone && r.Ended.After(last) {
			last = r.Ended
		}
	}
	return last
}

// search is one look at all places.
type search struct {
	in       Input
	cols     []Column
	since    time.Time
	readings map[string]Statements
	named    []string // by objects and sessions
}

func (s *search) everywhere(ctx context.Context) error {
	s.readings = map[string]Statements{}
	if err := s.at(ctx, "", s.in.References); err != nil {
		return err
	}
	if s.in.Plan.Replicas.None() {
		return nil
	}
	if len(s.in.Plan.Replicas) == 0 {
		return errors.New("the plan names no replica: name them, or say `replicas: none` in the change")
	}
	for _, name := range s.in.Plan.Replicas {
		err := with(ctx, s.in, name, func(r Replica) error { return s.at(ctx, name, r.References()) })
		if err != nil {
			return fmt.Errorf("replica %s: %w", name, err)
		}
	}
	return nil
}

func (s *search) at(ctx context.Context, place string, r References) error {
	on := ""
	if place == "" {
		objects, err := r.Objects(ctx, s.cols)
		if err != nil {
			return err
		}
		s.named = append(s.named, objects...)
	} else {
		on = " on replica " + place
	}
	live, err := r.Live(ctx, s.cols, s.since)
	if err != nil {
		return err
	}
	for _, l := range live {
		s.named = append(s.named, l+on)
	}
	s.readings[place], err = r.Statements(ctx, s.cols)
	return err
}

func (s *search) verdict(before snapshot, begun bool, want time.Duration) Verdict {
	evidence := map[string]any{"soak": want.String()}
	gone := s.in.Now.Sub(before.Since)
	anew := func(v Verdict) Verdict {
		if begun && gone < want/fewest {
			return v
		}
		v.Evidence["snapshot"], v.Keep = s.snapshot(), true
		return v
	}
	if len(s.named) > 0 {
		evidence["named"] = s.named
		return anew(Failed("the old column is named by "+few(s.named), evidence))
	}
	if !begun {
		v := anew(Unsure(fmt.Sprintf("statements are counted from now on, for %s", want), evidence))
		v.Retry = want
		return v
	}
	evidence["since"], evidence["elapsed"] = before.Since.UTC().Format(time.RFC3339), gone.Round(time.Second).String()
	used, doubt := s.compare(before, gone)
	switch {
	case len(used[Names]) > 0:
		evidence["statements"] = used[Names]
		return anew(Failed("statements name the old column: "+few(shown(used[Names])), evidence))
	case doubt != "":
		return anew(Unsure("what was counted since "+before.Since.UTC().Format(time.RFC3339)+" proves nothing: "+doubt+"; counting begins anew. "+elsewhere, evidence))
	case len(used[All])+len(used[Cut]) > 0:
		evidence["statements"] = append(used[All], used[Cut]...)
		return anew(Unsure(unclear(used)+"; counting begins anew. "+elsewhere, evidence))
	case gone < want:
		v := Unsure(fmt.Sprintf("nobody has named the old column for %s of %s", gone.Round(time.Second), want), evidence)
		v.Retry = want - gone
		return v
	}
	return Passed(fmt.Sprintf("nobody has named the old column for %s", gone.Round(time.Second)), evidence)
}

func (s *search) snapshot() snapshot {
	out := snapshot{s.in.Now, map[string]reading{}}
	for place, r := range s.readings {
		calls := map[string]int64{}
		for _, x := range r.List {
			calls[x.ID] = x.Calls
		}
		out.At[place] = reading{r.Source, r.Epoch, r.Lost, calls}
	}
	return out
}

// compare finds the statements that ran since the snapshot, by what they show; doubt says why the counters
// can't be compared.
func (s *search) compare(before snapshot, gone time.Duration) (used map[Use][]Statement, doubt string) {
	used = map[Use][]Statement{}
	for place, now := range s.readings {
		at := now.Source
		if place != "" {
			at += " of replica " + place
		}
		old, ok := before.At[place]
		left := map[string]bool{}
		for _, x := range now.List {
			left[x.ID] = true
			if delta := x.Calls - old.Calls[x.ID]; delta > 0 {
				x.Calls = delta
				used[x.Use] = append(used[x.Use], x)
			} else if delta < 0 {
				doubt = at + " was set back"
			}
		}
		for id := range old.Calls {
			if !left[id] {
				doubt = at + " has lost statements that it had counted"
			}
		}
		switch {
		case !ok || old.Source != now.Source:
			doubt = at + " was not read before"
		case old.Epoch != now.Epoch:
			doubt = at + " was reset"
		case now.Uptime < gone:
			doubt = at + ": the server was started anew"
		case now.Lost > old.Lost:
			doubt = fmt.Sprintf("%s is full or evicts: %d statements were not counted by their text", at, now.Lost-old.Lost)
		}
	}
	return used, doubt
}

func unclear(used map[Use][]Statement) string {
	if len(used[All]) > 0 {
		return "statements use all columns of the table without naming them: " + few(shown(used[All]))
	}
	return "texts of statements are cut off before it can be told what they name (a longer max_digest_length keeps them): " + few(shown(used[Cut]))
}

func shown(list []Statement) []string {
	var out []string
	for _, s := range list {
		text := strings.Join(strings.Fields(s.Text), " ")
		if len(text) > 160 {
			text = text[:160] + "…"
		}
		out = append(out, fmt.Sprintf("%d × %s", s.Calls, text))
	}
	return out
}
