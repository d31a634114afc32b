package tally

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-sql-driver/mysql"
)

// writer is one session of the application, with a second one that ends what the
// first has prepared.
type writer struct {
	fleet   *Fleet
	number  int
	subject *Subject
	acts    []act
	rand    *rand.Rand
	conn    *sql.Conn
	other   *sql.Conn
	xids    int
}

func (w *writer) run(ctx context.Context) {
	for w.fleet.pace.wait(ctx) {
		if !w.turn(ctx) {
			return
		}
	}
}

// turn does one transaction unless the application is over.
func (w *writer) turn(ctx context.Context) bool {
	w.fleet.gate.RLock()
	defer w.fleet.gate.RUnlock()
	if ctx.Err() != nil {
		return false
	}
	t := w.newTransaction(ctx)
	committed, err := w.transact(t)
	t.done(committed)
	switch {
	case err == nil:
		w.fleet.meter.ended(committed)
	case ctx.Err() != nil:
		return false
	default:
		w.fleet.failed(t, err)
	}
	return true
}

// ending is how a transaction ends.
type ending struct {
	weight           int
	xa, commit, once bool
}

var endings = []ending{{84, false, true, false}, {6, false, false, false}, {5, true, true, false}, {2, true, false, false}, {3, true, true, true}}

func (w *writer) ending() ending {
	n := w.rand.IntN(100)
	for _, e := range endings {
		if n -= e.weight; n < 0 {
			return e
		}
	}
	return endings[0]
}

func (w *writer) transact(t *transaction) (committed bool, err error) {
	e := w.ending()
	if e.xa && w.fleet.options.NoXA {
		e.xa = false
	}
	if e.xa {
		return w.branch(t, e)
	}
	if _, err := t.exec("START TRANSACTION"); err != nil {
		return false, err
	}
	if err := w.body(t); err != nil {
		_, _ = t.conn.ExecContext(t.ctx, "ROLLBACK") // the first error tells more
		return false, err
	}
	if !e.commit {
		_, err := t.exec("ROLLBACK")
		return false, err
	}
	_, err = t.exec("COMMIT")
	return err == nil, err
}

func (w *writer) body(t *transaction) error {
	n := 1
	if w.rand.IntN(2) == 0 {
		n = 2 + w.rand.IntN(4)
	}
	for range n {
		if err := t.act(); err != nil {
			return err
		}
	}
	return nil
}

// branch is a transaction as a transaction manager runs it: prepared, then ended
// after a while, often through another session.
func (w *writer) branch(t *transaction, e ending) (bool, error) {
	w.xids++
	id := fmt.Sprintf("'%s-%d-%d','b',%d", w.fleet.options.Name, w.number, w.xids, 1+w.rand.IntN(3))
	if _, err := t.exec("XA START %s", id); err != nil {
		return false, err
	}
	err := w.body(t)
	if _, end := t.conn.ExecContext(t.ctx, "XA END "+id); err != nil || end != nil {
		_, _ = t.conn.ExecContext(t.ctx, "XA ROLLBACK "+id)
		return false, errors.Join(err, end)
	}
	if e.once {
		_, err := t.exec("XA COMMIT %s ONE PHASE", id)
		return err == nil, err
	}
	if _, err := t.exec("XA PREPARE %s", id); err != nil {
		_, _ = t.conn.ExecContext(t.ctx, "XA ROLLBACK "+id)
		return false, err
	}
	rest(t.ctx, time.Duration(w.rand.IntN(15))*time.Millisecond)
	return w.settle(t, id, e.commit)
}

func (w *writer) settle(t *transaction, id string, commit bool) (bool, error) {
	if w.fleet.detaches && w.rand.IntN(2) == 0 {
		t.conn = w.other
	}
	verb := "ROLLBACK"
	if commit {
		verb = "COMMIT"
	}
	_, err := t.exec("XA %s %s", verb, id)
	if err != nil {
		return false, fmt.Errorf("the outcome of a prepared transaction is lost: %w", err)
	}
	return commit, nil
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Server errors: what an application tries again, and names of the other shape.
const (
	deadlock      = 1213
	lockTimeout   = 1205
	xaDeadlock    = 1614
	xaTimeout     = 1613
	changed       = 1412 // the table has changed since the transaction's snapshot: "please retry"
	unknownColumn = 1054
)

func number(err error) uint16 {
	var m *mysql.MySQLError
	if errors.As(err, &m) {
		return m.Number
	}
	return 0
}
