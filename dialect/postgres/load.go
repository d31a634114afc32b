package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/throttle"
)

// Limits above which the backfill holds back.
const (
	activeLimit  = 32.0  // client sessions that run a statement at the same time
	waitLimit    = 8.0   // of them, those that wait for a lock
	lagLimit     = 10.0  // seconds that the slowest replica is behind in applying
	deadLimit    = 0.8   // of the table's row versions: a backfill makes half of them dead, so this is several of them that vacuum hasn't followed
	deadLeast    = 1e5   // dead rows below which the share says nothing: autovacuum may not even look at a small table
	walLimit     = 2.0   // log since the last checkpoint over max_wal_size: checkpoints don't follow
	latencyLimit = 200.0 // ms for reading one row
)

const loadSQL = `SELECT ` + ours + `
	(SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.state = 'active' AND a.backend_type = 'client backend' AND a.application_name <> '` + applicationName + `'),
	(SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.wait_event_type = 'Lock' AND a.backend_type = 'client backend'),
	(SELECT coalesce(max(extract(epoch FROM r.replay_lag)), 0)::float8 FROM pg_catalog.pg_stat_replication r),
	(SELECT coalesce(max(s.n_dead_tup::float8 / nullif(s.n_live_tup + s.n_dead_tup, 0)), 0) FROM pg_catalog.pg_stat_all_tables s WHERE s.relid = c.oid),
	(SELECT coalesce(max(s.n_dead_tup), 0)::float8 FROM pg_catalog.pg_stat_all_tables s WHERE s.relid = c.oid),
	pg_catalog.current_setting('autovacuum')::bool AND NOT coalesce('autovacuum_enabled=false' = ANY (c.reloptions) OR 'autovacuum_enabled=off' = ANY (c.reloptions), false),
	(SELECT (pg_catalog.pg_current_wal_insert_lsn() - k.redo_lsn)::float8 FROM pg_catalog.pg_control_checkpoint() k)
		/ (pg_catalog.pg_size_bytes(pg_catalog.current_setting('max_wal_size')))
	FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)::oid`

// Load implements dialect.Watch.
func (s *server) Load(ctx context.Context, id schema.Ident) ([]throttle.Signal, error) {
	var active, waits, lag, dead, deadRows, wal float64
	var vacuums bool
	if err := s.db.QueryRowContext(ctx, loadSQL, relation(id)).Scan(&active, &waits, &lag, &dead, &deadRows, &vacuums, &wal); err != nil {
		return nil, fmt.Errorf("read the server's load: %w", classify(err))
	}
	latency, err := s.latency(ctx, id)
	if err != nil {
		return nil, err
	}
	of := id.String()
	out := []throttle.Signal{
		{Name: "active_sessions", Value: active, Limit: activeLimit},
		{Name: "lock_waits", Value: waits, Limit: waitLimit},
		{Name: "replication_lag", Value: lag, Limit: lagLimit, Unit: "s"},
		{Name: "dead_rows", Value: dead, Limit: deadLimit, Unit: "share", Of: of},
		{Name: "wal_backlog", Value: wal, Limit: walLimit, Unit: "max_wal_size"},
		{Name: "latency", Value: latency, Limit: latencyLimit, Unit: "ms", Of: of},
	}
	if !vacuums || deadRows < deadLeast {
		out[3].Limit = 0 // nobody would bring it down again
	}
	return out, nil
}

// latency is how long the server takes to find any row of the table.
func (s *server) latency(ctx context.Context, id schema.Ident) (float64, error) {
	begin := time.Now()
	var n int
	if err := s.db.QueryRowContext(ctx, "SELECT "+ours+"count(*) FROM (SELECT FROM "+relation(id)+" LIMIT 1) AS x").Scan(&n); err != nil {
		return 0, fmt.Errorf("measure the latency: %w", classify(err))
	}
	return float64(time.Since(begin).Microseconds()) / 1000, nil
}
