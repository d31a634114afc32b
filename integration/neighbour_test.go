package integration

import (
	"encoding/json"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// TestSamePlanInTwoDatabases: slots and origins belong to a whole server, and one plan is carried out in two of its
// databases at once, there and back and to the end. Neither takes away what the other reads from.
func TestSamePlanInTwoDatabases(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.Postgres15, throwaway.Postgres18} {
		if !sampled(k) {
			continue
		}
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			left, right := newWidened(t, k), newWidened(t, k)
			if left.plan.ID != right.plan.ID {
				t.Fatalf("plans %s and %s are not the same", left.plan.ID, right.plan.ID)
			}
			both := []*subject{left, right}
			together(both, "apply", "plan.json", "--phase", "expand", "--max-rate", "3000", "--chunk-rows", "100")
			for _, s := range both {
				s.exec("UPDATE items SET n = 2 WHERE id = 7")
			}
			together(both, "apply", "plan.json", "--phase", "switch")
			for _, s := range both {
				s.want("SELECT format('%s %s', pg_typeof(n), n) FROM items WHERE id = 7", "bigint 2")
				s.exec("UPDATE items SET n = 3 WHERE id = 8")
			}
			left.home.must(0, "rollback", "plan.json")
			left.want("SELECT format('%s %s', pg_typeof(n), n) FROM items WHERE id = 8", "integer 3")
			left.home.must(0, "rollback", "plan.json") // of expand, too
			left.want(logsLeft, "")
			right.exec("UPDATE items SET n = 4 WHERE id = 8")
			right.apply(0, "contract")
			right.want("SELECT format('%s %s', pg_typeof(n), n) FROM items WHERE id = 8", "bigint 4")
			right.want(logsLeft, "")
		})
	}
}

// newWidened has a number widened on a shadow.
func newWidened(t *testing.T, k throwaway.Kind) *subject {
	t.Helper()
	s := &subject{t: t, kind: k, dsn: dbtest.Database(t, k)}
	s.home = newHome(t, s.dsn)
	s.exec("CREATE TABLE items (id int PRIMARY KEY, n int NOT NULL)", "INSERT INTO items "+numbered(3000, "1"))
	s.home.must(0, onShadow("ALTER COLUMN n TYPE bigint")...)
	if err := json.Unmarshal([]byte(s.home.read("plan.json")), &s.plan); err != nil {
		t.Fatal(err)
	}
	return s
}

// logsLeft is what a run has outside of schemas.
const logsLeft = `SELECT slot_name FROM pg_replication_slots WHERE database = current_database() UNION ALL SELECT pubname FROM pg_publication
	UNION ALL SELECT roname FROM pg_replication_origin WHERE roname LIKE '%\_' || (SELECT oid FROM pg_database WHERE datname = current_database()) || '\_%'`

// together makes the same call in each one's place at once.
func together(all []*subject, args ...string) {
	running := make([]*process, len(all))
	for i, s := range all {
		s.t.Helper()
		running[i] = s.home.start(args...)
	}
	for i, p := range running {
		p.wait().want(all[i].t, 0)
	}
}
