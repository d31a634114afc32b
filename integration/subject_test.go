package integration

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// subject is one small table and one change of it.
type subject struct {
	t    *testing.T
	kind throwaway.Kind
	dsn  string
	db   *sql.DB
	home *home
	plan plans.Plan
}

// newSubject makes the tables and plans the change. Operations are the lines of
// a change file below "operations:", with all that follows them.
func newSubject(t *testing.T, k throwaway.Kind, operations string, create ...string) *subject {
	t.Helper()
	return newGated(t, k, operations, lifeGates, create...)
}

// newGated is newSubject with gates of its own.
func newGated(t *testing.T, k throwaway.Kind, operations, gates string, create ...string) *subject {
	t.Helper()
	s := &subject{t: t, kind: k, dsn: dbtest.Database(t, k)}
	s.db = dbtest.DB(t, s.dsn)
	s.home = newHome(t, s.dsn)
	s.exec(create...)
	s.home.write("change.yaml", "name: trap\nreplicas: none\noperations:\n"+operations+gates)
	s.home.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
	s.read()
	return s
}

// read takes up the plan that was made.
func (s *subject) read() {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.home.read("plan.json")), &s.plan); err != nil {
		s.t.Fatal(err)
	}
}

const renameUsers = "  - rename_column: {table: users, from: full_name, to: display_name}\n"

func on(k throwaway.Kind, mysql, postgres string) string {
	if k.IsPostgres() {
		return postgres
	}
	return mysql
}

func (s *subject) exec(statements ...string) {
	s.t.Helper()
	dbtest.Exec(s.t, s.dsn, statements...)
}

// fails runs a statement that the server must refuse, and returns what it says.
func (s *subject) fails(statement string) string {
	s.t.Helper()
	_, err := s.db.ExecContext(s.t.Context(), statement)
	if err == nil {
		s.t.Fatalf("%s: the server took it", statement)
	}
	return err.Error()
}

// rows is what a query gives, in one string.
func (s *subject) rows(query string) string {
	s.t.Helper()
	var out []string
	for _, r := range dbtest.Query(s.t, s.dsn, query) {
		out = append(out, strings.Join(r, ","))
	}
	return strings.Join(out, "|")
}

func (s *subject) want(query, want string) {
	s.t.Helper()
	if got := s.rows(query); got != want {
		s.t.Fatalf("%s: %q, want %q", query, got, want)
	}
}

// differ fails if two sides agree that must not: a naive way that doesn't go
// wrong proves nothing.
func (s *subject) differ(what, query string) {
	s.t.Helper()
	for _, r := range dbtest.Query(s.t, s.dsn, query) {
		if r[0] != r[1] {
			return
		}
	}
	s.t.Fatalf("%s: the trap doesn't show: %s gives %s", what, query, s.rows(query))
}

func (s *subject) apply(exit int, phase string) called {
	s.t.Helper()
	return s.home.must(exit, "apply", "plan.json", "--phase", phase)
}

// to brings the run behind a phase.
func (s *subject) to(phase plans.PhaseName) {
	s.t.Helper()
	for _, n := range plans.PhaseNames() {
		s.apply(0, string(n))
		if n == phase {
			return
		}
	}
}

// hide goes as far as the soak lets it: the old column is out of sight.
func (s *subject) hide() {
	s.t.Helper()
	s.to(plans.Switch)
	s.apply(3, "contract")
}

// naive is a table (id, a, b) whose column b is kept in step by a trigger as it
// is usually written; condition decides that a has changed.
func (s *subject) naive(kind, condition string) {
	s.t.Helper()
	s.exec("DROP TABLE IF EXISTS naive", "CREATE TABLE naive (id int PRIMARY KEY, a "+kind+", b "+kind+")")
	if !s.kind.IsPostgres() {
		s.exec("CREATE TRIGGER naive_u BEFORE UPDATE ON naive FOR EACH ROW BEGIN IF " + condition + " THEN SET NEW.b = NEW.a; END IF; END")
		return
	}
	s.exec("CREATE OR REPLACE FUNCTION naive() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF "+condition+" THEN NEW.b := NEW.a; END IF; RETURN NEW; END $$",
		"CREATE TRIGGER naive_u BEFORE UPDATE ON naive FOR EACH ROW EXECUTE FUNCTION naive()")
}
