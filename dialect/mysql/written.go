package mysql

import (
	"context"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/schema"
)

// Written implements dialect.Server by performance_schema's counts of what is done to the table through the storage engine.
func (s *server) Written(ctx context.Context, id schema.Ident) (int64, error) {
	if err := countsSessions(ctx, s.db); err != nil {
		return 0, err
	}
	var on bool
	err := s.db.QueryRowContext(ctx, "SELECT COUNT(*) > 0 FROM performance_schema.setup_instruments WHERE NAME = 'wait/io/table/sql/handler' AND ENABLED = 'YES'").Scan(&on)
	if err == nil && !on {
		err = dberr.Mark(dberr.NotThere, errors.New("performance_schema doesn't count what is written to tables: its instrument wait/io/table/sql/handler is off"))
	}
	var n int64
	if err == nil {
		err = s.db.QueryRowContext(ctx, `SELECT COALESCE(SUM(COUNT_INSERT + COUNT_UPDATE + COUNT_DELETE), 0) FROM performance_schema.table_io_waits_summary_by_table
			WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA = ? AND OBJECT_NAME = ?`, id.Schema, id.Name).Scan(&n)
	}
	if err != nil {
		return 0, fmt.Errorf("count what is written to %s: %w", id, classify(err))
	}
	return n, nil
}
