package plans

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const good = `
name: users-display-name
operations:
  - rename_column: {table: users, from: full_name, to: display_name}
  - split_column:
      table: people
      column: name
      into: {first: "split_part(name, ' ', 1)", last: {type: text, up: "split_part(name, ' ', 2)"}}
      down: "first || ' ' || last"
  - change_type: {table: users, column: age, type: bigint}
  - set_not_null: {table: users, column: nick, fill: "''"}
replicas: none
gates:
  switch: [backfill_done, soak: {for: 1h}]
  contract: []
`

func TestParseChangeReadsEveryOperation(t *testing.T) {
	c, err := ParseChange([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Operations) != 4 || !c.Replicas.None() {
		t.Fatalf("%+v", c)
	}
	into := c.Operations[1].SplitColumn.Into
	if len(into) != 2 || into[0].Name != "first" || into[1].Type != "text" || into[1].Up == "" {
		t.Fatalf("parts: %+v", into)
	}
	if g := c.Gates.Switch; len(g) != 2 || g[0].Kind != "backfill_done" || g[1].Params["for"] != "1h" {
		t.Fatalf("gates: %+v", g)
	}
	if c.Gates.Contract == nil || len(c.Gates.Contract) != 0 {
		t.Fatal("an empty list of gates is not the same as none given")
	}
}

func TestParseChangeSaysWhatIsWrong(t *testing.T) {
	for in, text := range map[string]string{
		"":        "empty",
		"name: x": "at least one",
		"name: x\noperations: [{rename_column: {table: t, from: a, to: b}}]\n---\nname: y": "more than one document",
		"name: x\noperations: [{rename_column: {table: t, from: a, to: b}}]\ncolour: red":  "line 3",
		"name: x\noperations: [{rename_column: {table: t, from: a, too: b}}]":              "too",
		"name: x\noperations: [{rename_column: {table: t, from: a, to: a}}]":               "both",
		"name: x\noperations: [{rename_column: {table: t, from: a, to: b, up: a}}]":        "together",
		"name: x\noperations: [{}]": "exactly one",
		"name: x\noperations: [{rename_column: {table: t, from: a, to: b}, change_type: {table: t, column: a, type: int}}]":           "exactly one",
		"name: '../x'\noperations: [{rename_column: {table: t, from: a, to: b}}]":                                                     "name",
		"name: x\ndual_write: magic\noperations: [{rename_column: {table: t, from: a, to: b}}]":                                       "dual_write",
		"name: x\noperations: [{split_column: {table: t, column: a, into: [], down: x}}]":                                             "map of new columns",
		"name: x\noperations: [{merge_columns: {table: t, from: {a: c}, into: c, up: a}}]":                                            "at least two",
		"name: x\noperations: [{merge_columns: {table: t, from: {a: c, b: {down: c}}, into: c, up: a}}]":                              "fills b",
		"name: x\noperations: [{merge_columns: {table: t, from: [a, b], into: c, up: a}}]":                                            "wants a map",
		"name: x\noperations: [{rename_column: {table: t, from: a, to: b}}]\ngates: {switch: [{soak: {for: 1h}, approval: {by: 1}}]}": "one name",
	} {
		_, err := ParseChange([]byte(in))
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: got %v, want %q in it", in, err, text)
		}
	}
}

func FuzzParseChange(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("name: x\noperations: [{rename_column: &a {table: *a}}]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ParseChange(b); err == nil && c.Validate() != nil {
			t.Fatal("parsed, but not valid")
		}
	})
}

func TestCutNameStaysUniqueAndShort(t *testing.T) {
	a, b := "_pm_"+strings.Repeat("ü", 62)+"a", "_pm_"+strings.Repeat("ü", 62)+"b"
	for _, bytes := range []bool{true, false} {
		x, y := CutName(a, 63, bytes), CutName(b, 63, bytes)
		if x == y || nameLength(x, bytes) > 63 || !utf8.ValidString(x) {
			t.Fatalf("%q %q", x, y)
		}
	}
	if CutName("short", 63, true) != "short" {
		t.Fatal("a short name was changed")
	}
}

func TestGatesThatProtectDataStay(t *testing.T) {
	kinds := func(g []GateRef) string {
		var out []string
		for _, r := range g {
			out = append(out, r.Kind)
		}
		return strings.Join(out, " ")
	}
	if got := kinds(gatesFor(Switch, NoGates())); got != "backfill_done dual_write_verified" {
		t.Fatalf("switch with no gates: %s", got)
	}
	if got := kinds(gatesFor(Contract, GateSet{})); got != "dual_write_verified approval" {
		t.Fatalf("contract by default: %s", got)
	}
	own := GateSet{Contract: []GateRef{{Kind: "soak", Params: map[string]any{"for": "1s"}}, {Kind: "dual_write_verified", Params: map[string]any{"max_age": "5m"}}}}
	if got := gatesFor(Contract, own); kinds(got) != "dual_write_verified" || got[0].Params["max_age"] != "5m" {
		t.Fatalf("contract: %+v", got)
	}
	if got := soakBeforeDrop(own); len(got) != 1 || got[0].Params["for"] != "1s" {
		t.Fatalf("soak: %+v", got)
	}
	if got := soakBeforeDrop(GateSet{}); got[0].Params["for"] != DefaultSoak {
		t.Fatalf("default soak: %+v", got)
	}
}

func TestRoomIsATenfoldOfTheNextPowerOfTen(t *testing.T) {
	for n, want := range map[int64]int64{0: 100_000, 9_999: 100_000, 10_001: 1_000_000, 300_000: 10_000_000, 1_000_000_000: 10_000_000_000} {
		if got := room(n); got != want {
			t.Errorf("room(%d) = %d, want %d", n, got, want)
		}
	}
}
