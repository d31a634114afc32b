package sqlstate

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

// scopesOf lists the leases of tables in the order in which everybody takes them.
func scopesOf(tables []schema.Ident) []string {
	var out []string
	for _, t := range tables {
		out = append(out, state.Scope(t))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Acquire takes the lease for all tables of the run, or for none.
func (s *Store) Acquire(ctx context.Context, h state.Holder, ttl time.Duration) (state.Lease, error) {
	if h.Token == "" {
		h.Token = rand.Text()
	}
	if len(h.Tables) == 0 {
		return state.Lease{}, errors.New("take the lease: the run has no tables")
	}
	if err := s.checkInstalled(ctx); err != nil {
		return state.Lease{}, err
	}
	id, err := s.identity(ctx)
	if err != nil {
		return state.Lease{}, fmt.Errorf("take the lease: %w", err)
	}
	for n := 0; ; n++ {
		l, err := s.acquire(ctx, h, id, ttl)
		if err == nil || !errors.Is(err, dberr.Deadlock) || n == attempts {
			return l, err
		}
		if err := again(ctx, n); err != nil {
			return l, err
		}
	}
}

func (s *Store) checkInstalled(ctx context.Context) error {
	ok, err := s.Installed(ctx)
	if err == nil && !ok {
		err = state.ErrNotInstalled
	}
	return err
}

// acquire is one attempt, on a connection that the lease keeps.
func (s *Store) acquire(ctx context.Context, h state.Holder, id string, ttl time.Duration) (state.Lease, error) {
	l := state.Lease{Scopes: scopesOf(h.Tables), Token: h.Token}
	se, err := s.open(ctx)
	if err != nil {
		return state.Lease{}, fmt.Errorf("take the lease: %w", err)
	}
	if err = se.look(ctx, l.Scopes, ttl); err == nil {
		l.Epochs, err = se.takeAll(ctx, l.Scopes, taker{h, id, ttl})
	}
	if err != nil {
		se.close()
		return state.Lease{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leases[l.Token] = se
	return l, nil
}

// look turns a second runner away without locking anything: the writes of the first
// one would queue behind a locked row. What it lets through is decided by take.
func (se *session) look(ctx context.Context, scopes []string, ttl time.Duration) error {
	for _, scope := range scopes {
		o, err := se.readOwner(ctx, se.conn, scope, "")
		if err == nil {
			err = se.evict(ctx, se.conn, scope, o, ttl)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) && !errors.Is(err, state.ErrHeld) {
			err = fmt.Errorf("look at the lease on %s: %w", scope, se.s.f.class(err))
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return nil
}

type taker struct {
	state.Holder
	identity string
	ttl      time.Duration
}

// takeAll takes the scopes in one transaction: all or none, in an order in which
// two runners can't wait for each other.
func (se *session) takeAll(ctx context.Context, scopes []string, t taker) ([]int64, error) {
	tx, err := se.conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return nil, fmt.Errorf("take the lease: %w", se.s.f.class(err))
	}
	defer func() { _ = tx.Rollback() }()
	var epochs []int64
	for _, scope := range scopes {
		epoch, err := se.take(ctx, tx, scope, t)
		if errors.Is(err, state.ErrHeld) {
			// Before the rows: who waits for them must not find locks of a loser.
			_, _ = tx.ExecContext(ctx, se.s.f.UnlockAll)
			return nil, err // it says all by itself
		}
		if err != nil {
			return nil, fmt.Errorf("take the lease on %s: %w", scope, se.s.f.class(err))
		}
		epochs = append(epochs, epoch)
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("take the lease: %w", se.s.f.class(err))
	}
	return epochs, nil
}

// owner is a scope's row.
type owner struct {
	epoch  int64
	token  string
	run    string
	holder string
	since  time.Time
}

// subject names the lock that the holder of an epoch keeps. It holds the epoch, so
// that a runner who hangs on the lock of an old one is no hindrance to the next.
func subject(scope string, epoch int64) string {
	return "lease\x00" + scope + "\x00" + strconv.FormatInt(epoch, 10)
}

// take decides, under the lock of the scope's row, whether the scope is free,
// and makes it ours.
func (se *session) take(ctx context.Context, tx *sql.Tx, scope string, t taker) (int64, error) {
	o, err := se.lockOwner(ctx, tx, scope)
	if err != nil {
		return 0, err
	}
	if err := se.evict(ctx, tx, scope, o, t.ttl); err != nil {
		return 0, err
	}
	epoch := o.epoch + 1
	if ok, err := se.try(ctx, subject(scope, epoch)); err != nil || !ok {
		return 0, orHeld(err, scope, o)
	}
	return epoch, se.own(ctx, tx, scope, epoch, t)
}

func orHeld(err error, scope string, o owner) error {
	if err != nil {
		return err
	}
	return &state.HeldError{Scope: scope, Run: o.run, Holder: o.holder, Since: o.since}
}

// lockOwner locks the scope's row, which it makes when there is none. It waits for
// the write transactions of the present holder: they must be over, one way or the
// other, before the next runner reads what they did.
func (se *session) lockOwner(ctx context.Context, tx *sql.Tx, scope string) (o owner, err error) {
	f := se.s.f
	_, err = tx.ExecContext(ctx, f.sql(`INSERT INTO {lease_epoch} (scope, epoch, token, run, server_identity, holder, session, acquired)
		VALUES (?, 0, '', '', '', '', '', {now}) `+f.Ignore("scope")), scope)
	if err == nil {
		o, err = se.readOwner(ctx, tx, scope, "FOR UPDATE")
	}
	if err = f.class(err); errors.Is(err, dberr.LockTimeout) {
		return o, se.busy(ctx, scope, err)
	}
	return o, err
}

func (se *session) readOwner(ctx context.Context, q Querier, scope, lock string) (o owner, err error) {
	err = q.QueryRowContext(ctx, se.s.f.sql("SELECT epoch, token, run, holder, acquired FROM {lease_epoch} WHERE scope = ? "+lock), scope).
		Scan(&o.epoch, &o.token, &o.run, &o.holder, stamp{&o.since})
	return o, err
}

// busy says who holds a row that couldn't be locked: a runner with an open transaction.
func (se *session) busy(ctx context.Context, scope string, cause error) error {
	o, err := se.readOwner(ctx, se.s.db, scope, "")
	if err != nil {
		return cause
	}
	return fmt.Errorf("%w (its transaction is still open: %v)", orHeld(nil, scope, o), cause) // the cause's class would say "try again"
}

// evict returns nil when the scope's owner is gone: released, its session ended,
// or its heartbeat is too old.
func (se *session) evict(ctx context.Context, q Querier, scope string, o owner, ttl time.Duration) error {
	if o.token == "" {
		return nil
	}
	dead, err := se.free(ctx, subject(scope, o.epoch))
	if err != nil || dead {
		return err
	}
	age, err := se.beatAge(ctx, q, scope)
	if err != nil || age > ttl {
		return err
	}
	return orHeld(nil, scope, o)
}

// beatAge is how long ago the holder's last heartbeat was, by the server's clock.
func (se *session) beatAge(ctx context.Context, q Querier, scope string) (time.Duration, error) {
	var now, beat time.Time
	err := q.QueryRowContext(ctx, se.s.f.sql("SELECT {now}, beat FROM {lease_heartbeat} WHERE scope = ?"), scope).Scan(stamp{&now}, stamp{&beat})
	return now.Sub(beat), err
}

// own writes the new owner and his first heartbeat.
func (se *session) own(ctx context.Context, tx *sql.Tx, scope string, epoch int64, t taker) error {
	f := se.s.f
	_, err := tx.ExecContext(ctx, f.sql(`UPDATE {lease_epoch} SET epoch = ?, token = ?, run = ?, server_identity = ?, holder = ?,
		session = {session}, acquired = {now} WHERE scope = ?`), epoch, t.Token, t.Run, cut(t.identity, 255), cut(t.Who, 1000), scope)
	if err != nil {
		return err
	}
	q, args := f.upsert("lease_heartbeat", []field{{"scope", scope}}, []field{{"epoch", epoch}, {"token", t.Token}, {name: "beat"}})
	_, err = tx.ExecContext(ctx, q, args...)
	return err
}
