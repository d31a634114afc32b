package sqlstate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/state"
)

// Heartbeat says that the holder lives, over the lease's own connection, which it
// opens again when the server dropped it.
func (s *Store) Heartbeat(ctx context.Context, l state.Lease) error {
	se, err := s.session(ctx, l)
	if err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	err = se.keep(ctx, l)
	if errors.Is(err, state.ErrFenced) {
		s.forget(l.Token) // nobody releases a lease that was lost
	}
	if err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	return nil
}

// Beat is Heartbeat, and reads what was written.
func (s *Store) Beat(ctx context.Context, l state.Lease) (time.Time, error) {
	if err := s.Heartbeat(ctx, l); err != nil {
		return time.Time{}, err
	}
	se, err := s.session(ctx, l)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the heartbeat: %w", err)
	}
	se.mu.Lock()
	defer se.mu.Unlock()
	at, err := s.f.LastBeat(ctx, se.conn, state.Fence{Scope: l.Scopes[0], Epoch: l.Epochs[0], Token: l.Token})
	return at, lost(err)
}

// LastBeat reads a lease's heartbeat as it stands on this server, which may be a
// replica. dberr.NotThere: the lease isn't known here.
func (f Flavor) LastBeat(ctx context.Context, q Querier, fence state.Fence) (at time.Time, err error) {
	err = q.QueryRowContext(ctx, f.sql("SELECT beat FROM {lease_heartbeat} WHERE scope = ? AND epoch = ? AND token = ?"), fence.Scope, fence.Epoch, fence.Token).Scan(stamp{&at})
	if errors.Is(err, sql.ErrNoRows) {
		err = dberr.Mark(dberr.NotThere, errors.New("there is no heartbeat of this run"))
	}
	if err != nil {
		return at, fmt.Errorf("read the heartbeat: %w", f.class(err))
	}
	return at, nil
}

// keep beats, over a new connection when the server dropped the old one.
func (se *session) keep(ctx context.Context, l state.Lease) error {
	se.mu.Lock()
	defer se.mu.Unlock()
	err := se.beat(ctx, l)
	if errors.Is(err, dberr.ConnLost) && ctx.Err() == nil {
		if err = se.reopen(ctx, l); err == nil {
			err = se.beat(ctx, l)
		}
	}
	return err
}

// session finds the lease's connection; a lease of another Store gets one.
func (s *Store) session(ctx context.Context, l state.Lease) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if se, ok := s.leases[l.Token]; ok {
		return se, nil
	}
	se, err := s.open(ctx)
	if err == nil {
		s.leases[l.Token] = se
		err = se.relock(ctx, l)
	}
	return se, err
}

func (se *session) beat(ctx context.Context, l state.Lease) error {
	for i, scope := range l.Scopes {
		if err := se.beatOne(ctx, scope, l.Epochs[i], l.Token); err != nil {
			return err
		}
	}
	return nil
}

func (se *session) beatOne(ctx context.Context, scope string, epoch int64, token string) error {
	f := se.s.f
	res, err := se.conn.ExecContext(ctx, f.sql("UPDATE {lease_heartbeat} SET beat = {now} WHERE scope = ? AND epoch = ? AND token = ?"),
		scope, epoch, token)
	if err != nil {
		return lost(f.class(err))
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	var n int
	err = se.conn.QueryRowContext(ctx, f.sql("SELECT COUNT(*) FROM {lease_heartbeat} WHERE scope = ? AND epoch = ? AND token = ?"),
		scope, epoch, token).Scan(&n)
	if err != nil {
		return lost(f.class(err))
	}
	if n == 0 {
		return fmt.Errorf("%w: %s", state.ErrFenced, scope)
	}
	return nil
}

// lost classes the error of a connection that an earlier call found dead.
func lost(err error) error {
	if errors.Is(err, sql.ErrConnDone) {
		return dberr.Mark(dberr.ConnLost, err)
	}
	return err
}

// reopen replaces a connection that the server dropped, and its locks.
func (se *session) reopen(ctx context.Context, l state.Lease) error {
	next, err := se.s.open(ctx)
	if err != nil {
		return err
	}
	se.close()
	se.conn = next.conn
	return se.relock(ctx, l)
}

// relock takes the locks of the epochs again. One that can't be had is still
// with the dead session; until the server notices, the heartbeat alone protects the lease.
func (se *session) relock(ctx context.Context, l state.Lease) error {
	for i, scope := range l.Scopes {
		if _, err := se.try(ctx, subject(scope, l.Epochs[i])); err != nil {
			return err
		}
	}
	return nil
}

// Release gives the lease back, even when ctx is done. The epoch stays: it never goes back.
func (s *Store) Release(ctx context.Context, l state.Lease) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := s.tx(ctx, func(tx *sql.Tx) error { return s.release(ctx, tx, l) })
	s.forget(l.Token)
	if err != nil {
		return fmt.Errorf("release the lease: %w", err)
	}
	return nil
}

func (s *Store) release(ctx context.Context, tx *sql.Tx, l state.Lease) error {
	for i, scope := range l.Scopes {
		for _, table := range []string{"lease_epoch", "lease_heartbeat"} {
			_, err := tx.ExecContext(ctx, s.f.sql("UPDATE {"+table+"} SET token = '' WHERE scope = ? AND epoch = ? AND token = ?"), scope, l.Epochs[i], l.Token)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// forget drops the lease's connection, and with it the locks.
func (s *Store) forget(token string) {
	s.mu.Lock()
	se, ok := s.leases[token]
	delete(s.leases, token)
	s.mu.Unlock()
	if !ok {
		return
	}
	se.mu.Lock()
	defer se.mu.Unlock()
	se.close()
}
