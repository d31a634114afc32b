package plans_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/dialect/mysql"
	"github.com/phasemig/phasemig/dialect/postgres"
	"github.com/phasemig/phasemig/plans"
)

var update = flag.Bool("update", false, "write the plans of the golden files anew")

// TestGoldenPlans: the same change and the same facts give the same bytes, today as when the file was made. The facts come from real servers, by
// go test ./integration -run 'TestGolden$' -update.
func TestGoldenPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("golden files: %d, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { golden(t, path) })
	}
}

// TestExplain: of the ways that are considered one is the plan's, or one for each thing that it does in a way of its own, and every one has its reason.
func TestExplain(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c, f := inputOf(t, a)
			rules := plannerOf(f.Dialect).Rules
			p, err := plans.Build(c, f, rules)
			if err != nil {
				t.Fatal(err)
			}
			chosen := map[string]int{}
			for _, w := range plans.Explain(c, f, rules, p) {
				if w.Because == "" || strings.Contains(w.Instead, "auto") {
					t.Errorf("%+v", w)
				}
				chosen[w.Of] += map[bool]int{true: 1}[w.Chosen]
				if w.Chosen && w.Of == "" && !strings.HasPrefix(w.Way, p.Strategy) {
					t.Errorf("%s is said to be chosen, the plan goes %s", w.Way, p.Strategy)
				}
			}
			for of, n := range chosen {
				if n != 1 {
					t.Errorf("%s: %d ways are said to be chosen", of, n)
				}
			}
		})
	}
}

// TestExplainSays what stands against the other ways, where servers differ.
func TestExplainSays(t *testing.T) {
	for file, want := range map[string][]string{
		"mysql-create-index":                  {"native, by metadata alone", "an index is built", "the table is small", "it costs more"},
		"mariadb-rename-column":               {"old and new code run side by side"},
		"postgres18-partition-by-hash":        {"no way of its own", "no way but a copy"},
		"postgres18-drop-unique":              {"in steps that keep nobody waiting"},
		"postgres18-copies-of-several-tables": {"{parts shadow true it was asked for", "{orders shadow true there is no way but a copy", "{parts native, while writes may wait false"},
		"mysql-copy-beside-other-ways":        {"{parts.n sync true", "{orders shadow true", "{invoices, create_table native true"},
	} {
		a, err := txtar.ParseFile("testdata/golden/" + file + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		c, f := inputOf(t, a)
		p, err := plans.Build(c, f, plannerOf(f.Dialect).Rules)
		if err != nil {
			t.Fatal(err)
		}
		said := fmt.Sprint(plans.Explain(c, f, plannerOf(f.Dialect).Rules, p))
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s: %q is not in %s", file, w, said)
			}
		}
	}
}

func golden(t *testing.T, path string) {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := planOf(t, a)
	if again := planOf(t, a); !bytes.Equal(first, again) {
		t.Fatal("two plans of the same change and the same facts differ")
	}
	at := fileOf(t, a, "plan.json")
	if *update {
		at.Data = first
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first, at.Data) {
		t.Errorf("the plan is another one than in %s; if that is meant: go test ./plans -run TestGoldenPlans -update, and look at the difference\n%s", path, firstDifference(string(at.Data), string(first)))
	}
}

// planOf makes the plan as the command does from a file of facts.
func planOf(t *testing.T, a *txtar.Archive) []byte {
	t.Helper()
	c, f := inputOf(t, a)
	p, err := plans.Build(c, f, plannerOf(f.Dialect).Rules)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func inputOf(t *testing.T, a *txtar.Archive) (plans.Change, *plans.Facts) {
	t.Helper()
	c, err := plans.ParseChange(fileOf(t, a, "change.yaml").Data)
	if err != nil {
		t.Fatal(err)
	}
	f, err := plans.DecodeFacts(fileOf(t, a, "facts.json").Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Match(c); err != nil {
		t.Fatal(err)
	}
	return c, f
}

func plannerOf(name string) dialect.Planner {
	if name == postgres.Name {
		return postgres.Planner()
	}
	return mysql.Planner()
}

func fileOf(t *testing.T, a *txtar.Archive, name string) *txtar.File {
	t.Helper()
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "- " + a[i] + "\n+ " + b[i]
		}
	}
	return "one is longer than the other"
}
