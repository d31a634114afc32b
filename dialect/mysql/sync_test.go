package mysql

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
)

func splitChange(mode string) plans.Change {
	return plans.Change{OnUnreturnable: mode, Operations: []plans.Operation{{SplitColumn: &plans.SplitColumn{Table: "people", Column: "full_name",
		Into: plans.Parts{{Name: "first_name", Type: "varchar(30)", Up: "SUBSTRING_INDEX(full_name, ' ', 1) -- the first word"},
			{Name: "last_name", Up: "IF(INSTR(people.full_name, ' '), SUBSTR(`full_name`, INSTR(full_name, ' ') + 1), '')"}},
		Down: "TRIM(CONCAT(first_name, ' ', COALESCE(last_name, '')))"}}}}
}

const peopleDDL = "CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, full_name VARCHAR(20) NOT NULL, n INT, KEY (full_name)) DEFAULT CHARSET utf8mb4"

func TestSplit(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec(peopleDDL, "INSERT INTO people (id, full_name) VALUES (1, 'Ada Lovelace'), (2, 'Plato'), (3, 'Mary  Ann Smith'), (4, ''), (5, 'bob ')")
		before, data := h.rows("SHOW CREATE TABLE people"), h.rows("SELECT id, HEX(full_name) FROM people ORDER BY id")
		p := h.mustPlan(splitChange(""))
		h.phase(p, plans.Expand)
		h.want("SELECT id, HEX(full_name) FROM people ORDER BY id", data...)
		h.want("SELECT id, first_name, last_name FROM people ORDER BY id", "1|Ada|Lovelace", "2|Plato|", "3|Mary| Ann Smith", "4||", "5|bob|")
		// New code, old code, both, and a value that the old shape can't hold.
		h.exec("INSERT INTO people (id, first_name, last_name) VALUES (10, 'Alan', 'Turing')", "INSERT INTO people (id, full_name) VALUES (11, 'Grace Hopper')",
			"UPDATE people SET full_name = 'Ada King' WHERE id = 1", "UPDATE people SET last_name = 'X' WHERE id = 2",
			"INSERT INTO people (first_name, last_name) VALUES ('Wolfeschlegelstein', 'Hausenbergerdorff')", "UPDATE people SET first_name = 'a', last_name = REPEAT('y', 20) WHERE id = 4")
		h.want("SELECT id, full_name, first_name, last_name FROM people WHERE id IN (1, 2, 4, 10, 11, 12) ORDER BY id", "1|Ada King|Ada|King", "2|Plato X|Plato|X", "4||a|"+strings.Repeat("y", 20),
			"10|Alan Turing|Alan|Turing", "11|Grace Hopper|Grace|Hopper", "12||Wolfeschlegelstein|Hausenbergerdorff")
		c := h.columns(p, 0)
		n, list, err := c.Unreturnable(t.Context(), 10)
		if err != nil || n != 2 || len(list) != 2 {
			t.Fatalf("unreturnable: %d %v %v", n, list, err)
		}
		t.Log(list)
		h.verify(p, 0)
		h.exec("UPDATE people SET last_name = 'Z' WHERE id = 4", "DELETE FROM people WHERE id = 12")
		if n, list, err = c.Unreturnable(t.Context(), 10); err != nil || n != 0 {
			t.Fatalf("unreturnable after repair: %d %v %v", n, list, err)
		}
		h.want("SELECT COUNT(*) FROM phasemig.unreturnable WHERE run = '"+p.ID+"'", "0")
		h.phase(p, plans.Switch)
		h.step(p, p.Phase(plans.Contract).Steps[0])
		h.exec("INSERT INTO people (first_name, last_name) VALUES ('In', 'Hiding')")
		h.verify(p, 0)
		h.undo(p, plans.Contract)
		h.want("SELECT full_name FROM people WHERE first_name = 'In'", "In Hiding")
		h.undo(p, plans.Expand)
		if after := h.rows("SHOW CREATE TABLE people"); cutAuto(after[0]) != cutAuto(before[0]) {
			t.Errorf("rollback leaves\n%s\nwant\n%s", after[0], before[0])
		}
	})
}

// cutAuto takes off the counter, which inserts move.
func cutAuto(s string) string {
	a, b, ok := strings.Cut(s, " AUTO_INCREMENT=")
	if !ok {
		return s
	}
	return a + strings.TrimLeft(b, "0123456789")
}

func TestSplitToTheEnd(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec(peopleDDL, "INSERT INTO people (id, full_name) VALUES (1, 'Ada Lovelace')")
		p := h.mustPlan(splitChange("reject"))
		h.phase(p, plans.Expand)
		if _, err := h.db.Exec("INSERT INTO people (first_name, last_name) VALUES ('Wolfeschlegelstein', 'Hausenbergerdorff')"); err == nil || !strings.Contains(err.Error(), "does not fit back") {
			t.Errorf("reject: %v", err)
		}
		h.phase(p, plans.Contract)
		h.exec("INSERT INTO people (first_name, last_name) VALUES ('Wolfeschlegelstein', 'Hausenbergerdorff')")
		h.want("SELECT COLUMN_NAME FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'people' ORDER BY ordinal_position", "id", "first_name", "last_name", "n")
		h.want("SHOW INDEX FROM people WHERE Key_name <> 'PRIMARY'")
	})
}

