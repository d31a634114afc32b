package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// Each trap is a way to lose a row, or to hurt an application, although all looks
// right. Where it can, a test first shows on the same server that the usual way
// falls into the trap, and then that phasemig doesn't.

// Trap 15: case, accents and trailing zeros are no difference to a column's own
// equality, and json has none at all.
func TestTrap15Equality(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		if k.IsPostgres() {
			equalityPostgres(t, k)
			return
		}
		s := newSubject(t, k, renameUsers, "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users VALUES (1, 'bob'), (2, 'böb')")
		s.naive("varchar(80)", "NOT (NEW.a <=> OLD.a)")
		s.exec("INSERT INTO naive VALUES (1, 'bob', 'bob')", "UPDATE naive SET a = 'Bob' WHERE id = 1")
		s.differ("<=> in a trigger", "SELECT hex(a), hex(b) FROM naive")
		s.apply(0, "expand")
		s.exec("UPDATE users SET full_name = 'Bob' WHERE id = 1", "UPDATE users SET display_name = 'bob' WHERE id = 2")
		s.want("SELECT hex(full_name), hex(display_name) FROM users ORDER BY id", "426F62,426F62|626F62,626F62")
	})
}

func equalityPostgres(t *testing.T, k throwaway.Kind) {
	s := newSubject(t, k, renameUsers+"  - rename_column: {table: users, from: rank, to: place}\n  - rename_column: {table: users, from: meta, to: extra}\n",
		"CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
		"CREATE TABLE users (id int PRIMARY KEY, full_name text COLLATE nocase, rank numeric, meta json)",
		"INSERT INTO users VALUES (1, 'bob', 1.0, '{\"a\":1}'), (2, 'böb', 1.0, '{}')")
	s.naive("text COLLATE nocase", "NEW.a IS DISTINCT FROM OLD.a")
	s.exec("INSERT INTO naive VALUES (1, 'bob', 'bob')", "UPDATE naive SET a = 'Bob' WHERE id = 1")
	s.differ("IS DISTINCT FROM under a nondeterministic collation", "SELECT a, b FROM naive")
	s.naive("json", "NEW.a IS DISTINCT FROM OLD.a")
	s.exec("INSERT INTO naive VALUES (1, '{}', '{}')")
	s.fails("UPDATE naive SET a = '[]' WHERE id = 1")
	s.apply(0, "expand")
	s.exec("UPDATE users SET full_name = 'Bob', rank = 1.00, meta = '{\"a\": 1}' WHERE id = 1", "UPDATE users SET display_name = 'bob', place = 1.000, extra = '[ ]' WHERE id = 2")
	s.want("SELECT full_name, display_name, rank, place, meta, extra FROM users ORDER BY id", `Bob,Bob,1.00,1.00,{"a": 1},{"a": 1}|bob,bob,1.000,1.000,[ ],[ ]`)
}

const splitUsers = `  - split_column:
      table: users
      column: full_name
      into:
        first_name: %s
        last_name: %s
      down: concat_ws(' ', first_name, last_name)
`

// splitBySpaces isn't a bijection: of several spaces one is left.
func splitBySpaces(k throwaway.Kind) string {
	first, last := `"substring_index(full_name, ' ', 1)"`, `"trim(substring(full_name, locate(' ', full_name) + 1))"`
	if k.IsPostgres() {
		first, last = `"split_part(full_name, ' ', 1)"`, `"trim(substr(full_name, strpos(full_name, ' ') + 1))"`
	}
	return strings.NewReplacer("first_name: %s", "first_name: "+first, "last_name: %s", "last_name: "+last).Replace(splitUsers)
}

// Trap 16: the backfill writes the new side; taken for new code it fires the
// mapping back and rewrites the old column.
func TestTrap16BackfillIsNoWriter(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := newSubject(t, k, splitBySpaces(k), "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users VALUES (1, 'Mary  Ann'), (2, 'Bob Stone')")
		s.apply(0, "expand")
		s.want("SELECT full_name, first_name, last_name FROM users ORDER BY id", "Mary  Ann,Mary,Ann|Bob Stone,Bob,Stone")
		// The same write without the session's mark is the trap: it is new code that speaks.
		s.exec("UPDATE users SET first_name = 'MARY' WHERE id = 1")
		s.want("SELECT full_name FROM users WHERE id = 1", "MARY Ann")
	})
}

