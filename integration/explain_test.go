package integration

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// TestPlanExplain: the ways that were considered are shown for the terminal and for a pull request, and the plan is the same with and without.
func TestPlanExplain(t *testing.T) {
	for k, change := range map[throwaway.Kind]string{throwaway.Postgres18: "change_type: {table: orders, column: total, type: bigint}", throwaway.MySQL: "create_index: {table: orders, name: orders_email, columns: [email]}"} {
		t.Run(string(k), func(t *testing.T) {
			dsn := dbtest.Database(t, k)
			dbtest.Exec(t, dsn, tablesOf(k)...)
			if k.IsPostgres() {
				dbtest.Exec(t, dsn, orderKey)
			}
			h := newHome(t, dsn)
			h.write("change.yaml", "name: explained\nreplicas: none\noperations:\n  - "+change+"\n")
			h.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
			plain := h.read("plan.json")
			text := h.must(0, "plan", "--change", "change.yaml", "--explain", "-o", "plan.json").stdout
			if h.read("plan.json") != plain {
				t.Error("--explain makes another plan")
			}
			shows(t, text, "WAYS", "  + ", "  - native", "  - s", "because", "TIMELINE")
			shows(t, h.must(0, "plan", "--change", "change.yaml", "--explain", "--format", "markdown").stdout, "### Ways considered", "| **yes** |", "```mermaid\ntimeline\n    section expand")
			h.must(64, "plan", "--change", "change.yaml", "--explain", "--format", "json").says(t, "--explain")
		})
	}
}

func shows(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in:\n%s", w, text)
		}
	}
}
