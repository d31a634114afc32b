package pgoutput_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/faultnet"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/pgoutput"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/stream"
)

// TestMain takes servers of this package alone: a slot begins only when no transaction is
// open on the server, and others would leave some.
func TestMain(m *testing.M) {
	for _, shared := range []string{"PHASEMIG_TEST_POSTGRES15_DSN", "PHASEMIG_TEST_POSTGRES18_DSN"} {
		_ = os.Unsetenv(shared) // never fails for such names
	}
	os.Exit(dbtest.Main(m))
}

var kinds = []throwaway.Kind{throwaway.Postgres15, throwaway.Postgres18}

const simple = "CREATE TABLE t (id int PRIMARY KEY, v text)"

// each runs a test on both versions.
func each(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) { f(t, newBench(t, k)) })
	}
}

// own runs a test on servers of its own, with settings.
func own(t *testing.T, o throwaway.Options, f func(t *testing.T, b *bench, s *throwaway.Server)) {
	t.Helper()
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			s := dbtest.Start(t, k, o)
			f(t, benchOn(t, dbtest.DatabaseOn(t, s)), s)
		})
	}
}

// bench is a database of a server, and how its log is read.
type bench struct {
	testing.TB
	dsn    string
	config pgoutput.Config
	db     *sql.DB
	key    map[string][]string // keys of tables, where they aren't id
}

func newBench(t testing.TB, k throwaway.Kind) *bench {
	t.Helper()
	return benchOn(t, dbtest.Database(t, k))
}

func benchOn(t testing.TB, dsn string) *bench {
	t.Helper()
	b := &bench{TB: t, dsn: dsn, db: dbtest.DB(t, dsn), key: map[string][]string{}}
	b.config.Conn = conn(t, dsn)
	run := make([]byte, 6)
	_, _ = rand.Read(run)
	b.config.Slot, b.config.Publication = pgoutput.Names(hex.EncodeToString(run), 1, 0, false)
	return b
}

func conn(t testing.TB, dsn string) *pgconn.Config {
	t.Helper()
	c, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (b *bench) on(t *testing.T) *bench {
	c := *b
	c.TB = t
	return &c
}

// through connects by a proxy.
func (b *bench) through(p *faultnet.Proxy) { b.config.Conn = conn(b, p.DSN(b.dsn)) }

// exec runs statements in one session.
func (b *bench) exec(statements ...string) {
	b.Helper()
	c, err := b.db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.in(c, statements)
}

func (b *bench) in(c *sql.Conn, statements []string) {
	b.Helper()
	for _, s := range statements {
		if _, err := c.ExecContext(b.Context(), s); err != nil {
			b.Fatalf("execute %q: %v", s, err)
		}
	}
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
		b.in(c, statements)
	}
}

// value is the first column of a query's first row.
func (b *bench) value(query string, args ...any) string {
	b.Helper()
	return dbtest.Query(b, b.dsn, query, args...)[0][0]
}

// relation reads a table's columns the way the catalog does: names of types are
// qualified.
func (b *bench) relation(name string) pgoutput.Relation {
	b.Helper()
	r := pgoutput.Relation{Ident: schema.Ident{Schema: "public", Name: name}, Key: []string{"id"}}
	if k := b.key[name]; k != nil {
		r.Key = k
	}
	for _, c := range dbtest.Query(b, b.dsn+"&search_path=pg_catalog", `SELECT attname, format_type(atttypid, atttypmod), attgenerated::text FROM pg_attribute
		WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, `public."`+name+`"`) {
		r.Columns = append(r.Columns, schema.Column{Name: c[0], Type: c[1], Generated: c[2]})
	}
	return r
}

func (b *bench) relations(tables []string) (list []pgoutput.Relation) {
	b.Helper()
	for _, name := range tables {
		list = append(list, b.relation(name))
	}
	return list
}

// create makes slot and publication, which are gone at the end.
func (b *bench) create(tables ...string) stream.Position {
	b.Helper()
	from, err := pgoutput.Create(b.Context(), b.config, "phasemig test", b.relations(tables), 20*time.Second)
	if err != nil {
		b.Fatal(err)
	}
	config := b.config
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(b.Context()), time.Minute)
		defer cancel()
		_ = pgoutput.Drop(ctx, config) // a server that was ended has none
	})
	return from
}

// reading is an open source, read with a deadline.
type reading struct {
	*bench
	*pgoutput.Source
	ctx    context.Context
	follow []string
}

func options(from stream.Position, list []pgoutput.Relation) stream.Options {
	o := stream.Options{From: from, Run: "run7"}
	for _, r := range list {
		o.Follow = append(o.Follow, r.Ident)
	}
	return o
}

// read opens the log at a position and follows tables.
func (b *bench) read(from stream.Position, tables ...string) *reading {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	list := b.relations(tables)
	s, err := pgoutput.Open(ctx, b.config, options(from, list), list)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
		cancel()
	})
	return &reading{b, s, ctx, tables}
}

// tryOpen opens and reads until the reading ends.
func (b *bench) tryOpen(from stream.Position, list ...pgoutput.Relation) error {
	b.Helper()
	s, err := pgoutput.Open(b.Context(), b.config, options(from, list), list)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	for {
		if _, err := s.Next(ctx); err != nil {
			return err
		}
	}
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

// ended reads on until the reading ends.
func (r *reading) ended() error {
	r.Helper()
	for {
		if _, err := r.Next(r.ctx); err != nil {
			return err
		}
	}
}

// stopped reads on until the reading ends with a StopError.
func (r *reading) stopped() *stream.StopError {
	r.Helper()
	err := r.ended()
	var stop *stream.StopError
	if !errors.As(err, &stop) {
		r.Fatal(err)
	}
	return stop
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
		case stream.Unchanged:
			out = append(out, "unchanged")
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
