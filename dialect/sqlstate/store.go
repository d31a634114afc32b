package sqlstate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/state"
)

// Store is state.Store on one server.
type Store struct {
	db       *sql.DB
	f        Flavor
	identity func(context.Context) (string, error)

	mu     sync.Mutex
	leases map[string]*session // by token
}

var _ state.Store = (*Store)(nil)

// New makes a Store. identity tells which server this is; it is stored with
// each lease and run. The pool is the caller's; a lease takes one connection
// out of it for as long as it is held.
func New(db *sql.DB, f Flavor, identity func(context.Context) (string, error)) *Store {
	return &Store{db: db, f: f, identity: identity, leases: map[string]*session{}}
}

// Close drops the connections of leases that were not released, which frees
// them for the next runner.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token, se := range s.leases {
		se.close()
		delete(s.leases, token)
	}
	return nil
}

// Now is the server's wall clock.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := s.read(ctx, func() error {
		return s.db.QueryRowContext(ctx, s.f.sql("SELECT {now}")).Scan(stamp{&now})
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("read the server's clock: %w", err)
	}
	return now, nil
}

// attempts bounds how often a transaction that the server rolled back is tried again.
const attempts = 20

// again waits before the n-th new attempt, so that those who met don't meet again.
func again(ctx context.Context, n int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(1+rand.IntN(4*(n+1))) * time.Millisecond):
		return nil
	}
}

// read runs a read that may simply be repeated when its connection was dropped.
func (s *Store) read(ctx context.Context, fn func() error) error {
	err := s.f.class(fn())
	for n := 0; n < 2 && errors.Is(err, dberr.ConnLost) && ctx.Err() == nil; n++ {
		err = s.f.class(fn())
	}
	return err
}

// tx runs fn in a transaction, again when the server rolled it back.
func (s *Store) tx(ctx context.Context, fn func(*sql.Tx) error) error {
	for n := 0; ; n++ {
		repeat, err := s.txOnce(ctx, fn)
		if err == nil || !repeat || n == attempts {
			return s.installed(ctx, err)
		}
		if err := again(ctx, n); err != nil {
			return err
		}
	}
}

// txOnce reports whether a failed attempt left nothing behind and may be
// repeated. A connection that is lost in the commit is not such a failure: the
// outcome isn't known.
func (s *Store) txOnce(ctx context.Context, fn func(*sql.Tx) error) (repeat bool, err error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err == nil {
		err = fn(tx)
	}
	if err != nil {
		if tx != nil {
			_ = tx.Rollback() // the error that matters is err
		}
		err = s.f.class(err)
		return ctx.Err() == nil && (errors.Is(err, dberr.Deadlock) || errors.Is(err, dberr.ConnLost)), err
	}
	err = s.f.class(tx.Commit())
	return errors.Is(err, dberr.Deadlock), err
}

// write is tx behind the lease: fn runs only while every scope is still ours.
func (s *Store) write(ctx context.Context, l state.Lease, fn func(*sql.Tx) error) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if err := s.checkLease(ctx, tx, l); err != nil {
			return err
		}
		return fn(tx)
	})
}

func (s *Store) checkLease(ctx context.Context, tx Querier, l state.Lease) error {
	if len(l.Scopes) == 0 || len(l.Scopes) != len(l.Epochs) {
		return fmt.Errorf("%w: no lease was taken", state.ErrFenced)
	}
	for i, scope := range l.Scopes {
		if err := s.f.CheckFence(ctx, tx, state.Fence{Scope: scope, Epoch: l.Epochs[i], Token: l.Token}); err != nil {
			return err
		}
	}
	return nil
}
