package integration

import (
	"testing"

	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

const (
	moveDown = "  - move_columns: {table: users, columns: [bio, level], to: profiles, key: {user_id: id}}\n"
	moveUp   = "  - move_columns: {table: profiles, columns: [bio, level], to: users, key: {id: user_id}}\n"
)

var movedTables = []string{"CREATE TABLE users (id int PRIMARY KEY, name varchar(40), bio varchar(200), level int NOT NULL DEFAULT 1)",
	"COMMENT ON COLUMN users.bio IS 'about'", "INSERT INTO users VALUES (1, 'Ada', 'poet', 1), (2, 'Alan', NULL, 1), (3, 'Grace', NULL, 7)"}

// TestMove: columns go to a table that is made for them, both are kept in step whoever writes, and the way back is the same with the tables
// turned round.
func TestMove(t *testing.T) {
	beside(t)
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		if k == throwaway.Postgres15 && !long() {
			return
		}
		s := newSubject(t, k, moveDown, movedTables...)
		start := describe(t, k, s.dsn, "users")
		s.apply(0, "expand")
		s.want("SELECT * FROM profiles ORDER BY user_id", "1,poet,1|3,NULL,7")
		s.exec("INSERT INTO users (id, name, bio) VALUES (4, 'Edsger', 'shortest')", "UPDATE users SET bio = 'enigma' WHERE id = 2", "UPDATE users SET bio = NULL WHERE id = 1", "UPDATE users SET id = 33, level = 8 WHERE id = 3") // old code
		s.want("SELECT * FROM profiles ORDER BY user_id", "1,NULL,1|2,enigma,1|4,shortest,1|33,NULL,8")
		s.exec("INSERT INTO users (id, name) VALUES (5, 'Barbara')", "INSERT INTO profiles (user_id, bio) VALUES (5, 'abstract')", "UPDATE profiles SET level = 9 WHERE user_id = 2", "DELETE FROM profiles WHERE user_id = 4",
			"INSERT INTO profiles VALUES (33, NULL, 10) ON CONFLICT (user_id) DO UPDATE SET level = excluded.level", "UPDATE profiles SET user_id = 4 WHERE user_id = 2") // new code
		s.want("SELECT * FROM users ORDER BY id", "1,Ada,NULL,1|2,Alan,NULL,1|4,Edsger,enigma,9|5,Barbara,abstract,1|33,Grace,NULL,10")
		s.exec("DELETE FROM users WHERE id = 33")
		s.want("SELECT * FROM profiles ORDER BY user_id", "1,NULL,1|4,enigma,9|5,abstract,1")
		s.exec("UPDATE users SET id = 55 WHERE id = 5; UPDATE profiles SET user_id = 2 WHERE user_id = 4; UPDATE users SET id = 5 WHERE id = 55; UPDATE profiles SET user_id = 4 WHERE user_id = 2") // one time for all
		s.want("SELECT * FROM profiles ORDER BY user_id", "1,NULL,1|4,enigma,9|5,abstract,1")
		s.home.must(0, "verify", s.plan.ID)
		s.home.must(0, "rollback", s.plan.ID)
		sameTable(t, "rollback of expand", describe(t, k, s.dsn, "users"), start)
		s.want("SELECT * FROM users ORDER BY id", "1,Ada,NULL,1|2,Alan,NULL,1|4,Edsger,enigma,9|5,Barbara,abstract,1")

		s.hide()
		s.exec("UPDATE profiles SET bio = 'structured' WHERE user_id = 4", "INSERT INTO users (id, name) VALUES (6, 'Tony')", "INSERT INTO profiles (user_id, bio) VALUES (6, 'quick')")
		s.home.must(0, "rollback", s.plan.ID)
		s.want("SELECT bio FROM users WHERE id IN (4, 6) ORDER BY id", "structured|quick")
		s.finish()
		s.want("SELECT * FROM users ORDER BY id", "1,Ada|2,Alan|4,Edsger|5,Barbara|6,Tony")
		s.want("SELECT * FROM profiles ORDER BY user_id", "4,structured,9|5,abstract,1|6,quick,1")

		s.again(moveUp)
		s.finish()
		s.want("SELECT id, name, bio, level FROM users ORDER BY id", "1,Ada,NULL,1|2,Alan,NULL,1|4,Edsger,structured,9|5,Barbara,abstract,1|6,Tony,quick,1")
		s.want("SELECT * FROM profiles ORDER BY user_id", "4|5|6")
	})
}

// again plans another change of what is there by now.
func (s *subject) again(operations string) {
	s.t.Helper()
	s.home.write("change.yaml", "name: again\nreplicas: none\noperations:\n"+operations+lifeGates)
	s.home.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
	s.plan = plans.Plan{}
	s.read()
}

// finish goes through all phases that are left.
func (s *subject) finish() {
	s.t.Helper()
	s.to(plans.Switch)
	for c := s.home.call("apply", "plan.json", "--phase", "contract"); c.exit != 0; c = s.home.call("apply", "plan.json", "--phase", "contract", "--wait", "10s") {
		if c.exit != 3 {
			s.t.Fatalf("contract: exit %d: %s", c.exit, c.stderr)
		}
	}
}