// Trap 17: a statement that names both sides, and an old column with a default,
// which makes every insert of new code look like one.
func TestTrap17BothSidesNamed(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := newSubject(t, k, renameUsers, "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80) DEFAULT 'nobody')", "INSERT INTO users VALUES (1, 'x')")
		s.apply(0, "expand")
		s.exec("INSERT INTO users (id, full_name, display_name) VALUES (2, 'A', 'B')", "INSERT INTO users (id, display_name) VALUES (3, 'C')",
			"INSERT INTO users (id) VALUES (4)", "INSERT INTO users (id, full_name) VALUES (5, 'E')", "UPDATE users SET full_name = 'P', display_name = 'Q' WHERE id = 1")
		s.want("SELECT full_name, display_name FROM users ORDER BY id", "Q,Q|B,B|C,C|nobody,nobody|E,E")
	})
}

// Trap 18: a bare new column has no index, no UNIQUE, no foreign key and no grants:
// readers that move scan, and what was forbidden goes through.
func TestTrap18Twins(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := newSubject(t, k, "  - rename_column: {table: users, from: handle, to: login}\n  - rename_column: {table: users, from: team_id, to: squad_id}\n",
			"CREATE TABLE teams (id int PRIMARY KEY)", "INSERT INTO teams VALUES (1)",
			"CREATE TABLE users (id int PRIMARY KEY, handle varchar(80) UNIQUE, team_id int, CONSTRAINT users_team_fk FOREIGN KEY (team_id) REFERENCES teams (id))",
			"INSERT INTO users VALUES (1, 'a', 1), (2, 'b', NULL)", "ALTER TABLE users ADD COLUMN bare varchar(80)",
			"UPDATE users SET bare = handle", "INSERT INTO users (id, bare) VALUES (3, 'a')") // the trap: a bare copy takes a second 'a'
		s.apply(0, "expand")
		s.fails("INSERT INTO users (id, login) VALUES (9, 'a')")
		s.fails("UPDATE users SET login = 'a' WHERE id = 2")
		s.fails("UPDATE users SET squad_id = 7 WHERE id = 2")
		s.exec("DELETE FROM users WHERE id = 3", "UPDATE users SET login = 'c', squad_id = 1 WHERE id = 2")
		s.want("SELECT handle, team_id FROM users WHERE id = 2", "c,1")
		plan := s.explain("SELECT id FROM users WHERE login = 'c'")
		if !strings.Contains(plan, on(k, "login", "Index Cond")) { // a filter names the column, too
			t.Fatalf("readers of the new column find no index: %s", plan)
		}
	})
}

// explain tells how the server would find the rows, as if the table were large.
func (s *subject) explain(query string) string {
	s.t.Helper()
	if s.kind == throwaway.MySQL {
		return s.rows("EXPLAIN FORMAT=TRADITIONAL " + query)
	}
	large := *s
	large.dsn += on(s.kind, "", "&enable_seqscan=off")
	return large.rows("EXPLAIN " + query)
}

// Trap 18, grants: rights on the column are rights on the column only.
func TestTrap18Grants(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		if !k.IsPostgres() {
			return // column grants there are an account's and stay with the server; dialect/mysql has the test
		}
		role := "reader_" + strings.ToLower(string(k))
		s := newSubject(t, k, renameUsers, "CREATE TABLE users (id int PRIMARY KEY, full_name text)", "INSERT INTO users VALUES (1, 'x')",
			"DO $$ BEGIN CREATE ROLE "+role+"; EXCEPTION WHEN duplicate_object THEN NULL; END $$", "GRANT SELECT (id, full_name) ON users TO "+role)
		defer s.exec("DROP OWNED BY "+role, "DROP ROLE "+role)
		s.apply(0, "expand")
		s.exec("SET ROLE "+role, "SELECT display_name FROM users")
	})
}

