package pipeline

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// example is a plan with SQL that would break out of a template.
func example() *plans.Plan {
	users := schema.Ident{Schema: "public", Name: "users"}
	p := &plans.Plan{
		Format: plans.Format, Name: "Users.display_name", ID: "0123456789ab", Dialect: "postgres", Strategy: "sync", Replicas: plans.Replicas{"none"},
		Operations: []plans.Operation{{RenameColumn: &plans.RenameColumn{Table: "users", From: "full_name", To: "display_name"}}},
		Phases: []plans.Phase{
			{Name: plans.Expand, Reversible: true, Steps: []plans.Step{{ID: "expand.1.add_columns", Kind: plans.AddColumns, Table: users,
				SQL: []string{"ALTER TABLE users ADD COLUMN display_name text DEFAULT '${x}: {{y}}\n---\n- \"z\" # %'"}}}},
			{Name: plans.Switch, Reversible: true},
			{Name: plans.Contract, Gates: []plans.GateRef{{Kind: "approval"}}, Steps: []plans.Step{{ID: "contract.1.drop", Kind: plans.Drop, Table: users}}},
		},
	}
	p.Hash = p.ComputeHash()
	return p
}

func generate(t *testing.T, orchestrator string) []File {
	t.Helper()
	list, err := Generate(orchestrator, example(), Options{App: "shop", Image: "registry.example/phasemig:1.2"})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestGolden: the manifests are those of testdata, byte for byte, each time.
func TestGolden(t *testing.T) {
	for _, o := range Orchestrators() {
		known := map[string]bool{}
		for _, f := range generate(t, o) {
			path := filepath.Join("testdata", o, f.Name)
			known[f.Name] = true
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(f.Text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || string(want) != f.Text {
				t.Errorf("%s: %v; it differs from the golden file; -update writes it anew", path, err)
			}
		}
		entries, err := os.ReadDir(filepath.Join("testdata", o))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !known[e.Name()] {
				t.Errorf("testdata/%s/%s is made no more", o, e.Name())
			}
		}
	}
}

// TestOldInstances: who generates for a plan whose contract would be refused is told so.
func TestOldInstances(t *testing.T) {
	for _, gated := range []bool{false, true} {
		p := example()
		if gated {
			p.Phases[2].Gates = append(p.Phases[2].Gates, plans.GateRef{Kind: "old_instances_gone"})
			p.Hash = p.ComputeHash()
		}
		for _, o := range Orchestrators() {
			list, err := Generate(o, p, Options{Image: "i"})
			if err != nil {
				t.Fatal(err)
			}
			told, account := false, false
			for _, f := range list {
				told = told || strings.Contains(f.Text, "--old-instances-gone REASON")
				account = account || strings.Contains(f.Text, "automountServiceAccountToken: true") || strings.Contains(f.Text, `"automountServiceAccountToken": true`)
			}
			if told == gated || account != (gated && o != "github-actions") {
				t.Errorf("%s, gate %v: told %v, service account %v", o, gated, told, account)
			}
		}
	}
}

func TestDeterministic(t *testing.T) {
	for _, o := range Orchestrators() {
		first := fmt.Sprint(generate(t, o))
		for range 20 {
			if fmt.Sprint(generate(t, o)) != first {
				t.Fatalf("%s: two calls differ", o)
			}
		}
	}
}

// TestRefused: what is no name doesn't get into a manifest.
func TestRefused(t *testing.T) {
	named := func(name, id string) *plans.Plan { p := example(); p.Name, p.ID = name, id; return p }
	for what, c := range map[string]struct {
		orchestrator string
		plan         *plans.Plan
		options      Options
	}{
		"unknown":    {"jenkins", example(), Options{Image: "i"}},
		"plan name":  {"argo-cd", named("x\nspec: {}", "0123456789ab"), Options{Image: "i"}},
		"plan id":    {"argo-cd", named("x", "../../etc"), Options{Image: "i"}},
		"app":        {"argo-cd", example(), Options{Image: "i", App: "a b"}},
		"image":      {"argo-cd", example(), Options{Image: "i\n"}},
		"account":    {"spinnaker", example(), Options{Image: "i", Account: "${x}"}},
		"serve":      {"flagger", example(), Options{Image: "i", Serve: "file:///etc/passwd"}},
		"plan file":  {"github-actions", example(), Options{PlanFile: "$(id)"}},
		"version":    {"github-actions", example(), Options{Version: "${{ secrets.X }}"}},
		"deadline":   {"argo-cd", example(), Options{Image: "i", Wait: time.Hour, Deadline: time.Hour}},
		"wait":       {"argo-cd", example(), Options{Image: "i", Wait: -1}},
		"large plan": {"argo-cd", large(), Options{Image: "i"}},
	} {
		if list, err := Generate(c.orchestrator, c.plan, c.options); err == nil || list != nil {
			t.Errorf("%s: %v, %v", what, list, err)
		}
	}
	for _, o := range Orchestrators() {
		_, err := Generate(o, example(), Options{})
		if needed := o != "github-actions"; errors.Is(err, ErrImage) != needed {
			t.Errorf("%s without an image: %v", o, err)
		}
	}
}

func large() *plans.Plan {
	p := example()
	p.Notes = []string{strings.Repeat("x", 1<<20)}
	return p
}

func TestLabel(t *testing.T) {
	for name, want := range map[string]string{"Users.display_name": "users-display-name-0123456789ab", strings.Repeat("a", 29) + ".b": strings.Repeat("a", 29) + "-0123456789ab"} {
		if got := label(name, "0123456789ab"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
