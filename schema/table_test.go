package schema

import (
	"slices"
	"testing"
)

func table() *Table {
	return &Table{Ident: Ident{Name: "t"}, Kind: "table", Columns: []Column{{Name: "id"}, {Name: "a"}, {Name: "b", Nullable: true}},
		Indexes: []Index{
			{Name: "u2", Unique: true, Columns: []IndexColumn{{Name: "id"}, {Name: "a"}}},
			{Name: "u1", Unique: true, Columns: []IndexColumn{{Name: "a"}}},
			{Name: "un", Unique: true, Columns: []IndexColumn{{Name: "b"}}},
			{Name: "part", Unique: true, Predicate: "a > 0", Columns: []IndexColumn{{Name: "id"}}},
			{Name: "pre", Unique: true, Columns: []IndexColumn{{Name: "id", Prefix: 3}}},
		}}
}

func TestKeyPrefersThePrimaryThenTheNarrowest(t *testing.T) {
	x := table()
	if k, ok := x.Key(); !ok || k.Name != "u1" {
		t.Fatalf("key %v %t", k.Name, ok)
	}
	x.Indexes = append(x.Indexes, Index{Name: "pk", Primary: true, Unique: true, Columns: []IndexColumn{{Name: "id"}, {Name: "a"}}})
	if k, _ := x.Key(); k.Name != "pk" {
		t.Fatalf("key %v", k.Name)
	}
	x.Indexes = x.Indexes[2:5]
	if k, ok := x.Key(); ok {
		t.Fatalf("%s is no key that can be walked", k.Name)
	}
}

func TestRestLeavesOutWhatTouchesAColumn(t *testing.T) {
	x := table()
	before := x.Rest([]string{"b", "c"}, []string{"own"})
	x.Columns = append(x.Columns, Column{Name: "c"})
	x.Indexes = append(x.Indexes, Index{Name: "c_idx", Columns: []IndexColumn{{Name: "c"}}})
	x.Triggers = append(x.Triggers, Trigger{Name: "own"})
	if d := Difference(before, x.Rest([]string{"b", "c"}, []string{"own"})); len(d) > 0 {
		t.Fatalf("our own work shows: %q", d)
	}
	x.Columns[1].Type = "text"
	d := Difference(before, x.Rest([]string{"b", "c"}, []string{"own"}))
	if len(d) != 2 || d[0][0] != '-' || d[1][0] != '+' {
		t.Fatalf("somebody's work: %q", d)
	}
}

func TestLinesDontDependOnOrder(t *testing.T) {
	x, y := table(), table()
	slices.Reverse(y.Indexes)
	if FingerprintLines(x.Lines()) != FingerprintLines(y.Lines()) {
		t.Fatal("the order of indexes changed the fingerprint")
	}
}
