package binlog_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/binlog"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/stream"
)

// TestMain takes servers of this package alone: tests compare what was read with the log's end, which
// others would move.
func TestMain(m *testing.M) {
	for _, shared := range []string{"PHASEMIG_TEST_MYSQL_DSN", "PHASEMIG_TEST_MARIADB_DSN"} {
		_ = os.Unsetenv(shared) // never fails for such names
	}
	os.Exit(dbtest.Main(m))
}

// each runs a test on both servers.
func each(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.MariaDB} {
		t.Run(string(k), func(t *testing.T) { f(t, newBench(t, k)) })
	}
}

// bench is a database of a server, and how its log is read.
type bench struct {
	testing.TB
	dsn, database string
	mariadb       bool
	config        binlog.Config
	db            *sql.DB
}

func newBench(t testing.TB, k throwaway.Kind) *bench {
	t.Helper()
	return benchOn(t, k, dbtest.Database(t, k))
}

func benchOn(t testing.TB, k throwaway.Kind, dsn string) *bench {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	return &bench{TB: t, dsn: dsn, database: strings.TrimPrefix(u.Path, "/"), mariadb: k == throwaway.MariaDB, db: dbtest.DB(t, dsn),
		config: binlog.Config{Addr: u.Host, User: u.User.Username(), Password: password, MariaDB: k == throwaway.MariaDB}}
}

// exec runs statements in one session.
func (b *bench) exec(statements ...string) {
	b.Helper()
	dbtest.Exec(b, b.dsn, statements...)
}

// session is one session that stays.
func (b *bench) session() func(statements ...string) {
	b.Helper()
	c, err := b.db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return func(statements ...string) {
		b.Helper()
		for _, s := range statements {
			if _, err := c.ExecContext(b.Context(), s); err != nil {
				b.Fatalf("execute %q: %v", s, err)
			}
		}
	}
}

// value is the first column of a query's first row.
func (b *bench) value(query string, args ...any) string {
	b.Helper()
	return dbtest.Query(b, b.dsn, query, args...)[0][0]
}

// relation reads a table's columns the way the catalog does.
func (b *bench) relation(name string) binlog.Relation {
	b.Helper()
	r := binlog.Relation{Ident: schema.Ident{Schema: b.database, Name: name}}
	for _, c := range dbtest.Query(b, b.dsn, `SELECT column_name, column_type, coalesce(character_set_name, ''), coalesce(generation_expression, '')
		FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`, b.database, name) {
		r.Columns = append(r.Columns, schema.Column{Name: c[0], Type: c[1], Charset: c[2], Generated: c[3]})
	}
	for _, c := range dbtest.Query(b, b.dsn, `SELECT trigger_name FROM information_schema.triggers WHERE event_object_schema = ? AND event_object_table = ?`, b.database, name) {
		r.Triggers = append(r.Triggers, c[0])
	}
	return r
}

// here is the end of the log, by transactions.
func (b *bench) here() stream.Position {
	b.Helper()
	if b.mariadb {
		return stream.Position("mariadb-gtid:" + b.value("SELECT @@global.gtid_binlog_pos"))
	}
	return stream.Position("gtid:" + b.value("SELECT @@global.gtid_executed"))
}

// file is the end of the log, by file.
func (b *bench) file() stream.Position {
	b.Helper()
	statement := "SHOW BINARY LOG STATUS"
	if b.mariadb {
		statement = "SHOW MASTER STATUS"
	}
	rows, err := b.db.Query(statement)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil || !rows.Next() {
		b.Fatal("no log", err, rows.Err())
	}
	into := make([]any, len(names))
	text := make([]sql.NullString, len(names))
	for i := range into {
		into[i] = &text[i]
	}
	if err := rows.Scan(into...); err != nil {
		b.Fatal(err)
	}
	return stream.Position("file:" + text[0].String + ":" + text[1].String)
}

// reading is an open source, read with a deadline.
type reading struct {
	*bench
	*binlog.Source
	ctx    context.Context
	follow []string
}

// read opens the log at a position and follows tables.
func (b *bench) read(from stream.Position, tables ...string) *reading {
	b.Helper()
	var list []binlog.Relation
	for _, name := range tables {
		list = append(list, b.relation(name))
	}
	return b.open(from, list)
}

func (b *bench) open(from stream.Position, list []binlog.Relation) *reading {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	o := stream.Options{From: from, Run: "run7"}
	var names []string
	for _, r := range list {
		o.Follow = append(o.Follow, r.Ident)
		names = append(names, r.Name)
	}
	s, err := binlog.Open(ctx, b.config, o, list)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
		cancel()
	})
	return &reading{b, s, ctx, names}
}

// transaction is a whole transaction as read.
type transaction struct {
	changes []stream.Change
	pieces  int
	stream.Txn
}

// next reads pieces up to the end of a transaction.
func (r *reading) next() transaction {
	r.Helper()
	var t transaction
	for {
		p, err := r.Next(r.ctx)
		if err != nil {
			r.Fatal(err)
		}
		t.changes = append(t.changes, p.Changes...)
		t.pieces++
		if p.End {
			t.Txn = p.Txn
			return t
		}
	}
}

// until reads on until a transaction holds changes.
func (r *reading) until() transaction {
	r.Helper()
	for {
		if t := r.next(); len(t.changes) > 0 {
			return t
		}
	}
}

// stopped reads on until the reading ends with a StopError, and returns its reason.
func (r *reading) stopped() *stream.StopError {
	r.Helper()
	for {
		_, err := r.Next(r.ctx)
		var stop *stream.StopError
		if errors.As(err, &stop) {
			return stop
		}
		if err != nil {
			r.Fatal(err)
		}
	}
}

// text writes changes as "t insert (1,'a')".
func (r *reading) text(list []stream.Change) string {
	var out []string
	for _, c := range list {
		s := r.follow[c.Relation]
		switch c.Kind {
		case stream.Insert:
			s += " insert " + rowText(c.After)
		case stream.Update:
			s += " update " + rowText(c.Before) + rowText(c.After)
		case stream.Delete:
			s += " delete " + rowText(c.Before)
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func rowText(r stream.Row) string {
	var out []string
	for _, v := range r {
		switch v.Form {
		case stream.Null:
			out = append(out, "NULL")
		case stream.Absent:
			out = append(out, "absent")
		default:
			out = append(out, string(v.Text))
		}
	}
	return "(" + strings.Join(out, ",") + ")"
}

// want compares.
func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s:\ngot  %s\nwant %s", what, g, w)
	}
}
