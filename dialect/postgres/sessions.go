package postgres

import (
	"context"
	"fmt"

	"github.com/phasemig/phasemig/gate"
)

// sessionsSQL lists those of this database that aren't ours. application_name is shown to everybody, the kind of backend is not:
// where it is hidden a session with a user counts as a client's.
const sessionsSQL = `SELECT a.pid::text, coalesce(a.application_name, ''), coalesce(a.usename, ''), coalesce(a.client_addr::text, '')
	FROM pg_catalog.pg_stat_activity a WHERE a.datname = pg_catalog.current_database() AND a.usesysid IS NOT NULL
	AND coalesce(a.backend_type, 'client backend') = 'client backend' AND a.application_name <> '` + applicationName + `' ORDER BY a.pid`

// Sessions implements dialect.Server, and dialect.Replica.
func (s *server) Sessions(ctx context.Context) ([]gate.Session, error) {
	rows, err := s.db.QueryContext(ctx, sessionsSQL)
	if err != nil {
		return nil, fmt.Errorf("list the sessions of %s: %w", s.target, classify(err))
	}
	defer rows.Close()
	var out []gate.Session
	for rows.Next() {
		var x gate.Session
		if err := rows.Scan(&x.ID, &x.Name, &x.User, &x.Client); err != nil {
			return nil, fmt.Errorf("list the sessions of %s: %w", s.target, err)
		}
		out = append(out, x)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list the sessions of %s: %w", s.target, classify(err))
	}
	return out, nil
}
