package integration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// movedBio is what the columns of a row hold.
type movedBio struct {
	bio   sql.NullString
	level int
}

var noBio = movedBio{level: 1} // what nobody has given

// movers is an application whose old code has bio and level in one table, users or profiles, and whose new code has them in the other. It keeps a tally of what
// was committed: of the rows up to counted, the level counts the commits, whichever table they wrote to; the others belong to one writer each. Nobody pauses
// between two transactions. New code locks the origin's row before it updates or deletes one of the target, as the plan asks; old code does what it always did.
type movers struct {
	t       *testing.T
	db      *sql.DB
	up      bool // from profiles to users
	counted int
	writers []*mover

	old, young atomic.Bool // which code runs
	filling    atomic.Bool // new code only updates rows that are there
	commits    atomic.Int64
	late       atomic.Int64 // transactions that came too late for their snapshot
	longest    atomic.Int64 // time that a transaction took

	mu   sync.Mutex
	base []int // levels of the counted rows

	stop func() error
}

// mover is one writer, with the rows that are its own.
type mover struct {
	*movers
	rnd  *rand.Rand
	low  int
	rows map[int]movedBio
}

const (
	moverRows  = 8  // that belong to one writer
	movedRange = 20 // keys that they may have
)

func newMovers(t *testing.T, db *sql.DB, up bool, counted, writers int) *movers {
	t.Helper()
	m := &movers{t: t, db: db, up: up, counted: counted, base: make([]int, counted+1)}
	m.old.Store(true)
	for i := range counted {
		m.base[i+1] = 1 + (i+1)%3
	}
	for w := range writers {
		m.writers = append(m.writers, &mover{movers: m, rnd: rand.New(rand.NewPCG(7, uint64(w))), low: 100_000 + w*movedRange, rows: map[int]movedBio{}})
	}
	return m
}

// movedUsers are tables for movers: rows of all sorts, and many that nobody writes to.
func movedUsers(up bool, counted, rows int) []string {
	values := "CASE WHEN g % 2 = 0 THEN 'b' || g END, 1 + g % 3 FROM generate_series(1, "
	if !up {
		return []string{"CREATE TABLE users (id int PRIMARY KEY, name varchar(40), bio varchar(200), level int NOT NULL DEFAULT 1)",
			fmt.Sprintf("INSERT INTO users SELECT g, 'n' || g, %s%d) g", values, counted), fmt.Sprintf("INSERT INTO users SELECT 1000 + g, 'n' || g, %s%d) g", values, rows), "ANALYZE users"}
	}
	return []string{"CREATE TABLE users (id int PRIMARY KEY, name varchar(40))", "CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE, bio varchar(200), level int NOT NULL DEFAULT 1)",
		fmt.Sprintf("INSERT INTO users SELECT g, 'n' || g FROM generate_series(1, %d) g WHERE g <= %d OR g > 1000", 1000+rows, counted),
		fmt.Sprintf("INSERT INTO profiles SELECT g, %s%d) g", values, counted), fmt.Sprintf("INSERT INTO profiles SELECT 1000 + g, %s%d) g WHERE g %% 4 > 0", values, rows), "ANALYZE users, profiles"}
}

// run lets all writers write until halt.
func (m *movers) run() {
	ctx, cancel := context.WithCancel(m.t.Context())
	var g errgroup.Group
	for _, w := range m.writers {
		g.Go(func() error { return w.run(ctx) })
	}
	m.stop = sync.OnceValue(func() error { cancel(); return g.Wait() })
	m.t.Cleanup(func() { _ = m.stop() })
}

func (m *movers) halt() {
	m.t.Helper()
	if err := m.stop(); err != nil {
		m.t.Fatalf("the application: %v", err)
	}
}

func (w *mover) run(ctx context.Context) error {
	for ctx.Err() == nil {
		begun := time.Now()
		act := w.change
		if w.rnd.IntN(2) == 0 {
			act = w.count
		}
		if err := act(); err != nil {
			return err
		}
		w.took(time.Since(begun))
	}
	return nil
}

func (w *mover) took(d time.Duration) {
	for {
		had := w.longest.Load()
		if int64(d) <= had || w.longest.CompareAndSwap(had, int64(d)) {
			return
		}
	}
}

// begins is a transaction in one of the levels that applications use.
func (w *mover) begins() (*sql.Tx, error) {
	levels := []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable}
	return w.db.BeginTx(context.Background(), &sql.TxOptions{Isolation: levels[w.rnd.IntN(len(levels))]})
}

// isYoung tells whether this transaction is new code's.
func (w *mover) isYoung() bool { return w.young.Load() && (!w.old.Load() || w.rnd.IntN(2) == 0) }

