package mysql

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/shadow"
)

// withTriggers is a table whose triggers count what they saw.
func withTriggers(h *home) {
	h.exec("CREATE TABLE audit (id int AUTO_INCREMENT PRIMARY KEY, what varchar(60) NOT NULL)",
		"CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, note varchar(40) NOT NULL DEFAULT '')",
		"INSERT INTO t VALUES (1, 1, ''), (2, 2, ''), (3, 3, '')",
		"CREATE TRIGGER second AFTER INSERT ON t FOR EACH ROW INSERT INTO audit (what) VALUES (CONCAT('second ', NEW.id))",
		"CREATE TRIGGER first_one AFTER INSERT ON t FOR EACH ROW PRECEDES second INSERT INTO audit (what) VALUES (CONCAT('first ', NEW.id))",
		"SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'",
		`CREATE TRIGGER "up date" BEFORE UPDATE ON t FOR EACH ROW BEGIN /* FOR EACH ROW */ SET NEW.note = 'é' || OLD.n; INSERT INTO audit (what) VALUES ('update ' || NEW.id); END`,
		"SET sql_mode = '', NAMES latin1",
		"CREATE TRIGGER gone AFTER DELETE ON t FOR EACH ROW INSERT INTO audit (what) VALUES (CONCAT('\xe9 ', OLD.id))")
}

const described = `SELECT action_timing, event_manipulation, action_order, action_statement, definer, sql_mode, character_set_client, collation_connection, database_collation
	FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND event_object_table = 't' ORDER BY 1, 2, 3`

const triggersOf = "SELECT event_object_table, trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY 1, 2"

// TestTriggersCarried: the new table fires what the old one did, once, in its order and
// with its settings; and so does the old one when it is back.
func TestTriggersCarried(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		withTriggers(h)
		before := h.rows(described)
		s := newShadowed(h, "t", "MODIFY n bigint NOT NULL")
		write := func(id string) {
			t.Helper()
			h.exec("INSERT INTO t (id, n) VALUES ("+id+", 1)", "UPDATE t SET n = n + 1 WHERE id = "+id, "DELETE FROM t WHERE id = "+id)
			h.want("SELECT what FROM audit ORDER BY id", "first "+id, "second "+id, "update "+id, "é "+id)
			h.exec("DELETE FROM audit")
		}
		s.to(plans.Expand)
		write("10")
		s.to(plans.Switch)
		write("11")
		h.want(triggersOf, "t|first_one_pm", "t|gone_pm", "t|second_pm", "t|up date_pm")
		if got := h.rows(described); !slices.Equal(got, before) {
			t.Errorf("triggers of the new table:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(before, "\n"))
		}
		h.exec("INSERT INTO t (id, n) VALUES (4, 4)", "DELETE FROM audit")
		s.rollback()
		h.want("SELECT COUNT(*) FROM audit", "0") // the old table was brought up to date in silence
		h.want("SELECT id, n FROM t ORDER BY id", "1|1", "2|2", "3|3", "4|4")
		h.want(triggersOf, "t|first_one", "t|gone", "t|second", "t|up date")
		if got := h.rows(described); !slices.Equal(got, before) {
			t.Errorf("triggers of the old table:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(before, "\n"))
		}
		write("12")
		s.to(plans.Contract)
		write("13")
		h.want("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1", "audit", "t")
		next := newShadowed(h, "t", "MODIFY n int NOT NULL")
		next.to(plans.Contract)
		h.want(triggersOf, "t|first_one", "t|gone", "t|second", "t|up date")
		write("14")
	})
}

// TestTriggersLeft: a cut-over that fails or dies with the triggers on the new table
// leaves none there while it only follows.
func TestTriggersLeft(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		withTriggers(h)
		s := newShadowed(h, "t", "MODIFY n bigint NOT NULL")
		s.to(plans.Expand)
		fault.Arm("shadow.carried=error")
		err := s.apply(t.Context(), plans.Switch)
		fault.Arm("")
		if !errors.Is(err, fault.ErrInjected) {
			t.Fatal(err)
		}
		h.want(triggersOf, "t|first_one", "t|gone", "t|second", "t|up date")

		lease := s.takeOver()
		l := s.lock(s.pair(lease, false))
		if err := l.board(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.kill(l.id)
		h.want("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()", "8")
		s.release(lease)
		h.exec("INSERT INTO t (id, n) VALUES (4, 4)")
		s.to(plans.Switch)
		h.want("SELECT what FROM audit ORDER BY id", "first 4", "second 4")
		h.want(triggersOf, "t|first_one_pm", "t|gone_pm", "t|second_pm", "t|up date_pm")
	})
}

