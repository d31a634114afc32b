package traffic

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// slots is how many ways rows are owned: a row loaded at first belongs to slot
// id % slots, one inserted later to the slot of its writer. Anybody updates a
// row; its owner alone inserts, deletes and rekeys it, so that an owner knows which of its rows are there.
const slots = 64

// slot is what an owner knows of its rows. It outlives the writer that works on it.
type slot struct {
	number int64
	alive  []int64
	email  map[int64]string // of rows whose email isn't the loaded one
	dead   map[int64]int64  // id → last version
}

func newSlot(n int, loaded int) *slot {
	s := &slot{number: int64(n), email: map[int64]string{}, dead: map[int64]int64{}}
	for id := int64(n); id <= int64(loaded); id += slots {
		if id > 0 {
			s.alive = append(s.alive, id)
		}
	}
	return s
}

func (s *slot) remove(id int64) {
	for i, a := range s.alive {
		if a == id {
			s.alive[i] = s.alive[len(s.alive)-1]
			s.alive = s.alive[:len(s.alive)-1]
			return
		}
	}
}

func (s *slot) emailOf(id int64) string {
	if e, ok := s.email[id]; ok {
		return e
	}
	return loadedEmail(id)
}

// writer is one goroutine of one application version.
type writer struct {
	version  Version
	sql      dialect
	scenario Scenario
	model    *Model
	slot     *slot
	rand     *rand.Rand
	level    sql.IsolationLevel
	unique   *atomic.Int64 // makes values that nobody else writes
	highest  *atomic.Int64 // the highest id that there has been
	pause    time.Duration
	db       *sql.DB

	mu    sync.Mutex
	meter meter
}

// levels are dealt out among the writers.
var levels = []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable}

func (w *writer) account(f func(*meter)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.meter)
}

// run works until stop is closed, and finishes the transaction it is in.
func (w *writer) run(ctx context.Context, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		default:
		}
		if !w.once(ctx) || w.pause > 0 {
			rest(ctx, stop, max(w.pause, time.Millisecond))
		}
	}
}

