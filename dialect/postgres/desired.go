package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// desired loads a schema into one of its own, in a transaction that is never committed: whatever ends it takes the schema away. No
// statement reaches a relation outside of it.
func (s *server) desired(ctx context.Context, statements []string) (dialect.Desired, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return dialect.Desired{}, classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	l := &loader{ctx: ctx, tx: tx, number: s.number}
	if err := l.begin(); err != nil {
		return dialect.Desired{}, fmt.Errorf("make a schema to load the file into: %w", classify(err))
	}
	for i, q := range statements {
		if err := l.load(i, q); err != nil {
			return dialect.Desired{}, err
		}
	}
	out, err := l.read()
	var refused *plans.RefusedError
	if err != nil && !errors.As(err, &refused) {
		err = fmt.Errorf("read what was loaded: %w", classify(err))
	}
	out.Notes = l.notes
	return out, err
}

// loader holds the scratch schema.
type loader struct {
	ctx     context.Context
	tx      *sql.Tx
	number  int
	home    string // the schema of the database that the file is about
	quoted  string // as the server writes it
	scratch string
	notes   []string
}

func (l *loader) begin() error {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	l.scratch = "phasemig_desired_" + hex.EncodeToString(b)
	var path string
	if err := l.tx.QueryRowContext(l.ctx, `SELECT current_schema(), pg_catalog.quote_ident(current_schema()), (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(x), ', ') FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) AS x)`).Scan(&l.home, &l.quoted, &path); err != nil {
		return err
	}
	// Types and functions of the database are found behind the scratch schema.
	return l.exec("SET LOCAL lock_timeout = '2s'", "CREATE SCHEMA "+l.scratch, "SET LOCAL search_path = "+l.scratch+", "+path)
}

