package integration

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/observe"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// clauseTables are what each operation with a clause of ALTER TABLE is tried on.
var clauseTables = []string{
	"CREATE TABLE teams (id BIGINT PRIMARY KEY, name VARCHAR(20))",
	"CREATE TABLE numbers (n INT PRIMARY KEY)",
	"INSERT INTO numbers WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < 600) SELECT g FROM s",
	"INSERT INTO teams SELECT n, concat('team ', n) FROM numbers WHERE n <= 10",
	"CREATE TABLE orders (id BIGINT NOT NULL, ref BIGINT, team_id BIGINT, email VARCHAR(80), status VARCHAR(20) DEFAULT 'new', total INT, note TEXT, UNIQUE KEY orders_id (id), KEY orders_status (status))",
	"INSERT INTO orders SELECT n, n, 1 + n % 10, concat('mail', n), 'new', n, 'note' FROM numbers",
}

// clauseCase is one operation, and the clause by which the server does it at once.
type clauseCase struct {
	name      string
	operation string
	clause    string
	only      throwaway.Kind
}

var clauseCases = []clauseCase{
	{name: "create index", operation: "create_index: {table: orders, name: orders_email, columns: [email, {column: total, descending: true}]}", clause: "ADD INDEX orders_email (email, total DESC)"},
	{name: "create index unique", operation: "create_index: {table: orders, name: orders_ref, columns: [ref], unique: true, method: btree}", clause: "ADD UNIQUE INDEX orders_ref USING BTREE (ref)"},
	{name: "create index of expressions", only: throwaway.MySQL, operation: "create_index: {table: orders, name: orders_lower, columns: [{expression: lower(email)}]}", clause: "ADD INDEX orders_lower ((lower(email)))"},
	{name: "create index full text", operation: "create_index: {table: orders, name: orders_note, columns: [note], method: fulltext}", clause: "ADD FULLTEXT INDEX orders_note (note)"},
	{name: "add check", operation: "add_check: {table: orders, name: orders_total, check: total >= 0}", clause: "ADD CONSTRAINT orders_total CHECK (total >= 0)"},
	{name: "add foreign key", operation: "add_foreign_key: {table: orders, name: orders_team, columns: [team_id], references: {table: teams, columns: [id]}}", clause: "ADD CONSTRAINT orders_team FOREIGN KEY (team_id) REFERENCES teams (id)"},
	{name: "add unique", operation: "add_unique: {table: orders, name: orders_email, columns: [email, ref]}", clause: "ADD UNIQUE INDEX orders_email (email, ref)"},
	{name: "add primary key", operation: "add_primary_key: {table: orders, name: orders_pkey, columns: [id]}", clause: "ADD PRIMARY KEY (id)"},
	{name: "add column with a constant", operation: "add_column: {table: orders, name: extra, type: VARCHAR(9), default: \"'x'\", not_null: true, comment: it's}", clause: "ADD COLUMN extra VARCHAR(9) NOT NULL DEFAULT 'x' COMMENT 'it''s'"},
	{name: "add column that is computed", operation: "add_column: {table: orders, name: twice, type: INT, generated: total * 2}", clause: "ADD COLUMN twice INT GENERATED ALWAYS AS (total * 2) VIRTUAL"},
	{name: "add column with a value of its own each", only: throwaway.MariaDB, operation: "add_column: {table: orders, name: token, type: CHAR(36), default: (uuid())}", clause: "ADD COLUMN token CHAR(36) DEFAULT (uuid())"},
	{name: "set default", operation: "set_default: {table: orders, column: total, default: 2 + 3}", clause: "ALTER COLUMN total SET DEFAULT (2 + 3)"},
	{name: "drop default", operation: "drop_default: {table: orders, column: status}", clause: "ALTER COLUMN status DROP DEFAULT"},
}

// clauseWriter are statements of the application, with $1 a number that none used before.
var clauseWriter = []string{
	"INSERT INTO orders (id, ref, team_id, email, status, total, note) VALUES ($1, $1, 1 + $1 % 10, concat('mail', $1), 'new', 7, 'fresh')",
	"UPDATE orders SET total = total + 1, status = 'paid' WHERE id = $1 - 1",
	"DELETE FROM orders WHERE id = $1 - 2",
}

