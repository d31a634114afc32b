package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/schema"
)

// Written implements dialect.Server by the statistics of the table and, if it has any, of its partitions. Sessions hand in what they
// have written within seconds.
func (s *server) Written(ctx context.Context, id schema.Ident) (int64, error) {
	var on bool
	err := s.db.QueryRowContext(ctx, "SELECT pg_catalog.current_setting('track_counts')::boolean").Scan(&on)
	if err == nil && !on {
		err = dberr.Mark(dberr.NotThere, errors.New("the server doesn't count what is written to tables: track_counts is off"))
	}
	var n int64
	if err == nil {
		err = s.db.QueryRowContext(ctx, `SELECT coalesce(sum(t.n_tup_ins + t.n_tup_upd + t.n_tup_del), 0)::bigint FROM pg_catalog.pg_stat_all_tables t
			WHERE t.relid = pg_catalog.to_regclass($1) OR t.relid IN (SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)))`, relation(id)).Scan(&n)
	}
	if err != nil {
		return 0, fmt.Errorf("count what is written to %s: %w", id, classify(err))
	}
	return n, nil
}
