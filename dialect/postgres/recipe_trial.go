package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// trials lets the server do the change's own operations, one after the other, to empty copies of their tables, in a
// transaction that is taken back. Only the server knows whether it takes an expression, and how it writes it down.
func (s *server) trials(ctx context.Context, c plans.Change, f *plans.Facts) error {
	for i := range f.Tables {
		t := &f.Tables[i]
		var list []plans.Operation
		for _, o := range c.Operations {
			if own, ok := f.Table(o.Table()); ok && own == t && o.Takes(t.Kind) && len(attempts(o, t, false, "", "")) > 0 {
				list = append(list, o)
			}
		}
		if len(list) == 0 {
			continue
		}
		if err := s.try(ctx, t, list, c, f); err != nil {
			return fmt.Errorf("try the change on an empty copy of %s: %w", t.Ident, err)
		}
	}
	return nil
}

func (s *server) try(ctx context.Context, t *schema.Table, list []plans.Operation, c plans.Change, f *plans.Facts) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	y := &trier{ctx: ctx, tx: tx, t: t, settings: f.Settings, number: s.number, change: c}
	if err := y.copy(); err != nil {
		return classify(err)
	}
	for i, o := range list {
		y.parent = fmt.Sprintf("_pm_parent_%d", i)
		for _, a := range attempts(o, t, f.Server.Can.NotValidNotNull, relation(y.own()), "pg_temp."+Quote(y.parent)) {
			seen, err := y.one(o, a)
			if err != nil {
				return classify(err)
			}
			f.Trials = append(f.Trials, seen)
		}
	}
	return nil
}

// trier works on an empty copy of one table. The copy has no index but those that the change makes: what the
// server calls a copied index could be the name of one of them.
type trier struct {
	ctx      context.Context
	tx       *sql.Tx
	t        *schema.Table
	settings map[string]string
	number   int
	parent   string // the name of a copy of the table that a foreign key points at
	change   plans.Change
}

// copied leaves out what other objects would be made or locked for.
const copied = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE"

// tryWait bounds the wait for the lock that reading a table's definition takes.
const tryWait = "SET LOCAL lock_timeout = '1s'"

func (y *trier) copy() error {
	if err := y.exec(tryWait); err != nil {
		return err
	}
	if y.t.Kind == schema.Domain {
		return y.copyDomain()
	}
	create := fmt.Sprintf("CREATE TEMPORARY TABLE %s (LIKE %s %s)", Quote(y.t.Name), relation(y.t.Ident), copied)
	if y.t.Kind == schema.PartitionedTable {
		return y.copyParted(create)
	}
	return y.exec(create)
}

// onePart is the copy's only partition, which is written anew where all of them would be.
const onePart = "_pm_partition"

// copyParted makes the copy a partitioned one, since not every index can be on such a table.
func (y *trier) copyParted(create string) error {
	var key string
	if err := y.tx.QueryRowContext(y.ctx, "SELECT pg_catalog.pg_get_partkeydef(pg_catalog.to_regclass($1)::oid)", relation(y.t.Ident)).Scan(&key); err != nil {
		return err
	}
	rows := "DEFAULT"
	if strings.HasPrefix(key, "HASH") {
		rows = "FOR VALUES WITH (MODULUS 1, REMAINDER 0)"
	}
	return y.exec(fmt.Sprintf("%s PARTITION BY %s; CREATE TEMPORARY TABLE %s PARTITION OF %s %s", create, key, onePart, relation(y.own()), rows))
}

// copyDomain makes a domain of the same kind.
func (y *trier) copyDomain() error {
	is := y.t.Columns[0]
	q := fmt.Sprintf("CREATE DOMAIN %s AS %s%s", relation(y.own()), is.Type, collate(is.Collation))
	for _, c := range y.t.Constraints {
		q += "; " + addConstraint(altering(y.t, relation(y.own())), c.Name, c.Definition)
	}
	return y.exec(q)
}

func (y *trier) exec(sql string) error {
	_, err := y.tx.ExecContext(y.ctx, sql)
	return err
}

func (y *trier) own() schema.Ident { return schema.Ident{Schema: "pg_temp", Name: y.t.Name} }

// one makes an attempt. What the server refuses leaves the copy as it was.
func (y *trier) one(o plans.Operation, a attempt) (plans.Trial, error) {
	out := plans.Trial{Table: y.t.Ident, SQL: a.sql}
	if err := y.settle(); err != nil {
		return out, err
	}
	if err := y.exec("SAVEPOINT trial"); err != nil {
		return out, err
	}
	before, err := y.file()
	if err != nil {
		return out, err
	}
	err = y.run(o, a)
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		out.Error = pg.Message
		return out, y.exec("ROLLBACK TO SAVEPOINT trial")
	}
	if err == nil {
		out.Result, err = y.result(o)
	}
	if err == nil {
		var after int64
		after, err = y.file()
		out.Rewrites = after != before
	}
	if err == nil {
		out.Error, err = y.taken(a.name)
	}
	if err == nil && !a.keep {
		err = y.exec("ROLLBACK TO SAVEPOINT trial")
	}
	return out, err
}

// file is another one after the copy was rewritten.
func (y *trier) file() (id int64, err error) {
	rows := y.own()
	if y.t.Kind == schema.PartitionedTable {
		rows.Name = onePart
	}
	err = y.tx.QueryRowContext(y.ctx, "SELECT coalesce(pg_catalog.pg_relation_filenode(pg_catalog.to_regclass($1)::oid)::bigint, 0)", relation(rows)).Scan(&id)
	return id, err
}

