package integration

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// recipePoints are the failpoints that a recipe comes by.
func recipePoints() []string {
	others := []string{"engine.run_created", "step.locked"} // once a run; a statement has a transaction of its own
	return slices.DeleteFunc(fault.Points(), func(p string) bool {
		return slices.Contains(others, p) || slices.ContainsFunc([]string{"shadow.", "backfill.", "verify."}, func(s string) bool { return strings.HasPrefix(p, s) })
	})
}

// TestCrashRecipe kills the program at every failpoint of a recipe, there and back, and calls again each time; in the short form all
// points are armed at once.
func TestCrashRecipe(t *testing.T) {
	beside(t)
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		lives, hits := [][]string{recipePoints()}, 2
		if long() {
			lives, hits = nil, 6
			for _, p := range recipePoints() {
				lives = append(lives, []string{p})
			}
		}
		died := map[string]int{}
		for _, points := range lives {
			for hit := 1; hit <= hits; hit++ {
				crashRecipe(t, k, points, hit, died)
			}
		}
		t.Logf("killed at %v", died)
		for _, p := range recipePoints() {
			if died[p] == 0 {
				t.Errorf("the program never died at %s", p)
			}
		}
	})
}

const crashOperations = "  - create_index: {table: orders, name: orders_total_idx, columns: [total]}\n  - add_primary_key: {table: orders, name: orders_pkey, columns: [email, ref]}\n  - add_check: {table: orders, name: orders_total, check: total >= 0}\n" +
	"  - drop_index: {table: orders, name: orders_status_idx}\n  - drop_constraint: {table: orders, name: orders_team}\n"

// newMortalRecipe plans the operations by the program.
func newMortalRecipe(t *testing.T, x *kitchen, operations string, died map[string]int) (*mortalRecipe, plans.Plan) {
	t.Helper()
	m := &mortalRecipe{kitchen: x, home: newHome(t, x.dsn), died: died}
	m.home.write("change.yaml", "name: crash\noperations:\n"+operations)
	m.home.must(0, "plan", "--change", "change.yaml", "--gates", "none", "-o", "plan.json")
	var p plans.Plan
	if err := json.Unmarshal([]byte(m.home.read("plan.json")), &p); err != nil {
		t.Fatal(err)
	}
	return m, p
}

func crashRecipe(t *testing.T, k throwaway.Kind, points []string, hit int, died map[string]int) {
	t.Helper()
	c := recipeCase{create: []string{"CREATE INDEX orders_status_idx ON orders (status)", "COMMENT ON INDEX orders_status_idx IS 'old'", "ALTER TABLE orders ADD CONSTRAINT orders_team FOREIGN KEY (team_id) REFERENCES teams"},
		operations: crashOperations, direct: []string{"CREATE INDEX orders_total_idx ON orders (total)", "ALTER TABLE orders ADD PRIMARY KEY (email, ref)", "ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0)", "DROP INDEX orders_status_idx", "ALTER TABLE orders DROP CONSTRAINT orders_team"}}
	x := newKitchen(t, k, c)
	m, p := newMortalRecipe(t, x, crashOperations, died)
	stop := x.write(ordersWriter)
	defer stop()
	expand := []string{"apply", "plan.json", "--phase", "expand"}
	m.leaveInvalid(expand)
	m.through(points, hit, expand...)
	m.through(points, hit, "rollback", p.ID)
	x.same("rollback of expand", x.start)
	m.through(points, hit, expand...)
	m.home.must(0, "apply", "plan.json", "--phase", "switch")
	m.through(points, hit, "apply", "plan.json", "--phase", "contract")
	stop()
	x.same("the end", x.direct())
}

// mortalRecipe is a program that dies.
type mortalRecipe struct {
	*kitchen
	home *home
	died map[string]int
}

// leaveInvalid has the build give up, so that there is something to clean.
func (m *mortalRecipe) leaveInvalid(args []string) {
	m.t.Helper()
	tx := m.hold("UPDATE orders SET total = 1 WHERE id = 1")
	m.home.must(75, append(slices.Clone(args), "--lock-budget", "1500ms", "--lock-wait", "100ms")...)
	if err := tx.Rollback(); err != nil {
		m.t.Fatal(err)
	}
}

// through calls until a call doesn't die. Each point kills once.
func (m *mortalRecipe) through(points []string, hit int, args ...string) {
	m.t.Helper()
	armed := slices.Clone(points)
	for {
		var spec []string
		for _, p := range armed {
			spec = append(spec, fmt.Sprintf("%s=kill@%d", p, hit))
		}
		r := m.home.with("PHASEMIG_FAULT=" + strings.Join(spec, ",")).call(args...)
		switch {
		case r.signal == syscall.SIGKILL:
			_, point, _ := strings.Cut(r.stderr, fault.KilledAt)
			point = strings.TrimSpace(point)
			m.died[point]++
			armed = slices.DeleteFunc(armed, func(p string) bool { return p == point })
		case r.exit == 0:
			return
		case r.exit != 6 && r.exit != 75: // the lease of one that died is free after a moment
			m.t.Fatalf("after dying at %v: phasemig %v: exit %d\n%s%s", m.died, args, r.exit, r.stdout, r.stderr)
		}
	}
}
