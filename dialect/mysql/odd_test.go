package mysql

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/plans"
)

// TestOddTables takes tables that are not the plain kind through the whole life.
func TestOddTables(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		t.Parallel()
		odd := map[string][]string{
			"partitioned":  {"CREATE TABLE %s (id INT, a VARCHAR(20) NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)"},
			"parent":       {"CREATE TABLE %s (id INT PRIMARY KEY, a VARCHAR(20) NOT NULL)", "CREATE TABLE child_of_%s (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES %[1]s (id) ON DELETE CASCADE)"},
			"self":         {"CREATE TABLE %s (id INT PRIMARY KEY, a VARCHAR(20) NOT NULL, boss INT, FOREIGN KEY (boss) REFERENCES %[1]s (id))"},
			"compressed":   {"CREATE TABLE %s (id INT PRIMARY KEY, a VARCHAR(20) NOT NULL) ROW_FORMAT=COMPRESSED"},
			"redundant":    {"CREATE TABLE %s (id INT PRIMARY KEY, a VARCHAR(20) NOT NULL) ROW_FORMAT=REDUNDANT"},
			"was fulltext": {"CREATE TABLE %s (id INT PRIMARY KEY, a VARCHAR(20) NOT NULL, f TEXT, FULLTEXT KEY ft (f))", "ALTER TABLE %s DROP INDEX ft"},
			"invisible":    {"CREATE TABLE %s (id INT PRIMARY KEY, b INT, a VARCHAR(20) NOT NULL DEFAULT 'd' INVISIBLE)"},
			"computed":     {"CREATE TABLE %s (id INT PRIMARY KEY, n INT, g INT AS (n + 1) VIRTUAL, a VARCHAR(20), s INT AS (n + 2) STORED)"},
			"stamped":      {"CREATE TABLE %s (id INT PRIMARY KEY, a VARCHAR(20) NOT NULL, u DATETIME(6) DEFAULT NOW(6) ON UPDATE NOW(6), c TIMESTAMP DEFAULT NOW())"},
		}
		for n, name := range slices.Sorted(maps.Keys(odd)) {
			if !h.takes(n) {
				continue
			}
			setup := odd[name]
			t.Run(name, func(t *testing.T) { h.on(t).wholeLife(strings.ReplaceAll(name, " ", "_"), setup) })
		}
	})
}

func (h *home) wholeLife(table string, setup []string) {
	for _, q := range setup {
		if !strings.Contains(q, "%[1]s") || !strings.Contains(q, "%s") {
			q = strings.ReplaceAll(q, "%[1]s", "%s")
		}
		h.exec(strings.NewReplacer("%s", table, "%[1]s", table).Replace(q))
	}
	h.exec(fmt.Sprintf("INSERT INTO %s (id, a) VALUES (1, 'x'), (20, 'y')", table))
	before := h.rows("SHOW CREATE TABLE " + table)
	p := h.mustPlan(rename(table, "a", "z"))
	h.phase(p, plans.Expand)
	h.exec(fmt.Sprintf("INSERT INTO %s (id, a) VALUES (2, 'old')", table), fmt.Sprintf("INSERT INTO %s (id, z) VALUES (21, 'new')", table))
	hide := p.Phase(plans.Contract).Steps[0]
	h.step(p, hide)
	if err := h.d.Steps.Undo(h.t.Context(), p, hide, h.env()); err != nil {
		h.t.Fatal(err)
	}
	h.undo(p, plans.Expand)
	if after := h.rows("SHOW CREATE TABLE " + table); after[0] != before[0] {
		h.t.Errorf("rollback leaves\n%s\nwant\n%s", after[0], before[0])
	}
	for _, ph := range plans.PhaseNames() {
		h.phase(p, ph)
	}
	h.exec(fmt.Sprintf("INSERT INTO %s (id, z) VALUES (3, 'end')", table))
	h.want(fmt.Sprintf("SELECT id, z FROM %s ORDER BY id", table), "1|x", "2|old", "3|end", "20|y", "21|new")
	want := strings.ReplaceAll(before[0], "`a`", "`z`")
	if after := h.rows("SHOW CREATE TABLE " + table); after[0] != want {
		h.t.Errorf("the end is\n%s\nwant\n%s", after[0], want)
	}
}

