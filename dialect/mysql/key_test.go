package mysql

import (
	"fmt"
	"slices"
	"testing"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// keyCase is a table whose key the backfill must walk. Rows are values of the key's
// columns in SQL.
type keyCase struct {
	name, columns, key string
	rows               []string
}

var keyCases = []keyCase{
	{"int with gaps and below zero", "a INT", "PRIMARY KEY (a)", []string{"-2147483648", "-5", "0", "1", "1000000", "2147483647"}},
	{"unsigned 64", "a BIGINT UNSIGNED", "PRIMARY KEY (a)", []string{"0", "9223372036854775807", "9223372036854775808", "18446744073709551615"}},
	{"descending", "a INT, b INT", "PRIMARY KEY (a DESC, b)", []string{"1,1", "1,2", "1,3", "2,1", "2,0", "3,9", "-1,0", "3,-9"}},
	{"composite", "a INT, b VARCHAR(10), c DATE", "PRIMARY KEY (a, b, c)", []string{"1,'a','2020-01-01'", "1,'a','2020-01-02'", "1,'B','2020-01-01'", "2,'','2019-01-01'", "2,'ä','2020-01-01'", "0,'z','1000-01-01'"}},
	{"text without case", "a VARCHAR(20) COLLATE utf8mb4_general_ci", "PRIMARY KEY (a)", []string{"'a'", "'B'", "'c'", "'D'", "''", "'ab'", "'it''s'", `'back\\slash'`, `'"'`, "'z'"}},
	{"text with case", "a VARCHAR(20) COLLATE utf8mb4_bin", "PRIMARY KEY (a)", []string{"'a'", "'A'", "'b'", "'B'", "''", "'é'", "'日本'", "'😀'"}},
	{"latin1", "a CHAR(5) CHARACTER SET latin1", "PRIMARY KEY (a)", []string{"'a'", "'ä'", "'Z'", "'ÿ'", "'€'", "'b'"}},
	{"binary", "a BINARY(3)", "PRIMARY KEY (a)", []string{"x'00'", "x'0001'", "x'FF'", "x'61'", "x'27'", "x'5C'"}},
	{"varbinary", "a VARBINARY(5)", "PRIMARY KEY (a)", []string{"''", "x'00'", "x'0000'", "x'61'", "x'6100'", "x'FF'"}},
	{"uuid in binary", "a BINARY(16)", "PRIMARY KEY (a)", []string{"x'00112233445566778899aabbccddeeff'", "x'ff112233445566778899aabbccddeeff'", "x'7f112233445566778899aabbccddeeff'"}},
	{"decimal", "a DECIMAL(30,10)", "PRIMARY KEY (a)", []string{"-1.5", "0", "0.0000000001", "99999999999999999999.9999999999"}},
	{"datetime(6)", "a DATETIME(6)", "PRIMARY KEY (a)", []string{"'2020-01-01 00:00:00'", "'2020-01-01 00:00:00.000001'", "'1000-01-01'", "'9999-12-31 23:59:59.999999'"}},
	{"timestamp(6)", "a TIMESTAMP(6) DEFAULT NOW(6)", "PRIMARY KEY (a)", []string{"FROM_UNIXTIME(1)", "FROM_UNIXTIME(1603589400.000001)", "FROM_UNIXTIME(1603593000.5)", "FROM_UNIXTIME(1603589400.5)"}},
	{"time and year", "a TIME(2), b YEAR", "PRIMARY KEY (a, b)", []string{"'-10:00:00',2020", "'-10:00:00.5',1990", "'00:00:00',2000", "'838:59:59',2155"}},
	{"bit", "a BIT(5), b BIT(64)", "PRIMARY KEY (a, b)", []string{"b'1',x'FFFFFFFFFFFFFFFF'", "b'0',b'0'", "b'11111',b'1'", "b'1',b'0'"}},
	{"enum, and another unique index", "a ENUM('z','y'), b INT NOT NULL", "PRIMARY KEY (a), UNIQUE KEY (b)", []string{"'z',5", "'y',3"}},
	{"unique, not null", "x INT, a INT NOT NULL, b INT NOT NULL", "UNIQUE KEY u (a, b), KEY (x)", []string{"NULL,1,1", "NULL,1,2", "3,0,0", "4,5,5"}},
}

func TestKeys(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		for i, c := range keyCases {
			if !h.takes(i) {
				continue
			}
			t.Run(c.name, func(t *testing.T) { h.on(t).walkKey(fmt.Sprintf("k%d", i), c) })
		}
	})
}

