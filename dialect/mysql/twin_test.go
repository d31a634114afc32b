package mysql

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
)

// TestTwins renames a column that carries everything a column can, and compares the
// end with a table that had the new name from its start.
func TestTwins(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		shape := func(table, col, suffix string) string {
			s := "CREATE TABLE " + table + ` (id INT AUTO_INCREMENT PRIMARY KEY, ` + col + ` VARCHAR(20) NOT NULL DEFAULT 'it''s' COMMENT 'a \\ "b"', other INT, note VARCHAR(20),
				KEY by_` + col + ` (` + col + `), UNIQUE KEY ` + col + ` (` + col + `), KEY mixed_` + col + ` (other, ` + col + `(3) DESC) COMMENT 'keep',
				CONSTRAINT fk_` + col + suffix + ` FOREIGN KEY (` + col + `) REFERENCES parent (code) ON DELETE CASCADE`
			if h.mysql() {
				s += ", KEY hidden_" + col + " (" + col + ") INVISIBLE"
			} else {
				s += ", CONSTRAINT ck_" + col + " CHECK (" + col + " <> 'no')"
			}
			return s + ") CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
		}
		h.exec("CREATE TABLE parent (code VARCHAR(20) PRIMARY KEY) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", "INSERT INTO parent VALUES ('a'), ('b'), ('c'), ('no'), ('it''s')",
			shape("child", "colr", ""), "INSERT INTO child (colr, other) VALUES ('a', 1), ('b', 2)")
		before := h.rows("SHOW CREATE TABLE child")
		p := h.mustPlan(rename("child", "colr", "color"))
		h.phase(p, plans.Expand)
		for _, q := range []string{"INSERT INTO child (color) VALUES ('nobody')", "INSERT INTO child (color) VALUES ('a')", "INSERT INTO child (colr) VALUES ('B')"} {
			if _, err := h.db.Exec(q); err == nil {
				t.Errorf("%s went through", q)
			}
		}
		h.undo(p, plans.Expand)
		if after := h.rows("SHOW CREATE TABLE child"); cutAuto(after[0]) != cutAuto(before[0]) {
			t.Errorf("rollback leaves\n%s\nwant\n%s", after[0], before[0])
		}
		for _, ph := range plans.PhaseNames() {
			h.phase(p, ph)
		}
		if !h.mysql() {
			if _, err := h.db.Exec("INSERT INTO child (color) VALUES ('no')"); err == nil {
				t.Error("the CHECK is gone")
			}
			h.exec("ALTER TABLE child MODIFY color VARCHAR(20) NOT NULL DEFAULT 'it''s' COMMENT 'a \\\\ \"b\"', ADD CONSTRAINT ck_color CHECK (color <> 'no')")
		}
		h.exec("INSERT INTO child (color) VALUES ('c')", "INSERT INTO child () VALUES ()")
		h.want("SELECT color FROM child ORDER BY id DESC LIMIT 2", "it's", "c")
		h.exec(shape("want", "color", "_want"))
		got := lines(h.rows("SHOW CREATE TABLE child")[0])
		want := lines(strings.NewReplacer("want", "child", "_want", "").Replace(h.rows("SHOW CREATE TABLE want")[0]))
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// lines sorts the parts of a definition, since indexes stand in the order of their
// creation.
func lines(s string) []string {
	list := strings.Split(cutAuto(strings.ReplaceAll(s, "_child`", "`")), "\n")
	for i := range list {
		list[i] = strings.TrimSuffix(list[i], ",")
	}
	slices.Sort(list)
	return list
}

func TestTwinsOfGrantsAndHistograms(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE g (id INT PRIMARY KEY, a INT, b INT)", "INSERT INTO g VALUES (1, 1, 1), (2, 2, 2)")
		user := "'pm_" + strings.ToLower(rand.Text()[:10]) + "'@'localhost'"
		h.exec("CREATE USER "+user, "GRANT SELECT (a), UPDATE (a) ON g TO "+user, "GRANT REFERENCES (b) ON g TO "+user)
		t.Cleanup(func() { h.db.Exec("DROP USER " + user) })
		if h.mysql() {
			h.exec("ANALYZE TABLE g UPDATE HISTOGRAM ON a WITH 7 BUCKETS")
		} else {
			h.exec("SET SESSION histogram_size = 50", "ANALYZE TABLE g PERSISTENT FOR COLUMNS (a) INDEXES ()")
		}
		p := h.mustPlan(rename("g", "a", "z"))
		h.phase(p, plans.Expand)
		h.want("SELECT privilege_type FROM information_schema.column_privileges WHERE table_schema = DATABASE() AND column_name = 'z' ORDER BY 1", "SELECT", "UPDATE")
		if c, _ := h.table("g").Column("z"); c.Statistics == nil || h.mysql() && *c.Statistics != 7 {
			t.Errorf("statistics of the new column: %v", c.Statistics)
		}
		h.undo(p, plans.Expand)
		h.want("SELECT COUNT(*) FROM information_schema.column_privileges WHERE table_schema = DATABASE() AND column_name = 'z'", "0")
	})
}

