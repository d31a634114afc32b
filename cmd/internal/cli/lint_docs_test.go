package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/phasemig/phasemig/lint/report"
)

// TestRuleDocs: docs/rules says what the rules say. -update writes it anew.
func TestRuleDocs(t *testing.T) {
	root := filepath.Join("..", "..", "..", "docs", "rules")
	for _, d := range lintDialects() {
		want := map[string]string{"README.md": report.Index(d)}
		for _, r := range d.Rules {
			want[r.ID+".md"] = report.Explain(d, r)
		}
		dir := filepath.Join(root, d.Name)
		if *update {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for name, text := range want {
			path := filepath.Join(dir, name)
			if *update {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != text {
				t.Errorf("%s is not what the rule says (%v): go test ./cmd/internal/cli -run RuleDocs -update", path, err)
			}
		}
		have, err := filepath.Glob(filepath.Join(dir, "*.md"))
		if err != nil || len(have) != len(want) {
			t.Errorf("%s: %d pages, wanted %d (%v)", dir, len(have), len(want), err)
		}
	}
}
