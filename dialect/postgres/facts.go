package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Facts reads all that decides a plan. It changes nothing.
func (s *server) Facts(ctx context.Context, c plans.Change) (plans.Facts, error) {
	f := plans.Facts{Dialect: Name}
	var err error
	if f.Server, err = s.Info(ctx); err != nil {
		return f, err
	}
	if err := s.movedTables(ctx, c, &f); err != nil {
		return f, err
	}
	for _, o := range c.Operations {
		t, err := s.Table(ctx, o.Table())
		var missing *plans.InputError
		if errors.As(err, &missing) && o.CreateTable == nil {
			continue // Build says so, with the database's name
		}
		if errors.As(err, &missing) {
			var absent schema.Table
			absent, err = s.absent(ctx, o.Table())
			t = &absent
		}
		if err != nil {
			return f, err
		}
		if _, ok := f.Table(t.Ident); !ok {
			f.Tables = append(f.Tables, *t)
		}
		if err := s.becomes(ctx, o, t, &f); err != nil {
			return f, err
		}
	}
	if f.Settings, err = s.settings(ctx); err != nil {
		return f, err
	}
	if f.ReplicaRole, err = s.replicaRole(ctx); err != nil {
		return f, err
	}
	if f.Problems, err = s.problems(ctx, f.Tables); err != nil {
		return f, err
	}
	if len(f.Problems) > 0 {
		return f, nil
	}
	if err := s.trials(ctx, c, &f); err != nil { // which tell what is done by an ALTER TABLE
		return f, err
	}
	if err := s.tryCreates(ctx, c, &f); err != nil {
		return f, err
	}
	if err := s.probeAll(ctx, c, &f); err != nil {
		return f, err
	}
	if f.Room, err = s.roomFor(ctx, len(f.Alters)); err != nil {
		return f, err
	}
	if err := s.judge(ctx, c, &f); err != nil {
		return f, err
	}
	return f, s.judgeViews(ctx, c, &f)
}

// probeAll tries each ALTER TABLE of the change, and what is done as one.
func (s *server) probeAll(ctx context.Context, c plans.Change, f *plans.Facts) error {
	for _, o := range c.Operations {
		t, ok := f.Table(o.Table())
		if !ok || t.Kind != "table" {
			continue
		}
		clauses, err := alterOf(f, t, o)
		if err != nil {
			return err
		}
		if clauses == "" {
			continue
		}
		a, err := s.probe(ctx, t, o, clauses, f.Settings["search_path"])
		if err != nil {
			return err
		}
		f.Alters = append(f.Alters, a)
	}
	return nil
}

// alterOf is what stands behind the table's name in the ALTER TABLE that an operation is; "" if it is none.
func alterOf(f *plans.Facts, t *schema.Table, o plans.Operation) (string, error) {
	if o.AlterTable != nil {
		return o.AlterTable.SQL, nil
	}
	return Rules{}.AsAlter(f, t, o)
}

// settings reads what expressions depend on. The search_path is the resolved
// one: "$user" is somebody else in another session.
func (s *server) settings(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for _, n := range settingNames {
		var v string
		q := "SELECT pg_catalog.current_setting($1)"
		if n == "search_path" {
			q = `SELECT coalesce(pg_catalog.string_agg(pg_catalog.quote_ident(x), ', ') || ', ', '') || 'pg_temp' FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) AS x WHERE $1 <> ''`
		}
		if err := s.db.QueryRowContext(ctx, q, n).Scan(&v); err != nil {
			return nil, fmt.Errorf("read setting %s: %w", n, classify(err))
		}
		out[n] = v
	}
	return out, nil
}

// replicaRole tries it: managed services allow it by means of their own.
func (s *server) replicaRole(ctx context.Context) (bool, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("try session_replication_role: %w", classify(err))
	}
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(ctx, "SET LOCAL session_replication_role = replica")
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return false, nil
	}
	return err == nil, classify(err)
}

