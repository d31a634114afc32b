package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/observe"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/lint/linttest"
)

// TestDifferential runs statements on the servers, on tables that hold what their schema allows at the worst, and compares what
// was seen with what is found: the server refused it, it made writes wait, or a statement of a client of the old schema that
// worked before doesn't any more.
func TestDifferential(t *testing.T) {
	for kind, d := range map[throwaway.Kind]*lint.Dialect{throwaway.MySQL: Dialect(), throwaway.MariaDB: MariaDB()} {
		t.Run(string(kind), func(t *testing.T) {
			w := &world{t: t, d: d, db: dbtest.DB(t, dbtest.Database(t, kind))}
			for _, g := range slices.Concat(groups(t, "testdata/differential.txt"), rare(t), conversions()) {
				if g.only == "" || g.only == string(kind) {
					w.run(g)
				}
			}
			t.Logf("%d statements; refused: %d missed, %d false; clients: %d missed, %d false; writes wait: %d missed, %d false", w.n, w.off["refused, missed"], w.off["refused, false"],
				w.off["client, missed"], w.off["client, false"], w.off["waits, missed"], w.off["waits, false"])
			if w.n < 300 {
				t.Errorf("only %d statements", w.n)
			}
		})
	}
}

// rare are groups of statements that few migrations hold: every fourth statement of them, or all with PHASEMIG_LONG=1, and then
// those of a walk through the manuals' grammar, too.
func rare(t *testing.T) []group {
	out := groups(t, "testdata/differential_rare.txt")
	if os.Getenv("PHASEMIG_LONG") == "1" {
		return append(out, groups(t, "testdata/differential_wide.txt")...)
	}
	n := 0
	for i := range out {
		out[i].statements = slices.DeleteFunc(out[i].statements, func(string) bool { n++; return n%4 != 0 })
	}
	return out
}

// group is a schema with rows, statements of its clients, and the statements to judge.
type group struct {
	only       string
	setup      []string
	clients    []string
	statements []string
}

// groups reads "= SCHEMA; ROWS" ("=mysql", "=mariadb" for one server), "? STATEMENT OF A CLIENT" and statements, one a line.
func groups(t *testing.T, name string) []group {
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []group
	n := 0
	for l := range strings.Lines(string(b)) {
		l = strings.TrimSpace(l)
		if n++; testing.Short() && n%2 == 0 && l != "" && l[0] >= 'A' { // every other statement
			continue
		}
		switch {
		case l == "" || l[0] == '#':
		case l[0] == '=':
			only, setup, _ := strings.Cut(l[1:], " ")
			out = append(out, group{only: only, setup: split(setup)})
		case l[0] == '?':
			g := &out[len(out)-1]
			g.clients = append(g.clients, strings.TrimSpace(l[1:]))
		default:
			g := &out[len(out)-1]
			g.statements = append(g.statements, l)
		}
	}
	return out
}

func split(text string) []string {
	var out []string
	for s := range strings.SplitSeq(text, ";;") {
		out = append(out, strings.TrimSpace(s))
	}
	return out
}

// samples are types with values that nothing narrower holds.
var samples = [][]string{
	{"int", "-2147483648", "2147483647"}, {"int unsigned", "4294967295"}, {"smallint", "-32768"}, {"bigint", "-9223372036854775808"}, {"tinyint unsigned", "255"}, {"decimal(10,2)", "-99999999.99"}, {"decimal(6,4)", "99.9999", "-99.9999"},
	{"double", "-1e100", "-1.2345678901234e-100"}, {"varchar(50)", "'" + strings.Repeat("ü", 50) + "'", "''"}, {"varchar(300)", "'" + strings.Repeat("x", 300) + "'"}, {"char(10)", "'ä123456789'"}, {"text", "'" + strings.Repeat("y", 40000) + "'"},
	{"varbinary(50)", "x'ff00ff'", "'" + strings.Repeat("z", 50) + "'"}, {"blob", "x'ff00'", "REPEAT('b', 300)"}, {"date", "'1000-01-01'", "'9999-12-31'"}, {"datetime", "'9999-12-31 23:59:59'"}, {"datetime(6)", "'1000-01-01 00:00:00.123456'"}, {"timestamp", "'2001-01-01 00:00:01'"},
	{"time", "'-838:59:59'"}, {"year", "1901"}, {"json", "'{}'", "CONCAT('[\"', REPEAT('j', 70000), '\"]')"}, {"enum('a','b')", "'a'", "'b'"}, {"enum('a','b','c')", "'c'"}, {"set('a','b')", "'a,b'"}, {"bit(8)", "255"},
}