func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE r (id INT PRIMARY KEY, a VARCHAR(20), b INT, c VARCHAR(50) GENERATED ALWAYS AS (CONCAT(b, 'x')) STORED, d TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP, e VARCHAR(20), u VARCHAR(20) UNIQUE, g INT, ck INT CHECK (ck > 0)) ENGINE=InnoDB",
			"CREATE TABLE ft (id INT PRIMARY KEY, f TEXT, FULLTEXT KEY ft (f))",
			"CREATE VIEW rv AS SELECT id, e FROM r", "CREATE TABLE m (id INT PRIMARY KEY, a INT) ENGINE=MyISAM", "CREATE TABLE tr (id INT PRIMARY KEY, a INT, b INT)",
			"CREATE TRIGGER user_trigger BEFORE UPDATE ON tr FOR EACH ROW SET NEW.b = NEW.b", "CREATE TABLE f (x FLOAT PRIMARY KEY, a INT)")
		h.refused(rename("r", "b", "z"), "generated column c")
		h.refused(rename("r", "c", "z"), "generated")
		h.refused(rename("r", "d", "z"), "ON UPDATE")
		h.refused(rename("r", "e", "z"), "view")
		h.refused(rename("ft", "f", "z"), "full-text")
		h.refused(rename("m", "a", "z"), "MyISAM")
		h.refused(rename("f", "a", "z"), "key column x")
		h.refused(rename("tr", "a", "z"), "user_trigger")
		fire := rename("tr", "a", "z")
		fire.UserTriggers = "fire"
		if _, err := h.plan(fire); err != nil {
			t.Error(err)
		}
		named := rename("tr", "b", "z")
		named.UserTriggers = "fire"
		h.refused(named, "trigger user_trigger")
		h.refused(plans.Change{Operations: []plans.Operation{{ChangeType: &plans.ChangeType{Table: "r", Column: "b", Type: "bigint", Up: "b", Down: "b"}}}}, "takes no SQL")
		if h.mysql() {
			h.refused(rename("r", "ck", "z"), "CHECK")
			h.exec("CREATE TABLE fi (id INT PRIMARY KEY, a INT, KEY x ((a + 1)))")
			h.refused(rename("fi", "a", "z"), "functional")
		}
		h.exec("CREATE TABLE vi (id INT PRIMARY KEY, a INT, n INT, v INT AS (n + 1) VIRTUAL)")
		if _, err := h.plan(rename("vi", "a", "z")); h.mysql() == isRefused(err) {
			t.Errorf("a virtual column behind: %v", err)
		}
		h.exec("CREATE TABLE vj (id INT PRIMARY KEY, n INT, v INT AS (n + 1) VIRTUAL, a INT, KEY (v))")
		if _, err := h.plan(rename("vj", "a", "z")); h.mysql() == isRefused(err) {
			t.Errorf("an indexed virtual column: %v", err)
		}
		h.refused(rename("r", "a", "smile😀"), "multilingual")
		h.refused(rename("r", "a", "end "), "white space")
		h.refused(rename("nobody😀", "a", "z"), "no such table")
		up := func(sql string) plans.Change {
			return plans.Change{Operations: []plans.Operation{{RenameColumn: &plans.RenameColumn{Table: "r", From: "a", To: "z", Up: sql, Down: "z"}}}}
		}
		for sql, why := range map[string]string{"nope": "nope", "a)": "syntax", "a, b": "1 column", "COUNT(a)": "group function", "(SELECT 1)": "subquery", "RAND()": "RAND", "NOW()": "NOW",
			"@x": "variable", "a; DROP TABLE r": "several", "a -- end": "", "CONCAT(a, 'select now() @x;')": "", "UNIX_TIMESTAMP(a)": "", "CURRENT_DATE": "CURRENT_DATE", "ROW_NUMBER() OVER ()": "window"} {
			if _, err := h.plan(up(sql)); why == "" && err != nil {
				t.Errorf("%s: %v", sql, err)
			} else if why != "" && (err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(why))) {
				t.Errorf("%s: want %q, got %v", sql, why, err)
			}
		}
		h.refused(plans.Change{Operations: []plans.Operation{{RenameColumn: &plans.RenameColumn{Table: "r", From: "u", To: "z", Up: "LOWER(u)", Down: "z"}}}}, "unique")
	})
}

// TestForeign: what stands in the way and isn't ours is not touched.
func TestForeign(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE f (id INT PRIMARY KEY, a INT)")
		p := h.mustPlan(rename("f", "a", "z"))
		h.exec("ALTER TABLE f ADD COLUMN z INT")
		for _, st := range p.Phase(plans.Expand).Steps {
			if st.Kind == plans.AddColumns {
				if got := h.outcome(p, st); got != dialect.Foreign {
					t.Errorf("somebody else's column: %s", got)
				}
			}
		}
	})
}

// TestTriggerOrder: a later trigger of somebody else is seen, and ours is put
// behind it.
func TestTriggerOrder(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE o (id INT PRIMARY KEY, a VARCHAR(20), n INT)")
		p := h.mustPlan(rename("o", "a", "z"))
		h.phase(p, plans.Expand)
		h.exec("CREATE TRIGGER late BEFORE INSERT ON o FOR EACH ROW SET NEW.a = UPPER(NEW.a)")
		for _, st := range p.Phase(plans.Expand).Steps {
			if st.Kind != plans.InstallSync {
				continue
			}
			if got := h.outcome(p, st); got != dialect.Partial {
				t.Errorf("with a later trigger: %s", got)
			}
			if err := h.d.Steps.Do(t.Context(), p, st, h.env()); err != nil {
				t.Fatal(err)
			}
			if got := h.outcome(p, st); got != dialect.Done {
				t.Errorf("after it was put behind: %s", got)
			}
		}
		h.exec("INSERT INTO o (id, a) VALUES (1, 'x')")
		h.want("SELECT a, z FROM o", "X|X")
	})
}