// problems lists what forbids any plan here.
func (s *server) problems(ctx context.Context, tables []schema.Table) ([]string, error) {
	var out []string
	if s.number < oldest {
		out = append(out, fmt.Sprintf("PostgreSQL %d is older than 13", s.number/10000))
	}
	var recovery, readOnly bool
	var multi sql.NullString
	err := s.db.QueryRowContext(ctx, `SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')::bool,
		(SELECT pg_catalog.string_agg(extname, ', ') FROM pg_catalog.pg_extension WHERE extname IN ('bdr', 'spock', 'pgactive', 'citus'))`).Scan(&recovery, &readOnly, &multi)
	if err != nil {
		return nil, fmt.Errorf("look for what forbids a plan: %w", classify(err))
	}
	if recovery {
		out = append(out, "the server is a replica (in recovery): name the primary")
	} else if readOnly {
		out = append(out, "the session is read-only (default_transaction_read_only)")
	}
	if multi.Valid {
		out = append(out, "extension "+multi.String+" makes this one of several writable servers: the lease and row locks of one mean nothing to the others")
	}
	for _, t := range tables {
		hidden, err := s.hidesRows(ctx, t.Ident)
		if err != nil {
			return nil, err
		}
		if hidden {
			out = append(out, fmt.Sprintf("row-level security of %s hides rows from this user: connect as the owner (without FORCE ROW LEVEL SECURITY) or as a role with BYPASSRLS", t.Ident))
		}
	}
	return out, nil
}

// hidesRows: a policy would keep rows from the backfill and from verification.
func (s *server) hidesRows(ctx context.Context, id schema.Ident) (bool, error) {
	var active bool
	if err := s.db.QueryRowContext(ctx, "SELECT coalesce(pg_catalog.row_security_active(pg_catalog.to_regclass($1)::oid), false)", relation(id)).Scan(&active); err != nil {
		return false, fmt.Errorf("read row-level security of %s: %w", id, classify(err))
	}
	return active, nil
}

// judge asks the server about every type, cast and expression of the change.
func (s *server) judge(ctx context.Context, c plans.Change, f *plans.Facts) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("ask about the change's SQL: %w", classify(err))
	}
	defer conn.Close()
	return conn.Raw(func(dc any) error {
		j := judge{ctx: ctx, conn: dc.(*stdlib.Conn).Conn(), facts: f}
		for _, o := range c.Operations {
			if t, ok := f.Table(o.Table()); ok {
				j.table = t
				j.operation(o)
			}
		}
		return classify(j.err)
	})
}

// judge asks by preparing statements, which the server then never runs. A
// statement it refuses is an answer; a lost connection is the error that stays.
type judge struct {
	ctx   context.Context
	conn  *pgx.Conn
	facts *plans.Facts
	table *schema.Table
	err   error
}

func (j *judge) operation(o plans.Operation) {
	j.domains(o)
	if m := o.MoveColumns; m != nil {
		for _, c := range m.Columns {
			j.domain(c)
		}
	}
	switch {
	case o.RenameColumn != nil:
		c := o.RenameColumn
		old, ok := j.table.Column(c.From)
		if ok && c.Up != "" {
			j.up(c.Up, old.Type)
			j.down(c.Down, old.Type, []string{old.Name}, column{c.To, old.Type})
		}
	case o.SplitColumn != nil:
		j.split(o.SplitColumn)
	case o.MergeColumns != nil:
		j.merge(o.MergeColumns)
	case o.ChangeType != nil:
		j.retype(o.ChangeType)
	case o.SetNotNull != nil:
		c := o.SetNotNull
		if old, ok := j.table.Column(c.Column); ok && c.Fill != "" {
			j.up(fmt.Sprintf("COALESCE(%s, (%s))", Quote(c.Column), c.Fill), old.Type)
		}
	}
}

// domains says of a column's type that another column of it would rewrite the
// table: the server checks a domain's constraints on every row that it adds NULL to.
func (j *judge) domains(o plans.Operation) {
	var name string
	switch {
	case o.RenameColumn != nil:
		name = o.RenameColumn.From
	case o.SplitColumn != nil:
		name = o.SplitColumn.Column
	case o.MergeColumns != nil:
		name = o.MergeColumns.From[0].Name
	case o.SetNotNull != nil:
		name = o.SetNotNull.Column
	}
	j.domain(name)
}

func (j *judge) domain(name string) {
	if c, ok := j.table.Column(name); ok && j.constrained(c.Type) {
		if _, known := j.facts.Type(c.Type); !known {
			j.facts.Types = append(j.facts.Types, plans.Type{Asked: c.Type, Type: c.Type, Class: c.Class, Error: constrainedDomain})
		}
	}
}

