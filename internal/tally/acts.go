package tally

import (
	"fmt"
	"strings"
)

// act is one thing that a transaction does. An act that finds no row to work on does
// nothing.
type act struct {
	weight int
	do     func(*transaction) error
}

// acts of the application. Unique values move in about half of them.
func acts(s *Subject) []act {
	list := []act{
		{20, (*transaction).update}, {14, (*transaction).count}, {6, (*transaction).updateMany}, {14, (*transaction).insert}, {6, (*transaction).revive},
		{8, (*transaction).delete}, {8, (*transaction).deleteInsert}, {8, (*transaction).rekey}, {14, (*transaction).swap}, {8, (*transaction).rotate},
		{10, (*transaction).handOver}, {6, (*transaction).clear}, {10, (*transaction).claim}, {6, (*transaction).inherit}, {6, (*transaction).undo},
	}
	if s.Upsert {
		list = append(list, act{4, (*transaction).upsert}, act{4, (*transaction).replace}, act{4, (*transaction).steal})
	}
	return list
}

func (t *transaction) act() error {
	total := 0
	for _, a := range t.w.acts {
		total += a.weight
	}
	n := t.w.rand.IntN(total)
	for _, a := range t.w.acts {
		if n -= a.weight; n < 0 {
			return a.do(t)
		}
	}
	return nil
}

// sets draws new values for some columns of a row.
func (t *transaction) sets(n int64, r *row) string {
	var out []string
	for i, c := range t.w.subject.Columns {
		if name := c.in(t.shape); name != Gone && c.Of == nil && t.w.rand.IntN(3) == 0 {
			r.values[i], r.unknown[i] = t.w.subject.value(t.w.rand, c, n), false
			out = append(out, t.w.subject.quote(name)+" = "+r.values[i])
		}
	}
	return strings.Join(append(out, t.hits(1)), ", ")
}

func (t *transaction) hits(k int) string {
	name := t.w.subject.quote(t.w.subject.Hits.in(t.shape))
	return fmt.Sprintf("%s = %s + %d", name, name, k)
}

func (t *transaction) where(keys ...int64) string { return t.w.subject.where(t.shape, keys...) }

func (t *transaction) update() error {
	n, ok := t.row()
	if !ok {
		return nil
	}
	sets := t.sets(n, t.now[n])
	t.now[n].hits++
	return t.change("UPDATE %s SET %s WHERE %s", Table, sets, t.where(n))
}

// count adds to a counter beside others: the one thing for which transactions wait
// for each other in the server.
func (t *transaction) count() error {
	n, ok := t.w.fleet.book.share(t.w.rand)
	if !ok {
		return nil
	}
	t.shared = append(t.shared, n)
	t.added[n]++
	return t.change("UPDATE %s SET %s WHERE %s", Table, t.hits(1), t.where(n))
}