// Trap 19: a value that doesn't fit back is no error of the application and is not
// cut; it closes the way back until it is given up by name.
func TestTrap19ValuesThatDontFitBack(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		if !k.IsPostgres() {
			unreturnableSplit(t, k)
			return
		}
		s := newSubject(t, k, "  - change_type: {table: users, column: age, type: bigint}\n", "CREATE TABLE users (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, age int)", "INSERT INTO users (age) VALUES (1), (2)")
		s.fails("UPDATE users SET age = 3000000000 WHERE id = 1") // the trap, as the trigger's assignment would meet it
		s.to(plans.Switch)
		s.exec("INSERT INTO users (age) VALUES (3000000000)", "UPDATE users SET age = 4000000000 WHERE id = 1")
		s.want("SELECT id, age FROM users ORDER BY id", "1,4000000000|2,2|3,3000000000")
		s.loses("2")
		s.want("SELECT id, age FROM users ORDER BY id", "1,4000000000|2,2|3,3000000000")
		s.exec("UPDATE users SET age = 7 WHERE id = 1")
		s.loses("1")
		s.home.must(0, "rollback", s.plan.ID, "--lose-rows")
		s.want("SELECT id, age FROM users WHERE id < 3 ORDER BY id", "1,7|2,2")
	})
}

// loses asks for a rollback that must be refused for so many rows.
func (s *subject) loses(n string) {
	s.t.Helper()
	c := s.home.must(4, "rollback", s.plan.ID, "--all")
	c.says(s.t, "would lose "+n+" row")
}

func unreturnableSplit(t *testing.T, k throwaway.Kind) {
	s := newSubject(t, k, splitBySpaces(k), "CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, full_name varchar(10))", "INSERT INTO users (full_name) VALUES ('Bob Stone')")
	s.apply(0, "expand")
	s.exec("INSERT INTO users (first_name, last_name) VALUES ('Maximilian', 'Stone')", "UPDATE users SET last_name = 'Steinwater' WHERE id = 1")
	s.want("SELECT first_name, last_name FROM users ORDER BY id", "Bob,Steinwater|Maximilian,Stone")
	s.loses("2")
	s.exec("UPDATE users SET last_name = 'Water' WHERE id = 1")
	s.want("SELECT full_name FROM users WHERE id = 1", "Bob Water")
	s.loses("1")
	s.home.must(0, "rollback", s.plan.ID, "--lose-rows")
	s.want("SELECT full_name FROM users WHERE id = 1", "Bob Water")
}

// Trap 20: a batch that waits for a row while it holds others makes the
// application the victim of the deadlock.
func TestTrap20NobodyWaitsForABatch(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := newSubject(t, k, renameUsers, "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users "+numbered(1000, "'name'"))
		tx, err := s.db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		// A row that the backfill wants and doesn't get. It is added to the table's
		// columns first, or the transaction would hold the ADD COLUMN up.
		p := s.home.with("PHASEMIG_FAULT=backfill.segment_opened=error").start("apply", "plan.json", "--phase", "expand")
		if c := p.wait(); c.exit == 0 {
			t.Fatal("the failpoint of the backfill was never reached")
		}
		if _, err := tx.ExecContext(t.Context(), "UPDATE users SET full_name = 'mine' WHERE id = 900"); err != nil {
			t.Fatal(err)
		}
		p = s.home.start("apply", "plan.json", "--phase", "expand")
		s.until("SELECT count(*) FROM users WHERE display_name IS NULL", "1")
		for _, id := range []string{"1", "899", "901", "1000"} {
			if _, err := tx.ExecContext(t.Context(), "UPDATE users SET full_name = 'mine too' WHERE id = "+id); err != nil {
				t.Fatalf("the application was hurt: %v", err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		p.wait().want(t, 0)
		s.want("SELECT count(*) FROM users WHERE display_name <> full_name OR display_name IS NULL", "0")
	})
}

// numbered are n rows (id, value).
func numbered(n int, value string) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("(%d, %s)", i+1, value)
	}
	return "VALUES " + strings.Join(rows, ", ")
}

