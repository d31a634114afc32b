package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// steps carries out the statements of a plan.
type steps struct{ *server }

// Do runs a step to its end. In a transaction it is all or nothing; else what is
// there already is skipped.
func (x *steps) Do(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	if alters(st.Kind) {
		return x.doAlter(ctx, p, st, env)
	}
	if st.Kind == plans.RunAct && st.Act.Whole() {
		return x.doWhole(ctx, p, st, env)
	}
	if st.Kind == plans.RunAct {
		return x.doAct(ctx, p, st, env)
	}
	l, err := x.look(ctx, p, st)
	if err != nil {
		return err
	}
	env.LockWait = l.patience(env.LockWait)
	seen, said := l.observe()
	if seen == dialect.Done {
		return nil
	}
	if seen == dialect.Foreign {
		return fmt.Errorf("%s: %w: %s", st.ID, dberr.Exists, said)
	}
	if st.Mode == plans.Transaction {
		list, err := l.whole(seen)
		if err != nil {
			return err
		}
		return x.session(ctx, st, env, func(e *executor) error { return e.changing(ctx, movesOf(l.s, st.Kind, false), list) })
	}
	return x.session(ctx, st, env, func(e *executor) error { return e.each(ctx, l.rest()) })
}

// Undo takes a step back.
func (x *steps) Undo(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	if alters(st.Kind) {
		return x.undoAlter(ctx, p, st, env)
	}
	if st.Kind == plans.RunAct && st.Act.Whole() {
		return x.undoWhole(ctx, p, st, env)
	}
	if st.Kind == plans.RunAct {
		return x.undoAct(ctx, p, st, env)
	}
	l, err := x.look(ctx, p, st)
	if err != nil {
		return err
	}
	env.LockWait = l.patience(env.LockWait)
	seen, said := l.observe()
	if seen == dialect.NotStarted {
		return nil
	}
	if seen == dialect.Foreign {
		return fmt.Errorf("undo %s: %w: %s", st.ID, dberr.Exists, said)
	}
	if st.Kind == plans.Relax || st.Kind == plans.BuildTwin {
		err := x.session(ctx, st, env, func(e *executor) error { return e.each(ctx, l.undo()) })
		if st.Kind == plans.Relax && errors.Is(err, dberr.DataError) {
			o := l.s.Old[0]
			return dberr.WithHint(fmt.Errorf("column %s of %s can't be NOT NULL again: values that were given up have left it NULL: %w", o.Name, l.s.Table, err),
				"give those rows a value (UPDATE %s SET %s = … WHERE %s IS NULL), then call rollback again", relation(l.s.Table), Quote(o.Name), Quote(o.Name))
		}
		return err
	}
	if l.s.Move != nil && st.Mode == plans.Each {
		return x.session(ctx, st, env, func(e *executor) error { return e.each(ctx, st.Undo) })
	}
	return x.session(ctx, st, env, func(e *executor) error { return e.changing(ctx, movesOf(l.s, st.Kind, true), st.Undo) })
}

// executor runs statements on one session.
type executor struct {
	conn  *sql.Conn
	fence state.Fence
	wait  time.Duration
	step  string
	build *build
}

// sessionSQL is how a session is journaled: process ids come again, start times don't.
const sessionSQL = `SELECT pg_catalog.format('%s:%s', a.pid, (extract(epoch FROM a.backend_start) * 1000000)::bigint) FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_catalog.pg_backend_pid()`

// session takes a connection, journals it, and closes it when the work ended
// badly: what it still does must not go on unseen.
func (x *steps) session(ctx context.Context, st plans.Step, env dialect.Env, work func(*executor) error) error {
	conn, err := x.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", st.ID, connectError(err))
	}
	defer conn.Close()
	var id string
	if err := conn.QueryRowContext(ctx, sessionSQL).Scan(&id); err != nil {
		return fmt.Errorf("%s: %w", st.ID, classify(err))
	}
	if err := env.Journal(ctx, id); err != nil {
		return err
	}
	// Names in the statements are qualified; the path is for operators alone.
	if _, err := conn.ExecContext(ctx, "SET search_path = pg_catalog, pg_temp"); err != nil {
		return fmt.Errorf("%s: %w", st.ID, classify(err))
	}
	defer x.reset(ctx, conn)
	return work(&executor{conn, env.Lease.Fence(st.Table), env.LockWait, st.ID, &build{x.server, id, env.BuildWait, env.Waits}})
}

