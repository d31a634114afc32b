package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// probe lets the server do an ALTER TABLE to an empty copy of the table, in each
// way, and reads what became of it. The copy stands beside the table, because names in the
// clauses are read from there.
func (s *server) probe(ctx context.Context, t *schema.Table, sql string) (plans.AlterFacts, error) {
	out := plans.AlterFacts{Table: t.Ident, SQL: sql}
	read, err := readAlter(sql)
	alone := false
	if err == nil {
		read.keysOffOf(t)
		alone, err = read.dropsAlone()
	}
	if err != nil {
		out.Refused = err.Error()
		return out, nil
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return out, classify(err)
	}
	defer discard(conn)
	p := prober{ctx: ctx, conn: conn, table: t, sql: sql, copy: schema.Ident{Schema: t.Schema, Name: probeName(t.Name)}}
	defer p.drop()
	if alone {
		return out, p.drops(read, &out)
	}
	return out, p.run(&out)
}

func probeName(table string) string { return plans.CutName("_"+table+"_pm_probe", nameLimit, false) }

type prober struct {
	ctx   context.Context
	conn  *sql.Conn
	table *schema.Table
	copy  schema.Ident
	sql   string
}

func (p *prober) run(out *plans.AlterFacts) error {
	if err := p.make(); err != nil {
		return fmt.Errorf("make an empty copy of %s to try the change on: %w", p.table.Ident, err)
	}
	said, err := p.alter("")
	if err != nil || said != "" {
		out.Error = said
		return err
	}
	if out.Result, err = p.read(); err != nil {
		return err
	}
	if out.Late, err = p.late(out.Result); err != nil {
		return err
	}
	for _, w := range []struct {
		prefix string
		said   *string
	}{{instantly, &out.NotInstant}, {online, &out.NotOnline}} {
		if err := p.make(); err != nil {
			return err
		}
		before := p.number()
		if *w.said, err = p.alter(w.prefix); err != nil {
			return err
		}
		if w.prefix == online && *w.said == "" {
			after := p.number()
			out.Rebuilds = before == "" || after != before
		}
	}
	out.Builds = builds(p.table, out.Result)
	return nil
}

// Prefixes of a native ALTER: the server refuses rather than takes another way.
const (
	instantly = "ALGORITHM=INSTANT, "
	online    = "ALGORITHM=INPLACE, LOCK=NONE, "
)

func (p *prober) make() error {
	p.drop()
	_, err := p.conn.ExecContext(p.ctx, "CREATE TABLE "+quoteTable(p.copy)+" LIKE "+quoteTable(p.table.Ident))
	return classify(err)
}

func (p *prober) drop() {
	_, _ = p.conn.ExecContext(context.WithoutCancel(p.ctx), "DROP TABLE IF EXISTS "+quoteTable(p.copy))
}

// alter returns what the server said against it.
func (p *prober) alter(prefix string) (string, error) {
	_, err := p.conn.ExecContext(p.ctx, "ALTER TABLE "+quoteTable(p.copy)+" "+prefix+p.sql)
	if err != nil && number(err) == 0 {
		return "", classify(err)
	}
	if err != nil {
		return strings.ReplaceAll(err.Error(), p.copy.Name, p.table.Name), nil
	}
	return "", nil
}

func (p *prober) read() (*schema.Table, error) {
	c := catalog{ctx: p.ctx, q: p.conn, id: p.copy}
	t, err := c.read()
	if err != nil {
		return nil, fmt.Errorf("read the copy: %w", err)
	}
	t.Ident, t.Rows, t.Bytes, t.Dependents = p.table.Ident, 0, 0, nil
	return t, nil
}

// number is the storage engine's number of the table's file or, where it has none, of the table, which a rebuild changes; ""
// when this account may not see it. The list of files is found by name, that of tables is read as a whole (see mostLooked).
func (p *prober) number() string {
	name := fileName(p.copy.Schema) + "/" + fileName(p.copy.Name)
	parts := strings.NewReplacer("_", `\_`, "%", `\%`).Replace(name) + "#p#%"
	for _, q := range []string{
		"SELECT file_id AS n FROM information_schema.files WHERE tablespace_name = ? OR tablespace_name LIKE ? ORDER BY tablespace_name LIMIT 1",
		"SELECT table_id AS n FROM information_schema.innodb_tables WHERE name = ? OR name LIKE ? ORDER BY name LIMIT 1",
		"SELECT table_id AS n FROM information_schema.innodb_sys_tables WHERE name = ? OR name LIKE ? ORDER BY name LIMIT 1",
	} {
		list, err := records(p.ctx, p.conn, q, name, parts)
		if err == nil && len(list) > 0 {
			return list[0]["n"]
		}
	}
	return ""
}

// builds reports whether the new shape has an index that the old one has not.
func builds(from, to *schema.Table) bool {
	for _, x := range to.Indexes {
		if old, ok := from.Index(x.Name); !ok || old.Definition != x.Definition {
			if !sameIndexElsewhere(from, x) {
				return true
			}
		}
	}
	return false
}

func sameIndexElsewhere(t *schema.Table, x schema.Index) bool {
	want := shapeOf(x)
	for _, o := range t.Indexes {
		if shapeOf(o) == want {
			return true
		}
	}
	return false
}

func shapeOf(x schema.Index) string {
	return fmt.Sprint(x.Unique, x.Primary, x.Method, x.Columns)
}
