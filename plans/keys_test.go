package plans

import (
	"strings"
	"testing"
)

// TestUnknownKeys: a misspelt key is an error by its place, wherever it stands.
func TestUnknownKeys(t *testing.T) {
	for text, want := range map[string]string{
		"name: a\noperations:\n  - raname_column: {table: t}": `line 3, column 5: unknown key "raname_column"; did you mean "rename_column"?`,
		"name: a\noperations:\n  - rename_column: {tabel: t}": `line 3, column 21: unknown key "tabel"; did you mean "table"?`,
		"nmae: a\noperations: []":                             `line 1, column 1: unknown key "nmae"; did you mean "name"?`,
		"name: a\nfrobnicate: 1":                              `line 2, column 1: unknown key "frobnicate"`,
		"name: a\noperations:\n  - create_index: {table: t, name: i, columns: [{column: b, descendin: true}]}": `unknown key "descendin"; did you mean "descending"?`,
		"name: a\noperations:\n  - split_column: {table: t, column: c, into: {d: {typ: text, up: c}}}":         `unknown key "typ"; did you mean "type"?`,
		`{"name": "a", "operations": [{"set_default": {"table": "t", "colum": "c"}}]}`:                         `line 1, column 61: unknown key "colum"; did you mean "column"?`,
	} {
		_, err := ParseChange([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
		if err != nil && strings.HasSuffix(want, `"frobnicate"`) && strings.Contains(err.Error(), "mean") {
			t.Errorf("nothing is near: %v", err)
		}
	}
	good := "name: a\noperations:\n  - split_column: {table: t, column: c, into: {d: c, e: {type: text, up: c}}, down: d}\ngates:\n  switch: [canary: {anything: 1}, soak]\n"
	if _, err := ParseChange([]byte(good)); err != nil {
		t.Error(err)
	}
}
