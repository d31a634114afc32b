package tally

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"
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
	level   string // its transactions' isolation
	xids    int
	behind  bool // its transactions write as of their snapshot, and not as of now
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
	at := w.fleet.server
	id := at.branchID(w.fleet.options.Name, w.number, w.xids, 1+w.rand.IntN(3))
	if err := at.beginBranch(t, id); err != nil {
		return false, err
	}
	if err := at.endWork(t, id, w.body(t)); err != nil {
		at.abandonBranch(t, id)
		return false, err
	}
	if e.once {
		_, err := t.exec("%s", at.once(id))
		return err == nil, err
	}
	if err := at.prepareBranch(t, id); err != nil {
		at.abandonBranch(t, id)
		return false, err
	}
	rest(t.ctx, time.Duration(w.rand.IntN(15))*time.Millisecond)
	return w.settle(t, id, e.commit)
}

func (w *writer) settle(t *transaction, id string, commit bool) (bool, error) {
	if w.fleet.detaches && w.rand.IntN(2) == 0 {
		t.conn = w.other
	}
	if _, err := t.exec("%s", w.fleet.server.settleBranch(id, commit)); err != nil {
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
