package tally

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// transaction is one transaction of a writer: what it has taken, and what its rows
// are when it is committed.
type transaction struct {
	ctx      context.Context
	w        *writer
	conn     *sql.Conn
	shape    shape
	now      map[int64]*row  // nil: no row
	taken    map[int64]bool  // rows taken, and keys taken for new ones
	added    map[int64]int64 // to the counters of rows that are shared
	shared   []int64
	reserved []int // emails from the pool
	loose    []int // emails that its rows have given up
	points   int   // savepoints set so far: each has a name of its own
	last     string
}

func (w *writer) newTransaction(ctx context.Context) *transaction {
	return &transaction{ctx: ctx, w: w, conn: w.conn, shape: shape(w.fleet.shape.Load()), now: map[int64]*row{}, taken: map[int64]bool{}, added: map[int64]int64{}}
}

// exec runs a statement and remembers how long it took.
func (t *transaction) exec(format string, args ...any) (sql.Result, error) {
	q := format
	if len(args) > 0 {
		q = fmt.Sprintf(format, args...)
	}
	t.last = q
	begin := time.Now()
	res, err := t.conn.ExecContext(t.ctx, q)
	t.w.fleet.meter.statement(q, begin, time.Since(begin))
	return res, err
}

// change runs a statement that must change something.
func (t *transaction) change(format string, args ...any) error {
	return t.changeRows(1, format, args...)
}

// changeRows runs a statement that must change so many rows.
func (t *transaction) changeRows(want int, format string, args ...any) error {
	res, err := t.exec(format, args...)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n >= int64(want) {
		return err
	}
	if t.w.behind {
		return errBehind
	}
	return fmt.Errorf("no row was there to be changed: a row is lost")
}

// errBehind: the transaction's snapshot may be older than the row.
var errBehind = errors.New("no row is there to be changed as of the transaction's snapshot")

// row takes a row, or one that the transaction has already.
func (t *transaction) row() (int64, bool) {
	if len(t.now) > 0 && t.w.rand.IntN(4) == 0 {
		keys := slices.Sorted(maps.Keys(t.now))
		if n := keys[t.w.rand.IntN(len(keys))]; t.now[n] != nil {
			return n, true
		}
	}
	n, r, ok := t.w.fleet.book.take(t.w.rand)
	if ok {
		t.now[n], t.taken[n] = r, true
	}
	return n, ok
}

// pair takes two rows.
func (t *transaction) pair() (a, b int64, ok bool) {
	a, ok1 := t.row()
	b, ok2 := t.row()
	return a, b, ok1 && ok2 && a != b
}

// key takes a key that no row has. Where the server chooses keys only those that
// were used before are free.
func (t *transaction) key() (int64, bool) {
	n, ok := t.w.fleet.book.fresh(t.w.rand, t.w.subject.Auto)
	if ok {
		t.taken[n] = true
	}
	return n, ok
}

// value is an email that no row has: one given up in this transaction, or one of
// the pool.
func (t *transaction) value() int {
	if n := len(t.loose); n > 0 && t.w.rand.IntN(2) == 0 {
		v := t.loose[n-1]
		t.loose = t.loose[:n-1]
		return v
	}
	v := t.w.fleet.book.value(t.w.rand)
	t.reserved = append(t.reserved, v)
	return v
}

// giveUp lets other rows of the transaction have an email.
func (t *transaction) giveUp(v int) {
	if v != 0 {
		t.loose = append(t.loose, v)
	}
}

// savepoint remembers the transaction's rows; the returned function takes them back.
func (t *transaction) savepoint() func() {
	now, loose, added := maps.Clone(t.now), slices.Clone(t.loose), maps.Clone(t.added)
	for n, r := range now {
		if r != nil {
			now[n] = r.clone()
		}
	}
	return func() {
		for n := range t.now {
			if _, ok := now[n]; !ok && t.taken[n] { // taken since: as it was
				now[n] = t.w.fleet.book.as(n)
			}
		}
		t.now, t.loose, t.added = now, loose, added
	}
}

// as is a row as the tally has it.
func (b *book) as(n int64) *row {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.rows[n]; r != nil {
		return r.clone()
	}
	return nil
}

// done gives everything back, and what was committed to the tally.
func (t *transaction) done(committed bool) {
	b := t.w.fleet.book
	b.mu.Lock()
	defer b.mu.Unlock()
	had := slices.Clone(t.reserved)
	for n := range t.taken {
		if r := b.rows[n]; r != nil && r.email != 0 && committed {
			had = append(had, r.email)
		}
	}
	if committed {
		b.settle(t.now, t.added)
		had = slices.DeleteFunc(had, t.holds)
	}
	slices.Sort(had)
	b.pool = append(b.pool, slices.Compact(had)...)
	for n := range t.taken {
		delete(b.busy, n)
		if b.rows[n] == nil {
			b.dead = append(b.dead, n)
		}
	}
	for _, n := range t.shared {
		if b.busy[n]--; b.busy[n] == 0 {
			delete(b.busy, n)
		}
	}
}

// holds reports whether a row of the transaction has an email in the end.
func (t *transaction) holds(v int) bool {
	for _, r := range t.now {
		if r != nil && r.email == v {
			return true
		}
	}
	return false
}
