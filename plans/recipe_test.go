package plans

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/schema"
)

// Every state of an act is told apart, and what it doesn't know is nobody's.
func TestActReached(t *testing.T) {
	a := Act{
		Before: []string{"none"}, After: [][]string{{"half"}, {"whole"}}, Back: []string{"none, said otherwise"}, Undone: [][]string{{"half back"}},
		Broken: []Broken{{Shows: []string{"invalid"}, Clean: []string{"DROP"}}},
	}
	for shows, want := range map[string]Reached{
		"none":                 {Known: true},
		"none, said otherwise": {Known: true},
		"half":                 {Known: true, Done: 1},
		"whole":                {Known: true, Done: 2},
		"half back":            {Known: true, Undone: 1},
		"invalid":              {Known: true, Broken: &a.Broken[0]},
		"another":              {},
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
		"set_default: {table: t, column: c}":                                   "default is needed",
		"set_comment: {table: t, column: c, index: i, comment: x}":             "one column",
	} {
		_, err := ParseChange([]byte("name: x\noperations:\n  - " + in))
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q in it", in, err, text)
		}
	}
}
