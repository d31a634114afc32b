package integration

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// parted makes the table orders a partitioned one, one of whose partitions is partitioned again.
var parted = []string{
	"ALTER TABLE orders RENAME TO unparted", "CREATE TABLE orders (LIKE unparted INCLUDING ALL) PARTITION BY RANGE (id)",
	"CREATE TABLE orders_a PARTITION OF orders FOR VALUES FROM (MINVALUE) TO (1000)", `CREATE TABLE "Orders B" PARTITION OF orders FOR VALUES FROM (1000) TO (100000) PARTITION BY HASH (id)`,
	`CREATE TABLE orders_b0 PARTITION OF "Orders B" FOR VALUES WITH (MODULUS 2, REMAINDER 0)`, `CREATE TABLE orders_b1 PARTITION OF "Orders B" FOR VALUES WITH (MODULUS 2, REMAINDER 1)`,
	"CREATE TABLE orders_rest PARTITION OF orders DEFAULT", "INSERT INTO orders SELECT * FROM unparted", `INSERT INTO orders (id, ref, team_id, email, total, "Note") VALUES (999999999, 999999999, 1, 'last', 1, 'note')`, "DROP TABLE unparted", "ANALYZE orders",
}

func partedCases() []recipeCase {
	list := []recipeCase{
		{name: "create index", create: []string{"CREATE INDEX here_already ON orders_b1 (email)", "COMMENT ON INDEX here_already IS 'mine'"},
			operations: "  - create_index: {table: orders, name: orders_email_idx, columns: [email]}\n", direct: []string{"CREATE INDEX orders_email_idx ON orders (email)"}},
		{name: "create index of expressions", operations: "  - create_index: {table: orders, name: \"Many Things\", columns: [{expression: lower(email)}, {column: Note, descending: true}], where: \"status IN ('new', 'paid')\", include: [id]}\n",
			direct: []string{`CREATE INDEX "Many Things" ON orders (lower(email), "Note" DESC) INCLUDE (id) WHERE status IN ('new', 'paid')`}},
		{name: "add unique", operations: "  - add_unique: {table: orders, name: orders_email_key, columns: [email, id], include: [total]}\n",
			direct: []string{"ALTER TABLE orders ADD CONSTRAINT orders_email_key UNIQUE (email, id) INCLUDE (total)"}},
		{name: "add primary key", operations: "  - add_primary_key: {table: orders, name: orders_pkey, columns: [ref, id]}\n", direct: []string{"ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY (ref, id)"}},
		{name: "drop index", create: []string{"CREATE INDEX orders_email_idx ON orders (lower(email)) WHERE status <> 'old'", "COMMENT ON INDEX orders_email_idx IS 'all'", "COMMENT ON INDEX orders_a_lower_idx IS 'one'"},
			operations: "  - drop_index: {table: orders, name: orders_email_idx}\n", direct: []string{"DROP INDEX orders_email_idx"}},
	}
	for _, c := range slices.Concat(constraintCases(), columnCases()) {
		if slices.Contains([]string{"add check", "add foreign key", "set not null", "check and index", "add column"}, c.name) {
			list = append(list, c)
		}
	}
	for i := range list {
		list[i].create = append(slices.Clone(parted), list[i].create...)
	}
	return list
}

// partsAre is what the partitions have, in the server's words.
const partsAre = `SELECT format('%s: index %s valid=%s of=%s comment=%s', i.indrelid::regclass, pg_get_indexdef(i.indexrelid), i.indisvalid, (SELECT pg_get_indexdef(h.inhparent) FROM pg_inherits h WHERE h.inhrelid = i.indexrelid), obj_description(i.indexrelid))
	FROM pg_partition_tree('orders') t JOIN pg_index i ON i.indrelid = t.relid
	UNION ALL SELECT format('%s: constraint %I %s valid=%s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated) FROM pg_partition_tree('orders') t JOIN pg_constraint k ON k.conrelid = t.relid AND k.contype <> 'n'
	UNION ALL SELECT format('%s: column %s %s notnull=%s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull) FROM pg_partition_tree('orders') t JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL SELECT format('%s: unfinished %s', k.conrelid::regclass, k.conname) FROM pg_partition_tree('orders') t JOIN pg_constraint k ON k.conrelid = t.relid AND NOT k.convalidated`

func partsOf(t *testing.T, dsn string) []string {
	t.Helper()
	var out []string
	for _, r := range dbtest.Query(t, dsn, partsAre) {
		out = append(out, r[0])
	}
	return alike(out)
}

// madeName is the name of an index or a constraint of a partition, which the server chooses otherwise.
var madeName = regexp.MustCompile(`INDEX ("[^"]*"|\S+) ON|: constraint ("[^"]*"|\S+)`)

func nameless(lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, madeName.ReplaceAllString(l, "…"))
	}
	slices.Sort(out)
	return out
}

