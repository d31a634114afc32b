package gate

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

// known is what a server is made to tell.
type known struct {
	Statements_   Statements
	live, objects []string
	err           error
}

func (k *known) Statements(context.Context, []Column) (Statements, error) {
	return k.Statements_, k.err
}
func (k *known) Live(context.Context, []Column, time.Time) ([]string, error) {
	return k.live, nil
}
func (k *known) Objects(context.Context, []Column) ([]string, error) { return k.objects, nil }

// watched asks the gate again and again, and keeps what the engine would keep.
type watched struct {
	*testing.T
	in Input
	k  *known
}

func (w *watched) ask(later time.Duration, s State, says string) {
	w.Helper()
	w.in.Now = w.in.Now.Add(later)
	w.k.Statements_.Uptime += later
	v := Check(w.Context(), w.in)
	if v.State != s || !strings.Contains(v.Reason, says) {
		w.Fatalf("got %s (%s), want %s with %q", v.State, v.Reason, s, says)
	}
	last := Inconclusive
	if n := len(w.in.Evidence); n > 0 {
		last = State(w.in.Evidence[n-1].State)
	}
	if v.State == Pass || v.Keep || len(w.in.Evidence) == 0 || v.State != last {
		data, err := json.Marshal(v.Evidence)
		if err != nil {
			w.Fatal(err)
		}
		w.in.Evidence = append(w.in.Evidence, state.Evidence{Kind: "gate:no_references", Phase: w.in.Phase, PlanHash: w.in.Plan.Hash, State: string(v.State), Data: data, At: w.in.Now})
	}
}

func watching(t *testing.T) *watched {
	in := input("no_references", map[string]any{"soak": "24h"})
	in.Plan.Syncs[0].Table, in.Plan.Syncs[0].Old = schema.Ident{Schema: "shop", Name: "users"}, []plans.Side{{Name: "full_name"}}
	k := &known{Statements_: Statements{Source: "counters", Epoch: "e1", Uptime: 1000 * time.Hour, List: []Statement{{"q1", Names, 100, "SELECT full_name FROM users"}}}}
	in.References = k
	return &watched{t, in, k}
}

func TestNoReferences(t *testing.T) {
	w := watching(t)
	w.ask(0, Inconclusive, "counted from now on, for 24h")
	w.ask(23*time.Hour, Inconclusive, "for 23h0m0s of 24h0m0s")
	w.ask(time.Hour, Pass, "nobody has named the old column for 24h0m0s")

	w = watching(t)
	w.ask(0, Inconclusive, "from now on")
	w.k.Statements_.List[0].Calls = 103
	w.ask(30*time.Hour, Fail, "3 × SELECT full_name FROM users")
	w.ask(time.Hour, Inconclusive, "for 1h0m0s of 24h0m0s") // anew from the last use
	w.k.Statements_.List = append(w.k.Statements_.List, Statement{"q2", Names, 1, "UPDATE users SET full_name = ?"})
	w.ask(2*time.Hour, Fail, "1 × UPDATE users")
	w.ask(24*time.Hour, Pass, "")
}

// TestNoReferencesIsPolled: a use that goes on is told each time and stored now and then.
func TestNoReferencesIsPolled(t *testing.T) {
	w := watching(t)
	w.ask(0, Inconclusive, "from now on")
	for range 24 * 60 {
		w.k.Statements_.List[0].Calls++
		w.ask(time.Minute, Fail, "SELECT full_name FROM users")
	}
	if n := len(w.in.Evidence); n < 5 || n > 13 {
		t.Errorf("a day of polling has left %d entries", n)
	}
}

