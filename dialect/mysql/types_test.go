package mysql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/plans"
)

// TestTypes takes a column of each type through expand and hide, with values that
// its own equality or a copy through text would lose.
func TestTypes(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		t.Parallel()
		for i, c := range typeCases(h) {
			t.Run(c.typ, func(t *testing.T) { h.on(t).exerciseType(fmt.Sprintf("t%d", i), c) })
		}
	})
}

// on gives the same home to a subtest.
func (h *home) on(t *testing.T) *home {
	g := *h
	g.t = t
	return &g
}

type typeCase struct {
	typ    string
	values []string // SQL; each is followed by the next as an UPDATE
	setup  string   // for the session that writes the values
}

func typeCases(h *home) []typeCase {
	lax := "SET SESSION sql_mode = ''"
	list := []typeCase{
		{"varchar(20) collate utf8mb4_general_ci", []string{"'bob'", "'Bob'", "'bób'", "'bob '", "''", "'😀'"}, ""},
		{"char(10) character set latin1", []string{"'a'", "'A'", "'ä'", "_latin1 x'80'"}, ""},
		{"varchar(20) character set gbk", []string{"_gbk x'8140'", "_gbk x'815C'"}, ""},
		{"text", []string{"'a'", "'A'", "REPEAT('x', 60000)"}, ""},
		{"varbinary(10)", []string{"x'00'", "x'0000'", "x'FF'", "''"}, ""},
		{"binary(4)", []string{"x'61'", "x'6100'", "x'61000001'"}, ""},
		{"longblob", []string{"x'00FF'", "REPEAT(x'00', 70000)"}, ""},
		{"bigint unsigned", []string{"0", "18446744073709551615", "18446744073709551614"}, ""},
		{"bigint", []string{"-9223372036854775808", "9223372036854775807", "9223372036854775806"}, ""},
		{"int(5) zerofill", []string{"7", "70"}, ""},
		{"bit(64)", []string{"b'0'", "x'FFFFFFFFFFFFFFFF'", "x'FFFFFFFFFFFFFFFE'"}, ""},
		{"tinyint(1)", []string{"0", "1"}, ""},
		{"decimal(65,30)", []string{"1.000000000000000000000000000001", "1.000000000000000000000000000002", "-0.5"}, ""},
		{"double", []string{"0", "-0e0", "1e-300", "0.1", "0.1e0 + 0.2e0"}, ""},
		{"float", []string{"0", "-0e0", "16777216", "16777215", "0.1"}, ""},
		{"date", []string{"'2020-02-29'", "'1000-01-01'"}, ""},
		{"date default null", []string{"'0000-00-00'", "'2020-00-00'", "'2020-02-31'"}, "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'"},
		{"datetime(6)", []string{"'2020-01-01 00:00:00.000001'", "'2020-01-01 00:00:00.000002'", "'2020-01-01'"}, ""},
		{"time(3)", []string{"'-838:59:59'", "'00:00:00.001'", "'-00:00:00.001'"}, ""},
		{"year", []string{"2020", "1901"}, ""},
		// 01:30 came twice that night; the local text of both is the same.
		{"timestamp(3) null", []string{"FROM_UNIXTIME(1603589400.5)", "FROM_UNIXTIME(1603593000.5)", "FROM_UNIXTIME(1603589400.5)"}, "SET SESSION time_zone = '+00:00'"},
		{"enum('a','B','','é')", []string{"'a'", "'B'", "''", "'é'"}, ""},
		{"enum('x','y')", []string{"'x'", "'nope'", "'y'"}, lax},
		{"set('p','q','r')", []string{"'p'", "'p,r'", "''"}, ""},
		{"json", []string{`'{"a": 1, "b": [1.0, "x"]}'`, `'{"a": 1.0}'`, `'null'`, `'"A"'`, `'"a"'`}, ""},
		{"point", []string{"ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(1 3)')"}, ""},
		{"geometry", []string{"ST_GeomFromText('LINESTRING(0 0, 1 1)', 4326)", "ST_GeomFromText('LINESTRING(0 0, 1 1)', 0)"}, ""},
	}
	if h.mysql() {
		return append(list, typeCase{"geometry srid 4326", []string{"ST_GeomFromText('POINT(1 2)', 4326)"}, ""}, typeCase{"vector(3)", []string{"STRING_TO_VECTOR('[1,2,3]')", "STRING_TO_VECTOR('[1,2,4]')"}, ""})
	}
	return append(list, typeCase{"uuid", []string{"'123e4567-e89b-12d3-a456-426655440000'", "'123e4567-e89b-12d3-a456-426655440001'"}, ""},
		typeCase{"inet6", []string{"'::'", "'2001:db8::1'"}, ""})
}

func (h *home) exerciseType(table string, c typeCase) {
	h.exec(fmt.Sprintf("CREATE TABLE %s (id INT PRIMARY KEY, old %s, n INT) CHARACTER SET utf8mb4", table, c.typ))
	session := []string{"DO 0"}
	if c.setup != "" {
		session = []string{c.setup}
	}
	for i, v := range c.values {
		session = append(session, fmt.Sprintf("INSERT INTO %s (id, old) VALUES (%d, %s)", table, i+1, v))
	}
	h.exec(append(session, fmt.Sprintf("INSERT INTO %s (id) VALUES (0)", table))...)
	before := h.rows(fmt.Sprintf("SELECT id, HEX(old), old FROM %s ORDER BY id", table))
	p := h.mustPlan(rename(table, "old", "new"))
	h.phase(p, plans.Expand)
	h.want(fmt.Sprintf("SELECT id, HEX(old), old FROM %s ORDER BY id", table), before...)
	same := "HEX(old) <=> HEX(new) AND CAST(old AS CHAR) <=> CAST(new AS CHAR)"
	if _, spatial := map[string]bool{"point": true, "geometry": true, "vector(3)": true, "geometry srid 4326": true}[c.typ]; spatial {
		same = "HEX(old) <=> HEX(new)"
	}
	if strings.HasPrefix(c.typ, "timestamp") {
		same = "UNIX_TIMESTAMP(old) <=> UNIX_TIMESTAMP(new)"
	}
	h.want(fmt.Sprintf("SELECT id FROM %s WHERE NOT (%s)", table, same))
	// Each value follows each other one, written by either side, in a session with
	// another time zone and without strictness.
	session = append(session[:1], "SET SESSION time_zone = '+02:00'")
	for i, v := range c.values {
		for j, side := range []string{"old", "new"} {
			id := i + 1
			if j == 1 {
				id = len(c.values) - i
			}
			session = append(session, fmt.Sprintf("UPDATE %s SET %s = %s WHERE id = %d", table, side, v, id))
		}
		session = append(session, fmt.Sprintf("INSERT INTO %s (id, old) VALUES (%d, %s)", table, 100+i, v), fmt.Sprintf("INSERT INTO %s (id, new) VALUES (%d, %s)", table, 200+i, v))
	}
	h.exec(session...)
	h.want(fmt.Sprintf("SELECT id, HEX(old), HEX(new) FROM %s WHERE NOT (%s)", table, same))
	h.verify(p, 0)
	h.exec(fmt.Sprintf("SET @phasemig_backfill = '%s'", p.ID), fmt.Sprintf("UPDATE %s SET new = NULL WHERE id = 1", table))
	if r, err := h.columns(p, 0).Compare(h.t.Context(), "", "", 5); err != nil || r.Differ != 1 {
		h.t.Errorf("a difference is not seen: %+v %v", r, err)
	}
	h.undo(p, plans.Expand)
}
