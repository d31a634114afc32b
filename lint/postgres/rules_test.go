package postgres

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/phasemig/phasemig/lint/linttest"
)

func TestExamples(t *testing.T) { linttest.Examples(t, Dialect()) }

// TestList: every rule that is written in a rule_*.go file is in the list, once.
func TestList(t *testing.T) {
	files, err := filepath.Glob("rule_*.go")
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`ID: +"([\w-]+)"`)
	var listed []string
	for _, r := range Dialect().Rules {
		if slices.Contains(listed, r.ID) {
			t.Errorf("%s is listed twice", r.ID)
		}
		listed = append(listed, r.ID)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range id.FindAllStringSubmatch(string(b), -1) {
			if !slices.Contains(listed, m[1]) {
				t.Errorf("%s: %s isn't in rules.go", f, m[1])
			}
		}
	}
}

func TestGrammar(t *testing.T) { linttest.Grammar(t, Dialect(), "testdata/grammar.txt") }

func TestFixtures(t *testing.T) { linttest.Fixtures(t, Dialect(), "testdata/postgres") }