func notNull(table, column, fill string) plans.Change {
	return plans.Change{Operations: []plans.Operation{{SetNotNull: &plans.SetNotNull{Table: table, Column: column, Fill: fill}}}}
}

func TestSetNotNull(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE item (id INT PRIMARY KEY, price DECIMAL(10,2) DEFAULT NULL COMMENT 'net', list INT, KEY by_price (price))",
			"INSERT INTO item VALUES (1, 1.50, 1), (2, NULL, 7), (3, NULL, 0)")
		before := h.rows("SHOW CREATE TABLE item")
		p := h.mustPlan(notNull("item", "price", "list * 1.0"))
		h.phase(p, plans.Expand)
		h.want("SELECT id, price, _pm_price FROM item ORDER BY id", "1|1.50|1.50", "2|NULL|7.00", "3|NULL|0.00")
		h.exec("INSERT INTO item (id, price, list) VALUES (4, NULL, 9)", "UPDATE item SET price = NULL WHERE id = 1", "INSERT INTO item SELECT 5, NULL, 5")
		h.want("SELECT id, price, _pm_price FROM item WHERE id IN (1, 4, 5) ORDER BY id", "1|NULL|1.00", "4|NULL|9.00", "5|NULL|5.00")
		h.verify(p, 0)
		h.phase(p, plans.Switch)
		h.want("SELECT * FROM item ORDER BY id", "1|1.00|1", "2|7.00|7", "3|0.00|0", "4|9.00|9", "5|5.00|5")
		h.exec("INSERT INTO item VALUES (6, NULL, 6)", "UPDATE item SET price = NULL WHERE id = 2", "UPDATE item SET price = 3 WHERE id = 3")
		h.want("SELECT id, price, _pm_hidden_price FROM item WHERE id IN (2, 3, 6) ORDER BY id", "2|7.00|NULL", "3|3.00|3.00", "6|6.00|NULL")
		h.verify(p, 0)
		h.undo(p, plans.Switch)
		h.want("SELECT id, price FROM item ORDER BY id", "1|NULL", "2|NULL", "3|3.00", "4|NULL", "5|NULL", "6|NULL")
		h.verify(p, 0)
		h.undo(p, plans.Expand)
		if after := h.rows("SHOW CREATE TABLE item"); after[0] != before[0] {
			t.Errorf("rollback leaves\n%s\nwant\n%s", after[0], before[0])
		}
		h.phase(p, plans.Expand)
		h.phase(p, plans.Switch)
		h.phase(p, plans.Contract)
		h.exec("CREATE TABLE want (id INT PRIMARY KEY, price DECIMAL(10,2) NOT NULL COMMENT 'net', list INT, KEY by_price (price))")
		got, want := h.rows("SHOW CREATE TABLE item")[0], h.rows("SHOW CREATE TABLE want")[0]
		if got != strings.ReplaceAll(want, "want", "item") {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// TestCutInTwo takes triggers and names apart the way a crash does, and goes on.
func TestCutInTwo(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec(peopleDDL, "INSERT INTO people (id, full_name) VALUES (1, 'Ada'), (2, 'Bob')")
		p := h.mustPlan(rename("people", "full_name", "display_name"))
		h.phase(p, plans.Expand)
		hide := p.Phase(plans.Contract).Steps[0]
		var list []string // the statements under the lock
		for _, q := range hide.SQL {
			if !strings.HasPrefix(q, "LOCK") && !strings.HasPrefix(q, "UNLOCK") && !strings.HasPrefix(q, "/*") {
				list = append(list, q)
			}
		}
		for cut := 1; cut < len(list); cut++ {
			h.exec(list[:cut]...)
			if got := h.outcome(p, hide); got != dialect.Partial {
				t.Errorf("after %d statements: %s", cut, got)
			}
			// New code goes on writing wherever a runner died.
			h.exec("INSERT INTO people (id, display_name) VALUES (99, 'x')", "DELETE FROM people WHERE id = 99")
			if cut%2 == 0 {
				if err := h.d.Steps.Do(t.Context(), p, hide, h.env()); err != nil {
					t.Fatal(err)
				}
				if got := h.outcome(p, hide); got != dialect.Done {
					t.Errorf("after going on from %d statements: %s", cut, got)
				}
			}
			if err := h.d.Steps.Undo(t.Context(), p, hide, h.env()); err != nil {
				t.Fatal(err)
			}
			if got := h.outcome(p, hide); got != dialect.NotStarted {
				t.Errorf("after going back from %d statements: %s", cut, got)
			}
			h.want("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()", "2")
			if c, _ := h.table("people").Column("full_name"); h.mysql() && c.Default != nil {
				t.Errorf("after going back the old column has the default %s", *c.Default)
			}
		}
		// New code writes while there are no triggers.
		h.exec(list[:len(list)-2]...)
		h.exec("INSERT INTO people (id, display_name) VALUES (3, 'Cyd')", "UPDATE people SET display_name = 'Bo' WHERE id = 2")
		if err := h.d.Steps.Do(t.Context(), p, hide, h.env()); err != nil {
			t.Fatal(err)
		}
		c := h.columns(p, 0)
		if n, keys, err := c.Resync(t.Context(), true); err != nil || n != 2 {
			t.Errorf("resync: %d %v %v", n, keys, err)
		}
		h.want("SELECT id, _pm_hidden_full_name, display_name FROM people ORDER BY id", "1|Ada|Ada", "2|Bo|Bo", "3|Cyd|Cyd")
		h.verify(p, 0)
	})
}