// conversions is a MODIFY from each type to each other one.
func conversions() []group {
	var out []group
	for i, from := range samples {
		g := group{setup: []string{"CREATE TABLE m (id int AUTO_INCREMENT PRIMARY KEY, c " + from[0] + ") DEFAULT CHARSET=utf8mb4"}}
		for _, v := range from[1:] {
			g.setup = append(g.setup, "INSERT INTO m (c) VALUES ("+v+")")
		}
		for k, to := range samples {
			if i != k && (!testing.Short() || (i+k)%8 == 0) {
				g.statements = append(g.statements, "ALTER TABLE m MODIFY c "+to[0])
			}
		}
		out = append(out, g)
	}
	return out
}

// mode is the same on both servers, and stands in front of what is judged: MariaDB takes zero dates by default.
const mode = "sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'"

// world is one server.
type world struct {
	t    *testing.T
	d    *lint.Dialect
	db   *sql.DB
	n    int
	off  map[string]int
	dump string // the schema as the server writes it
}

func (w *world) exec(conn *sql.Conn, statement string) {
	w.t.Helper()
	if _, err := conn.ExecContext(w.t.Context(), statement); err != nil {
		w.t.Fatalf("%.200s: %v", statement, err)
	}
}

func (w *world) run(g group) {
	if w.off == nil {
		w.off = map[string]int{}
	}
	for first := true; len(g.statements) > 0; first = false {
		conn, err := w.db.Conn(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		w.reset(conn, g.setup)
		if first {
			w.dump = w.dumped(conn)
			if lost := w.clients(conn, g.clients); lost != "" {
				w.t.Errorf("a client's statement doesn't work to begin with: %s", lost)
			}
		}
		for len(g.statements) > 0 {
			text := g.statements[0]
			g.statements = g.statements[1:]
			if w.judge(conn, g, text) {
				break
			}
		}

		_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // temporary tables go with the connection, which the pool would keep
		_ = conn.Close()
	}
}

// reset makes the database anew.
func (w *world) reset(conn *sql.Conn, setup []string) {
	w.exec(conn, "SET foreign_key_checks = 0, unique_checks = 1, "+mode)
	for _, q := range []string{"SELECT CONCAT(IF(table_type = 'VIEW', 'VIEW `', IF(table_type = 'SEQUENCE', 'SEQUENCE `', 'TABLE `')), table_name, '`') FROM information_schema.tables WHERE table_schema = DATABASE()",
		"SELECT CONCAT(routine_type, ' `', routine_name, '`') FROM information_schema.routines WHERE routine_schema = DATABASE()"} {
		for _, name := range w.list(conn, q) {
			w.exec(conn, "DROP "+name)
		}
	}
	w.exec(conn, "SET foreign_key_checks = 1")
	for _, s := range setup {
		w.exec(conn, s)
	}
}

func (w *world) list(conn *sql.Conn, query string) (out []string) {
	rows, err := conn.QueryContext(w.t.Context(), query)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			w.t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// clients runs each statement in a transaction of its own, and returns the first one that fails.
func (w *world) clients(conn *sql.Conn, statements []string) string {
	lost := ""
	for _, s := range statements {
		w.exec(conn, "BEGIN")
		if err := runAll(w.t.Context(), conn, s); err != nil && lost == "" {
			lost = fmt.Sprintf("%s: %v", s, err)
		}
		w.exec(conn, "ROLLBACK")
	}
	return lost
}

func runAll(ctx context.Context, conn *sql.Conn, s string) error {
	rows, err := conn.QueryContext(ctx, s)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// judge runs a statement and compares. It reports whether the schema has to be made anew.
func (w *world) judge(conn *sql.Conn, g group, text string) bool {
	w.n++
	u := strings.ToUpper(text)
	words := alterable(u)
	var o observe.Observation
	if words {
		o = observe.MySQL(w.t.Context(), conn, text)
	} else if err := runAll(w.t.Context(), conn, text); err != nil {
		o.Error = err.Error()
	}
	lost := ""
	if o.Error == "" {
		lost = w.clients(conn, g.clients)
	}
	res := linttest.Check(w.t, w.d, "", strings.Join(g.setup, ";\n")+";", "SET "+mode+";\n"+text+";")
	refused, client, waits := w.claims(res)
	if again := linttest.Check(w.t, w.d, "", w.dump, "SET "+mode+";\n"+text+";"); found(again) != found(res) {
		w.t.Errorf("%s: found with the schema as the server writes it:%s\n        and as it was written:%s", text, errors(again), errors(res))
	}
	w.compare("refused", text, o.Error != "", refused, refused, o.Error, res)
	if o.Error == "" {
		w.compare("client", text, lost != "", refused || client > 0, client == 2 && len(g.clients) > 0, lost, res)
		if words && o.Lock != "" {
			w.compare("waits", text, o.BlocksWrites, res.Worst() == lint.Error, waits, o.Lock+"; before: "+o.Cheaper, res)
		}
	}
	if o.Error == "" && strings.HasPrefix(u, "CREATE TABLE F ") {
		w.exec(conn, "DROP TABLE f")
		return false
	}
	return o.Error == "" || strings.HasPrefix(u, "DROP")
}

// claims says which kinds of error are found. Client is 2 where it is certain, and 1 where data is lost.
func (w *world) claims(res lint.Result) (refused bool, client int, waits bool) {
	for _, f := range res.Findings {
		if f.Severity != lint.Error {
			continue
		}
		r, _ := w.d.Rule(f.Rule)
		switch r.Kind {
		case lint.Fails, lint.Files:
			refused = true
		case lint.Client:
			client = 2
		case lint.Data:
			client = max(client, 1)
		case lint.Lock, lint.Rewrite, lint.Scan:
			waits = true
		}
	}
	return refused, client, waits
}

func (w *world) compare(what, text string, seen, found, claimed bool, why string, res lint.Result) {
	kind := ""
	switch {
	case seen && !found:
		kind = what + ", missed"
	case !seen && claimed:
		kind = what + ", false"
	}
	if kind == "" {
		return
	}
	w.off[kind]++
	w.t.Errorf("%s: %.200s\n        seen: %.200s; found:%.400s", kind, text, why, errors(res))
}

// found are the rules of the errors.
func found(res lint.Result) string {
	var out []string
	for _, f := range res.Findings {
		if f.Severity == lint.Error && f.Rule != "invalid-definition" { // what is said twice may be said once
			out = append(out, f.Rule)
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

// errors are the rules and messages of a result.
func errors(res lint.Result) string {
	said := ""
	for _, f := range res.Findings {
		if f.Severity == lint.Error {
			said += " [" + f.Rule + ": " + f.Message + "]"
		}
	}
	return said
}

// dumped is the schema as mysqldump would write it.
func (w *world) dumped(conn *sql.Conn) string {
	out := ""
	show := func(kind string, column int, names []string) {
		for _, n := range names {
			rows, err := conn.QueryContext(w.t.Context(), "SHOW CREATE "+kind+" `"+n+"`")
			if err != nil {
				w.t.Fatal(err)
			}
			cols, err := rows.Columns()
			if err != nil {
				w.t.Fatal(err)
			}
			values, into := make([]sql.NullString, len(cols)), make([]any, len(cols))
			for i := range values {
				into[i] = &values[i]
			}
			for rows.Next() {
				if err := rows.Scan(into...); err != nil {
					w.t.Fatal(err)
				}
				out += values[column].String + ";\n"
			}
			if err := rows.Err(); err != nil {
				w.t.Fatal(err)
			}
			rows.Close()
		}
	}
	show("SEQUENCE", 1, w.list(conn, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'SEQUENCE'"))
	show("TABLE", 1, w.list(conn, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY create_time"))
	show("VIEW", 1, w.list(conn, "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE() ORDER BY 1"))
	show("TRIGGER", 2, w.list(conn, "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY 1"))
	show("PROCEDURE", 2, w.list(conn, "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'PROCEDURE'"))
	show("FUNCTION", 2, w.list(conn, "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'FUNCTION'"))
	return out
}

// alterable statements take ALGORITHM and LOCK. MariaDB takes any ALGORITHM for another engine and for ORDER BY, and copies.
func alterable(u string) bool {
	ok := strings.HasPrefix(u, "ALTER TABLE ") || strings.HasPrefix(u, "CREATE INDEX") || strings.HasPrefix(u, "CREATE UNIQUE") || strings.HasPrefix(u, "CREATE FULLTEXT")
	return ok && !slices.ContainsFunc([]string{"ALGORITHM", "LOCK=", "IF EXISTS", " WAIT ", "PARTITION ", "PARTITIONING", "TABLESPACE", "ENGINE=", "ORDER BY"}, func(s string) bool { return strings.Contains(u, s) })
}

// TestReserved asks the servers which words can't be names.
func TestReserved(t *testing.T) {
	for kind, maria := range map[throwaway.Kind]bool{throwaway.MySQL: false, throwaway.MariaDB: true} {
		db := dbtest.DB(t, dbtest.Database(t, kind))
		j := &judge{maria: maria, version: 90700}
		if maria {
			j.version = 101100
		}
		for _, w := range strings.Fields(reservedBoth + reservedMySQL + reservedMariaDB + " status type name value date text user password level position comment role") {
			_, err := db.ExecContext(t.Context(), "SELECT 1 AS a FROM (SELECT 1 AS "+w+") AS s")
			if (err != nil) != j.reserved(w) {
				t.Errorf("%s: %s: reserved: %v: %v", kind, w, j.reserved(w), err)
			}
		}
	}
}
