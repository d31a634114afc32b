package tally

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
)

// row is what a row must hold.
type row struct {
	email  int // 0 is NULL
	hits   int64
	values []string
	// unknown are values of columns that the row was written without, in the other
	// shape: whatever they are is right.
	unknown []bool
}

func (r *row) clone() *row {
	c := *r
	c.values, c.unknown = slices.Clone(r.values), slices.Clone(r.unknown)
	return &c
}

// book is the tally, and who works on which row: a row is taken before a
// transaction names it.
type book struct {
	mu    sync.Mutex
	rows  map[int64]*row
	alive []int64 // keys of rows, for picking one
	at    map[int64]int
	dead  []int64 // keys that are free again
	next  int64
	busy  map[int64]int // -1: taken; n: so many add to the counter
	pool  []int         // emails that no row has
	last  int           // emails made so far
}

func newBook() *book {
	return &book{rows: map[int64]*row{}, at: map[int64]int{}, busy: map[int64]int{}}
}

// take takes a row that nobody works on, to be changed at will.
func (b *book) take(r *rand.Rand) (int64, *row, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, ok := b.pick(r, func(busy int) bool { return busy == 0 })
	if !ok {
		return 0, nil, false
	}
	b.busy[n] = -1
	return n, b.rows[n].clone(), true
}

// share takes a row whose counter is added to, along with others.
func (b *book) share(r *rand.Rand) (int64, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, ok := b.pick(r, func(busy int) bool { return busy >= 0 })
	if ok {
		b.busy[n]++
	}
	return n, ok
}

// hot is how many rows everybody wants.
const hot = 40

// pick draws a key: half of the time one of a few, for those are where it is tight.
func (b *book) pick(r *rand.Rand, fits func(busy int) bool) (int64, bool) {
	if len(b.alive) == 0 {
		return 0, false
	}
	for range 20 {
		i := r.IntN(len(b.alive))
		if r.IntN(2) == 0 {
			i = r.IntN(min(hot, len(b.alive)))
		}
		if n := b.alive[i]; fits(b.busy[n]) {
			return n, true
		}
	}
	return 0, false
}

// fresh takes a key that no row has: one that a row had before, or a new one.
func (b *book) fresh(r *rand.Rand, again bool) (int64, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.dead) > 0 && (again || r.IntN(2) == 0) {
		i := r.IntN(len(b.dead))
		n := b.dead[i]
		b.dead[i] = b.dead[len(b.dead)-1]
		b.dead = b.dead[:len(b.dead)-1]
		return n, true
	}
	if again {
		return 0, false
	}
	b.next++
	return b.next, true
}

// value reserves an email that no row has.
func (b *book) value(r *rand.Rand) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.pool) == 0 || r.IntN(8) == 0 {
		b.last++
		return b.last
	}
	i := r.IntN(len(b.pool))
	v := b.pool[i]
	b.pool[i] = b.pool[len(b.pool)-1]
	b.pool = b.pool[:len(b.pool)-1]
	return v
}

// settle takes the outcome of a transaction into the tally: rows as they are now,
// nil for those that are gone.
func (b *book) settle(now map[int64]*row, added map[int64]int64) {
	for _, n := range slices.Sorted(maps.Keys(now)) {
		b.set(n, now[n])
	}
	for n, k := range added {
		if r := b.rows[n]; r != nil {
			r.hits += k
		}
	}
}

func (b *book) set(n int64, r *row) {
	i, there := b.at[n]
	switch {
	case r != nil && !there:
		b.at[n] = len(b.alive)
		b.alive = append(b.alive, n)
	case r == nil && there:
		last := b.alive[len(b.alive)-1]
		b.alive[i] = last
		b.at[last] = i
		b.alive = b.alive[:len(b.alive)-1]
		delete(b.at, n)
	}
	if r == nil {
		delete(b.rows, n)
		return
	}
	b.rows[n] = r
	b.next = max(b.next, n)
}