// TestNoReferencesDoubts: whatever makes two readings incomparable is told, and what is counted begins anew.
func TestNoReferencesDoubts(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*known)
		says string
	}{
		"reset":        {func(k *known) { k.Statements_.Epoch = "e2" }, "was reset"},
		"restart":      {func(k *known) { k.Statements_.Uptime = -47 * time.Hour }, "started anew"},
		"overflow":     {func(k *known) { k.Statements_.Lost += 7 }, "7 statements were not counted"},
		"one evicted":  {func(k *known) { k.Statements_.List = nil }, "has lost statements"},
		"one set back": {func(k *known) { k.Statements_.List[0].Calls = 5 }, "was set back"},
		"select star": {func(k *known) {
			k.Statements_.List = append(k.Statements_.List, Statement{"q3", All, 4, "SELECT * FROM users"})
		}, "without naming them: 4 × SELECT * FROM users"},
		"texts cut off": {func(k *known) {
			k.Statements_.List = append(k.Statements_.List, Statement{"q4", Cut, 2, "SELECT a, b"})
		}, "max_digest_length"},
		"another source": {func(k *known) { k.Statements_.Source = "other" }, "was not read before"},
	} {
		t.Run(name, func(t *testing.T) {
			w := watching(t)
			w.ask(0, Inconclusive, "from now on")
			c.do(w.k)
			w.ask(48*time.Hour, Inconclusive, c.says)
			w.ask(23*time.Hour, Inconclusive, "for 23h0m0s of 24h0m0s")
			w.ask(time.Hour, Pass, "")
		})
	}
	w := watching(t)
	w.k.err = errors.New("full")
	w.ask(0, Inconclusive, "old_instances_gone with two sources, and an approval")
	w.k.err = nil
	w.ask(0, Inconclusive, "from now on")
}

func TestNoReferencesElsewhere(t *testing.T) {
	w := watching(t)
	w.ask(0, Inconclusive, "from now on")
	w.k.objects = []string{"view shop.names"}
	w.ask(25*time.Hour, Fail, "named by view shop.names")
	w.k.objects, w.k.live = nil, []string{"session 7 of app"}
	w.ask(25*time.Hour, Fail, "session 7 of app")
	w.k.live = nil
	w.ask(23*time.Hour, Inconclusive, "of 24h")
	w.in.Steps = []state.StepRecord{{State: state.Undone, Ended: w.in.Now}}
	w.ask(2*time.Hour, Inconclusive, "from now on") // a rollback in between

	w = watching(t)
	w.in.Plan.Replicas = plans.Replicas{"r1"}
	on := &known{Statements_: w.k.Statements_}
	w.in.Replica = func(context.Context, string) (Replica, func() error, error) {
		return referringReplica{fixedReplica{true}, on}, func() error { return nil }, nil
	}
	w.ask(0, Inconclusive, "from now on")
	on.Statements_.List = []Statement{{"q1", Names, 101, "SELECT full_name FROM users"}}
	on.Statements_.Uptime += 25 * time.Hour
	w.ask(25*time.Hour, Fail, "1 × SELECT full_name")

	w = watching(t)
	w.in.Plan.Syncs[0].Swap = true
	w.ask(0, Pass, "takes no name away")
	w.in.Plan.Alters = []plans.Alter{{}}
	w.ask(0, Inconclusive, "ALTER TABLE")
	if Validate(plans.GateRef{Kind: "no_references", Params: map[string]any{"soak": "0s"}}) == nil {
		t.Error("a soak of nothing is taken")
	}
}

type referringReplica struct {
	fixedReplica
	k *known
}

func (r referringReplica) References() References { return r.k }

func TestUseOf(t *testing.T) {
	for text, use := range map[string]Use{
		"SELECT full_name FROM users":                   Names,
		"SELECT u . full_name FROM shop . users u":      Names,
		"UPDATE users SET full_name = ?":                Names,
		"SELECT full_name FROM orders":                  None,
		"SELECT id FROM users":                          None,
		"SELECT * FROM users":                           All,
		"SELECT u . * FROM users u":                     All,
		"SELECT id , * FROM users":                      All,
		"SELECT count ( * ) FROM users":                 None,
		"SELECT id * ? FROM users":                      None,
		"INSERT INTO users VALUES ( ? )":                All,
		"insert into users ( id ) values ( ? )":         None,
		"INSERT INTO shop . users SELECT a FROM b":      All,
		"INSERT INTO users ( SELECT a FROM b )":         All,
		"INSERT INTO users AS u VALUES ( ? )":           All,
		"SELECT * FROM orders":                          None,
		"IF NEW . full_name <> OLD . full_name , users": None,
		"SELECT full_name , NEW . full_name FROM users": Names,
		"DELETE FROM users WHERE id = ? RETURNING *":    All,
	} {
		if got := UseOf(strings.Fields(text), "users", "full_name", false); got != use {
			t.Errorf("%s: %q, want %q", text, got, use)
		}
	}
	if UseOf([]string{"select", "a"}, "users", "full_name", true) != Cut || UseOf(strings.Fields("select full_name from users"), "users", "full_name", true) != Names {
		t.Error("a text that was cut off")
	}
}
