package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strconv"
)

// connectionID opens one connection and asks which session of the server it is.
func connectionID(ctx context.Context, c driver.Connector) (uint64, error) {
	db := sql.OpenDB(c)
	defer db.Close()
	db.SetMaxOpenConns(1)
	var id uint64
	err := db.QueryRowContext(ctx, "SELECT CONNECTION_ID() + 0").Scan(&id)
	return id, err
}

// SessionAlive implements dialect.Server. The numbers of ended sessions are not
// given again while the server runs.
func (s *server) SessionAlive(ctx context.Context, session string) (bool, error) {
	if _, err := strconv.ParseUint(session, 10, 64); err != nil {
		return false, fmt.Errorf("session %q is not a number", session)
	}
	list, err := s.sessions(ctx)
	if err != nil {
		return false, fmt.Errorf("look for session %s: %w", session, err)
	}
	_, ok := list[session]
	return ok, nil
}

// sessions reads all sessions by id. information_schema.processlist would fail
// while any session's statement holds a character beyond the basic plane.
func (s *server) sessions(ctx context.Context) (map[string]record, error) {
	list, err := records(ctx, s.db, "SHOW FULL PROCESSLIST")
	if err != nil {
		return nil, err
	}
	out := map[string]record{}
	for _, r := range list {
		out[r["id"]] = r
	}
	return out, nil
}

// Position implements dialect.Server: the set of transactions executed, or where
// that isn't kept the end of the binary log. Without a log there is nothing that a
// replica could have applied, and the position is empty.
func (s *server) Position(ctx context.Context) (string, error) {
	var text string
	if mariadb(s.see) {
		err := s.db.QueryRowContext(ctx, "SELECT @@global.gtid_binlog_pos").Scan(&text)
		if err != nil || text != "" {
			return prefixed("mariadb-gtid:", text), classify(err)
		}
		return s.logEnd(ctx)
	}
	var mode string
	if err := s.db.QueryRowContext(ctx, "SELECT @@global.gtid_mode, @@global.gtid_executed").Scan(&mode, &text); err != nil {
		return "", fmt.Errorf("read the log's position: %w", classify(err))
	}
	if mode == "ON" && text != "" {
		return prefixed("gtid:", text), nil
	}
	return s.logEnd(ctx)
}

func prefixed(kind, text string) string {
	if text == "" {
		return ""
	}
	return kind + text
}

// logEnd is the end of the binary log as file and offset. The statement has
// another name since 8.4.
func (s *server) logEnd(ctx context.Context) (string, error) {
	list, err := s.logStatus(ctx)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return "file:" + list[0]["file"] + ":" + list[0]["position"], nil
}

// logStatus is one record, or none where no log is kept.
func (s *server) logStatus(ctx context.Context) ([]record, error) {
	var err error
	for _, q := range []string{"SHOW BINARY LOG STATUS", "SHOW MASTER STATUS"} {
		var list []record
		if list, err = records(ctx, s.db, q); err == nil {
			return list, nil
		}
	}
	return nil, fmt.Errorf("read the log's position: %w", err)
}