const constrainedDomain = "it is a domain with constraints, and adding a column of it rewrites the table under a lock"

func (j *judge) constrained(typ string) bool {
	var yes bool
	if j.err != nil {
		return false
	}
	err := j.conn.QueryRow(j.ctx, `WITH RECURSIVE d AS (SELECT y.oid, y.typtype, y.typbasetype, y.typnotnull FROM pg_catalog.pg_type y WHERE y.oid = pg_catalog.to_regtype($1)::oid
			UNION ALL SELECT y.oid, y.typtype, y.typbasetype, y.typnotnull FROM d JOIN pg_catalog.pg_type y ON y.oid = d.typbasetype)
		SELECT coalesce(bool_or(d.typtype = 'd' AND (d.typnotnull OR EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.contypid = d.oid))), false) FROM d`, typ).Scan(&yes)
	if err != nil {
		j.err = fmt.Errorf("look at type %s: %w", typ, err)
	}
	return yes
}

type column struct{ name, typ string }

func (j *judge) split(c *plans.SplitColumn) {
	old, ok := j.table.Column(c.Column)
	if !ok {
		return
	}
	var news []column
	for _, p := range c.Into {
		typ := old.Type
		if p.Type != "" {
			y := j.typ(p.Type)
			if y.Error != "" {
				return
			}
			typ = y.Type
		}
		j.up(p.Up, typ)
		news = append(news, column{p.Name, typ})
	}
	j.down(c.Down, old.Type, []string{old.Name}, news...)
}

func (j *judge) merge(c *plans.MergeColumns) {
	first, ok := j.table.Column(c.From[0].Name)
	into := column{c.Into, first.Type}
	if c.Type != "" {
		y := j.typ(c.Type)
		ok = ok && y.Error == ""
		into.typ = y.Type
	}
	if !ok {
		return
	}
	j.up(c.Up, into.typ)
	for _, s := range c.From {
		if old, ok := j.table.Column(s.Name); ok {
			j.down(s.Down, old.Type, c.From.Names(), into)
		}
	}
}

func (j *judge) retype(c *plans.ChangeType) {
	old, ok := j.table.Column(c.Column)
	if !ok {
		return
	}
	y := j.typ(c.Type)
	if y.Error != "" {
		return
	}
	j.cast(old.Type, y.Type)
	j.cast(y.Type, old.Type)
	j.up(c.Up, y.Type)
	j.down(c.Down, old.Type, []string{old.Name}, column{c.Column, y.Type}, column{plans.CutName("_pm_"+c.Column, 63, true), y.Type})
}

// up judges SQL that sees the row as it is.
func (j *judge) up(sql, target string) {
	var cols []string
	for _, c := range j.table.Columns {
		cols = append(cols, c.Name)
	}
	j.expression(sql, target, fmt.Sprintf("(SELECT %s FROM %s) AS %s", quoteAll(cols), relation(j.table.Ident), Quote(j.table.Name)), cols)
}

// down judges SQL that sees the new columns in place of the old ones.
func (j *judge) down(sql, target string, olds []string, news ...column) {
	var names, cols []string
	for _, c := range j.table.Columns {
		if !slices.Contains(olds, c.Name) {
			names, cols = append(names, c.Name), append(cols, Quote(c.Name))
		}
	}
	for _, n := range news {
		names, cols = append(names, n.name), append(cols, fmt.Sprintf("CAST(NULL AS %s) AS %s", n.typ, Quote(n.name)))
	}
	j.expression(sql, target, fmt.Sprintf("(SELECT %s FROM %s) AS %s", strings.Join(cols, ", "), relation(j.table.Ident), Quote(j.table.Name)), names)
}

// expression asks twice: as a result, for its type, and as a condition, where no
// aggregate, window or set-returning function may stand.
func (j *judge) expression(sql, target, from string, names []string) {
	if sql == "" {
		return
	}
	x := plans.Expression{Table: j.table.Ident, SQL: sql, Columns: mentions(sql, j.table.Name, names)}
	fields, msg := j.prepare("SELECT (" + sql + "\n) FROM " + from + " WHERE false")
	if msg == "" && len(fields) != 1 {
		msg = fmt.Sprintf("it gives %d values, not one", len(fields))
	}
	if msg == "" {
		_, msg = j.prepare("SELECT 1 FROM " + from + " WHERE (" + sql + "\n) IS DISTINCT FROM NULL")
	}
	if msg == "" {
		msg = j.assignable(fields[0].DataTypeOID, target)
	}
	x.Error = msg
	j.facts.Expressions = append(j.facts.Expressions, x)
}