// updateMany changes several rows in one statement.
func (t *transaction) updateMany() error {
	var keys []int64
	for range 2 + t.w.rand.IntN(4) {
		if n, ok := t.row(); ok {
			keys = append(keys, n)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	seen := map[int64]bool{}
	for _, n := range keys {
		if !seen[n] {
			t.giveUp(t.now[n].email)
			t.now[n].email = 0
			t.now[n].hits += 3
		}
		seen[n] = true
	}
	return t.changeRows(len(seen), "UPDATE %s SET %s = NULL, %s WHERE %s", Table, t.w.subject.quote(t.w.subject.Email.in(t.shape)), t.hits(3), t.where(keys...))
}

func (t *transaction) setEmail(n int64, v int) error {
	t.now[n].email = v
	t.now[n].hits++
	return t.change("UPDATE %s SET %s = %s, %s WHERE %s", Table, t.w.subject.quote(t.w.subject.Email.in(t.shape)), t.w.subject.email(v), t.hits(1), t.where(n))
}

// swap exchanges the emails of two rows, through NULL or through a third value.
func (t *transaction) swap() error {
	a, b, ok := t.pair()
	if !ok {
		return nil
	}
	ea, eb, third := t.now[a].email, t.now[b].email, 0
	if t.w.rand.IntN(2) == 0 {
		third = t.value()
	}
	defer t.giveUp(third)
	return t.emails([]int64{a, b, a}, []int{third, ea, eb})
}

func (t *transaction) emails(keys []int64, values []int) error {
	for i, n := range keys {
		if err := t.setEmail(n, values[i]); err != nil {
			return err
		}
	}
	return nil
}

// rotate passes the emails of three rows on.
func (t *transaction) rotate() error {
	a, b, ok := t.pair()
	c, ok3 := t.row()
	if !ok || !ok3 || c == a || c == b {
		return nil
	}
	ea, eb, ec := t.now[a].email, t.now[b].email, t.now[c].email
	return t.emails([]int64{a, c, b, a}, []int{0, ea, ec, eb})
}

// handOver gives one row's email to another.
func (t *transaction) handOver() error {
	a, b, ok := t.pair()
	if !ok {
		return nil
	}
	e, old := t.now[a].email, t.now[b].email
	if err := t.setEmail(a, 0); err != nil {
		return err
	}
	t.giveUp(old)
	return t.setEmail(b, e)
}

func (t *transaction) clear() error {
	n, ok := t.row()
	if !ok {
		return nil
	}
	t.giveUp(t.now[n].email)
	return t.setEmail(n, 0)
}

// claim takes an email that is free, most often one that another row had a moment ago.
func (t *transaction) claim() error {
	n, ok := t.row()
	if !ok {
		return nil
	}
	old := t.now[n].email
	v := t.value()
	err := t.setEmail(n, v)
	t.giveUp(old)
	return err
}

// inherit deletes a row and gives its email to another.
func (t *transaction) inherit() error {
	a, b, ok := t.pair()
	if !ok {
		return nil
	}
	e, old := t.now[a].email, t.now[b].email
	if err := t.remove(a); err != nil {
		return err
	}
	t.giveUp(old)
	return t.setEmail(b, e)
}

func (t *transaction) remove(n int64) error {
	t.now[n] = nil
	return t.change("DELETE FROM %s WHERE %s", Table, t.where(n))
}

func (t *transaction) delete() error {
	n, ok := t.row()
	if !ok {
		return nil
	}
	t.giveUp(t.now[n].email)
	return t.remove(n)
}

// newRow draws a row; in the new shape nothing is known of columns that are gone.
func (t *transaction) newRow(n int64, email int) *row {
	r := &row{email: email, hits: int64(t.w.rand.IntN(5)), values: t.w.subject.draw(t.w.rand, n)}
	r.unknown = make([]bool, len(r.values))
	t.forget(r)
	return r
}

func (t *transaction) forget(r *row) {
	for i, c := range t.w.subject.Columns {
		r.unknown[i] = r.unknown[i] || c.in(t.shape) == Gone
	}
}

func (t *transaction) put(verb string, n int64, r *row) error {
	names, values := t.w.subject.insert(t.shape, n, r, true)
	t.now[n] = r
	return t.change("%s INTO %s (%s) VALUES (%s)", verb, Table, strings.Join(names, ", "), strings.Join(values, ", "))
}

func (t *transaction) someEmail() int {
	if t.w.rand.IntN(4) == 0 {
		return 0
	}
	return t.value()
}

// insert adds rows, under keys that the server chooses where it can.
func (t *transaction) insert() error {
	if !t.w.subject.Auto {
		return t.revive()
	}
	r := t.newRow(0, t.someEmail())
	names, values := t.w.subject.insert(t.shape, 0, r, false)
	n, err := t.w.fleet.server.insert(t, strings.Join(names, ", "), strings.Join(values, ", "))
	if err != nil {
		return err
	}
	t.now[n], t.taken[n] = r, true
	return nil
}

// revive inserts under a key that a row had before, or a new one.
func (t *transaction) revive() error {
	n, ok := t.key()
	if !ok {
		return nil
	}
	return t.put("INSERT", n, t.newRow(n, t.someEmail()))
}

// deleteInsert deletes a row and inserts another under its key.
func (t *transaction) deleteInsert() error {
	n, ok := t.row()
	if !ok {
		return nil
	}
	e := t.now[n].email
	if err := t.remove(n); err != nil {
		return err
	}
	if t.w.rand.IntN(2) == 0 {
		t.giveUp(e)
		e = t.someEmail()
	}
	return t.put("INSERT", n, t.newRow(n, e))
}

// rekey gives a row another key.
func (t *transaction) rekey() error {
	n, ok := t.row()
	to, free := t.key()
	if !ok || !free {
		return nil
	}
	s, r := t.w.subject, t.now[n]
	var sets []string
	for i, v := range s.KeyOf(to) {
		sets = append(sets, t.w.subject.quote(s.Key[i].in(t.shape))+" = "+v)
	}
	for i, c := range s.Columns {
		if name := c.in(t.shape); c.Of != nil && name != Gone {
			r.values[i] = c.Of(to)
			sets = append(sets, t.w.subject.quote(name)+" = "+r.values[i])
		}
	}
	t.now[n], t.now[to] = nil, r
	return t.change("UPDATE %s SET %s WHERE %s", Table, strings.Join(sets, ", "), t.where(n))
}

// undo does something behind a savepoint and takes it back.
func (t *transaction) undo() error {
	t.points++
	name := fmt.Sprintf("s%d", t.points)
	if _, err := t.exec("SAVEPOINT %s", name); err != nil {
		return err
	}
	back := t.savepoint()
	for range 1 + t.w.rand.IntN(3) {
		if err := t.act(); err != nil {
			return err
		}
	}
	if t.w.rand.IntN(4) == 0 {
		return nil // it stays
	}
	_, err := t.exec("ROLLBACK TO SAVEPOINT %s", name)
	back()
	return err
}

func (t *transaction) upsert() error {
	n, ok := t.row()
	if !ok {
		return nil
	}
	r := t.now[n]
	names, values := t.w.subject.insert(t.shape, n, r, true)
	sets := t.sets(n, r)
	r.hits++
	return t.change("INSERT INTO %s (%s) VALUES (%s) ON DUPLICATE KEY UPDATE %s", Table, strings.Join(names, ", "), strings.Join(values, ", "), sets)
}

func (t *transaction) replace() error {
	n, ok := t.row()
	if !ok {
		return nil
	}
	return t.put("REPLACE", n, t.newRow(n, t.now[n].email))
}

// steal replaces a row by one that has another row's email, which goes with it.
func (t *transaction) steal() error {
	a, b, ok := t.pair()
	if !ok || t.now[b].email == 0 {
		return nil
	}
	e := t.now[b].email
	t.giveUp(t.now[a].email)
	t.now[b] = nil
	return t.put("REPLACE", a, t.newRow(a, e))
}
