package integration

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// wholeTables are tables that come and go. The application writes to those that are there.
func wholeTables(k throwaway.Kind) []recipeCase {
	const columns = "(id bigint PRIMARY KEY, team_id bigint, note varchar(40) DEFAULT 'x' NOT NULL, CONSTRAINT invoices_team FOREIGN KEY (team_id) REFERENCES teams (id))"
	old := []string{"INSERT INTO invoices (id, team_id) VALUES ($1, 1)"}
	there := []string{"CREATE TABLE invoices " + columns, "CREATE INDEX invoices_note ON invoices (note)", "INSERT INTO invoices (id) VALUES (1)"}
	create := recipeCase{name: "create table", also: "invoices", operations: "  - create_table: {table: invoices, definition: \"" + columns + "\"}\n", direct: there[:1]}
	drop := recipeCase{name: "drop table", also: "invoices", operations: "  - drop_table: {table: invoices}\n", direct: []string{"DROP TABLE invoices"}, old: old, create: there}
	pair := recipeCase{name: "create two tables", also: "invoices", operations: "  - create_table: {table: bills, definition: \"(id bigint PRIMARY KEY)\"}\n  - create_table: {table: invoices, definition: \"(id bigint PRIMARY KEY, bill bigint, FOREIGN KEY (bill) REFERENCES bills (id))\"}\n",
		direct: []string{"CREATE TABLE bills (id bigint PRIMARY KEY)", "CREATE TABLE invoices (id bigint PRIMARY KEY, bill bigint, FOREIGN KEY (bill) REFERENCES bills (id))"}}
	out := []recipeCase{create, drop, pair, renamed(k, columns), anyOrder}
	if !k.IsPostgres() {
		return append(out, severalAlters.onCopy(), besideOthers(k), recipeCase{name: "rename partitioned table", refused: "rows of all partitions", create: []string{"CREATE TABLE invoices (id BIGINT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2"}, operations: renameInvoices})
	}
	drop.create = append(there, "COMMENT ON TABLE invoices IS 'it''s all'")
	out[1] = drop
	out[1].old = []string{"INSERT INTO invoices (id, team_id) VALUES ($1::bigint, 1)"}
	several := recipeCase{name: "several tables", also: "invoices", operations: "  - create_table: {table: invoices, definition: \"" + columns + "\"}\n  - add_column: {table: orders, name: extra, type: text}\n" +
		"  - add_foreign_key: {table: orders, name: orders_team, columns: [team_id], references: {table: teams, columns: [id]}}\n  - create_index: {table: teams, name: teams_name, columns: [name]}\n  - set_comment: {table: teams, comment: who}\n",
		direct: []string{there[0], "ALTER TABLE orders ADD COLUMN extra text, ADD CONSTRAINT orders_team FOREIGN KEY (team_id) REFERENCES teams (id)", "CREATE INDEX teams_name ON teams (name)", "COMMENT ON TABLE teams IS 'who'"}}
	pointing := recipeCase{name: "foreign key to a new table", also: "invoices", create: []string{"ALTER TABLE orders ADD COLUMN invoice bigint"}, operations: "  - add_foreign_key: {table: orders, name: orders_invoice, columns: [invoice], references: {table: invoices, columns: [id]}}\n" +
		"  - create_table: {table: invoices, definition: \"(id bigint PRIMARY KEY, note text)\"}\n",
		direct: []string{"CREATE TABLE invoices (id bigint PRIMARY KEY, note text)", "ALTER TABLE orders ADD CONSTRAINT orders_invoice FOREIGN KEY (invoice) REFERENCES invoices (id)"}}
	if k == throwaway.Postgres18 { // 15 leaves what it adds of a key for each partition that it points at unvalidated
		out = append(out, severalCopies)
	}
	return append(out, several, pointing, recipeCase{name: "create table with an index", also: "invoices", operations: "  - create_table: {table: invoices, definition: \"" + columns + "\", then: [CREATE INDEX invoices_note ON invoices (note), COMMENT ON TABLE invoices IS 'bills']}\n",
		direct: []string{there[0], there[1], "COMMENT ON TABLE invoices IS 'bills'"}}, besideOthers(k))
}

// anyOrder is written so that nothing could be done in the order of the file.
var anyOrder = recipeCase{name: "tables in any order", also: "invoices", create: []string{"CREATE TABLE heads (id bigint PRIMARY KEY)", "CREATE TABLE limbs (id bigint PRIMARY KEY, head bigint, CONSTRAINT limbs_head FOREIGN KEY (head) REFERENCES heads (id))"},
	operations: "  - drop_table: {table: heads}\n  - drop_table: {table: limbs}\n  - create_table: {table: invoices, definition: \"(id bigint PRIMARY KEY, bill bigint, CONSTRAINT invoices_bill FOREIGN KEY (bill) REFERENCES bills (id))\"}\n  - create_table: {table: bills, definition: \"(id bigint PRIMARY KEY)\"}\n",
	direct:     []string{"CREATE TABLE bills (id bigint PRIMARY KEY)", "CREATE TABLE invoices (id bigint PRIMARY KEY, bill bigint, CONSTRAINT invoices_bill FOREIGN KEY (bill) REFERENCES bills (id))", "DROP TABLE limbs", "DROP TABLE heads"}}