func (j *judge) prepare(sql string) ([]pgconn.FieldDescription, string) {
	if j.err != nil {
		return nil, "not asked"
	}
	d, err := j.conn.Prepare(j.ctx, "", sql)
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return nil, pg.Message
	}
	if err != nil {
		j.err = err
		return nil, "not asked"
	}
	if len(d.ParamOIDs) > 0 {
		return nil, "it has parameters ($1), and there is nothing to put there"
	}
	return d.Fields, ""
}

// assignable tells what keeps a result from being stored in a column.
func (j *judge) assignable(from uint32, target string) string {
	const record = 2249 // the type of "(a, b)"; a named composite type is a value like any other
	if from == record {
		return "it gives a row of several values, not one"
	}
	var name string
	var ok bool
	err := j.conn.QueryRow(j.ctx, `SELECT pg_catalog.format_type($1, NULL), $1 = 705 OR b.oid = pg_catalog.to_regtype($2)::oid OR b.oid = y.oid OR y.typcategory = 'S'
		OR EXISTS (SELECT 1 FROM pg_catalog.pg_cast c WHERE c.castsource = b.oid AND c.casttarget = y.oid AND c.castcontext IN ('a', 'i'))
		FROM pg_catalog.pg_type f JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN f.typtype = 'd' THEN f.typbasetype ELSE f.oid END,
			pg_catalog.pg_type r JOIN pg_catalog.pg_type y ON y.oid = CASE WHEN r.typtype = 'd' THEN r.typbasetype ELSE r.oid END
		WHERE f.oid = $1 AND r.oid = pg_catalog.to_regtype($2)::oid`, from, target).Scan(&name, &ok)
	if err != nil {
		j.err = fmt.Errorf("ask about a cast to %s: %w", target, err)
		return "not asked"
	}
	if !ok {
		return fmt.Sprintf("it gives %s, which can't be stored in a column of type %s: add a cast", name, target)
	}
	return ""
}

// typ asks what the server makes of a type. The result of a statement is described
// by a domain's base type, so the name is looked up too.
func (j *judge) typ(asked string) plans.Type {
	if y, ok := j.facts.Type(asked); ok {
		return y
	}
	y := plans.Type{Asked: asked}
	fields, msg := j.prepare("SELECT CAST(NULL AS " + asked + "\n)")
	if msg == "" && len(fields) != 1 {
		msg = "it is more than a type"
	}
	if msg == "" {
		var base, category, kind string
		err := j.conn.QueryRow(j.ctx, `SELECT CASE WHEN n.nspname = 'pg_catalog' THEN pg_catalog.format_type(y.oid, $2) ELSE pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(y.typname) END,
			b.typname, b.typcategory::text, y.typtype::text
			FROM pg_catalog.pg_type y JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE y.oid END
			WHERE y.oid = coalesce((SELECT d.oid FROM pg_catalog.pg_type d WHERE d.oid = pg_catalog.to_regtype($3)::oid AND d.typtype = 'd'), $1)`,
			fields[0].DataTypeOID, fields[0].TypeModifier, asked).Scan(&y.Type, &base, &category, &kind)
		if err != nil {
			j.err = fmt.Errorf("read type %q: %w", asked, err)
		}
		y.Class = classOf(base, category)
		if kind == "p" {
			msg = "it is a pseudo-type"
		} else if j.constrained(y.Type) {
			msg = constrainedDomain
		}
	}
	y.Error = msg
	j.facts.Types = append(j.facts.Types, y)
	return y
}

func (j *judge) cast(from, to string) {
	_, msg := j.prepare(fmt.Sprintf("SELECT CAST(CAST(NULL AS %s) AS %s)", from, to))
	c := plans.Cast{From: from, To: to, Found: msg == ""}
	c.Safe = c.Found && safeCast(from, to)
	if !slices.Contains(j.facts.Casts, c) {
		j.facts.Casts = append(j.facts.Casts, c)
	}
}