func (l *loader) exec(list ...string) error {
	for _, q := range list {
		if _, err := l.tx.ExecContext(l.ctx, q, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) load(i int, q string) error {
	wrong := func(hint, format string, args ...any) error {
		return &dialect.LoadError{Statement: i, Reason: fmt.Sprintf(format, args...), Hint: hint}
	}
	c, err := readDefinition(q)
	if err != nil {
		return wrong("", "it can't be read: %s", err)
	}
	switch {
	case c.left != "":
		l.notes = append(l.notes, c.left)
		return nil
	case c.nothing:
		return nil
	case c.other:
		return wrong("tables, their indexes and comments, enums and sequences are compared; let the migration tool run the rest", "it is no definition of a table")
	}
	for _, r := range append(c.names, c.made) {
		if r.Schema != "" && r.Schema != l.home {
			return wrong("", "%s is outside of schema %s, which the file is about", r, l.home)
		}
	}
	for _, r := range c.names {
		found, err := l.there(r.Name)
		if err != nil {
			return classify(err)
		}
		if !found {
			return wrong("", "the file doesn't have %s at this place", r.Name)
		}
	}
	err = l.exec(inScratch(q, l.home, l.scratch))
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return wrong("", "%s", strings.ReplaceAll(said.Message, l.scratch+".", ""))
	}
	return classify(err)
}

// there: a name that isn't in the scratch schema would be looked for in the database.
func (l *loader) there(name string) (found bool, err error) {
	err = l.tx.QueryRowContext(l.ctx, "SELECT pg_catalog.to_regclass($1) IS NOT NULL", l.scratch+"."+Quote(name)).Scan(&found)
	return found, err
}

// read reads both sides.
func (l *loader) read() (dialect.Desired, error) {
	var out dialect.Desired
	if err := l.enums(); err != nil {
		return out, err
	}
	want, err := l.names(l.scratch)
	if err != nil {
		return out, err
	}
	live, err := l.names(l.home)
	if err != nil {
		return out, err
	}
	r := reader{ctx: l.ctx, tx: l.tx, number: l.number}
	for _, n := range want {
		w, err := r.table(schema.Ident{Schema: l.scratch, Name: n})
		if err != nil {
			return out, err
		}
		if slices.Contains(live, n) {
			t, err := r.table(schema.Ident{Schema: l.home, Name: n})
			if err != nil {
				return out, err
			}
			if err := l.spell(w, t); err != nil {
				return out, err
			}
			out.Live = append(out.Live, *t)
		}
		l.bring(w)
		out.Want = append(out.Want, *w)
	}
	out.Others = slices.DeleteFunc(live, func(n string) bool { return slices.Contains(want, n) })
	return out, nil
}

func (l *loader) names(namespace string) ([]string, error) {
	var out []string
	rows, err := l.tx.QueryContext(l.ctx, `SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition
		AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY c.relname COLLATE "C"`, namespace)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

// enums refuses a type whose values aren't those of the database.
func (l *loader) enums() error {
	var name, want string
	var live sql.NullString
	err := l.tx.QueryRowContext(l.ctx, `SELECT t.typname, w.list, h.list FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
		JOIN LATERAL (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) AS list FROM pg_catalog.pg_enum WHERE enumtypid = t.oid) w ON true
		LEFT JOIN LATERAL (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) AS list FROM pg_catalog.pg_enum e JOIN pg_catalog.pg_type o ON o.oid = e.enumtypid
			JOIN pg_catalog.pg_namespace m ON m.oid = o.typnamespace WHERE m.nspname = $2 AND o.typname = t.typname) h ON true
		WHERE n.nspname = $1 AND t.typtype = 'e' AND w.list IS DISTINCT FROM h.list ORDER BY t.typname LIMIT 1`, l.scratch, l.home).Scan(&name, &want, &live)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	reason := "the database doesn't have it"
	if live.Valid {
		reason = fmt.Sprintf("it has %s in the database, and %s in the file", live.String, want)
	}
	return &plans.RefusedError{What: "type " + name, Reason: reason, Hint: "CREATE TYPE, or ALTER TYPE … ADD VALUE by the migration tool: both take a moment"}
}

// bring gives a table of the scratch schema its place in the database.
func (l *loader) bring(t *schema.Table) {
	t.Schema = l.home
	for i := range t.Columns {
		c := &t.Columns[i]
		c.Type, c.Collation, c.Generated = l.homely(c.Type), l.homely(c.Collation), l.homely(c.Generated)
		if c.Default != nil {
			home := l.homely(*c.Default)
			c.Default = &home
		}
	}
	for i := range t.Indexes {
		t.Indexes[i].Definition = l.homely(t.Indexes[i].Definition)
	}
	for i := range t.Constraints {
		c := &t.Constraints[i]
		c.Definition = l.homely(c.Definition)
		if c.Ref.Schema == l.scratch {
			c.Ref.Schema = l.home
		}
	}
}

func (l *loader) homely(text string) string {
	return strings.ReplaceAll(text, l.scratch+".", l.quoted+".")
}

// spell: what the server writes otherwise when it reads what it has written is the same. Where the texts differ the file's is read
// in once more.
func (l *loader) spell(want, live *schema.Table) error {
	at := relation(want.Ident)
	var again []string
	for _, c := range want.Constraints {
		if k, ok := live.Constraint(c.Name); ok && c.Kind == schema.Check && !c.Incoming && k.Definition != l.homely(c.Definition) {
			again = append(again, fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %s %s", at, Quote(c.Name), Quote(c.Name), c.Definition))
		}
	}
	for _, x := range want.Indexes {
		if k, ok := live.Index(x.Name); ok && !x.Constraint && k.Definition != l.homely(x.Definition) {
			def, _, _ := strings.Cut(x.Definition, "\n")
			again = append(again, "DROP INDEX "+inSchemaOf(want.Ident, x.Name), def)
		}
	}
	for _, c := range want.Columns {
		if k, ok := live.Column(c.Name); ok && c.Default != nil && k.Default != nil && *k.Default != l.homely(*c.Default) {
			again = append(again, fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s", at, Quote(c.Name), *c.Default))
		}
	}
	if len(again) == 0 {
		return nil
	}
	var said *pgconn.PgError
	if err := l.exec(append([]string{"SAVEPOINT spell"}, again...)...); errors.As(err, &said) {
		return l.exec("ROLLBACK TO SAVEPOINT spell") // something rests on what has to go: then the texts decide
	} else if err != nil {
		return err
	}
	r := reader{ctx: l.ctx, tx: l.tx, number: l.number}
	second, err := r.table(want.Ident)
	if err == nil {
		l.adopt(want, second, live)
	}
	return err
}

// adopt takes the database's spelling where it is the file's second one.
func (l *loader) adopt(want, second, live *schema.Table) {
	for i := range want.Constraints {
		c := &want.Constraints[i]
		k, ok := live.Constraint(c.Name)
		if s, found := second.Constraint(c.Name); ok && found && l.homely(s.Definition) == k.Definition {
			c.Definition = k.Definition
		}
	}
	for i := range want.Indexes {
		x := &want.Indexes[i]
		k, ok := live.Index(x.Name)
		if s, found := second.Index(x.Name); ok && found && l.homely(s.Definition) == k.Definition {
			x.Definition = k.Definition
		}
	}
	for i := range want.Columns {
		c := &want.Columns[i]
		k, ok := live.Column(c.Name)
		if s, found := second.Column(c.Name); ok && found && s.Default != nil && k.Default != nil && l.homely(*s.Default) == *k.Default {
			c.Default = k.Default
		}
	}
}