// TestResync brings rows back in step whichever side was written, through SQL in
// both directions and under the names of each state.
func TestResync(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec(peopleDDL, "INSERT INTO people (id, full_name) VALUES (1, 'Ada Lovelace'), (2, 'Plato'), (3, 'Grace Hopper')")
		p := h.mustPlan(splitChange(""))
		h.phase(p, plans.Expand)
		marked := "SET @phasemig_backfill = '" + p.ID + "'" // as if there were no triggers
		h.exec(marked, "UPDATE people SET full_name = 'Ada King' WHERE id = 1", "INSERT INTO people (id, full_name) VALUES (4, 'Alan Turing')")
		if n, keys, err := h.columns(p, 0).Resync(t.Context(), false); err != nil || n != 2 || strings.Join(keys, ";") != "id=1;id=4" {
			t.Errorf("old wins: %d %v %v", n, keys, err)
		}
		h.want("SELECT id, full_name, first_name, last_name FROM people ORDER BY id", "1|Ada King|Ada|King", "2|Plato|Plato|", "3|Grace Hopper|Grace|Hopper", "4|Alan Turing|Alan|Turing")
		h.step(p, p.Phase(plans.Contract).Steps[0])
		h.exec(marked, "UPDATE people SET last_name = 'Byron' WHERE id = 1", "INSERT INTO people (id, first_name) VALUES (5, 'Socrates')",
			"UPDATE people SET first_name = REPEAT('w', 20), last_name = 'too long' WHERE id = 3")
		c := h.columns(p, 0)
		if n, keys, err := c.Resync(t.Context(), true); err != nil || n != 3 {
			t.Errorf("new wins: %d %v %v", n, keys, err)
		}
		h.want("SELECT id, _pm_hidden_full_name FROM people ORDER BY id", "1|Ada Byron", "2|Plato", "3|", "4|Alan Turing", "5|Socrates")
		if n, list, err := c.Unreturnable(t.Context(), 5); err != nil || n != 1 || list[0].Key["id"] != "3" {
			t.Errorf("unreturnable: %d %v %v", n, list, err)
		}
		h.verify(p, 0)
	})
}

// TestWaysToWrite goes through every statement that writes rows, as old and as new
// code, in a session that pins nothing.
func TestWaysToWrite(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE w (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(20) NOT NULL, k INT UNIQUE, seen TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP)",
			"CREATE TABLE src (a VARCHAR(20), k INT)", "INSERT INTO src VALUES ('s1', 101), ('s2', 102)", "CREATE VIEW wv AS SELECT id, k FROM w")
		p := h.mustPlan(rename("w", "a", "b"))
		h.phase(p, plans.Expand)
		for _, col := range []string{"a", "b"} {
			h.exec("INSERT INTO w ("+col+", k) VALUES ('v1', 1), ('v2', 2)", "INSERT INTO w ("+col+", k) SELECT a, k FROM src",
				"INSERT INTO w ("+col+", k) VALUES ('o', 1) ON DUPLICATE KEY UPDATE "+col+" = CONCAT('dup ', VALUES("+col+"))",
				"REPLACE INTO w ("+col+", k) VALUES ('r', 2)", "INSERT IGNORE INTO w ("+col+", k) VALUES ('ignored', 1), ('i', 3)",
				"UPDATE w SET "+col+" = 'U' WHERE k = 3", "UPDATE w JOIN src ON src.k = w.k SET w."+col+" = CONCAT('j', src.a)", "UPDATE wv SET k = 900 WHERE k = 3",
				"SET SESSION sql_mode = ''", "INSERT INTO w ("+col+", k) VALUES (REPEAT('x', 30), 77)", "SET SESSION sql_mode = DEFAULT")
			h.want("SELECT k, a, b FROM w ORDER BY k", "1|dup o|dup o", "2|r|r", "77|"+strings.Repeat("x", 20)+"|"+strings.Repeat("x", 20), "101|js1|js1", "102|js2|js2", "900|U|U")
			h.verify(p, 0)
			h.exec("DELETE FROM w")
		}
		// Both named: the new side wins; only the old side changed by the next.
		h.exec("INSERT INTO w (id, a, b, k) VALUES (1, 'A', 'B', 1)", "UPDATE w SET a = 'x', b = 'y' WHERE id = 1")
		h.want("SELECT a, b FROM w", "y|y")
		h.exec("UPDATE w SET a = 'z', b = 'y' WHERE id = 1")
		h.want("SELECT a, b FROM w", "z|z")
	})
}
