package mysql

import (
	"strconv"
	"testing"

	"github.com/phasemig/phasemig/plans"
)

const usersDDL = `CREATE TABLE users (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, full_name VARCHAR(100) NOT NULL COMMENT 'who it is', age INT,
	moved TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, KEY full_name (full_name), UNIQUE KEY full_name_age (full_name(50), age DESC))`

// fill puts n rows into users.
func (h *home) fill(n int) {
	h.t.Helper()
	h.exec("INSERT INTO users (id, full_name, age, moved) WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < " + strconv.Itoa(n) + ") SELECT n, CONCAT('Name ', n), n, '2020-01-01' FROM s")
}

func TestRename(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec(usersDDL)
		h.fill(900)
		p := h.mustPlan(rename("users", "full_name", "display_name"))
		h.phase(p, plans.Expand)
		h.want("SELECT COUNT(*), SUM(BINARY full_name <=> BINARY display_name), MAX(moved) FROM users", "900|900|2020-01-01 00:00:00")
		h.exec("INSERT INTO users (full_name) VALUES ('old')", "INSERT INTO users (display_name) VALUES ('new')", "INSERT INTO users VALUES (NULL, 'positional', 1, NOW())",
			"INSERT INTO users (full_name) SELECT 'old select'", "INSERT INTO users (display_name) SELECT 'new select'", "INSERT INTO users (full_name, display_name) VALUES ('both a', 'both b')",
			"UPDATE users SET full_name = 'BOB' WHERE id = 1", "UPDATE users SET full_name = 'bob' WHERE id = 1", "UPDATE users SET display_name = 'Bób' WHERE id = 2")
		h.want("SELECT id, full_name, display_name FROM users WHERE id > 900 OR id < 3 ORDER BY id", "1|bob|bob", "2|Bób|Bób", "901|old|old", "902|new|new", "903|positional|positional",
			"904|old select|old select", "905|new select|new select", "906|both b|both b")
		h.verify(p, 0)
		h.phase(p, plans.Switch)
		steps := p.Phase(plans.Contract).Steps
		h.step(p, steps[0])
		h.exec("INSERT INTO users (display_name) VALUES ('hidden 1')", "UPDATE users SET display_name = 'x' WHERE id = 3")
		h.want("SELECT id, _pm_hidden_full_name, display_name FROM users WHERE display_name IN ('x', 'hidden 1') ORDER BY id", "3|x|x", "907|hidden 1|hidden 1")
		h.verify(p, 0)
		if err := h.d.Steps.Undo(t.Context(), p, steps[0], h.env()); err != nil {
			t.Fatal(err)
		}
		h.exec("UPDATE users SET full_name = 'back' WHERE id = 4")
		h.want("SELECT full_name, display_name FROM users WHERE id = 4", "back|back")
		h.phase(p, plans.Contract)
		h.exec("INSERT INTO users (display_name) VALUES ('end')", "INSERT INTO users VALUES (NULL, 'positional end', 1, NOW())")
		for _, l := range h.rows("SHOW CREATE TABLE users") {
			t.Log(l)
		}
	})
}

func TestRenameRollback(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec(usersDDL)
		h.fill(900)
		before := h.rows("SHOW CREATE TABLE users")
		data := h.rows("SELECT * FROM users ORDER BY id")
		p := h.mustPlan(rename("users", "full_name", "display_name"))
		h.phase(p, plans.Expand)
		h.phase(p, plans.Switch)
		h.step(p, p.Phase(plans.Contract).Steps[0])
		h.undo(p, plans.Contract)
		h.undo(p, plans.Expand)
		if after := h.rows("SHOW CREATE TABLE users"); after[0] != before[0] {
			t.Errorf("rollback leaves\n%s\nwant\n%s", after[0], before[0])
		}
		h.want("SELECT * FROM users ORDER BY id", data...)
		h.want("SHOW TRIGGERS")
	})
}
