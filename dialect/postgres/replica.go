package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// replica is a physical standby of the target.
type replica struct {
	*server
	system string // the target's system identifier
}

func (s *server) openReplica(ctx context.Context, dsn string) (dialect.Replica, error) {
	id, err := s.identity(ctx)
	if err != nil {
		return nil, err
	}
	r, err := connect(ctx, dsn, 2)
	if err != nil {
		return nil, fmt.Errorf("open replica: %w", err)
	}
	system, _, _ := strings.Cut(id, "/")
	return &replica{r, system}, nil
}

func (r *replica) Close() error { return r.db.Close() }

// Beat implements dialect.Replica.
func (r *replica) Beat(ctx context.Context, lease state.Fence) (time.Time, error) {
	return stateFlavor().LastBeat(ctx, r.db, lease)
}

// Observe implements dialect.Replica.
func (r *replica) Observe(ctx context.Context, p *plans.Plan, st plans.Step) (dialect.Outcome, string, error) {
	return (&steps{r.server}).Observe(ctx, p, st)
}

// Lag is the age of what was applied last. A standby that has applied all that
// it received is up to date only while it is connected.
func (r *replica) Lag(ctx context.Context) (time.Duration, error) {
	var recovery, streaming bool
	var equal sql.NullBool
	var age sql.NullFloat64
	err := r.db.QueryRowContext(ctx, `SELECT pg_catalog.pg_is_in_recovery(), EXISTS (SELECT 1 FROM pg_catalog.pg_stat_wal_receiver w WHERE w.pid IS NOT NULL),
		pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn(),
		extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::float8`).Scan(&recovery, &streaming, &equal, &age)
	if err != nil {
		return 0, fmt.Errorf("read the lag of %s: %w", r.target, classify(err))
	}
	switch {
	case !recovery:
		return 0, fmt.Errorf("%s is not a replica: it isn't in recovery", r.target)
	case streaming && equal.Bool:
		return 0, nil
	case !age.Valid:
		return 0, fmt.Errorf("%s has applied nothing since it started, and doesn't say how old it is", r.target)
	}
	return time.Duration(age.Float64 * float64(time.Second)), nil
}

// Reached compares the position with what the standby has applied.
func (r *replica) Reached(ctx context.Context, position string) (bool, string, error) {
	var system string
	var applied sql.NullString
	var reached sql.NullBool
	err := r.db.QueryRowContext(ctx, `SELECT c.system_identifier::text, pg_catalog.pg_last_wal_replay_lsn()::text, pg_catalog.pg_last_wal_replay_lsn() >= $1::text::pg_lsn
		FROM pg_catalog.pg_control_system() c WHERE pg_catalog.pg_is_in_recovery()`, position).Scan(&system, &applied, &reached)
	if err == sql.ErrNoRows {
		return false, "", fmt.Errorf("%s is not a replica: it isn't in recovery", r.target)
	}
	if err != nil {
		return false, "", fmt.Errorf("read the position of %s: %w", r.target, classify(err))
	}
	if system != r.system {
		return false, "", fmt.Errorf("%s is not a replica of the target: its system identifier is %s, the target's %s", r.target, system, r.system)
	}
	return reached.Bool, fmt.Sprintf("applied up to %s, wanted %s", applied.String, position), nil
}