// TestOperationsByClause holds what a plan says of each operation that MySQL and MariaDB have a clause for against what the server
// refuses when the algorithm and the lock are spelled out, and takes it there. The short form shares them out.
func TestOperationsByClause(t *testing.T) {
	beside(t)
	eachShadow(t, func(t *testing.T, k throwaway.Kind) {
		for n, c := range clauseCases {
			if c.only != "" && c.only != k {
				continue
			}
			if long() || n%3 == map[throwaway.Kind]int{throwaway.MySQL: 0, throwaway.MariaDB: 1}[k] {
				t.Run(c.name, func(t *testing.T) { c.native(t, k) })
			}
		}
	})
}

// planned makes the tables and a plan by the server itself.
func (c clauseCase) planned(t *testing.T, k throwaway.Kind) (dsn string, h *home, r called) {
	t.Helper()
	dsn = dbtest.Database(t, k)
	dbtest.Exec(t, dsn, clauseTables...)
	h = newHome(t, dsn)
	h.write("change.yaml", "name: clause\nreplicas: none\nstrategy: native\noperations:\n  - "+c.operation+"\ngates: {expand: [], switch: [], contract: []}\n")
	return dsn, h, h.call("plan", "--change", "change.yaml", "-o", "plan.json")
}

// seen is the cheapest way that the server takes, on tables with rows, and the table after it.
func (c clauseCase) seen(t *testing.T, k throwaway.Kind) (observe.Observation, []string) {
	t.Helper()
	dsn := dbtest.Database(t, k)
	dbtest.Exec(t, dsn, clauseTables...)
	conn, err := dbtest.DB(t, dsn).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	o := observe.MySQL(t.Context(), conn, "ALTER TABLE orders "+c.clause)
	return o, describe(t, k, dsn, "orders")
}

func (c clauseCase) native(t *testing.T, k throwaway.Kind) {
	t.Helper()
	o, want := c.seen(t, k)
	dsn, h, r := c.planned(t, k)
	prefix, ok := map[string]string{"INSTANT": "ALGORITHM=INSTANT, ", "INPLACE, LOCK=NONE": "ALGORITHM=INPLACE, LOCK=NONE, "}[o.Lock]
	t.Logf("the server: %s; the plan: exit %d", o, r.exit)
	if !ok {
		r.want(t, 9)
		return
	}
	r.want(t, 0)
	st := planOf(t, h).Phases[0].Steps[0]
	if len(st.SQL) != 1 || !strings.Contains(st.SQL[0], prefix) {
		t.Fatalf("the server takes %q, the plan runs %v", prefix, st.SQL)
	}
	if st.Lock.BlocksWrites && st.Lock.BoundedMS == 0 {
		t.Errorf("the plan says that writes wait for long: %+v", st.Lock)
	}
	h.must(0, "apply", "plan.json", "--phase", "expand")
	sameTable(t, "by the server itself", describe(t, k, dsn, "orders"), want)
}

func planOf(t *testing.T, h *home) plans.Plan {
	t.Helper()
	var p plans.Plan
	if err := json.Unmarshal([]byte(h.read("plan.json")), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestOperationsMisled: what these servers have no clause for, or what can't be meant, is refused, and nothing is changed. The catalog holds the
// operations that they don't do at all.
func TestOperationsMisled(t *testing.T) {
	eachShadow(t, func(t *testing.T, k throwaway.Kind) {
		dsn := dbtest.Database(t, k)
		dbtest.Exec(t, dsn, clauseTables...)
		start := describe(t, k, dsn, "orders")
		h := newHome(t, dsn)
		for operation, says := range map[string]string{
			"create_index: {table: orders, name: x, columns: [total], where: total > 1}":                          "where",
			"add_check: {table: orders, name: x, check: nothing > 1}":                                             "nothing",
			"add_foreign_key: {table: orders, name: x, columns: [ref], references: {table: none, columns: [id]}}": map[throwaway.Kind]string{throwaway.MySQL: "none", throwaway.MariaDB: "Foreign key constraint"}[k],
		} {
			h.write("change.yaml", "name: refused\nreplicas: none\noperations:\n  - "+operation+"\n")
			r := h.call("plan", "--change", "change.yaml", "-o", "plan.json")
			if r.exit != 9 && r.exit != 1 || !strings.Contains(r.stderr, says) {
				t.Errorf("%s: exit %d, want %q in it: %s", operation, r.exit, says, r.stderr)
			}
		}
		sameTable(t, "after plans that were refused", describe(t, k, dsn, "orders"), start)
	})
}
