package integration

import (
	"net/url"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// Trap 28: readers of a replica see an empty column although the primary is done.
// Gates carry the position of the last change, and a replica that hasn't applied
// it keeps the switch shut. And a replica is no place to run a plan on.
func TestTrap28ReplicaReaders(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		primary := dbtest.Start(t, k, throwaway.Options{})
		replica := dbtest.Start(t, k, throwaway.Options{ReplicaOf: primary})
		s := newReplicated(t, k, primary)
		name := "reader=" + replica.DSN(databaseOf(t, s.dsn))
		must := func(exit int, args ...string) called {
			t.Helper()
			return s.home.must(exit, append(args, "--replica", name)...)
		}
		s.home.must(3, "apply", "plan.json", "--phase", "expand").says(t, "reader") // no address: it can't be asked
		must(0, "apply", "plan.json", "--phase", "expand")
		if err := primary.CatchUp(t.Context(), replica); err != nil {
			t.Fatal(err)
		}
		dbtest.Exec(t, replica.DSN(maintenance(k)), stopApply(k))
		s.exec("UPDATE users SET full_name = 'last' WHERE id = 1")
		if got := dbtest.Query(t, replica.DSN(databaseOf(t, s.dsn)), "SELECT full_name FROM users WHERE id = 1")[0][0]; got == "last" {
			t.Fatal("the replica wasn't stopped: the test proves nothing")
		}
		must(3, "apply", "plan.json", "--phase", "switch").says(t, "reader", "has not applied")
		dbtest.Exec(t, replica.DSN(maintenance(k)), startApply(k))
		if err := primary.CatchUp(t.Context(), replica); err != nil {
			t.Fatal(err)
		}
		must(0, "apply", "plan.json", "--phase", "switch")

		onReplica := s.home.with("PHASEMIG_DSN=" + replica.DSN(databaseOf(t, s.dsn)))
		if c := onReplica.call("plan", "--change", "change.yaml"); c.exit != 9 || !strings.Contains(c.stderr, on(k, "read-only", "in recovery")) {
			t.Fatalf("a plan for a read-only server: exit %d\n%s", c.exit, c.stderr)
		}

		// A failover in mid-run: the state came along, but what it says was true of
		// another server, which may have known more.
		dbtest.Exec(t, replica.DSN(maintenance(k)), promote(k)...)
		onReplica.must(5, "apply", "plan.json", "--phase", "contract").says(t, "another server")
		onReplica.must(5, "rollback", "plan.json").says(t, "another server")
	})
}

// promote makes a primary of a replica.
func promote(k throwaway.Kind) []string {
	switch k {
	case throwaway.MySQL:
		return []string{"STOP REPLICA", "RESET REPLICA ALL", "SET GLOBAL super_read_only = OFF", "SET GLOBAL read_only = OFF"}
	case throwaway.MariaDB:
		return []string{"STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = OFF"}
	}
	return []string{"SELECT pg_promote(true, 60)"}
}

func newReplicated(t *testing.T, k throwaway.Kind, primary *throwaway.Server) *subject {
	t.Helper()
	s := &subject{t: t, kind: k, dsn: dbtest.DatabaseOn(t, primary)}
	s.db = dbtest.DB(t, s.dsn)
	s.home = newHome(t, s.dsn)
	s.exec("CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users "+numbered(500, "'name'"))
	s.home.write("change.yaml", "name: replicated\nreplicas: [reader]\noperations:\n"+renameUsers)
	s.home.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
	return s
}

func databaseOf(t *testing.T, dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

func maintenance(k throwaway.Kind) string { return on(k, "", "postgres") }

func stopApply(k throwaway.Kind) string {
	switch k {
	case throwaway.MySQL:
		return "STOP REPLICA SQL_THREAD"
	case throwaway.MariaDB:
		return "STOP SLAVE SQL_THREAD"
	}
	return "SELECT pg_wal_replay_pause()"
}

func startApply(k throwaway.Kind) string {
	switch k {
	case throwaway.MySQL:
		return "START REPLICA SQL_THREAD"
	case throwaway.MariaDB:
		return "START SLAVE SQL_THREAD"
	}
	return "SELECT pg_wal_replay_resume()"
}