// reset gives the session back as it was.
func (x *steps) reset(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := conn.ExecContext(ctx, "RESET search_path; RESET lock_timeout"); err != nil {
		_ = conn.Raw(func(any) error { return errBadSession })
	}
}

// errBadSession makes the pool drop a connection.
var errBadSession = errors.New("session not usable any more")

// laterLock is how long a transaction that holds one table's lock waits for
// another's. It is far below deadlock_timeout, after which the server would
// choose a victim and could choose the application.
const laterLock = 200 * time.Millisecond

// transaction runs all statements or none, with the lease.
func (e *executor) transaction(ctx context.Context, list []string) error {
	return e.together(ctx, func(w *whole) error { return w.run(ctx, list) })
}

// whole is a transaction in which statements are run.
type whole struct {
	e   *executor
	tx  *sql.Tx
	ran int
}

// together commits what work does, if the lease is held and nothing of it fails.
func (e *executor) together(ctx context.Context, work func(*whole) error) error {
	tx, err := e.conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", e.step, classify(err))
	}
	defer func() { _ = tx.Rollback() }()
	if err := stateFlavor().CheckFence(ctx, tx, e.fence); err != nil {
		return err
	}
	if err := lockTimeout(ctx, tx, e.wait); err != nil {
		return fmt.Errorf("%s: %w", e.step, classify(err))
	}
	if err := work(&whole{e: e, tx: tx}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", e.step, classify(err))
	}
	return nil
}

// run runs statements. The first one of the transaction waits the longest for its lock.
func (w *whole) run(ctx context.Context, list []string) error {
	for _, q := range list {
		if w.ran == 1 {
			if err := lockTimeout(ctx, w.tx, min(w.e.wait, laterLock)); err != nil {
				return fmt.Errorf("%s: %w", w.e.step, classify(err))
			}
		}
		if w.ran > 0 {
			if err := fault.Point("step.locked"); err != nil {
				return err
			}
		}
		if _, err := w.tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", firstLine(q), classify(err))
		}
		w.ran++
	}
	return nil
}

// each runs statements one by one, those that can't stand in a transaction by
// themselves.
func (e *executor) each(ctx context.Context, list []string) error {
	for i, q := range list {
		if i > 0 {
			if err := fault.Point("step.statement"); err != nil {
				return err
			}
		}
		run := e.transaction
		if besideTraffic(q) {
			run = e.online
		}
		if err := run(ctx, []string{q}); err != nil {
			return err
		}
	}
	return nil
}

// holdsLease asks in a transaction of its own, for work that can't stand in one.
func (e *executor) holdsLease(ctx context.Context) error {
	tx, err := e.conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", e.step, classify(err))
	}
	defer func() { _ = tx.Rollback() }()
	return stateFlavor().CheckFence(ctx, tx, e.fence)
}

// online runs a concurrent build. It waits for transactions that are older than
// its phases with a bound of its own: nobody queues behind that wait, and giving up means to begin anew.
func (e *executor) online(ctx context.Context, list []string) error {
	if err := e.holdsLease(ctx); err != nil {
		return err
	}
	for _, q := range list {
		if err := e.build.run(ctx, e.conn, q); err != nil {
			return fmt.Errorf("%s: %w", firstLine(q), classify(err))
		}
	}
	return nil
}

func firstLine(q string) string {
	line, _, _ := strings.Cut(q, "\n")
	if r := []rune(line); len(r) > 120 {
		return string(r[:120]) + "…"
	}
	return line
}

func lockTimeout(ctx context.Context, tx *sql.Tx, d time.Duration) error {
	_, err := tx.ExecContext(ctx, lockTimeoutSQL(d))
	return err
}

func lockTimeoutSQL(d time.Duration) string {
	return fmt.Sprintf("SET LOCAL lock_timeout = %d", max(d.Milliseconds(), 1)) // 0 would mean for ever
}
