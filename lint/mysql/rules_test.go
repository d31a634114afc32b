package mysql

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/phasemig/phasemig/lint/linttest"
)

func TestExamples(t *testing.T)        { linttest.Examples(t, Dialect()) }
func TestExamplesMariaDB(t *testing.T) { linttest.Examples(t, MariaDB()) }

// TestList: every rule that is written in a rule_*.go file is in a list, once.
func TestList(t *testing.T) {
	files, err := filepath.Glob("rule_*.go")
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`ID: +"([\w-]+)"`)
	var listed []string
	for _, r := range append(rules(false), rules(true)...) {
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

func TestGrammar(t *testing.T)        { linttest.Grammar(t, Dialect(), "testdata/grammar.txt") }
func TestGrammarMariaDB(t *testing.T) { linttest.Grammar(t, MariaDB(), "testdata/mariadb.txt") }

func TestFixtures(t *testing.T)        { linttest.Fixtures(t, Dialect(), "testdata/mysql") }
func TestFixturesMariaDB(t *testing.T) { linttest.Fixtures(t, MariaDB(), "testdata/mariadb") }
