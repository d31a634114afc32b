package plans

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/schema"
)

func TestSyncRollout(t *testing.T) {
	sync := func(change func(*Sync)) *Sync {
		s := &Sync{Operation: "rename_column", Table: schema.Ident{Name: "users"}, Old: []Side{{Name: "a"}}, New: []Side{{Name: "b"}}, Bijective: true, DualWrite: "trigger", OnUnreturnable: "record"}
		change(s)
		return s
	}
	for what, c := range map[string]struct {
		sync *Sync
		want Strategy
		says string
	}{
		"plain":           {sync(func(*Sync) {}), Rolling, "side by side"},
		"mapping":         {sync(func(s *Sync) { s.Bijective = false }), Canary, "may differ"},
		"unreturnable":    {sync(func(s *Sync) { s.Bijective, s.Fallible = false, true }), Flag, "expiry"},
		"rejected":        {sync(func(s *Sync) { s.Fallible, s.OnUnreturnable = true, "reject" }), Canary, "rejected"},
		"swap":            {sync(func(s *Sync) { s.Swap, s.Fallible = true, true }), Rolling, "in one moment"},
		"app writes both": {sync(func(s *Sync) { s.DualWrite, s.Swap = "app", true }), Rolling, "write both"},
	} {
		r := syncRollout(c.sync)
		if r.Strategy != c.want || !strings.Contains(r.Because, c.says) || r.Change != "rename_column users.a" {
			t.Errorf("%s: %+v, want %s because %q", what, r, c.want, c.says)
		}
	}
}

func TestAlterRollout(t *testing.T) {
	table := func(columns ...string) *schema.Table {
		out := &schema.Table{}
		for _, c := range columns {
			out.Columns = append(out.Columns, schema.Column{Name: c})
		}
		return out
	}
	for what, c := range map[string]struct {
		after *schema.Table
		want  Strategy
		says  string
	}{
		"unknown": {nil, Rolling, "before and after"},
		"same":    {table("ID", "a"), Rolling, "columns stay"},
		"added":   {table("id", "a", "b"), Rolling, "without b"},
		"dropped": {table("id"), Rolling, "doesn't name a"},
		"renamed": {table("id", "b"), BlueGreen, "a is gone and b there"},
	} {
		r := alterRollout(&Alter{Table: schema.Ident{Name: "users"}}, table("id", "a"), c.after)
		if r.Strategy != c.want || !strings.Contains(r.Because, c.says) {
			t.Errorf("%s: %+v, want %s because %q", what, r, c.want, c.says)
		}
	}
}

func TestPhaseAsks(t *testing.T) {
	ph := &Phase{Gates: []GateRef{{Kind: "approval"}}, Steps: []Step{{Gates: []GateRef{{Kind: "soak"}}}}}
	for kind, want := range map[string]bool{"approval": true, "soak": true, "flag": false} {
		if ph.Asks(kind) != want {
			t.Errorf("%s: %v", kind, !want)
		}
	}
}
