package postgres_test

import (
	"testing"

	"github.com/phasemig/phasemig/plans"
)

func (b *bench) lost(want int64, keys ...string) {
	b.Helper()
	n, list, err := b.columns().Unreturnable(b.Context(), 10)
	if err != nil || n != want {
		b.Fatalf("unreturnable: %d %+v %v, want %d", n, list, err, want)
	}
	for i, k := range keys {
		if list[i].Key["id"] != k {
			b.Fatalf("unreturnable: %+v, want id %s", list[i], k)
		}
	}
}

// TestUnreturnable: values that the old shape can't hold are no error of the
// application, are listed, and leave the list when they fit again.
func TestUnreturnable(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE TABLE users (id int PRIMARY KEY, age int NOT NULL)", "INSERT INTO users VALUES (1, 5), (2, 6)",
			"DO $$ BEGIN CREATE ROLE plain_writer; EXCEPTION WHEN duplicate_object THEN NULL; END $$", "GRANT ALL ON users TO plain_writer")
		b.plan("operations: [{change_type: {table: users, column: age, type: bigint}}]")
		b.phase(plans.Expand)
		b.fails("INSERT INTO users VALUES (9, NULL)", "23502")
		b.fails("UPDATE users SET age = NULL WHERE id = 1", "23502")
		b.phase(plans.Switch)
		b.exec("SET ROLE plain_writer", "UPDATE users SET age = 3000000000 WHERE id = 1", "INSERT INTO users (id, age) VALUES (3, -3000000000)", "INSERT INTO users (id, age) VALUES (4, 4)", "RESET ROLE")
		b.want("SELECT id, age, _pm_hidden_age FROM users ORDER BY id", "1|3000000000|NULL", "2|6|6", "3|-3000000000|NULL", "4|4|4")
		b.lost(2, "1", "3")
		b.agree()
		b.fails("INSERT INTO users (id, age) VALUES (9, NULL)", "23502")
		b.exec("UPDATE users SET id = 30 WHERE id = 3", "UPDATE users SET age = 7 WHERE id = 1")
		b.lost(1, "30")
		b.want("SELECT count(*) FROM phasemig.unreturnable", "1")
		b.agree()
		b.exec("DELETE FROM users WHERE id = 30")
		b.lost(0)
		b.back(plans.Switch)
		b.back(plans.Expand)
		b.want("SELECT id, age FROM users ORDER BY id", "1|7", "2|6", "4|4")
		b.want("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'age'", "true")
		b.exec("DROP OWNED BY plain_writer")
	})
}

// TestStrictCasts: a cast that cuts, rounds or fails loses nothing silently.
func TestStrictCasts(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE TABLE users (id int PRIMARY KEY, a varchar(5) NOT NULL DEFAULT 'x')", "INSERT INTO users VALUES (1, 'abc')")
		b.plan("operations: [{change_type: {table: users, column: a, type: text}}]")
		b.phase(plans.Expand)
		b.phase(plans.Switch)
		b.exec("INSERT INTO users (id, a) VALUES (2, 'too long for it'), (3, 'ok')", "INSERT INTO users (id) VALUES (4)")
		b.want("SELECT id, a, _pm_hidden_a FROM users ORDER BY id", "1|abc|abc", "2|too long for it|NULL", "3|ok|ok", "4|x|x")
		b.lost(1, "2")
		b.agree()
	})
	each(t, func(b *bench) {
		b.exec("CREATE TABLE users (id int PRIMARY KEY, a int)", "INSERT INTO users VALUES (1, 1)")
		b.plan("operations: [{change_type: {table: users, column: a, type: 'numeric(10,2)'}}]")
		b.phase(plans.Expand)
		b.phase(plans.Switch)
		b.exec("INSERT INTO users (id, a) VALUES (2, 1.5), (3, 2), (4, 99999999)")
		b.want("SELECT id, a, _pm_hidden_a FROM users ORDER BY id", "1|1.00|1", "2|1.50|NULL", "3|2.00|2", "4|99999999.00|99999999")
		b.lost(1, "2")
		b.agree()
	})
	each(t, func(b *bench) {
		b.exec("CREATE TABLE users (id int PRIMARY KEY, a text)", "INSERT INTO users VALUES (1, '12'), (2, NULL)")
		b.plan("operations: [{change_type: {table: users, column: a, type: int}}]")
		b.phase(plans.Expand)
		b.fails("UPDATE users SET a = 'twelve' WHERE id = 1", "22P02")
		b.phase(plans.Switch)
		b.exec("INSERT INTO users (id, a) VALUES (3, 7)")
		b.want("SELECT a, _pm_hidden_a FROM users WHERE id = 3", "7|7")
		b.agree()
	})
}

// TestReject is the other choice: a clear error.
func TestReject(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE TABLE users (id int PRIMARY KEY, age int NOT NULL)", "INSERT INTO users VALUES (1, 5)")
		b.plan("on_unreturnable: reject\noperations: [{change_type: {table: users, column: age, type: bigint}}]")
		b.phase(plans.Expand)
		b.phase(plans.Switch)
		b.fails("UPDATE users SET age = 3000000000", "has no place in the old form of column")
		b.exec("UPDATE users SET age = 6")
		b.agree()
	})
}

// TestSplitUnreturnable: the old column's own promises are asked before the server
// asks them.
func TestSplitUnreturnable(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE TABLE users (id int PRIMARY KEY, full_name varchar(12) NOT NULL CHECK (full_name <> 'No One'), sep text DEFAULT ' ')",
			"INSERT INTO users VALUES (1, 'Ada Lovelace'), (2, 'Bob')")
		b.plan(`operations:
  - split_column:
      table: users
      column: full_name
      into:
        first: {type: text, up: "split_part(full_name, sep, 1) -- the first"}
        last: {type: text, up: "nullif(substr(full_name, strpos(full_name, sep) + 1), full_name)"}
      down: "concat_ws(users.sep, first, last)"`)
		b.phase(plans.Expand)
		b.want("SELECT id, first, last FROM users ORDER BY id", "1|Ada|Lovelace", "2|Bob|NULL")
		b.exec("UPDATE users SET last = 'Marley-Wailer' WHERE id = 2", "INSERT INTO users (id, first, last) VALUES (3, 'No', 'One'), (4, 'A', 'B')", "UPDATE users SET first = 'Al' WHERE id = 1")
		b.want("SELECT id, full_name FROM users ORDER BY id", "1|Al Lovelace", "2|NULL", "3|NULL", "4|A B")
		b.lost(2)
		b.agree()
		b.fails("UPDATE users SET full_name = 'No One' WHERE id = 4", "23514")
		b.exec("UPDATE users SET sep = '-' WHERE id = 4")
		b.want("SELECT full_name, first, last FROM users WHERE id = 4", "A B|A B|NULL")
		b.exec("UPDATE users SET full_name = 'X' WHERE id IN (2, 3)")
		b.lost(0)
		b.agree()
		b.phase(plans.Switch)
		for _, st := range b.p.Phase(plans.Contract).Steps[:1] {
			b.do(st)
			b.exec("INSERT INTO users (id, first, last) VALUES (5, 'N', 'M')")
			b.want("SELECT _pm_hidden_full_name FROM users WHERE id = 5", "N M")
			b.agree()
			b.undo(st)
		}
		b.back(plans.Expand)
		b.want("SELECT id, full_name FROM users ORDER BY id", "1|Al Lovelace", "2|X", "3|X", "4|A B", "5|N M")
		b.want("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'full_name'", "true")
	})
}
