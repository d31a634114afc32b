package practice

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

const (
	// batch is how many rows one INSERT makes: it fits into any server's default logs.
	batch = 10_000
	// fewParents is how many rows a table gets that is only pointed at.
	fewParents = 1_000
	// barren is how many batches in a row may give no row before the conditions count as ones that can't be met.
	barren = 3
)

// filler puts rows into the plan's tables, and into those that they point at.
type filler struct {
	tongue
	plan   *plans.Plan
	db     *dialect.Database
	conn   *sql.Conn
	labels map[string][]string
	filled map[schema.Ident]int64
	within []schema.Ident // tables that are being filled, to see a circle
}

func fill(ctx context.Context, dsn string, t tongue, p *plans.Plan, db *dialect.Database, rows int64) error {
	return on(ctx, dsn, func(ctx context.Context, c *sql.Conn) (err error) {
		f := &filler{tongue: t, plan: p, db: db, conn: c, filled: map[schema.Ident]int64{}}
		if f.labels, err = labels(ctx, c, t); err != nil {
			return err
		}
		for _, id := range p.Tables() {
			if err := f.fill(ctx, id, rows); err != nil {
				return fmt.Errorf("fill table %s: %w", id, err)
			}
		}
		return f.analyze(ctx)
	})
}

// labels are those of PostgreSQL's enumerated types; elsewhere a column's type holds them.
func labels(ctx context.Context, c *sql.Conn, t tongue) (map[string][]string, error) {
	out := map[string][]string{}
	if !t.postgres {
		return out, nil
	}
	list, err := lines(ctx, c, "SELECT format_type(enumtypid, NULL), enumlabel FROM pg_enum ORDER BY enumtypid, enumsortorder")
	for _, l := range list {
		out[l[0]] = append(out[l[0]], l[1])
	}
	return out, err
}

// fill makes rows unless the schema's file has brought some.
func (f *filler) fill(ctx context.Context, id schema.Ident, rows int64) error {
	t, err := tableOf(ctx, f.db, f.plan, id)
	if err != nil || t.Kind == schema.Absent {
		return err
	}
	have, err := f.count(ctx, id)
	if err != nil {
		return err
	}
	if have > 0 {
		f.filled[id] = have
		return nil
	}
	f.within = append(f.within, id)
	defer func() { f.within = f.within[:len(f.within)-1] }()
	x := &generator{tongue: f.tongue, table: t, labels: f.labels, parents: map[string]int64{}, plain: f.plain(id)}
	f.planned(x)
	for _, c := range t.Constraints {
		if c.Kind != schema.ForeignKey || c.Incoming || c.Ref == id {
			continue
		}
		if err := f.parent(ctx, x, c, rows); err != nil {
			return err
		}
	}
	return f.insert(ctx, x, rows)
}

// planned adds what the plan will ask of the rows to what the table asks already.
func (f *filler) planned(x *generator) {
	for _, o := range f.plan.Operations {
		if a := o.AddCheck; a != nil && named(a.Table, x.table.Ident) {
			x.checks = append(x.checks, a.Check)
		}
		if a := o.AddForeignKey; a != nil && named(a.Table, x.table.Ident) {
			to := schema.Ident{Schema: x.table.Schema, Name: a.References.Table}
			if s, n, ok := strings.Cut(a.References.Table, "."); ok {
				to = schema.Ident{Schema: s, Name: n}
			}
			x.table.Constraints = append(x.table.Constraints, schema.Constraint{Name: a.Name, Kind: schema.ForeignKey, Columns: a.Columns, Ref: to, RefColumns: a.References.Columns})
		}
	}
}

func named(name string, id schema.Ident) bool {
	return name == id.Name || name == id.Schema+"."+id.Name
}

// parent fills the table that a foreign key points at. In a circle of tables the key is left NULL.
func (f *filler) parent(ctx context.Context, x *generator, c schema.Constraint, rows int64) error {
	if slices.Contains(f.within, c.Ref) {
		return nil
	}
	n := min(rows, fewParents)
	if single(x, c) {
		n = rows
	}
	if _, ok := f.filled[c.Ref]; !ok {
		if err := f.fill(ctx, c.Ref, max(n, f.wanted(c.Ref, rows))); err != nil {
			return fmt.Errorf("fill table %s, at which %s points: %w", c.Ref, c.Name, err)
		}
	}
	x.parents[c.Name] = f.filled[c.Ref]
	return nil
}

// single: the key's columns alone are unique, so each row needs a parent of its own.
func single(x *generator, c schema.Constraint) bool {
	return slices.ContainsFunc(x.table.Indexes, func(i schema.Index) bool {
		return i.Unique && !slices.ContainsFunc(i.Columns, func(p schema.IndexColumn) bool { return !slices.Contains(c.Columns, p.Name) })
	})
}

func (f *filler) wanted(id schema.Ident, rows int64) int64 {
	if slices.Contains(f.plan.Tables(), id) {
		return rows
	}
	return 0
}

func (f *filler) insert(ctx context.Context, x *generator, rows int64) error {
	var made, first int64 = 0, 1
	for empty := 0; made < rows; first += batch {
		q, err := x.insert(first, batch, rows-made)
		if err != nil {
			return err
		}
		r, err := f.conn.ExecContext(ctx, q)
		if err != nil {
			return fmt.Errorf("%w (by %q)", err, cut(q, 400))
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		made += n
		if empty++; n > 0 {
			empty = 0
		}
		if empty == barren {
			return fmt.Errorf("after %d rows no more are found that its conditions take: put rows of your own into the file of --schema", made)
		}
	}
	f.filled[x.table.Ident] = made
	return nil
}

// plain columns are those that the plan changes in a way that depends on their values.
func (f *filler) plain(id schema.Ident) func(string) bool {
	altered := slices.ContainsFunc(f.plan.Alters, func(a plans.Alter) bool { return a.Table == id })
	var columns []string
	for i := range f.plan.Recipes {
		if f.plan.Recipes[i].Table == id {
			columns = append(columns, f.plan.Recipes[i].Columns...)
		}
	}
	for i := range f.plan.Syncs {
		if s := &f.plan.Syncs[i]; s.Table == id && s.Operation != "rename_column" && s.Operation != "set_not_null" {
			columns = append(columns, s.Columns()...)
		}
	}
	return func(c string) bool { return altered || slices.Contains(columns, c) }
}

func (f *filler) count(ctx context.Context, id schema.Ident) (int64, error) {
	return rowsOf(ctx, f.conn, f.tongue, id)
}

func rowsOf(ctx context.Context, db interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, t tongue, id schema.Ident) (n int64, err error) {
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+t.table(id)).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the rows of %s: %w", id, err)
	}
	return n, nil
}

// analyze tells the server how many rows there are now: the plan holds its estimate against what it assumed.
func (f *filler) analyze(ctx context.Context) error {
	for id := range f.filled {
		q := "ANALYZE TABLE " + f.table(id)
		if f.postgres {
			q = "ANALYZE " + f.table(id)
		}
		if _, err := f.conn.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("analyze %s: %w", id, err)
		}
	}
	return nil
}