// TestNotNullWithoutFill: nobody's NULL fails until contract, and there the server
// says which column is in the way.
func TestNotNullWithoutFill(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE t (id INT PRIMARY KEY, a INT)", "INSERT INTO t VALUES (1, 1), (2, NULL)")
		p := h.mustPlan(notNull("t", "a", ""))
		h.phase(p, plans.Expand)
		h.phase(p, plans.Switch)
		h.exec("INSERT INTO t VALUES (3, NULL)")
		var late plans.Step
		for _, st := range p.Phase(plans.Contract).Steps {
			if st.Kind == plans.BuildTwin {
				late = st
			}
		}
		if err := h.d.Steps.Do(t.Context(), p, late, h.env()); err == nil {
			t.Error("NULLs became NOT NULL")
		}
		h.want("SELECT COUNT(*) FROM t WHERE a IS NULL", "2")
		h.exec("UPDATE t SET a = 0 WHERE a IS NULL")
		h.phase(p, plans.Contract)
		if _, err := h.db.Exec("INSERT INTO t VALUES (4, NULL)"); err == nil {
			t.Error("the column takes NULL")
		}
		h.refused(notNull("t", "a", "1"), "already")
	})
}

// TestHiddenNotNull: an old NOT NULL column of any type can be hidden, because a
// value is made up for it.
func TestHiddenNotNull(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		t.Parallel()
		types := map[string]string{"text": "'x'", "mediumblob": "x'00'", "json": "'[1]'", "enum('p','q')": "'q'", "set('p','q')": "'q'", "bit(3)": "b'101'", "date": "'2020-01-01'",
			"datetime(6)": "'2020-01-01'", "time": "'01:00:00'", "year": "2020", "decimal(5,2)": "1.5", "double": "0.5", "binary(3)": "'a'", "tinyint(1)": "1"}
		if !h.mysql() {
			h.exec("CREATE TABLE ts (id INT PRIMARY KEY, a TIMESTAMP NOT NULL)")
			h.refused(rename("ts", "a", "z"), "TIMESTAMP")
			types["uuid"], types["inet6"] = "'123e4567-e89b-12d3-a456-426655440000'", "'::1'"
		}
		for n, typ := range slices.Sorted(maps.Keys(types)) {
			if !h.takes(n) {
				continue
			}
			v, table := types[typ], fmt.Sprintf("h%d", n)
			t.Run(typ, func(t *testing.T) {
				h := h.on(t)
				h.exec(fmt.Sprintf("CREATE TABLE %s (id INT PRIMARY KEY, a %s NOT NULL)", table, typ), fmt.Sprintf("INSERT INTO %s VALUES (1, %s)", table, v))
				before := h.rows("SHOW CREATE TABLE " + table)
				p := h.mustPlan(rename(table, "a", "z"))
				h.phase(p, plans.Expand)
				hide := p.Phase(plans.Contract).Steps[0]
				h.step(p, hide)
				h.exec(fmt.Sprintf("INSERT INTO %s (id, z) VALUES (2, %s)", table, v))
				h.verify(p, 0)
				h.undo(p, plans.Contract)
				h.undo(p, plans.Expand)
				if after := h.rows("SHOW CREATE TABLE " + table); after[0] != before[0] {
					t.Errorf("rollback leaves\n%s\nwant\n%s", after[0], before[0])
				}
				for _, ph := range plans.PhaseNames() {
					h.phase(p, ph)
				}
				if after := h.rows("SHOW CREATE TABLE " + table); after[0] != strings.ReplaceAll(before[0], "`a`", "`z`") {
					t.Errorf("the end is\n%s", after[0])
				}
			})
		}
		h.exec("CREATE TABLE geo (id INT PRIMARY KEY, a POINT NOT NULL)")
		h.refused(rename("geo", "a", "z"), "without a default")
	})
}
