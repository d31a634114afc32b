package throwaway

import (
	"context"
	"database/sql"
	"fmt"
)

// session is a line of SHOW PROCESSLIST.
type session struct{ id, database, command string }

// killSessions ends the chosen sessions of a MySQL or MariaDB. It asks by SHOW PROCESSLIST: reading
// information_schema.PROCESSLIST fails with 3854 while any session's statement holds a character beyond
// the basic plane.
func killSessions(ctx context.Context, dsn string, chosen func(session) bool) error {
	list, err := sessions(ctx, dsn)
	if err != nil {
		return err
	}
	for _, p := range list {
		if chosen(p) {
			_ = execute(ctx, dsn, "KILL "+p.id) // it may have ended by itself
		}
	}
	return nil
}

func sessions(ctx context.Context, dsn string) ([]session, error) {
	db, err := Open(dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SHOW PROCESSLIST")
	if err != nil {
		return nil, fmt.Errorf("list the sessions: %w", err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var out []session
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, session{id: values[0].String, database: values[3].String, command: values[4].String})
	}
	return out, rows.Err()
}
