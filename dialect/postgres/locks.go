package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/schema"
)

// holdersSQL lists every session with a lock on the table, the longest
// transaction first. Kinds tell what must not be ended.
const holdersSQL = `SELECT coalesce(a.pid::text, 'xid ' || p.transaction, 'unknown'), coalesce(a.usename, p.owner, ''), concat_ws(' ', nullif(a.application_name, ''), host(a.client_addr)),
	CASE WHEN p.gid IS NOT NULL THEN 'prepared' WHEN a.backend_type = 'walsender' THEN 'replica'
		WHEN a.backend_type = 'autovacuum worker' AND a.query LIKE '%to prevent wraparound%' THEN 'wraparound vacuum'
		WHEN a.backend_type = 'autovacuum worker' THEN 'vacuum'
		WHEN a.application_name IN ('pg_dump', 'pg_dumpall', 'pg_basebackup', 'pgbackrest') OR a.query ~* '^\s*(COPY .* TO stdout|LOCK TABLE .* IN ACCESS SHARE MODE)' THEN 'backup'
		WHEN a.query ~* '^\s*(CREATE|ALTER|DROP|REINDEX|VACUUM|CLUSTER|TRUNCATE|REFRESH|ANALYZE|COMMENT|GRANT|REVOKE)\y' THEN 'ddl'
		ELSE 'transaction' END,
	coalesce(p.gid, left(a.query, 200), ''), coalesce(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared)), 0)::float8
	FROM (SELECT DISTINCT l.pid, CASE WHEN l.pid IS NULL THEN l.virtualtransaction END AS vx FROM pg_catalog.pg_locks l
		WHERE l.locktype = 'relation' AND l.granted AND l.relation = pg_catalog.to_regclass($1)::oid AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
			AND l.pid IS DISTINCT FROM pg_backend_pid()) AS h
	LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = h.pid
	LEFT JOIN pg_catalog.pg_prepared_xacts p ON h.vx IS NOT NULL AND h.vx = '-1/' || p.transaction
	WHERE a.application_name IS DISTINCT FROM '` + applicationName + `' ORDER BY 6 DESC, 1`

// Holders lists who holds locks on the table.
func (s *server) Holders(ctx context.Context, id schema.Ident) ([]dialect.Holder, error) {
	rows, err := s.db.QueryContext(ctx, holdersSQL, relation(id))
	if err != nil {
		return nil, fmt.Errorf("list who holds locks on %s: %w", id, classify(err))
	}
	list, err := scanHolders(rows)
	if err != nil {
		return nil, fmt.Errorf("list who holds locks on %s: %w", id, err)
	}
	return list, nil
}

// Kill ends a session. What others rest on is left alone.
func (s *server) Kill(ctx context.Context, h dialect.Holder) error {
	switch h.Kind {
	case "backup", "replica", "ddl", "wraparound vacuum":
		return fmt.Errorf("session %s is a %s: it is not ended", h.Session, h.Kind)
	case "prepared":
		return dberr.WithHint(fmt.Errorf("%s is a prepared transaction: its coordinator decides over it", h.Session), "COMMIT PREPARED or ROLLBACK PREPARED %s", literal(h.Query))
	}
	pid, err := strconv.Atoi(h.Session)
	if err != nil {
		return fmt.Errorf("end session %q: %w", h.Session, err)
	}
	var done bool
	if err := s.db.QueryRowContext(ctx, "SELECT pg_catalog.pg_terminate_backend($1)", pid).Scan(&done); err != nil {
		err = classify(err)
		if errors.Is(err, dberr.Denied) {
			return dberr.WithHint(fmt.Errorf("end session %s: %w", h.Session, err), "GRANT pg_signal_backend TO the user, or let %s end it", h.User)
		}
		return fmt.Errorf("end session %s: %w", h.Session, err)
	}
	return nil
}

// SessionAlive looks for a journaled session. Where the start time of other
// users' sessions may not be seen the process id alone decides: waiting for a
// stranger is safe, going on beside our own DDL isn't.
func (s *server) SessionAlive(ctx context.Context, session string) (bool, error) {
	pid, start, _ := strings.Cut(session, ":")
	n, err := strconv.Atoi(pid)
	if err != nil {
		return false, nil // of another server's making
	}
	var alive bool
	err = s.db.QueryRowContext(ctx, `SELECT true FROM pg_catalog.pg_stat_activity a WHERE a.pid = $1
		AND (a.backend_start IS NULL OR $2 = '' OR (extract(epoch FROM a.backend_start) * 1000000)::bigint::text = $2)`, n, start).Scan(&alive)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for session %s: %w", session, classify(err))
	}
	return alive, nil
}
