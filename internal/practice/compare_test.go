package practice

import (
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/drill"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

func TestCompare(t *testing.T) {
	id := schema.Ident{Name: "users"}
	p := &plans.Plan{Syncs: []plans.Sync{{Table: id, Swap: true, Old: []plans.Side{{Name: "age"}}, New: []plans.Side{{Name: "_pm_age"}}}}}
	shot := func(rows int64, age, name string, objects ...string) *snapshot {
		return &snapshot{objects: objects, rows: map[schema.Ident]int64{id: rows}, columns: map[place]column{{id, "age"}: {"int", age}, {id, "name"}: {"text", name}}}
	}
	before := shot(10, "1", "1", "table users")
	if c := compare(p, before, nil, shot(10, "1", "1", "table users")); !c.Equal() || c.Note != "" {
		t.Errorf("%+v", c)
	}
	c := compare(p, before, nil, shot(9, "2", "1", "table users", "table _users_pm_new"))
	if strings.Join(c.Schema, ";") != "+ table _users_pm_new" || len(c.Rows) != 2 || !strings.Contains(c.Rows[1], "users.age") {
		t.Errorf("%+v", c)
	}
	// A check has written a row: the column that was swapped can't be compared, the other one can.
	if c := compare(p, before, shot(11, "5", "5", "table users"), shot(11, "6", "5", "table users")); !c.Equal() || c.Note == "" {
		t.Errorf("%+v", c)
	}
	if c := compare(p, before, shot(11, "5", "5", "table users"), shot(11, "6", "6", "table users")); len(c.Rows) != 1 {
		t.Errorf("%+v", c)
	}
}

func TestProbesGoToTheStepTheyMostlyRanIn(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	p := &probes{list: []sample{
		{begin: at(0), end: at(1)}, {begin: at(95), end: at(180), writes: true}, {begin: at(110), end: at(112), err: "no such table"}, {begin: at(500), end: at(900)},
	}}
	got := p.tell([]span{{drill.Timing{Step: "a"}, at(0), at(100)}, {drill.Timing{Step: "b"}, at(100), at(200)}})
	if got[0].ReadWait != time.Millisecond || got[0].WriteWait != 0 || got[1].WriteWait != 85*time.Millisecond || got[1].ReadWait != 0 || got[1].Probe != "no such table" {
		t.Errorf("%+v", got)
	}
	if d := p.since(at(400)); d != 400*time.Millisecond {
		t.Error(d)
	}
}

func TestStandInsLeaveGatesOnTheDatabaseAlone(t *testing.T) {
	var s standIns
	for _, kind := range asked {
		if _, ok := s.answer(plans.Expand, "", plans.GateRef{Kind: kind}); ok {
			t.Errorf("%s is answered", kind)
		}
	}
	for range 2 {
		v, ok := s.answer(plans.Contract, "contract.2.drop", plans.GateRef{Kind: "soak"})
		if !ok || !strings.HasPrefix(v.Reason, "stand-in of a drill") || v.Evidence["stand_in"] != true {
			t.Errorf("%+v", v)
		}
	}
	if len(s.list) != 1 {
		t.Errorf("%+v", s.list)
	}
}
