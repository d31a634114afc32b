package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dberr"
)

// sessionsSQL lists those of the whole server that aren't ours: one whose default database is another can name the
// table all the same. The event scheduler and readers of the log are no clients that run statements.
const sessionsSQL = `SELECT t.PROCESSLIST_ID AS id, COALESCE(a.ATTR_VALUE, '') AS name, COALESCE(t.PROCESSLIST_USER, '') AS user, COALESCE(t.PROCESSLIST_HOST, '') AS client
	FROM performance_schema.threads t LEFT JOIN performance_schema.session_connect_attrs a ON a.PROCESSLIST_ID = t.PROCESSLIST_ID AND a.ATTR_NAME = 'program_name'
	WHERE t.TYPE = 'FOREGROUND' AND t.PROCESSLIST_ID IS NOT NULL AND COALESCE(t.PROCESSLIST_COMMAND, '') NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID')
	AND COALESCE(a.ATTR_VALUE, '') <> ? ORDER BY t.PROCESSLIST_ID`

// Sessions implements dialect.Server.
func (s *server) Sessions(ctx context.Context) ([]gate.Session, error) {
	return sessionsOf(ctx, s.db, s.shown)
}

// Sessions implements dialect.Replica.
func (r *replica) Sessions(ctx context.Context) ([]gate.Session, error) {
	return sessionsOf(ctx, r.db, r.shown)
}

// sessionsOf needs performance_schema, which alone holds the attributes of a connection.
func sessionsOf(ctx context.Context, db *sql.DB, shown string) ([]gate.Session, error) {
	if err := countsSessions(ctx, db); err != nil {
		return nil, fmt.Errorf("list the sessions of %s: %w", shown, err)
	}
	list, err := records(ctx, db, sessionsSQL, programName)
	if err != nil {
		return nil, fmt.Errorf("list the sessions of %s: %w", shown, err)
	}
	var out []gate.Session
	for _, r := range list {
		out = append(out, gate.Session{ID: r["id"], Name: r["name"], User: r["user"], Client: r["client"]})
	}
	return out, nil
}

func countsSessions(ctx context.Context, db *sql.DB) error {
	var on string
	if err := db.QueryRowContext(ctx, "SELECT @@performance_schema").Scan(&on); err != nil {
		return fmt.Errorf("ask for performance_schema: %w", classify(err))
	}
	if on != "1" {
		return dberr.Mark(dberr.NotThere, errors.New("performance_schema is off, and with it the names of sessions"))
	}
	return nil
}
