package integration

import (
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

var update = flag.Bool("update", false, "run the whole catalog and write docs/catalog.md anew, as far as it was run")

// TestCatalog takes every operation there under writes, compares the end with what the server does at once, and goes back from every phase to
// what was before it; what a server has no safe way for is refused with the reason. The committed page says the same. The short form samples.
func TestCatalog(t *testing.T) {
	beside(t)
	page := readCatalog(t)
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		for n, c := range wholeCatalog(k) {
			if long() || *update || inShort(k, c, n) {
				t.Run(c.name, func(t *testing.T) { page.note(t, k, c, c.outcome(t, k)) })
			}
		}
	})
	if *update {
		page.write(t)
	}
}

// inShort chooses the cases of the short form.
func inShort(k throwaway.Kind, c recipeCase, n int) bool {
	switch k {
	case throwaway.Postgres18:
		return c.since18 || n%12 == 0
	case throwaway.Postgres15:
		return c.refused != ""
	case throwaway.MySQL:
		return n%20 == 1
	}
	return n%20 == 8
}

// TestCatalogIsWhole: an operation of the schema that some server neither does nor refuses by name is a gap, and so is one that the committed page
// doesn't have.
func TestCatalogIsWhole(t *testing.T) {
	known := changeOperations(t)
	page := readCatalog(t)
	for _, k := range throwaway.Kinds() {
		have := map[string]bool{}
		for _, c := range wholeCatalog(k) {
			for _, o := range c.kinds(t) {
				have[o] = true
			}
			if page.cell(c.key(t), k) == "" {
				t.Errorf("docs/catalog.md has nothing of %s on %s: go test ./integration -run 'TestCatalog$' -update", c.key(t), k)
			}
		}
		if got := slices.Sorted(maps.Keys(have)); !slices.Equal(got, known) {
			t.Errorf("%s: the catalog has %v\nthe schema of change files %v", k, got, known)
		}
	}
}

// changeOperations are those that the published schema has.
func changeOperations(t *testing.T) []string {
	t.Helper()
	var root struct {
		Defs struct {
			Operation struct {
				Properties map[string]any `json:"properties"`
			} `json:"operation"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(plans.ChangeSchema(), &root); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(root.Defs.Operation.Properties))
}

// kinds are the operations that a case is made of.
func (c recipeCase) kinds(t *testing.T) []string {
	t.Helper()
	ch, err := plans.ParseChange([]byte("name: a\noperations:\n" + c.operations))
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	var out []string
	for _, o := range ch.Operations {
		b, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var set map[string]any
		if err := json.Unmarshal(b, &set); err != nil {
			t.Fatal(err)
		}
		for kind := range set {
			if !slices.Contains(out, kind) {
				out = append(out, kind)
			}
		}
	}
	return out
}

func (c recipeCase) key(t *testing.T) catalogKey {
	t.Helper()
	return catalogKey{strings.Join(c.kinds(t), ", "), c.name}
}

// outcome is what became of a case on a server.
type outcome struct {
	strategy     string
	back         []plans.PhaseName
	why, instead string // where it is refused
}

func (c recipeCase) outcome(t *testing.T, k throwaway.Kind) outcome {
	t.Helper()
	if c.refused != "" {
		return c.refusal(t, k)
	}
	x := newKitchen(t, k, c)
	x.lints()
	return outcome{strategy: x.plan.Strategy, back: x.life()}
}

// refusal: the plan is refused with the reason, and nothing is changed by asking for it.
func (c recipeCase) refusal(t *testing.T, k throwaway.Kind) outcome {
	t.Helper()
	x := openKitchen(t, k, c)
	_, err := x.build(c.operations)
	x.same("after a plan that was refused", x.start)
	var refused *plans.RefusedError
	var input *plans.InputError
	var out outcome
	switch {
	case errors.As(err, &refused):
		out = outcome{why: refused.Reason, instead: refused.Hint}
	case errors.As(err, &input):
		out = outcome{why: input.Reason, instead: input.Hint}
	default:
		t.Fatalf("it is not refused: %v", err)
	}
	if !strings.Contains(out.why, c.refused) {
		t.Fatalf("refused for %q, want %q in it", out.why, c.refused)
	}
	return out
}

// cell is the outcome as the page has it.
func (o outcome) cell() string {
	if o.why != "" {
		return "refused"
	}
	var back []string
	for _, n := range o.back {
		back = append(back, string(n))
	}
	if len(back) == 0 {
		return o.strategy + ", no way back"
	}
	return o.strategy + ", back from " + strings.Join(back, ", ")
}
