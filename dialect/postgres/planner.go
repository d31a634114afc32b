package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/schema"
)

// Planner is what is known of PostgreSQL without a server.
func Planner() dialect.Planner {
	return dialect.Planner{Rules: Rules{}, Translate: Translate, Difference: difference, Rename: renameSQL,
		Renamed: func(table, to string) string { return "ALTER TABLE " + Quote(table) + " RENAME TO " + Quote(to) },
		Drop:    func(table string) string { return "DROP TABLE " + Quote(table) }}
}

// indexTable finds the table that an index is on; "" where there is no such index.
func (s *server) indexTable(ctx context.Context, index string) (string, error) {
	var out string
	err := s.db.QueryRowContext(ctx, `SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE i.indexrelid = pg_catalog.to_regclass($1)`, relation(schema.ParseIdent(index))).Scan(&out)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the table of index %s: %w", index, classify(err))
	}
	return out, nil
}