func (h *home) walkKey(table string, c keyCase) {
	session := []string{"SET SESSION time_zone = '+00:00'", fmt.Sprintf("CREATE TABLE %s (%s, v VARCHAR(10), %s) CHARACTER SET utf8mb4", table, c.columns, c.key)}
	for _, r := range c.rows {
		session = append(session, fmt.Sprintf("INSERT INTO %s VALUES (%s, 'v')", table, r))
	}
	h.exec(session...)
	p := h.mustPlan(rename(table, "v", "w"))
	for _, st := range p.Phase(plans.Expand).Steps[:2] {
		if st.Kind != plans.Backfill {
			h.step(p, st)
		}
	}
	col := h.columnsOf(p)
	fill := slices.IndexFunc(p.Phase(plans.Expand).Steps, func(st plans.Step) bool { return st.Kind == plans.Backfill })
	st := p.Phase(plans.Expand).Steps[fill]
	for _, n := range []int{1, 2, 3} {
		var keys []string
		low, rows, filled := "", 0, int64(0)
		h.exec(fmt.Sprintf("SET @phasemig_backfill = '%s'", p.ID)) // the reset below isn't a write of new code
		for step := 0; ; step++ {
			high, err := col.Boundary(h.t.Context(), low, "", n)
			if err != nil {
				h.t.Fatal(err)
			}
			where, err := between(col.s.Key, low, high)
			if err != nil {
				h.t.Fatal(err)
			}
			rows += len(h.inUTC(fmt.Sprintf("SELECT 1 FROM %s WHERE %s", table, where)))
			seg := state.Segment{Run: p.ID, Step: st.ID, Pass: n, Number: step}
			if err := h.d.Store.PutSegment(h.t.Context(), h.lease, seg); err != nil {
				h.t.Fatal(err)
			}
			got, err := col.Fill(h.t.Context(), backfill.Chunk{Low: low, High: high}, seg)
			if err != nil {
				h.t.Fatal(err)
			}
			filled += got.Written
			if high == "" {
				break
			}
			keys = append(keys, high)
			low = high
			if step > len(c.rows) {
				h.t.Fatalf("the walk doesn't end: %v", keys)
			}
		}
		if rows != len(c.rows) || n == 1 && filled != int64(len(c.rows)) {
			h.t.Errorf("chunks of %d: %d rows seen, %d filled, want %d; keys %v", n, rows, filled, len(c.rows), keys)
		}
	}
	missing, err := col.Missing(h.t.Context(), backfill.Chunk{}, 100)
	if err != nil || len(missing) > 0 {
		h.t.Errorf("missing: %v %v", missing, err)
	}
	h.t.Log(readable(col.s.Key, mustKey(h, col)))
}

func (h *home) columnsOf(p *plans.Plan) *columns { return h.columns(p, 0).(*columns) }

func mustKey(h *home, col *columns) string {
	k, err := col.Boundary(h.t.Context(), "", "", 1)
	if err != nil {
		h.t.Fatal(err)
	}
	return k
}

// inUTC reads with the session that the dialect has.
func (h *home) inUTC(q string) []record {
	h.t.Helper()
	list, err := records(h.t.Context(), h.dialectDB(), q)
	if err != nil {
		h.t.Fatalf("%s: %v", q, err)
	}
	return list
}

