package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// judgeViews tells of every view that reads a column which another one takes the place of whether it can go along.
func (s *server) judgeViews(ctx context.Context, c plans.Change, f *plans.Facts) error {
	for _, o := range c.Operations {
		t, ok := f.Table(o.Table())
		m := viewsOf(o)
		if !ok || m == nil || !slices.ContainsFunc(t.Dependents, func(d schema.Dependent) bool { return d.Kind == "view" && touches(d.Columns, m.columns) }) {
			continue
		}
		m.table = t.Ident
		if err := s.judgeMoves(ctx, o, t, m, f); err != nil {
			return fmt.Errorf("look at the views of %s: %w", t.Ident, classify(err))
		}
	}
	return nil
}

func touches(a, b []string) bool {
	return slices.ContainsFunc(a, func(n string) bool { return slices.Contains(b, n) })
}

// viewsOf is which views an operation will move; nil if it takes no column away.
func viewsOf(o plans.Operation) *moves {
	switch {
	case o.RenameColumn != nil:
		c := o.RenameColumn
		return &moves{columns: []string{c.From}, stop: c.Up != "" || c.Down != ""}
	case o.ChangeType != nil:
		return &moves{columns: []string{o.ChangeType.Column}, anew: true}
	case o.SetNotNull != nil:
		return &moves{columns: []string{o.SetNotNull.Column}}
	case o.SplitColumn != nil:
		return &moves{columns: []string{o.SplitColumn.Column}, stop: true}
	case o.MergeColumns != nil:
		return &moves{columns: o.MergeColumns.From.Names(), stop: true}
	}
	return nil
}

// judgeMoves has one word for all views of a column, since they move together or not at all.
func (s *server) judgeMoves(ctx context.Context, o plans.Operation, t *schema.Table, m *moves, f *plans.Facts) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing that is tried is to stay
	if _, err := tx.ExecContext(ctx, "SET LOCAL search_path = pg_catalog, pg_temp; "+tryWait); err != nil {
		return err
	}
	list, err := viewsOver(ctx, tx, t.Ident, m.columns, m.anew)
	if err != nil {
		return err
	}
	against, err := m.against(ctx, tx, list)
	if err != nil {
		return err
	}
	why := strings.Join(against, "; ")
	if why == "" && m.anew {
		if y, ok := f.Type(o.ChangeType.Type); ok && y.Error == "" {
			if why, err = tryViews(ctx, tx, t, o.ChangeType.Column, y.Type); err != nil {
				return err
			}
		}
	}
	for _, d := range t.Dependents {
		if d.Kind == "view" && touches(d.Columns, m.columns) {
			f.Views = append(f.Views, plans.View{Table: t.Ident, Name: d.Name, Reads: m.columns, Error: why})
		}
	}
	return nil
}

// tryViews makes the views on an empty copy of the table whose column has the new type, and tells what the server has against one. The copy
// and the views on it stand in for their names where these are written without a schema. Without the right to make temporary
// tables only the switch will tell.
func tryViews(ctx context.Context, tx *sql.Tx, t *schema.Table, column, typ string) (string, error) {
	if _, err := tx.ExecContext(ctx, "SET LOCAL search_path = "+Quote(t.Schema)); err != nil {
		return "", err
	}
	list, err := viewsOver(ctx, tx, t.Ident, []string{column}, true) // with the names as they are written here
	if err != nil {
		return "", err
	}
	copied := Quote(t.Name)
	first := []string{fmt.Sprintf("CREATE TEMPORARY TABLE %s (LIKE %s)", copied, relation(t.Ident)), fmt.Sprintf("ALTER TABLE pg_temp.%s ALTER COLUMN %s TYPE %s USING NULL", copied, Quote(column), typ)}
	for _, x := range t.Indexes {
		if x.Primary { // by which a view may group
			first = append(first, fmt.Sprintf("ALTER TABLE pg_temp.%s ADD PRIMARY KEY (%s)", copied, quoteAll(keyNames(x))))
		}
	}
	for i, q := range append(first, "SET LOCAL search_path = pg_temp, "+Quote(t.Schema)) {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			if i == 0 && errors.Is(classify(err), dberr.Denied) {
				return "", nil
			}
			return "", err
		}
	}
	for i, x := range slices.Backward(list) {
		name := x.id.Name
		if x.id.Schema != t.Schema || name == t.Name { // nobody writes it without its schema
			name = fmt.Sprintf("_pm_view_%d", i)
		}
		_, err := tx.ExecContext(ctx, "CREATE TEMPORARY VIEW "+Quote(name)+" AS "+x.text)
		var pg *pgconn.PgError
		if errors.As(err, &pg) {
			return fmt.Sprintf("with type %s the server doesn't take %s: %s", typ, x.id, pg.Message), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", nil
}