func rest(ctx context.Context, stop <-chan struct{}, d time.Duration) {
	select {
	case <-stop:
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// once runs one transaction and reports whether it was committed.
func (w *writer) once(ctx context.Context) bool {
	t := &transaction{ctx: ctx, w: w, writes: map[int64][]write{}, claimed: map[int64]bool{}, last: "BEGIN"}
	err := w.transact(t)
	if err == nil {
		w.account(func(m *meter) { m.report.Transactions++ })
		return true
	}
	if ctx.Err() == nil {
		w.account(func(m *meter) { m.fault(w.version, t.last, err) })
	}
	return false
}

func (w *writer) transact(t *transaction) (err error) {
	if t.tx, err = w.db.BeginTx(t.ctx, &sql.TxOptions{Isolation: w.level}); err != nil {
		return err
	}
	for n := w.size(); n > 0; n-- {
		if err := w.act(t); err != nil {
			_ = t.tx.Rollback() // the first error tells more
			return err
		}
	}
	return t.commit()
}

// size: half of the transactions have one statement, the others two to eight.
func (w *writer) size() int {
	if w.rand.IntN(2) == 0 {
		return 1
	}
	return 2 + w.rand.IntN(7)
}

// act does one random thing.
func (w *writer) act(t *transaction) error {
	switch n := w.rand.IntN(100); {
	case n < 38:
		return w.update(t, 1)
	case n < 46:
		return w.update(t, 2+w.rand.IntN(3))
	case n < 56:
		return w.touch(t)
	case n < 64:
		return w.swapCase(t)
	case n < 74:
		return w.insert(t)
	case n < 78:
		return w.insertSelect(t)
	case n < 86:
		return w.delete(t)
	case n < 93:
		return w.upsert(t)
	default:
		return w.rekey(t)
	}
}

// anyRow picks a row of anybody; one in five is among the few that everybody wants.
func (w *writer) anyRow() int64 {
	if w.rand.IntN(5) == 0 {
		return 1 + w.rand.Int64N(min(w.highest.Load(), 50))
	}
	return 1 + w.rand.Int64N(w.highest.Load())
}

func (w *writer) values() []Value {
	return w.scenario.draw(w.rand, w.version, w.slot.number+slots*w.unique.Add(1))
}

func (w *writer) newEmail() string {
	return fmt.Sprintf("w%d-%d@example.com", w.slot.number, w.unique.Add(1))
}

func args(values []Value, set []bool) []any {
	var out []any
	for i, v := range values {
		switch {
		case set != nil && !set[i]:
		case v.Null:
			out = append(out, nil)
		default:
			out = append(out, v.Text)
		}
	}
	return out
}

// some picks the columns of an update: at least one.
func (w *writer) some() []bool {
	set := make([]bool, len(w.sql.columns))
	for i := range set {
		set[i] = w.rand.IntN(3) > 0
	}
	set[w.rand.IntN(len(set))] = true
	return set
}

func (w *writer) update(t *transaction, n int) error {
	if !w.scenario.shared() {
		n = 1
	}
	seen := map[int64]bool{}
	var ids []int64
	for len(ids) < n {
		id := w.anyRow()
		if seen[id] {
			n--
			continue
		}
		seen[id] = true
		ids = append(ids, id)
	}
	set, values := w.some(), w.values()
	return t.write(write{verb: updated, side: w.version, set: set, values: values}, w.sql.update(set, len(ids)), append(args(values, set), anys(ids)...), ids...)
}

func (w *writer) touch(t *transaction) error {
	id := w.anyRow()
	return t.write(write{verb: touched, side: w.version}, w.sql.touch(), []any{fmt.Sprintf("note %d", w.unique.Add(1)), id}, id)
}

func (w *writer) swapCase(t *transaction) error {
	if !w.scenario.text() {
		return w.update(t, 1)
	}
	from, to := "o", "O"
	if w.rand.IntN(2) == 0 {
		from, to = to, from
	}
	f := func(v Value) Value {
		v.Text = strings.ReplaceAll(v.Text, from, to)
		return v
	}
	id := w.anyRow()
	return t.write(write{verb: mapped, side: w.version, f: f}, w.sql.swapCase(from, to), []any{id}, id)
}

func (w *writer) insert(t *transaction) error {
	rows, named := 1, !w.scenario.omits(w.version) || w.rand.IntN(8) > 0
	if w.rand.IntN(3) == 0 {
		rows = 2 + w.rand.IntN(3)
	}
	var params []any
	var emails []string
	var all [][]Value
	for range rows {
		email, values := w.newEmail(), w.scenario.missing()
		params = append(params, email, "inserted")
		if named {
			values = w.values()
			params = append(params, args(values, nil)...)
		}
		emails, all = append(emails, email), append(all, values)
	}
	ids, err := t.insert(w.sql.insert(rows, named), params, rows)
	if err != nil {
		return err
	}
	for i, id := range ids {
		side := w.version
		if !named {
			side = Old // the old column's DEFAULT speaks
		}
		w.appeared(t, id, emails[i], write{version: 1, verb: inserted, side: side, values: all[i]})
	}
	return nil
}

func (w *writer) appeared(t *transaction, id int64, email string, wr write) {
	t.writes[id] = append(t.writes[id], wr)
	t.claimed[id] = true
	t.settled = append(t.settled, func() {
		w.slot.alive = append(w.slot.alive, id)
		w.slot.email[id] = email
		delete(w.slot.dead, id)
		raise(w.highest, id)
	})
}

func raise(a *atomic.Int64, to int64) {
	for {
		now := a.Load()
		if now >= to || a.CompareAndSwap(now, to) {
			return
		}
	}
}

func (w *writer) insertSelect(t *transaction) error {
	email, values := w.newEmail(), w.values()
	params := append(append([]any{email, "selected"}, args(values, nil)...), 1+w.rand.IntN(Teams))
	ids, err := t.insert(w.sql.insertSelect(), params, 1)
	if err != nil {
		return err
	}
	w.appeared(t, ids[0], email, write{version: 1, verb: inserted, side: w.version, values: values})
	return nil
}

// own picks a row of the slot that this transaction hasn't claimed.
func (w *writer) own(t *transaction) (int64, bool) {
	if len(w.slot.alive) == 0 {
		return 0, false
	}
	id := w.slot.alive[w.rand.IntN(len(w.slot.alive))]
	if t.claimed[id] {
		return 0, false
	}
	t.claimed[id] = true
	return id, true
}

// lock locks an own row and returns its version.
func (w *writer) lock(t *transaction, id int64) (int64, error) {
	_, versions, err := t.versions(w.sql.versions(1, true), id)
	if err == nil && len(versions) != 1 {
		err = fmt.Errorf("row %d is gone and nobody deleted it", id)
	}
	if err != nil {
		return 0, err
	}
	return versions[0], nil
}

func (w *writer) delete(t *transaction) error {
	id, ok := w.own(t)
	if !ok {
		return nil
	}
	version, err := w.lock(t, id)
	if err != nil {
		return err
	}
	if _, err := t.exec(w.sql.delete(), id); err != nil {
		return err
	}
	t.writes[id] = append(t.writes[id], write{version: version + 1, verb: deleted})
	t.settled = append(t.settled, func() {
		w.slot.remove(id)
		w.slot.dead[id] = version + 1
	})
	return nil
}

// upsert meets a row that is there, or brings one back that was deleted; a
// REPLACE is a DELETE and an INSERT in one.
func (w *writer) upsert(t *transaction) error {
	if len(w.slot.dead) > 0 && w.rand.IntN(2) == 0 {
		return w.revive(t)
	}
	id, ok := w.own(t)
	if !ok {
		return nil
	}
	values, email := w.values(), w.slot.emailOf(id)
	if !w.sql.postgres && w.rand.IntN(3) == 0 {
		return w.replace(t, id, values)
	}
	set := make([]bool, len(values))
	for i := range set {
		set[i] = true
	}
	params := append([]any{id, email, 1}, args(values, nil)...)
	return t.write(write{verb: updated, side: w.version, set: set, values: values}, w.sql.upsert(), params, id)
}

func (w *writer) replace(t *transaction, id int64, values []Value) error {
	version, err := w.lock(t, id)
	if err != nil {
		return err
	}
	params := append([]any{id, w.slot.emailOf(id), version + 1}, args(values, nil)...)
	if _, err := t.exec(w.sql.withID("REPLACE"), params...); err != nil {
		return err
	}
	t.writes[id] = append(t.writes[id], write{version: version + 1, verb: inserted, side: w.version, values: values})
	return nil
}

func (w *writer) revive(t *transaction) error {
	for id, version := range w.slot.dead {
		if t.claimed[id] {
			continue
		}
		values, email := w.values(), w.newEmail()
		params := append([]any{id, email, version + 1}, args(values, nil)...)
		if _, err := t.exec(w.sql.upsert(), params...); err != nil {
			return err
		}
		w.appeared(t, id, email, write{version: version + 1, verb: inserted, side: w.version, values: values})
		return nil
	}
	return nil
}

// rekey changes the key of a secondary unique index together with the columns.
func (w *writer) rekey(t *transaction) error {
	id, ok := w.own(t)
	if !ok {
		return nil
	}
	email, values := w.newEmail(), w.values()
	if w.rand.IntN(3) == 0 {
		email = strings.ToUpper(w.slot.emailOf(id)) // the same under most collations
	}
	set := make([]bool, len(values))
	for i := range set {
		set[i] = true
	}
	t.settled = append(t.settled, func() { w.slot.email[id] = email })
	return t.write(write{verb: updated, side: w.version, set: set, values: values}, w.sql.rekey(), append(args(values, nil), email, id), id)
}