// severalAlters changes two tables, each by an ALTER TABLE of its own.
var severalAlters = recipeCase{name: "alter several tables", also: "parts", create: []string{"CREATE TABLE parts (id bigint PRIMARY KEY, n int)", "INSERT INTO parts VALUES (1, 1), (2, 2)"}, old: []string{"INSERT INTO parts (id, n) VALUES ($1, 3)", "UPDATE parts SET n = n + 1 WHERE id = $1 - 2"},
	operations: "  - add_column: {table: orders, name: extra, type: int}\n  - change_type: {table: parts, column: n, type: bigint}\n",
	direct:     []string{"ALTER TABLE orders ADD COLUMN extra int", "ALTER TABLE parts MODIFY n bigint"}}

// severalCopies puts a table into partitions and changes one that points at it, each on a copy of its own.
var severalCopies = recipeCase{name: "copies of several tables", also: "parts", strategy: "shadow",
	create:     []string{orderKey, "CREATE TABLE parts (id bigint PRIMARY KEY, order_id bigint, n int, CONSTRAINT parts_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE)", "INSERT INTO parts SELECT id, id, 1 FROM orders"},
	old:        []string{"INSERT INTO parts SELECT $1::bigint, id, 3 FROM orders WHERE id = $1::bigint - 1", "UPDATE parts SET n = n + 1 WHERE id = $1::bigint - 1"},
	operations: "  - alter_table: {table: parts, sql: ALTER n TYPE bigint}\n  - partition_table: {table: orders, by: hash, columns: [id], partitions: [{name: orders_0}, {name: orders_1}]}\n",
	direct:     slices.Concat([]string{"ALTER TABLE parts DROP CONSTRAINT parts_order", "TRUNCATE parts"}, ordersInParts, []string{"ALTER TABLE parts ALTER n TYPE bigint, ADD CONSTRAINT parts_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE"})}

// besideOthers copies one table, renames a column of another, and makes a third.
func besideOthers(k throwaway.Kind) recipeCase {
	c := recipeCase{name: "copy beside other ways", also: "parts invoices", create: []string{"CREATE TABLE parts (id bigint PRIMARY KEY, n int)", "INSERT INTO parts VALUES (1, 1), (2, 2)"},
		old: []string{"INSERT INTO parts (id, n) VALUES ($1, 3)", "UPDATE parts SET n = n + 1 WHERE id = $1 - 2"}, strategy: "shadow", direct: []string{"ALTER TABLE orders MODIFY total bigint"},
		operations: "  - rename_column: {table: parts, from: n, to: m}\n  - create_table: {table: invoices, definition: \"(id bigint PRIMARY KEY)\"}\n"}
	if k.IsPostgres() {
		c.strategy, c.direct, c.create = "", slices.Concat(ordersInParts, []string{"CREATE INDEX teams_name ON teams (name)"}), append(c.create, orderKey)
		c.old = []string{"INSERT INTO parts (id, n) VALUES ($1::bigint, 3)", "UPDATE parts SET n = n + 1 WHERE id = $1::bigint - 2"}
		c.operations += "  - create_index: {table: teams, name: teams_name, columns: [name]}\n  - partition_table: {table: orders, by: hash, columns: [id], partitions: [{name: orders_0}, {name: orders_1}]}\n"
	} else {
		c.operations += "  - alter_table: {table: orders, sql: MODIFY total bigint}\n"
	}
	c.direct = append(c.direct, "ALTER TABLE parts RENAME COLUMN n TO m", "CREATE TABLE invoices (id bigint PRIMARY KEY)")
	return c
}

// TestCopyBesideOtherWays is that case of the catalog, which the short form of it doesn't come by.
func TestCopyBesideOtherWays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if !long() && oneOfEach(k) {
			newKitchen(t, k, besideOthers(k)).life()
		}
	})
}

const renameInvoices = "  - rename_table: {table: invoices, to: bills}\n"

// renamed is a table with a foreign key each way. Old code and new code write to it, each by the name that it knows.
func renamed(k throwaway.Kind, columns string) recipeCase {
	number := "$1"
	if k.IsPostgres() {
		number = "$1::bigint"
	}
	return recipeCase{name: "rename table", also: "invoices bills", operations: renameInvoices, direct: []string{"ALTER TABLE invoices RENAME TO bills"},
		create: []string{"CREATE TABLE invoices " + columns, "CREATE INDEX invoices_note ON invoices (note)", "INSERT INTO invoices (id, team_id) VALUES (1, 1)",
			"CREATE TABLE parts (id bigint PRIMARY KEY, invoice bigint, CONSTRAINT parts_invoice FOREIGN KEY (invoice) REFERENCES invoices (id))", "INSERT INTO parts VALUES (1, 1)"},
		old: []string{"INSERT INTO invoices (id, team_id) VALUES (" + number + ", 1)", "UPDATE invoices SET note = 'old' WHERE id = " + number, "DELETE FROM invoices WHERE id = " + number + " - 3"}}
}

