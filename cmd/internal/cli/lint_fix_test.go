package cli

import (
	"slices"
	"testing"

	"github.com/phasemig/phasemig/lint"
)

// TestFixesOverlap: fixes that write the same place would spoil each other.
func TestFixesOverlap(t *testing.T) {
	f := &lint.File{Path: "a.sql"}
	res := &lint.Result{}
	for _, x := range []lint.Fix{{Start: 20, End: 25, Text: "d"}, {Start: 5, End: 10, Text: "a"}, {Start: 8, End: 12, Text: "b"}, {Start: 10, End: 10, Text: "c"}, {Start: 5, End: 6, Text: "a again"}} {
		res.Findings = append(res.Findings, lint.Finding{File: "a.sql", Fix: &x})
	}
	var got []string
	for _, x := range fixesOf(res, f) {
		got = append(got, x.Text)
	}
	if want := []string{"a", "c", "d"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
