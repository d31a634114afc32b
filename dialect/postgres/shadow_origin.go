package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/internal/pause"
)

// A run's own writes of rows carry a replication origin, so that others who decode the log can leave them out
// (pgoutput's option origin = none, or a filter by name). It is for them alone: a run reads the log with every origin, because
// the table may be one that a subscription or another tool with an origin writes to, and takes only the tables that
// it follows. Where the account has no right to it, or the server no room, the writes carry none.

// originsOf begins the names of a run's origins, which all databases of a server share. A session needs one for itself.
const originsOf = `'phasemig_' || $1::text || '_' || (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) || '_'`

// mayMarkSQL: a superuser, or who was granted all of it.
const mayMarkSQL = `SELECT coalesce(bool_and(pg_catalog.has_function_privilege(p.oid, 'EXECUTE')), false) FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
	AND p.proname IN ('pg_replication_origin_create', 'pg_replication_origin_drop', 'pg_replication_origin_session_setup', 'pg_replication_origin_session_reset')`

// origins hands origins out to sessions.
type origins struct {
	free chan string // nil: the writes carry none
}

// openOrigins makes as many as are used side by side, by all copies of the run.
func (s *server) openOrigins(ctx context.Context, planID string, n int) (*origins, error) {
	var may bool
	if err := s.db.QueryRowContext(ctx, mayMarkSQL).Scan(&may); err != nil {
		return nil, fmt.Errorf("ask for the right to mark writes: %w", classify(err))
	}
	o := &origins{}
	if !may {
		return o, nil
	}
	var mark string
	if err := s.db.QueryRowContext(ctx, "SELECT "+originsOf, planID).Scan(&mark); err != nil {
		return nil, fmt.Errorf("name the run's replication origins: %w", classify(err))
	}
	o.free = make(chan string, n)
	for i := range n {
		name := fmt.Sprintf("%s%d", mark, i)
		_, err := s.db.ExecContext(ctx, "SELECT pg_catalog.pg_replication_origin_create($1) WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_replication_origin WHERE roname = $1)", name)
		if err != nil {
			continue // another runner makes it at this moment, or there is no number left
		}
		o.free <- name
	}
	return o, nil
}

// mark lets a session write under an origin until the function that is returned is called. One that another session has, be it
// that of another copy of the run or of a runner that was killed, is left alone.
func (o *origins) mark(ctx context.Context, conn *sql.Conn) (end func()) {
	for range cap(o.free) {
		select {
		case name := <-o.free:
			_, err := conn.ExecContext(ctx, "SELECT pg_catalog.pg_replication_origin_session_setup($1)", name)
			if err == nil {
				return func() { o.giveBack(ctx, conn, name) }
			}
			o.free <- name
			if pg := new(pgconn.PgError); !errors.As(err, &pg) || pg.Code != "55006" { // not that another one has it
				return func() {}
			}
		default:
			return func() {}
		}
	}
	return func() {}
}

func (o *origins) giveBack(ctx context.Context, conn *sql.Conn, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := conn.ExecContext(ctx, "SELECT pg_catalog.pg_replication_origin_session_reset()"); err != nil {
		discard(conn) // with the session its origin is free
	}
	o.free <- name
}

// dropOrigins takes a run's origins away. A session that ends has its own for a moment still; what one keeps for longer, as that of a
// runner that was halted does, harms nobody and is left to cleanup.
func (s *server) dropOrigins(ctx context.Context, planID string) error {
	var may bool
	if err := s.db.QueryRowContext(ctx, mayMarkSQL).Scan(&may); err != nil || !may {
		return classify(err)
	}
	for range 40 {
		if _, err := s.db.ExecContext(ctx, "SELECT pg_catalog.pg_replication_origin_drop(roname) FROM pg_catalog.pg_replication_origin WHERE pg_catalog.starts_with(roname, "+originsOf+")", planID); err == nil {
			return nil
		}
		if err := pause.For(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