// described tells of the table that every operation is tried on, and of the case's own.
func (c recipeCase) described(t *testing.T, k throwaway.Kind, dsn string) []string {
	t.Helper()
	lines := describe(t, k, dsn, "orders")
	if c.also == "" {
		return lines
	}
	home := "current_schema()"
	if !k.IsPostgres() {
		home = "database()"
	}
	for _, r := range dbtest.Query(t, dsn, "SELECT table_name FROM information_schema.tables WHERE table_schema = "+home+" AND table_name NOT IN ('teams', 'orders', 'numbers') ORDER BY 1") {
		lines = append(lines, "table "+r[0])
		if slices.Contains(strings.Fields(c.also), r[0]) {
			for _, l := range describe(t, k, dsn, r[0]) {
				lines = append(lines, r[0]+": "+l)
			}
		}
	}
	return lines
}

// TestRowsOfNewTable: a way back that would drop rows says how many, and drops them only when told to.
func TestRowsOfNewTable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k != throwaway.Postgres18 && k != throwaway.MySQL && !long() {
			return
		}
		x := newKitchen(t, k, wholeTables(k)[0])
		x.there(x.plan.Phase(plans.Expand))
		dbtest.Exec(t, x.dsn, "INSERT INTO invoices (id) VALUES (1), (2)")
		held := x.now()
		var lost *engine.UnreturnableError
		if _, err := x.engine.Rollback(t.Context(), x.plan.ID, engine.RollbackOptions{}); !errors.As(err, &lost) || lost.Count != 2 || !strings.Contains(err.Error(), "invoices") {
			t.Fatalf("a rollback over two rows: %v", err)
		}
		x.same("after the refusal", held)
		if _, err := x.engine.Rollback(t.Context(), x.plan.ID, engine.RollbackOptions{LoseRows: true}); err != nil {
			t.Fatal(err)
		}
		x.same("rollback", x.start)
		x.must(plans.Expand)
		x.same("the end", x.direct())
	})
}

// TestWholeTableCut: cut anywhere while a table is taken out of sight or comes back, the next call goes on.
func TestWholeTableCut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k != throwaway.Postgres18 && k != throwaway.MySQL && !long() {
			return
		}
		x := newKitchen(t, k, wholeTables(k)[1])
		x.must(plans.Expand)
		x.must(plans.Switch)
		before := x.now()
		drop := x.plan.Phase(plans.Contract).Steps[1].ID
		hide := func() error {
			_, err := x.engine.Apply(t.Context(), x.plan, engine.Options{Phase: plans.Contract, Before: drop})
			return err
		}
		points := []string{"engine.step_intent", "engine.step_done", "step.statement"}
		if k.IsPostgres() {
			points[2] = "step.locked"
		}
		for _, p := range points {
			fault.Arm(p + "=error")
			err := hide()
			fault.Arm("")
			if !errors.Is(err, fault.ErrInjected) {
				t.Fatalf("%s: %v", p, err)
			}
			if err := hide(); !errors.Is(err, engine.ErrStopped) {
				t.Fatalf("after %s: %v", p, err)
			}
			fault.Arm(p + "=error")
			_, err = x.engine.Rollback(t.Context(), x.plan.ID, engine.RollbackOptions{})
			fault.Arm("")
			if err != nil && !errors.Is(err, fault.ErrInjected) {
				t.Fatalf("rollback at %s: %v", p, err)
			}
			if err != nil {
				x.back()
			}
			x.same("rollback at "+p, before)
		}
	})
}

// TestDesiredTables: a table that only the file has is made, with what points at others, and one that it doesn't have is dropped.
func TestDesiredTables(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k != throwaway.Postgres18 && k != throwaway.MySQL && !long() {
			return
		}
		t.Parallel()
		const things = "CREATE TABLE things (id bigint PRIMARY KEY, name varchar(80));\n"
		fresh := "CREATE TABLE fresh (id bigint PRIMARY KEY, thing bigint, KEY by_thing (thing), CONSTRAINT fresh_thing FOREIGN KEY (thing) REFERENCES things (id));"
		if k.IsPostgres() {
			fresh = "CREATE TABLE public.fresh (id bigint PRIMARY KEY, thing bigint, CONSTRAINT fresh_thing FOREIGN KEY (thing) REFERENCES things (id));\nCREATE INDEX by_thing ON public.fresh (thing);\nCOMMENT ON TABLE public.fresh IS 'not old';"
		}
		w := newWish(t, k, things+"CREATE TABLE gone (id bigint PRIMARY KEY);", things+fresh, twoThings)
		w.tables = []string{"things", "fresh"}
		w.home.call("plan", "--desired", "schema.sql", "--replicas", "none", "-o", "plan.json").want(t, 9) // is the one the other?
		w.reach()
		home := "current_schema()"
		if !k.IsPostgres() {
			home = "database()"
		}
		if got := dbtest.Query(t, w.dsn, "SELECT count(*) FROM information_schema.tables WHERE table_schema = "+home)[0][0]; got != "2" {
			t.Errorf("%s tables are there, want 2", got)
		}
	})
}