// TestRecipesOfPartitions takes each operation on a partitioned table there under writes, back from each phase, and there again.
func TestRecipesOfPartitions(t *testing.T) {
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		for n, c := range partedCases() {
			if !long() && n != 0 && n != 3 {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				x := newKitchen(t, k, c)
				stop := x.write(ordersWriter)
				defer stop()
				before := partsOf(t, x.dsn)
				for _, n := range plans.PhaseNames() {
					fault.Arm("engine.phase_done=error")
					if err := x.apply(n); !errors.Is(err, fault.ErrInjected) {
						t.Fatalf("%s: %v", n, err)
					}
					fault.Arm("")
					x.back()
					sameTable(t, "rollback of "+string(n), partsOf(t, x.dsn), before)
					x.must(n)
					before = partsOf(t, x.dsn)
				}
				stop()
				dsn := dbtest.Database(t, k)
				dbtest.Exec(t, dsn, slices.Concat(ordersTables, c.create, c.direct)...)
				sameTable(t, "the end", nameless(partsOf(t, x.dsn)), nameless(partsOf(t, dsn)))
			})
		}
	})
}

// TestPartitionsTellTheTruth: what each statement was seen to lock and read is what the plan says.
func TestPartitionsTellTheTruth(t *testing.T) {
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		for n, c := range partedCases() {
			if !long() && n%4 > 0 {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				x := newKitchen(t, k, c)
				w := x.witness()
				for _, st := range x.steps() {
					w.step(st)
				}
				for _, st := range slices.Backward(x.steps()) {
					for _, q := range st.Undo {
						w.see(q)
					}
				}
			})
		}
	})
}

// TestPartitionsMeetRows: equal rows in one partition end the build there, and nothing invalid is left; partitions that come and go meanwhile.
func TestPartitionsMeetRows(t *testing.T) {
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		c := partedCases()[2]
		c.create = append(c.create, "INSERT INTO orders SELECT * FROM orders WHERE id = 1500")
		x := newKitchen(t, k, c)
		before := partsOf(t, x.dsn)
		if err := x.apply(plans.Expand); !errors.Is(err, dberr.Duplicate) {
			t.Fatalf("equal rows: %v", err)
		}
		for _, l := range partsOf(t, x.dsn) {
			if strings.Contains(l, "valid=f") && !strings.Contains(l, " ON ONLY ") {
				t.Errorf("left behind: %s", l)
			}
		}
		x.back()
		sameTable(t, "rollback", partsOf(t, x.dsn), before)
		if err := x.apply(plans.Expand); !errors.Is(err, dberr.Duplicate) {
			t.Fatalf("equal rows: %v", err)
		}
		dbtest.Exec(t, x.dsn, "DO $$ BEGIN EXECUTE 'DROP TABLE ' || (SELECT DISTINCT tableoid::regclass FROM orders WHERE id = 1500); END $$", "ALTER TABLE orders DETACH PARTITION orders_rest",
			"CREATE TABLE orders_new PARTITION OF orders FOR VALUES FROM (100000) TO (MAXVALUE)")
		if err := x.apply(plans.Expand); !errors.Is(err, plans.ErrStale) || !strings.Contains(err.Error(), "is gone") {
			t.Fatalf("a partition that is gone: %v", err)
		}
		x.back()
		if got := dbtest.Query(t, x.dsn, "SELECT relname FROM pg_class WHERE relname LIKE '%email_key%'"); len(got) > 0 {
			t.Fatalf("rollback left: %v", got)
		}
		dropped := partedCases()[4] // an index that goes with the partition
		dropped.operations = "  - add_check: {table: orders, name: total_ok, check: total >= 0}\n" + dropped.operations
		d := newKitchen(t, k, dropped)
		d.must(plans.Expand)
		d.must(plans.Switch)
		dbtest.Exec(t, d.dsn, "DROP TABLE orders_a")
		d.must(plans.Contract)
	})
}

// TestCrashPartitions kills the program at every failpoint of a recipe on a partitioned table, there and back.
func TestCrashPartitions(t *testing.T) {
	beside(t)
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		const operations = "  - create_index: {table: orders, name: orders_total_idx, columns: [total]}\n  - add_unique: {table: orders, name: orders_email_key, columns: [email, id]}\n  - drop_index: {table: orders, name: orders_status_idx}\n"
		x := newKitchen(t, k, recipeCase{create: append(slices.Clone(parted), "CREATE INDEX orders_status_idx ON orders (status)", "COMMENT ON INDEX orders_status_idx IS 'old'", "CREATE INDEX b_total ON orders_b0 (total)"), operations: operations})
		m, p := newMortalRecipe(t, x, operations, map[string]int{})
		stop := x.write(ordersWriter)
		defer stop()
		before := partsOf(t, x.dsn)
		expand := []string{"apply", "plan.json", "--phase", "expand"}
		m.leaveInvalid(expand)
		hits := []int{3}
		if long() {
			hits = []int{1, 2, 4, 5, 7}
		}
		for _, hit := range hits {
			m.through(recipePoints(), hit, expand...)
			m.through(recipePoints(), hit, "rollback", p.ID)
			sameTable(t, "rollback of expand", partsOf(t, x.dsn), before)
		}
		if !long() {
			return
		}
		m.through(recipePoints(), 2, expand...)
		m.home.must(0, "apply", "plan.json", "--phase", "switch")
		m.through(recipePoints(), 1, "apply", "plan.json", "--phase", "contract")
		stop()
		dsn := dbtest.Database(t, k)
		dbtest.Exec(t, dsn, slices.Concat(ordersTables, x.c.create, []string{"CREATE INDEX orders_total_idx ON orders (total)", "ALTER TABLE orders ADD CONSTRAINT orders_email_key UNIQUE (email, id)", "DROP INDEX orders_status_idx"})...)
		sameTable(t, "the end", nameless(partsOf(t, x.dsn)), nameless(partsOf(t, dsn)))
	})
}
