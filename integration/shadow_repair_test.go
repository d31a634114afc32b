package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// Somebody writes to the copy: rows are changed, missing, too many, and unique values
// stand in each other's rows. It is found and named, nothing is repaired unasked, and with
// --repair exactly these rows are copied anew while the application goes on; in the other
// direction, too, where a row keeps what only the old table has of it.
func TestShadowRepair(t *testing.T) {
	eachShadow(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		s := newShadowed(t, k, alteration{name: "repair", alter: "DROP COLUMN small, MODIFY hits BIGINT NOT NULL DEFAULT 0", renamed: texts{"small": "-"}}, load{rows: 3000, writers: 4, rate: 60})
		s.planned()
		s.begin()
		s.apply(plans.Expand)
		s.tampered(shadowName(k, "new"), "DELETE FROM %s WHERE id IN (%s, %s)")
		s.isOld("the repair")
		s.apply(plans.Switch)
		// What is gone of the old table alone can't come back, so no row of it is deleted.
		s.tampered(shadowName(k, "old"), "UPDATE %s SET hits = -1 WHERE id IN (%s, %s)")
		s.isNew("the repair of the old table")
		s.rollback()
		s.isOld("rollback")
		s.lap("repair")
	})
}

func shadowName(k throwaway.Kind, which string) string {
	if k == throwaway.MariaDB {
		return "items_pm_" + which
	}
	return "_items_pm_" + which
}

// tampered spoils a copy that nobody reads, and has it repaired. Where unique values stand in
// each other's rows the application rests: one that it moves would meet a row that is none of
// this run's, and the stream stops there.
func (s *shadowed) tampered(table, also string) {
	s.t.Helper()
	resume := s.fleet.Pause()
	s.home.must(0, "verify", s.plan.ID) // what was on its way is applied
	key := dbtest.Query(s.t, s.dsn, "SELECT id FROM "+table+" WHERE email IS NOT NULL ORDER BY id LIMIT 10")
	at := func(i int) string { return key[i][0] }
	a, b := "(SELECT email FROM items WHERE id = "+at(5)+")", "(SELECT email FROM items WHERE id = "+at(6)+")"
	s.spoiled(at(5),
		"UPDATE "+table+" SET email = NULL WHERE id IN ("+at(5)+", "+at(6)+")",
		"UPDATE "+table+" SET email = "+b+" WHERE id = "+at(5),
		"UPDATE "+table+" SET email = "+a+" WHERE id = "+at(6))
	s.repaired("2: id=")
	s.spoiled(at(0),
		"UPDATE "+table+" SET name = 'tampered with' WHERE id IN ("+at(0)+", "+at(1)+")",
		fmt.Sprintf(also, table, at(2), at(3)),
		"INSERT INTO "+table+" (id, name) VALUES (2000000001, 'stranger')")
	resume()
	s.repaired("id=2000000001")
}

func (s *shadowed) spoiled(id string, statements ...string) {
	s.t.Helper()
	dbtest.Exec(s.t, s.dsn, statements...)
	for range 2 { // nothing is repaired unasked
		s.home.must(8, "verify", s.plan.ID).says(s.t, "rows differ", "id="+id, "--repair")
	}
}

func (s *shadowed) repaired(says string) {
	s.t.Helper()
	c := s.home.must(0, "verify", s.plan.ID, "--repair")
	if !strings.Contains(c.stdout, "repaired") || !strings.Contains(c.stdout, says) {
		s.t.Errorf("what was repaired isn't named (%s):\n%s", says, c.stdout)
	}
	s.home.must(0, "verify", s.plan.ID)
}