// ends commits or, now and then, rolls back. One error is none: in the levels that have a snapshot for all of a transaction every application meets it, and calls again.
func (w *mover) ends(tx *sql.Tx, err error) (committed bool, _ error) {
	if err == nil && w.rnd.IntN(6) == 0 {
		return false, tx.Rollback()
	}
	if err == nil {
		err = tx.Commit()
	} else {
		_ = tx.Rollback()
	}
	if sqlState(err) == "40001" {
		w.late.Add(1)
		return false, nil
	}
	if err == nil {
		w.commits.Add(1)
	}
	return err == nil, err
}

// count adds one to the level of some counted rows, in the order of their keys.
func (w *mover) count() error {
	young := w.isYoung()
	var ids []int
	for range 1 + w.rnd.IntN(3) {
		ids = append(ids, 1+w.rnd.IntN(w.counted))
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	tx, err := w.begins()
	if err != nil {
		return err
	}
	var done []int
	for _, id := range ids {
		var n int64
		if n, err = w.countOne(tx, young, id); err != nil {
			break
		}
		if n > 0 {
			done = append(done, id)
		}
	}
	ok, err := w.ends(tx, err)
	if ok {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, id := range done {
			w.base[id]++
		}
	}
	return err
}

func (w *mover) countOne(tx *sql.Tx, young bool, id int) (int64, error) {
	bio := fmt.Sprintf("b %d", w.rnd.IntN(1000))
	switch {
	case young == w.up:
		return affected(tx.Exec(w.lock(young)+"UPDATE users SET level = level + 1, bio = $2 WHERE id = $1"+w.locked(young), id, bio))
	case young && w.filling.Load() || w.rnd.IntN(2) == 0:
		return affected(tx.Exec(w.lock(young)+"UPDATE profiles SET level = level + 1, bio = $2 WHERE user_id = $1"+w.locked(young), id, bio))
	}
	return affected(tx.Exec("INSERT INTO profiles AS p (user_id, bio, level) VALUES ($1, $2, 2) ON CONFLICT (user_id) DO UPDATE SET bio = excluded.bio, level = p.level + 1", id, bio))
}

// lock and locked have new code's statement on a row lock the origin's first: the server asks for what stands apart before it looks for rows.
func (w *mover) lock(young bool) string {
	switch {
	case !young:
		return ""
	case w.up:
		return "WITH origin AS MATERIALIZED (SELECT 1 FROM profiles WHERE user_id = $1 FOR NO KEY UPDATE) "
	}
	return "WITH origin AS MATERIALIZED (SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE) "
}

func (w *mover) locked(young bool) string {
	if young {
		return " AND (SELECT count(*) FROM origin) >= 0"
	}
	return ""
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// change does something to rows of its own, and takes it into its tally when it is committed.
func (w *mover) change() error {
	tx, err := w.begins()
	if err != nil {
		return err
	}
	had := maps.Clone(w.rows)
	young := w.isYoung() && !w.filling.Load() // it would find nothing where there is something
	for range 1 + w.rnd.IntN(3) {
		if young == w.up {
			err = w.changeIn(tx, young)
		} else {
			err = w.changeBeside(tx, young)
		}
		if err != nil {
			break
		}
	}
	ok, err := w.ends(tx, err)
	if !ok {
		w.rows = had
	}
	return err
}

// some is a row of its own, and free a key that none has.
func (w *mover) some() int {
	keys := slices.Sorted(maps.Keys(w.rows))
	return keys[w.rnd.IntN(len(keys))]
}

func (w *mover) free() int {
	for {
		if id := w.low + w.rnd.IntN(movedRange); w.rows[id].level == 0 {
			return id
		}
	}
}

func (w *mover) value() movedBio {
	if w.rnd.IntN(4) == 0 {
		return noBio
	}
	v := movedBio{level: 1 + w.rnd.IntN(5)}
	if w.rnd.IntN(3) > 0 {
		v.bio = sql.NullString{String: fmt.Sprintf("v %d", w.rnd.IntN(10_000)), Valid: true}
	}
	return v
}

// changeIn is code that has the columns in users.
func (w *mover) changeIn(tx *sql.Tx, young bool) error {
	v := w.value()
	if len(w.rows) < moverRows {
		id := w.free()
		w.rows[id] = v
		_, err := tx.Exec("INSERT INTO users (id, name, bio, level) VALUES ($1, 'own', $2, $3)", id, v.bio, v.level)
		return err
	}
	id := w.some()
	switch w.rnd.IntN(6) {
	case 0:
		delete(w.rows, id)
		_, err := tx.Exec(w.lock(young)+"DELETE FROM users WHERE id = $1"+w.locked(young), id)
		return err
	case 1: // the key alone
		to := w.free()
		w.rows[to] = w.rows[id]
		delete(w.rows, id)
		_, err := tx.Exec(w.lock(young)+"UPDATE users SET id = $2 WHERE id = $1"+w.locked(young), id, to)
		return err
	case 2: // key and value
		to := w.free()
		delete(w.rows, id)
		w.rows[to] = v
		_, err := tx.Exec(w.lock(young)+"UPDATE users SET id = $2, bio = $3, level = $4 WHERE id = $1"+w.locked(young), id, to, v.bio, v.level)
		return err
	case 3: // two rows exchange what they hold
		other := w.some()
		w.rows[id], w.rows[other] = w.rows[other], w.rows[id]
		_, err := tx.Exec("UPDATE users u SET bio = o.bio, level = o.level FROM users o WHERE u.id IN ($1, $2) AND o.id IN ($1, $2) AND (o.id <> u.id OR $1::int = $2::int)", id, other)
		return err
	}
	w.rows[id] = v
	_, err := tx.Exec(w.lock(young)+"UPDATE users SET bio = $2, level = $3 WHERE id = $1"+w.locked(young), id, v.bio, v.level)
	return err
}

// changeBeside is code that has the columns in profiles.
func (w *mover) changeBeside(tx *sql.Tx, young bool) error {
	v := w.value()
	if len(w.rows) < moverRows {
		id := w.free()
		w.rows[id] = v
		if _, err := tx.Exec("INSERT INTO users (id, name) VALUES ($1, 'own')", id); err != nil || v == noBio {
			return err
		}
		_, err := tx.Exec("INSERT INTO profiles (user_id, bio, level) VALUES ($1, $2, $3)", id, v.bio, v.level) // there is none yet
		return err
	}
	id := w.some()
	switch w.rnd.IntN(6) {
	case 0:
		w.rows[id] = noBio
		_, err := tx.Exec(w.lock(young)+"DELETE FROM profiles WHERE user_id = $1"+w.locked(young), id)
		return err
	case 1:
		delete(w.rows, id)
		_, err := tx.Exec("DELETE FROM users WHERE id = $1", id)
		return err
	case 2:
		return w.give(tx, id, w.some())
	case 3: // the key of the parent, which takes its row along
		to := w.free()
		w.rows[to] = w.rows[id]
		delete(w.rows, id)
		_, err := tx.Exec("UPDATE users SET id = $2 WHERE id = $1", id, to)
		return err
	}
	if _, err := tx.Exec("INSERT INTO profiles (user_id, bio, level) VALUES ($1, $2, $3) ON CONFLICT (user_id) DO UPDATE SET bio = excluded.bio, level = excluded.level", id, v.bio, v.level); err != nil {
		return err
	}
	w.rows[id] = v
	return nil
}

// give has the row of one user belong to another.
func (w *mover) give(tx *sql.Tx, from, to int) error {
	if from == to {
		return nil
	}
	if _, err := tx.Exec("DELETE FROM profiles WHERE user_id = $1", to); err != nil {
		return err
	}
	w.rows[to] = noBio
	n, err := affected(tx.Exec("UPDATE profiles SET user_id = $2 WHERE user_id = $1", from, to))
	if n > 0 {
		w.rows[from], w.rows[to] = noBio, w.rows[from]
	}
	return err
}

// check compares every row of the application with the tally, by each query.
func (m *movers) check(when string, queries ...string) {
	m.t.Helper()
	for _, q := range queries {
		got := map[int]movedBio{}
		rows, err := m.db.QueryContext(m.t.Context(), q)
		if err != nil {
			m.t.Fatal(err)
		}
		for rows.Next() {
			var id int
			var v movedBio
			if err := rows.Scan(&id, &v.bio, &v.level); err != nil {
				m.t.Fatal(err)
			}
			got[id] = v
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			m.t.Fatal(err)
		}
		m.compare(when+": "+q, got)
	}
}

func (m *movers) compare(when string, got map[int]movedBio) {
	m.t.Helper()
	for id := 1; id <= m.counted; id++ {
		if got[id].level != m.base[id] {
			m.t.Errorf("%s: row %d has level %d, %d commits went to it", when, id, got[id].level, m.base[id])
		}
	}
	for _, w := range m.writers {
		for id := w.low; id < w.low+movedRange; id++ {
			if got[id] != w.rows[id] {
				m.t.Errorf("%s: row %d is %v, want %v", when, id, got[id], w.rows[id])
			}
		}
	}
}

// The rows as code of each table reads them, and how many differ.
const (
	biosIn     = "SELECT id, bio, level FROM users"
	biosBeside = "SELECT u.id, p.bio, coalesce(p.level, 1) FROM users u LEFT JOIN profiles p ON p.user_id = u.id"
	unlike     = "SELECT count(*) FROM users u FULL JOIN profiles p ON p.user_id = u.id WHERE u.id IS NULL OR u.bio IS DISTINCT FROM p.bio OR u.level <> coalesce(p.level, 1)"
)

// oldBios and youngBios read the rows as old and new code does.
func (m *movers) oldBios() string   { return map[bool]string{true: biosBeside, false: biosIn}[m.up] }
func (m *movers) youngBios() string { return map[bool]string{true: biosIn, false: biosBeside}[m.up] }