// TestTriggersOfStrangers: names that are taken, and triggers that somebody put on the shadow.
func TestTriggersOfStrangers(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		withTriggers(h)
		h.exec("CREATE TABLE other (id int)", "CREATE TRIGGER gone_pm BEFORE INSERT ON other FOR EACH ROW SET NEW.id = 1")
		s := newShadowed(h, "t", "MODIFY n bigint NOT NULL")
		if err := s.apply(t.Context(), plans.Expand); !isRefused(err) || !strings.Contains(err.Error(), "gone_pm") {
			t.Errorf("a name that is taken: %v", err)
		}
		h.exec("DROP TABLE other")
		s.to(plans.Expand)
		h.exec("CREATE TRIGGER spy BEFORE INSERT ON " + quote(s.alter().New) + " FOR EACH ROW SET NEW.n = 0")
		if err := s.apply(t.Context(), plans.Switch); !errors.Is(err, plans.ErrStale) || !strings.Contains(err.Error(), "spy") {
			t.Errorf("a trigger on the shadow: %v", err)
		}
		h.exec("DROP TRIGGER spy")
		s.to(plans.Switch)
	})
}

func TestTriggersRefused(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		withTriggers(h)
		h.refused(alterOf("t", "DROP COLUMN note"), "trigger up date names column note")
		h.refused(alterOf("t", "RENAME COLUMN n TO m"), "trigger up date names column n")
	})
}

// parents makes a parent and a child with foreign keys named by the user and by the server.
func parents(h *home) {
	h.exec("CREATE TABLE p (id int PRIMARY KEY, code varchar(10) NOT NULL UNIQUE)", "INSERT INTO p VALUES (1, 'a'), (2, 'b'), (3, 'c')",
		"CREATE TABLE t (id int PRIMARY KEY, pid int NULL, other int NULL, code varchar(10) NULL, n int NOT NULL, FOREIGN KEY (other) REFERENCES p (id), CONSTRAINT to_code FOREIGN KEY (code) REFERENCES p (code), CONSTRAINT mine FOREIGN KEY (pid) REFERENCES p (id))",
		"INSERT INTO t VALUES (1, 1, 1, 'a', 1), (2, 2, NULL, NULL, 2), (3, NULL, 3, 'c', 3)")
}

const keysOf = "SELECT table_name, constraint_name FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE() ORDER BY table_name, CAST(constraint_name AS BINARY)"

// TestForeignKeysCarried: the new table has the old one's foreign keys once it is in use,
// and neither holds the application up while it only follows.
func TestForeignKeysCarried(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		parents(h)
		before := whole(h.rows("SHOW CREATE TABLE t"))
		s := newShadowed(h, "t", "MODIFY n bigint NOT NULL, RENAME COLUMN pid TO parent")
		if len(s.plan.Notes) != 2 {
			t.Errorf("notes: %q", s.plan.Notes)
		}
		s.to(plans.Expand)
		h.want(keysOf, "t|mine", "t|t_ibfk_1", "t|to_code")
		// With a foreign key on the shadow, which lags behind, this would fail.
		h.exec("BEGIN", "INSERT INTO p VALUES (9, 'z')", "INSERT INTO t VALUES (9, 9, 9, 'z', 9)", "COMMIT")
		h.exec("BEGIN", "DELETE FROM t WHERE id = 9", "DELETE FROM p WHERE id = 9", "COMMIT")
		s.to(plans.Switch)
		h.want(keysOf, "t|mine_pm", "t|t_ibfk_1", "t|to_code_pm")
		if _, err := h.db.ExecContext(t.Context(), "INSERT INTO t VALUES (8, 77, NULL, NULL, 8)"); !is(err, 1452) {
			t.Errorf("a child without parent: %v", err)
		}
		h.exec("BEGIN", "INSERT INTO p VALUES (9, 'z')", "INSERT INTO t VALUES (9, 9, 9, 'z', 9)", "COMMIT")
		h.exec("BEGIN", "DELETE FROM t WHERE id = 9", "DELETE FROM p WHERE id = 9", "COMMIT")
		s.rollback()
		h.want(keysOf, "t|mine", "t|t_ibfk_1", "t|to_code")
		if got := whole(h.rows("SHOW CREATE TABLE t")); clauses(got) != clauses(before) {
			t.Errorf("after the rollback:\n%s\nwant\n%s", got, before)
		}
		s.to(plans.Contract)
		h.want(keysOf, "t|mine_pm", "t|t_ibfk_1", "t|to_code_pm")
	})
}

func whole(list []string) string { return strings.Join(list, "\n") }

