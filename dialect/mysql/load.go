package mysql

import (
	"context"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/throttle"
)

// Limits of the server's own signals. Threads_running counts sessions that work
// at this moment, ours among them; past some dozens they queue for processors and
// for each other. Waits for row locks come from the application's own conflicts and are
// only bad in numbers. A long history list slows every reader. Past 80 % of the
// redo log the server flushes at any price; where it counts its age against a limit of its
// own (MariaDB) it lets it stand at seven eighths while it is idle, flushes in earnest beyond that, and
// makes writers wait only at the limit itself: under any steady writing it is seen at 95 to 98 %.
const (
	limitActive   = 48
	limitLocks    = 32
	limitHistory  = 2_000_000
	limitRedoFill = 80
	limitRedoAge  = 99
)

// Load implements dialect.Watch.
func (s *server) Load(ctx context.Context, _ schema.Ident) ([]throttle.Signal, error) {
	list, err := records(ctx, s.db, `SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_running', 'Innodb_row_lock_current_waits',
		'Innodb_history_list_length', 'Innodb_checkpoint_age', 'Innodb_checkpoint_max_age', 'Innodb_redo_log_logical_size', 'Innodb_redo_log_capacity_resized')`)
	if err != nil {
		return nil, fmt.Errorf("read the server's load: %w", err)
	}
	v := map[string]float64{}
	for _, r := range list {
		v[r["variable_name"]] = float64(r.int("value"))
	}
	limit := float64(limitRedoFill)
	if _, own := v["Innodb_checkpoint_max_age"]; own {
		limit = limitRedoAge
	}
	if err := s.metrics(ctx, v); err != nil {
		return nil, err
	}
	out := []throttle.Signal{
		{Name: "active_sessions", Value: v["Threads_running"], Limit: limitActive},
		{Name: "lock_waits", Value: v["Innodb_row_lock_current_waits"], Limit: limitLocks},
		{Name: "history_list", Value: v["Innodb_history_list_length"], Limit: limitHistory},
	}
	if room := v["Innodb_checkpoint_max_age"]; room > 0 {
		out = append(out, throttle.Signal{Name: "redo_fill", Value: 100 * v["Innodb_checkpoint_age"] / room, Limit: limit, Unit: "%"})
	}
	return out, nil
}

// metrics adds what one of the servers says in another place. It needs the PROCESS
// privilege, without which the signals are missing.
func (s *server) metrics(ctx context.Context, v map[string]float64) error {
	if _, known := v["Innodb_history_list_length"]; known {
		return nil
	}
	list, err := records(ctx, s.db, `SELECT name, count FROM information_schema.innodb_metrics WHERE name IN ('trx_rseg_history_len', 'log_lsn_checkpoint_age')`)
	if errors.Is(err, dberr.Denied) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the server's metrics: %w", err)
	}
	for _, r := range list {
		v[map[string]string{"trx_rseg_history_len": "Innodb_history_list_length", "log_lsn_checkpoint_age": "Innodb_checkpoint_age"}[r["name"]]] = float64(r.int("count"))
	}
	// The age is counted only when the metric was switched on; the size is always there.
	v["Innodb_checkpoint_age"] = max(v["Innodb_checkpoint_age"], v["Innodb_redo_log_logical_size"])
	v["Innodb_checkpoint_max_age"] = v["Innodb_redo_log_capacity_resized"]
	return nil
}
