package integration

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// A replica that has stopped, one that nobody named, and one on which an object is missing
// although it has applied everything: each keeps its gate shut.
func TestGatesOfReplicas(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		if !long() && !oneOfEach(k) {
			return
		}
		primary := dbtest.Start(t, k, throwaway.Options{})
		replica := dbtest.Start(t, k, throwaway.Options{ReplicaOf: primary})
		s := newReplicated(t, k, primary)
		s.home.write("change.yaml", "name: replicated\nreplicas: [reader]\noperations:\n"+renameUsers+
			"gates:\n  expand:\n    - replica_lag: {max: 20s}\n  switch:\n    - expand_done\n    - replica_lag: {max: 2s}\n")
		s.home.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
		reader := []string{"--replica", "reader=" + replica.DSN(databaseOf(t, s.dsn))}
		must := func(exit int, args ...string) called {
			t.Helper()
			return s.home.must(exit, append(args, reader...)...)
		}
		must(0, "apply", "plan.json", "--phase", "expand")
		if err := primary.CatchUp(t.Context(), replica); err != nil {
			t.Fatal(err)
		}
		open := must(0, "gates", "plan.json", "--phase", "switch")
		if !strings.Contains(open.stdout, "on the target and its replicas") || !strings.Contains(open.stdout, "1 replicas apply within 2s") {
			t.Fatal(open.stdout)
		}

		dbtest.Exec(t, replica.DSN(maintenance(k)), stopApply(k))
		s.exec("UPDATE users SET full_name = 'last' WHERE id = 1")
		must(3, "gates", "plan.json", "--phase", "switch").says(t, "reader")
		dbtest.Exec(t, replica.DSN(maintenance(k)), startApply(k))
		if err := primary.CatchUp(t.Context(), replica); err != nil {
			t.Fatal(err)
		}
		if k.IsPostgres() { // a standby's catalog is the primary's
			must(0, "apply", "plan.json", "--phase", "switch")
			return
		}
		dbtest.Exec(t, replica.DSN(databaseOf(t, s.dsn)), "SET SESSION sql_log_bin = 0", "SET GLOBAL read_only = 0", "ALTER TABLE users DROP COLUMN display_name")
		must(4, "apply", "plan.json", "--phase", "switch").says(t, "replica reader doesn't show")
	})
}

// A plan that says there are no replicas, and a server that has one.
func TestReplicaThatNobodyNamed(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		if !long() && !oneOfEach(k) {
			return
		}
		primary := dbtest.Start(t, k, throwaway.Options{})
		replica := dbtest.Start(t, k, throwaway.Options{ReplicaOf: primary})
		if err := primary.CatchUp(t.Context(), replica); err != nil {
			t.Fatal(err)
		}
		s := newReplicated(t, k, primary)
		gates := "gates:\n  expand:\n    - replica_lag"
		s.home.write("change.yaml", "name: forgotten\nreplicas: none\noperations:\n"+renameUsers+gates+"\n")
		s.home.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
		s.home.must(3, "apply", "plan.json", "--phase", "expand").says(t, "doesn't name all who read the target's log")
		s.home.write("change.yaml", "name: forgotten\nreplicas: none\noperations:\n"+renameUsers+gates+": {unnamed: ignore}\n")
		s.home.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
		s.home.must(0, "apply", "plan.json", "--phase", "expand")
	})
}

// Old code is seen by what the server counts, and contract stays shut until it has been gone for the soak; the program's own
// statements and triggers don't count.
func TestNoReferences(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := &subject{t: t, kind: k, dsn: dbtest.DatabaseOn(t, dbtest.Start(t, k, throwaway.Options{}))}
		s.db = dbtest.DB(t, s.dsn)
		s.home = newHome(t, s.dsn)
		s.exec("CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users (id, full_name) VALUES (1, 'a')")
		s.home.write("change.yaml", "name: unnamed\nreplicas: none\noperations:\n"+renameUsers+"gates:\n  contract: [no_references: {soak: 3s}]\n")
		s.home.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
		s.home.must(0, "apply", "plan.json")
		if k.IsPostgres() {
			s.apply(3, "contract").says(t, "pg_stat_statements isn't in this database", "old_instances_gone")
			s.exec("CREATE EXTENSION pg_stat_statements")
		}
		s.apply(3, "contract").says(t, "counted from now on")
		s.exec("SELECT full_name FROM users WHERE id = 1")
		s.apply(4, "contract").says(t, "statements name the old column", "full_name")
		s.exec("CREATE VIEW people AS SELECT full_name FROM users")
		s.apply(4, "contract").says(t, "people")
		s.exec("DROP VIEW people")
		waitFor(t, "a doubt about SELECT *", func() bool {
			s.exec("SELECT * FROM users")
			c := s.home.call("apply", "plan.json", "--phase", "contract")
			return c.exit == 3 && strings.Contains(c.stderr, "without naming them: ")
		})
		waitFor(t, "the soak to be over", func() bool { return s.home.call("apply", "plan.json", "--phase", "contract").exit == 0 })
		s.home.must(0, "audit", "plan.json")
	})
}
