package arch

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/state"
)

var edge = regexp.MustCompile(`^\s*([a-z_]+) --> ([a-z_]+)`)

// TestDiagramOfARun: the diagram in ARCHITECTURE.md draws exactly the transitions
// of the code.
func TestDiagramOfARun(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(text), "```mermaid\nstateDiagram-v2\n")
	if !ok {
		t.Fatal("ARCHITECTURE.md has no mermaid block of kind stateDiagram-v2")
	}
	block, _, _ = strings.Cut(block, "```")
	drawn := map[string]bool{}
	for _, l := range strings.Split(block, "\n") {
		if m := edge.FindStringSubmatch(l); m != nil {
			drawn[m[1]+" --> "+m[2]] = true
		}
	}
	coded := map[string]bool{}
	for from, list := range state.Transitions() {
		for _, to := range list {
			coded[string(from)+" --> "+string(to)] = true
		}
	}
	for _, e := range slices.Sorted(maps.Keys(coded)) {
		if !drawn[e] {
			t.Errorf("not drawn: %s", e)
		}
	}
	for _, e := range slices.Sorted(maps.Keys(drawn)) {
		if !coded[e] {
			t.Errorf("drawn, and not in the code: %s", e)
		}
	}
}