// TestForeignKeysDirect: but for names the table is what the change itself would have
// made of it.
func TestForeignKeysDirect(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		parents(h)
		const sql = "MODIFY n bigint NOT NULL, ADD COLUMN n2 int NULL, ADD CONSTRAINT own FOREIGN KEY (pid) REFERENCES p (id) ON DELETE RESTRICT, ADD FOREIGN KEY (n2) REFERENCES p (id)"
		direct := newHome(t, h.kind)
		parents(direct)
		direct.exec("ALTER TABLE t " + sql)
		want := whole(direct.rows("SHOW CREATE TABLE t"))
		s := newShadowed(h, "t", sql)
		s.to(plans.Contract)
		got := strings.NewReplacer("`mine_pm`", "`mine`", "`to_code_pm`", "`to_code`").Replace(whole(h.rows("SHOW CREATE TABLE t")))
		if clauses(got) != clauses(want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// clauses sorts: the server lists indexes and foreign keys in the order of their making.
func clauses(s string) string {
	list := strings.Split(s, "\n")
	for i := range list {
		list[i] = strings.TrimSuffix(list[i], ",")
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// TestForeignKeysWithoutParents: a row that points nowhere is named before anything is swapped.
func TestForeignKeysWithoutParents(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		parents(h)
		const orphaned = "INSERT INTO t VALUES (50, 77, NULL, NULL, 8)"
		h.exec("SET foreign_key_checks = 0", orphaned)
		s := newShadowed(h, "t", "MODIFY n bigint NOT NULL")
		named := func(phase plans.PhaseName) {
			t.Helper()
			var orphan *shadow.OrphanError
			if err := s.apply(t.Context(), phase); !errors.As(err, &orphan) || orphan.Key != "mine" || len(orphan.Keys) != 1 || !strings.Contains(err.Error(), "50") {
				t.Errorf("an orphan: %v", err)
			}
		}
		named(plans.Expand)
		h.exec("DELETE FROM t WHERE id = 50")
		s.to(plans.Expand)
		h.exec("SET foreign_key_checks = 0", orphaned)
		named(plans.Switch)
		h.exec("DELETE FROM t WHERE id = 50")
		s.to(plans.Switch)

		added := newHome(t, h.kind)
		added.exec("CREATE TABLE p (id int PRIMARY KEY)", "CREATE TABLE t (id int PRIMARY KEY, pid int)", "INSERT INTO t VALUES (1, 7)")
		a := newShadowed(added, "t", "ADD CONSTRAINT x FOREIGN KEY (pid) REFERENCES p (id)")
		var orphan *shadow.OrphanError
		if err := a.apply(t.Context(), plans.Expand); !errors.As(err, &orphan) || orphan.Key != "x" {
			t.Errorf("an orphan of a new foreign key: %v", err)
		}
		added.exec("INSERT INTO p VALUES (7)")
		a.to(plans.Contract)
		added.want(keysOf, "t|x")
	})
}

func TestForeignKeysRefused(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		parents(h)
		h.refused(alterOf("t", "DROP COLUMN pid"), "foreign key mine stands on column pid")
		h.refused(alterOf("t", "DROP FOREIGN KEY mine"), "it drops constraints")
		h.refused(alterOf("t", "ADD x int, DROP FOREIGN KEY mine"), "drop it by an ALTER TABLE of its own")
		h.refused(alterOf("t", "DROP KEY mine"), "foreign key mine needs an index on pid")
		h.refused(alterOf("p", "MODIFY code varchar(20) NOT NULL"), "points at the table")
	})
}

// TestForeignKeysLeft: a cut-over that died leaves no foreign key on the new table.
func TestForeignKeysLeft(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		parents(h)
		s := newShadowed(h, "t", "MODIFY n bigint NOT NULL")
		s.to(plans.Expand)
		lease := s.takeOver()
		l := s.lock(s.pair(lease, false))
		if err := l.board(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.kill(l.id)
		s.release(lease)
		h.want("SELECT COUNT(*) FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()", "6")
		if got := s.swapOutcome(); got != dialect.NotStarted {
			t.Errorf("the swap is %s", got)
		}
		s.to(plans.Switch)
		h.want(keysOf, "t|mine_pm", "t|t_ibfk_1", "t|to_code_pm")
	})
}

// TestOtherTable: a clause that takes rows from another table isn't even tried, since the empty copy would take them, too.
func TestOtherTable(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN MAXVALUE)",
			"CREATE TABLE other (id int PRIMARY KEY)", "INSERT INTO other VALUES (1), (2)")
		for _, sql := range []string{"EXCHANGE PARTITION a WITH TABLE other", "/*!50000 EXCHANGE */ PARTITION a WITH TABLE other", "/*M!100000 EXCHANGE */ PARTITION a WITH TABLE other", "CONVERT TABLE other TO PARTITION c VALUES LESS THAN (20)", "CONVERT PARTITION a TO TABLE c"} {
			c := alterOf("t", sql)
			c.Strategy = ""
			h.refused(c, "about the rows of another table")
		}
		h.want("SELECT id FROM other ORDER BY id", "1", "2")
	})
}