// until waits for the server to say so.
func (s *subject) until(query, want string) {
	s.t.Helper()
	limit := time.Now().Add(patience)
	for s.rows(query) != want {
		if time.Now().After(limit) {
			s.t.Fatalf("%s never becomes %s, it is %s", query, want, s.rows(query))
		}
		<-time.After(10 * time.Millisecond)
	}
}

// Trap 21: INVISIBLE hides nothing from code that names the column, a plain rename
// breaks the next insert of new code, and a view goes on reading the hidden column.
func TestTrap21Hide(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := newSubject(t, k, renameUsers, "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users VALUES (1, 'x')")
		if !k.IsPostgres() {
			s.naive("varchar(80)", "NEW.a IS NOT NULL")
			s.exec("INSERT INTO naive VALUES (1, 'a', 'a')", "ALTER TABLE naive RENAME COLUMN a TO hidden")
			s.fails("UPDATE naive SET b = 'c'")
		}
		s.hide()
		s.fails("SELECT full_name FROM users")
		s.exec("INSERT INTO users (id, display_name) VALUES (2, 'y')", "UPDATE users SET display_name = 'z' WHERE id = 1")
		s.want("SELECT _pm_hidden_full_name, display_name FROM users ORDER BY id", "z,z|y,y")
		s.home.must(0, "rollback", s.plan.ID)
		s.exec("UPDATE users SET full_name = 'w' WHERE id = 2")
		s.want("SELECT full_name, display_name FROM users ORDER BY id", "z,z|w,w")
	})
}

func TestTrap21View(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		dsn := dbtest.Database(t, k)
		dbtest.Exec(t, dsn, "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "CREATE VIEW people AS SELECT id, full_name AS n FROM users")
		h := newHome(t, dsn)
		h.write("change.yaml", "name: v\nreplicas: none\noperations:\n"+renameUsers)
		if k.IsPostgres() { // TestViews
			h.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
			return
		}
		h.must(9, "plan", "--change", "change.yaml").says(t, "people")
	})
}

// Trap 22: a new visible column breaks an INSERT that names no columns, and gives
// SELECT * one more.
func TestTrap22PositionalInsert(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := newSubject(t, k, renameUsers, "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80), note varchar(80))", "INSERT INTO users VALUES (1, 'x', 'n')")
		if !k.IsPostgres() {
			s.exec("CREATE TABLE bare (id int, a int)", "ALTER TABLE bare ADD COLUMN b int")
			s.fails("INSERT INTO bare VALUES (1, 1)")
		}
		s.apply(0, "expand")
		s.exec("INSERT INTO users VALUES (2, 'y', 'm')")
		s.want("SELECT full_name, display_name, note FROM users WHERE id = 2", "y,y,m")
		if !k.IsPostgres() {
			s.want("SELECT * FROM users ORDER BY id", "1,x,n|2,y,m")
		}
		s.apply(0, "switch")
		s.apply(3, "contract")
		s.exec("INSERT INTO users VALUES (3, 'z', 'o')")
		s.want("SELECT display_name, note FROM users WHERE id = 3", "z,o")
		if !k.IsPostgres() {
			s.want("SELECT * FROM users ORDER BY id", "1,x,n|2,y,m|3,z,o")
		}
	})
}

// Trap 24: a user's trigger that comes after ours changes the value behind its
// back. Ours is the last; one that is created later is somebody else's DDL.
func TestTrap24TriggerOrder(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		upper := func(name string) []string {
			if k.IsPostgres() {
				return []string{"CREATE OR REPLACE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.full_name := upper(NEW.full_name); RETURN NEW; END $$",
					"CREATE TRIGGER " + name + " BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION up()"}
			}
			return []string{"CREATE TRIGGER " + name + " BEFORE UPDATE ON users FOR EACH ROW SET NEW.full_name = upper(NEW.full_name)"}
		}
		create := []string{"CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users VALUES (1, 'x')"}
		if k.IsPostgres() { // elsewhere a plan is refused that would leave a trigger behind on a column that is gone
			create = append(create, upper("zz_upper")...)
		}
		s := newSubject(t, k, renameUsers, create...)
		s.apply(0, "expand")
		s.exec("UPDATE users SET full_name = 'ABC' WHERE id = 1", "UPDATE users SET full_name = "+on(k, "'ABC'", "'abc'")+" WHERE id = 1")
		s.want("SELECT full_name, display_name FROM users", "ABC,ABC")
		// On the one server triggers run in the order of their creation, on the other of
		// their names: both of these would run after ours.
		s.exec(upper(on(k, "later", `"~~later"`))...)
		c := s.home.call("apply", "plan.json", "--phase", "switch")
		if c.exit != 5 && c.exit != 4 {
			t.Fatalf("a later trigger went unseen: exit %d\n%s", c.exit, c.stderr)
		}
		c.says(t, "later")
	})
}