func (h *home) dialectServer() *server { return h.d.Server.(*server) }

func (h *home) dialectDB() querier { return h.dialectServer().db }

// TestKeyRanges counts what the server reads for one chunk in the middle of a table:
// only the chunk, whatever the key.
func TestKeyRanges(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE seq (n INT PRIMARY KEY)", "INSERT INTO seq WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 999) SELECT n FROM s")
		for i, c := range []struct{ columns, key, values string }{
			{"a INT", "PRIMARY KEY (a)", "n"},
			{"a INT, b INT", "PRIMARY KEY (a, b)", "1, n"},
			{"a INT, b INT, c INT", "PRIMARY KEY (a DESC, b, c DESC)", "1, n DIV 100, n"},
			{"a VARCHAR(10), b INT", "PRIMARY KEY (a, b)", "CONCAT('k', n DIV 50), n"},
			{"a VARCHAR(10) CHARACTER SET latin1, b BINARY(4)", "PRIMARY KEY (a, b)", "'k', UNHEX(LPAD(HEX(n), 8, '0'))"},
			{"a DATETIME(6), b DECIMAL(10,2)", "PRIMARY KEY (a, b)", "'2020-01-01', n / 4"},
			{"a TIMESTAMP(3) NOT NULL DEFAULT NOW(3), b BIGINT UNSIGNED", "PRIMARY KEY (a, b)", "FROM_UNIXTIME(1600000000 + n DIV 10), n"},
			{"a BIT(10)", "PRIMARY KEY (a)", "n"},
			{"x INT, a INT NOT NULL, b INT NOT NULL", "UNIQUE KEY (a, b), KEY (x)", "n, 1, n"},
		} {
			t.Run(c.columns, func(t *testing.T) { h.on(t).readsOnly(fmt.Sprintf("r%d", i), c.columns, c.key, c.values) })
		}
	})
}

func (h *home) readsOnly(table, columns, key, values string) {
	h.exec(fmt.Sprintf("CREATE TABLE %s (%s, v VARCHAR(10), w VARCHAR(10), %s)", table, columns, key), fmt.Sprintf("INSERT INTO %s SELECT %s, 'v', NULL FROM seq", table, values))
	p := h.mustPlan(rename(table, "v", "z"))
	for _, st := range p.Phase(plans.Expand).Steps {
		if st.Kind == plans.AddColumns {
			h.step(p, st)
		}
	}
	col := h.columnsOf(p)
	low, err := col.Boundary(h.t.Context(), "", "", 500)
	if err != nil {
		h.t.Fatal(err)
	}
	high, err := col.Boundary(h.t.Context(), low, "", 10)
	if err != nil {
		h.t.Fatal(err)
	}
	where, err := between(col.s.Key, low, high)
	if err != nil {
		h.t.Fatal(err)
	}
	open, err := between(col.s.Key, low, "")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, q := range []string{col.fill(where), col.compare(where),
		fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET 9", col.keys(), col.from(), open, orderBy(col.s.Key))} {
		if n := h.reads(col, q); n > 80 {
			h.t.Errorf("%d reads for 10 rows: %s", n, q)
		}
	}
}

// reads runs a statement and counts the rows that the server touched.
func (h *home) reads(col *columns, q string) int64 {
	h.t.Helper()
	conn, err := col.db.Conn(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close()
	count := func() (n int64) {
		list, err := records(h.t.Context(), conn, "SHOW SESSION STATUS LIKE 'Handler_read%'")
		if err != nil {
			h.t.Fatal(err)
		}
		for _, r := range list {
			n += r.int("value")
		}
		return n
	}
	count()
	before := count()
	rows, err := conn.QueryContext(h.t.Context(), q)
	if err != nil {
		h.t.Fatalf("%s: %v", q, err)
	}
	for rows.Next() {
	}
	if err := rows.Close(); err != nil {
		h.t.Fatal(err)
	}
	return count() - before
}
