package plans

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/schema"
)

// Every state of an act is told apart, and what it doesn't know is nobody's.
func TestActReached(t *testing.T) {
	a := Act{
		Before: []string{"none"}, After: [][]string{{"half"}, {"whole"}}, Undone: [][]string{{"half back"}},
		Broken: []Broken{{Shows: []string{"invalid"}, Clean: []string{"DROP"}}},
	}
	for shows, want := range map[string]Reached{
		"none":      {Known: true},
		"half":      {Known: true, Done: 1},
		"whole":     {Known: true, Done: 2},
		"half back": {Known: true, Undone: 1},
		"invalid":   {Known: true, Broken: &a.Broken[0]},
		"another":   {},
	} {
		if got := a.Reached([]string{shows}); got != want {
			t.Errorf("%s: %+v, want %+v", shows, got, want)
		}
	}
}

func TestActLooksAtItsObjects(t *testing.T) {
	a := Act{Sees: []schema.Object{{Kind: schema.IndexObject, Name: "i"}, {Kind: schema.IndexComment, Name: "i"}, {Kind: schema.ColumnObject, Name: "c"}}}
	none, some := a.Looks(&schema.Table{}), a.Looks(&schema.Table{Indexes: []schema.Index{{Name: "i", Comment: "x"}}, Columns: []schema.Column{{Name: "c"}}})
	for i := range none {
		if none[i] == some[i] || !strings.HasPrefix(none[i], "no ") {
			t.Errorf("%q there, %q not there", some[i], none[i])
		}
	}
}

// What the server writes otherwise is the same to the act, and is known from the table.
func TestActKnowsAnotherSpelling(t *testing.T) {
	object := schema.Object{Kind: schema.ConstraintObject, Name: "c"}
	with := func(definition string) *schema.Table {
		return &schema.Table{Ident: schema.Ident{Name: "t"}, Constraints: []schema.Constraint{{Name: "c", Definition: definition}}}
	}
	a := Act{Sees: []schema.Object{object}, Otherwise: &Spelling{First: "CHECK (a)", Again: "CHECK (b)"}}
	a.Before = a.Looks(with("CHECK (a)"))
	for definition, want := range map[string]bool{"CHECK (a)": true, "CHECK (b)": true, "CHECK (c)": false} {
		if got := a.Reached(a.Looks(with(definition))); got.Known != want {
			t.Errorf("%s: %+v", definition, got)
		}
	}
	p := Plan{Phases: []Phase{{Steps: []Step{{Table: schema.Ident{Name: "t"}, Act: &a}}}}}
	if p.saidOtherwise(with("CHECK (a)")) || !p.saidOtherwise(with("CHECK (b)")) {
		t.Error("the other spelling isn't told from the plan's")
	}
}

func TestNativeOperationsSayWhatIsWrong(t *testing.T) {
	for in, text := range map[string]string{
		"create_index: {table: t, name: i, columns: []}":                           "at least one",
		"create_index: {table: t, name: i, columns: a}":                            "wants a list",
		"create_index: {table: t, name: i, columns: [{column: a, expression: b}]}": "a column or an expression",
		"create_index: {table: t, name: i, columns: [{column: a, nulls: middle}]}": "middle",
		"create_index: {table: t, name: i, columns: [a], nulls_equal: true}":       "unique",
		"drop_index: {table: t}":         "name is needed",
		"add_check: {table: t, name: c}": "check is needed",
		"add_foreign_key: {table: t, name: f, columns: [a, b], references: {table: p, columns: [x]}}":                 "as many",
		"add_foreign_key: {table: t, name: f, columns: [a], references: {table: p, columns: [x]}, on_delete: vanish}": "vanish",
		"add_unique: {table: t, name: u}":                                      "at least one",
		"add_primary_key: {table: t, columns: [a]}":                            "name is needed",
		"rename_constraint: {table: t, from: a, to: a}":                        "both",
		"add_column: {table: t, name: c, type: int, default: 1, generated: a}": "exclude",
		"add_column: {table: t, name: c, type: int, stored: true}":             "is generated",
		"set_default: {table: t, column: c}":                                   "default is needed",
		"set_comment: {table: t, column: c, index: i, comment: x}":             "one column",
		"replace_index: {table: t, name: i, columns: []}":                      "at least one",
		"set_replica_identity: {table: t, identity: full, index: i}":           "either",
		"set_replica_identity: {table: t, identity: all}":                      "all",
		"create_trigger: {table: t, name: g, fires: BEFORE UPDATE}":            "function is needed",
		"set_trigger: {table: t, name: g, fires: sometimes}":                   "sometimes",
		"add_enum_value: {type: t, value: a, before: b, after: c}":             "exclude",
		"rename_enum_value: {type: t, from: a, to: a}":                         "both",
	} {
		_, err := ParseChange([]byte("name: x\noperations:\n  - " + in))
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q in it", in, err, text)
		}
	}
}