// Trap 25: an apply worker or an ETL job runs as a replica, and plain triggers are
// silent for it.
func TestTrap25ReplicaRole(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		if !k.IsPostgres() {
			return // no such role there
		}
		s := newSubject(t, k, renameUsers, "CREATE TABLE users (id int PRIMARY KEY, full_name text)", "INSERT INTO users VALUES (1, 'x')")
		s.naive("text", "true")
		s.exec("INSERT INTO naive VALUES (1, 'x', 'x')", "SET session_replication_role = replica", "UPDATE naive SET a = 'R2'")
		s.differ("a plain trigger under the replica role", "SELECT a, b FROM naive")
		s.apply(0, "expand")
		s.exec("SET session_replication_role = replica", "UPDATE users SET full_name = 'R2'")
		s.want("SELECT full_name, display_name FROM users", "R2,R2")
	})
}

// Trap 26: MariaDB looks for the old NOT NULL column's value before the trigger
// gives it, in INSERT … SELECT alone.
func TestTrap26InsertSelect(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := newSubject(t, k, renameUsers, "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80) NOT NULL)", "INSERT INTO users VALUES (1, 'x')")
		if k == throwaway.MariaDB {
			s.exec("CREATE TABLE bare (id int, a varchar(80) NOT NULL, b varchar(80))", "CREATE TRIGGER bare_i BEFORE INSERT ON bare FOR EACH ROW SET NEW.a = NEW.b")
			s.fails("INSERT INTO bare (id, b) SELECT 1, 'y'")
		}
		original := describe(t, k, s.dsn, "users")
		s.apply(0, "expand")
		s.exec("INSERT INTO users (id, display_name) SELECT 2, 'y'", "INSERT INTO users (id, display_name) VALUES (3, 'z')")
		s.want("SELECT full_name, display_name FROM users ORDER BY id", "x,x|y,y|z,z")
		s.home.must(0, "rollback", s.plan.ID)
		sameTable(t, "rollback", describe(t, k, s.dsn, "users"), original)
	})
}

// Trap 27: without triggers an old instance makes the new side stale after the
// backfill has passed. The backfill waits for the word that there is none, and the
// whole table is compared again at the switch, however fresh the last comparison.
func TestTrap27StaleAtTheSwitch(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := newGated(t, k, renameUsers+"dual_write: app\n", lifeGates+"  switch:\n    - approval: {by: 1, requester: true}\n",
			"CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users VALUES (1, 'x'), (2, 'y')")
		s.apply(3, "expand").says(t, "approval")
		s.want("SELECT count(*) FROM users WHERE display_name IS NOT NULL", "0")
		s.home.must(0, "approve", "plan.json", "--phase", "expand")
		s.apply(0, "expand")
		s.apply(3, "switch") // verified, and held back by another gate
		s.exec("UPDATE users SET full_name = 'stale' WHERE id = 2")
		s.differ("an old instance without triggers", "SELECT full_name, display_name FROM users ORDER BY id")
		s.home.must(0, "approve", "plan.json", "--phase", "switch")
		c := s.home.call("apply", "plan.json", "--phase", "switch")
		if c.exit != 4 && c.exit != 8 {
			t.Fatalf("a stale row went through the switch: exit %d\n%s", c.exit, c.stderr)
		}
		c.says(t, "1 of 2 rows differ")
		s.exec("UPDATE users SET display_name = 'stale' WHERE id = 2")
		s.apply(0, "switch")
	})
}
