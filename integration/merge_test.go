package integration

import (
	"testing"

	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

const mergeNames = "  - merge_columns:\n      table: users\n      from:\n        first_name: \"substring(full_name FROM 1 FOR position(' ' IN full_name) - 1)\"\n" +
	"        last_name: \"CASE WHEN position(' ' IN full_name) > 0 THEN substring(full_name FROM position(' ' IN full_name) + 1) END\"\n" +
	"      into: full_name\n      type: varchar(90)\n      up: \"concat(first_name, ' ', last_name)\"\n"

// TestMerge: two columns become one, each side is kept in step with the other from expand on, and what was there is there
// again after a rollback.
func TestMerge(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		if !long() && (k == throwaway.Postgres15 || k == throwaway.MariaDB) {
			return
		}
		s := newSubject(t, k, mergeNames, "CREATE TABLE users (id int PRIMARY KEY, first_name varchar(40), last_name varchar(40), age int)", "CREATE INDEX users_last ON users (last_name)",
			"INSERT INTO users VALUES (1, 'Ada', 'Lovelace', 36), (2, 'Alan', 'Turing', 41)")
		start := describe(t, k, s.dsn, "users")
		s.apply(0, "expand")
		s.want("SELECT id, full_name FROM users ORDER BY id", "1,Ada Lovelace|2,Alan Turing")
		s.exec("INSERT INTO users (id, first_name, last_name) VALUES (3, 'Grace', 'Hopper')", "UPDATE users SET last_name = 'King' WHERE id = 1", // old code
			"INSERT INTO users (id, full_name) VALUES (4, 'Edsger Dijkstra')", "UPDATE users SET full_name = 'Alan M. Turing' WHERE id = 2") // new code
		s.want("SELECT id, first_name, last_name, full_name FROM users ORDER BY id", "1,Ada,King,Ada King|2,Alan,M. Turing,Alan M. Turing|3,Grace,Hopper,Grace Hopper|4,Edsger,Dijkstra,Edsger Dijkstra")
		s.home.must(0, "rollback", s.plan.ID)
		sameTable(t, "rollback of expand", describe(t, k, s.dsn, "users"), start)
		s.want("SELECT id, first_name, last_name FROM users ORDER BY id", "1,Ada,King|2,Alan,M. Turing|3,Grace,Hopper|4,Edsger,Dijkstra")

		s.hide()
		s.home.must(0, "rollback", s.plan.ID)
		s.exec("UPDATE users SET first_name = 'Augusta' WHERE id = 1")
		s.want("SELECT first_name, last_name, full_name FROM users WHERE id = 1", "Augusta,King,Augusta King")
		s.to(plans.Switch)
		for c := s.home.call("apply", "plan.json", "--phase", "contract"); c.exit != 0; c = s.home.call("apply", "plan.json", "--phase", "contract", "--wait", "10s") {
			if c.exit != 3 {
				t.Fatalf("contract: exit %d: %s", c.exit, c.stderr)
			}
		}
		s.want("SELECT * FROM users ORDER BY id", on(k, "1,Augusta King,36|2,Alan M. Turing,41|3,Grace Hopper,NULL|4,Edsger Dijkstra,NULL", "1,36,Augusta King|2,41,Alan M. Turing|3,NULL,Grace Hopper|4,NULL,Edsger Dijkstra"))
	})
}
