package sqlstate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
)

// session is a connection with named locks, which the server drops with it.
type session struct {
	s    *Store
	mu   sync.Mutex // held for each call: heartbeat and release come from different goroutines
	conn *sql.Conn
}

// open takes a connection out of the pool for good.
func (s *Store) open(ctx context.Context) (*session, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, s.f.class(err)
	}
	se := &session{s: s, conn: conn}
	for _, q := range s.f.Session {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			se.close()
			return nil, fmt.Errorf("prepare the lease's session: %w", s.f.class(err))
		}
	}
	return se, nil
}

// close ends the connection itself rather than give it back: its settings and
// locks must not reach the next user. The locks go first, since the server ends
// a session some time after the client has gone.
func (se *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, _ = se.conn.ExecContext(ctx, se.s.f.UnlockAll)
	_ = se.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = se.conn.Close()
}

// key names the lock of a subject, apart from other state schemas of the server.
func (se *session) key(subject string) any {
	return se.s.f.LockKey("phasemig\x00" + se.s.f.Schema + "\x00" + subject)
}

func (se *session) try(ctx context.Context, subject string) (bool, error) {
	return se.lock(ctx, se.s.f.TryLock, subject)
}

// wait takes the lock, or fails when it isn't granted within the session's bound.
func (se *session) wait(ctx context.Context, subject string) error {
	ok, err := se.lock(ctx, se.s.f.WaitLock, subject)
	if err == nil && !ok {
		err = dberr.Mark(dberr.LockTimeout, errors.New("another phasemig is at it"))
	}
	return err
}

func (se *session) lock(ctx context.Context, statement, subject string) (bool, error) {
	var ok sql.NullBool
	if err := se.conn.QueryRowContext(ctx, se.s.f.sql(statement), se.key(subject)).Scan(&ok); err != nil {
		return false, fmt.Errorf("ask for a named lock: %w", se.s.f.class(err))
	}
	return ok.Bool, nil
}

// free reports whether nobody has the lock, and leaves it alone: taken for a
// look it would make the holder seem alive to the next one who looks.
func (se *session) free(ctx context.Context, subject string) (bool, error) {
	return se.lock(ctx, se.s.f.FreeLock, subject)
}