func (y *trier) run(o plans.Operation, a attempt) error {
	if k := o.AddForeignKey; k != nil {
		if err := y.bringParent(k.References.Table); err != nil {
			return err
		}
		q := fmt.Sprintf("CREATE TEMPORARY TABLE %s (LIKE %s INCLUDING INDEXES)", Quote(y.parent), relation(schema.ParseIdent(k.References.Table)))
		if err := y.exec(strings.Join(append([]string{q}, y.keysOfParent(k.References.Table)...), "; ")); err != nil {
			return err
		}
	}
	return y.exec(a.here)
}

// keysOfParent are the keys that the change itself gives to the table that a foreign key points at.
func (y *trier) keysOfParent(name string) []string {
	var out []string
	key := func(table, kind string, columns []string) {
		if schema.ParseIdent(table) == schema.ParseIdent(name) {
			out = append(out, fmt.Sprintf("ALTER TABLE pg_temp.%s ADD %s (%s)", Quote(y.parent), kind, quoteAll(columns)))
		}
	}
	for _, o := range y.change.Operations {
		switch {
		case o.AddUnique != nil:
			key(o.AddUnique.Table, "UNIQUE", o.AddUnique.Columns)
		case o.AddPrimaryKey != nil:
			key(o.AddPrimaryKey.Table, "PRIMARY KEY", o.AddPrimaryKey.Columns)
		}
	}
	return out
}

// bringParent makes, for as long as the transaction lasts, a table that the change itself creates. Where that would lock tables that are
// there, since it points at them, it isn't made, and the foreign key is refused.
func (y *trier) bringParent(name string) error {
	for _, o := range y.change.Operations {
		c := o.CreateTable
		if c == nil || schema.ParseIdent(c.Table) != schema.ParseIdent(name) || strings.Contains(strings.ToLower(c.Definition), "references") {
			continue
		}
		return y.exec(fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s %s", relation(schema.ParseIdent(c.Table)), c.Definition))
	}
	return nil
}

// settle has names and constants read as in the steps later.
func (y *trier) settle() error {
	for _, name := range settingNames {
		if _, err := y.tx.ExecContext(y.ctx, "SELECT pg_catalog.set_config($1, $2, true)", name, y.settings[name]); err != nil {
			return err
		}
	}
	return nil
}

// taken finds a relation that has the name of a new index: an index shares names with all that is in its schema.
func (y *trier) taken(name string) (string, error) {
	id := schema.Ident{Schema: y.t.Schema, Name: name}
	var there bool
	if name == "" {
		return "", nil
	}
	err := y.tx.QueryRowContext(y.ctx, "SELECT pg_catalog.to_regclass($1) IS NOT NULL", relation(id)).Scan(&there)
	if there {
		return fmt.Sprintf("relation %s exists already", id), err
	}
	return "", err
}

// result reads the copy under the table's own name, and under the name of the one that a new foreign key
// points at.
func (y *trier) result(o plans.Operation) (*schema.Table, error) {
	names := []string{"", ""}
	if k := o.AddForeignKey; k != nil { // the search_path is the change's own until the copy is read
		if err := y.tx.QueryRowContext(y.ctx, "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = pg_catalog.to_regclass($1)::oid",
			relation(schema.ParseIdent(k.References.Table))).Scan(&names[0], &names[1]); err != nil {
			return nil, err
		}
	}
	r := reader{ctx: y.ctx, tx: y.tx, number: y.number}
	t, err := r.table(y.own())
	if err != nil {
		return nil, err
	}
	t.Ident, t.Kind = y.t.Ident, y.t.Kind
	if err := y.renameObjects(t); err != nil {
		return nil, err
	}
	if o.AddForeignKey != nil {
		err = y.renameParent(t, o.AddForeignKey.Name, names)
	}
	return t, err
}

// renameObjects has the definitions that name the copy name the table.
func (y *trier) renameObjects(t *schema.Table) error {
	var from, to string
	err := y.tx.QueryRowContext(y.ctx, "SELECT pg_catalog.format(' ON '|| $3 ||'pg_temp.%I ', $2::text), pg_catalog.format(' ON '|| $3 ||'%I.%I ', $1::text, $2::text)", y.t.Schema, y.t.Name, map[bool]string{true: "ONLY "}[y.t.Kind == schema.PartitionedTable]).Scan(&from, &to)
	rename := func(name, definition string) string {
		head, rest, ok := strings.Cut(definition, from)
		if !ok && err == nil {
			err = fmt.Errorf("%s of the copy isn't told as expected: %s", name, definition)
		}
		return head + to + rest
	}
	for i := range t.Indexes {
		t.Indexes[i].Definition = rename(t.Indexes[i].Name, t.Indexes[i].Definition)
	}
	for i := range t.Triggers {
		t.Triggers[i].Body = rename(t.Triggers[i].Name, t.Triggers[i].Body)
	}
	return err
}

func (y *trier) renameParent(t *schema.Table, name string, parent []string) error {
	var to string
	if err := y.tx.QueryRowContext(y.ctx, "SELECT pg_catalog.format(' REFERENCES %I.%I(', $1::text, $2::text)", parent[0], parent[1]).Scan(&to); err != nil {
		return err
	}
	for i := range t.Constraints {
		c := &t.Constraints[i]
		if c.Name != name {
			continue
		}
		here, there := cutAt(c.Definition, "REFERENCES")
		_, rest := cutAt(there, "(")
		c.Definition = strings.TrimSuffix(here, " ") + strings.TrimSuffix(to, "(") + rest
		c.Ref = schema.Ident{Schema: parent[0], Name: parent[1]}
	}
	return nil
}
