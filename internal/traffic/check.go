package traffic

import (
	"context"
	"database/sql"
	"fmt"
	"sort"
	"strings"
)

// Names are the columns in which the two sides are found at this moment. A nil
// side isn't there.
type Names struct {
	Old, New []string
}

// Difference is a row that isn't what it must be.
type Difference struct {
	ID   int64
	What string
}

func (d Difference) String() string { return fmt.Sprintf("row %d: %s", d.ID, d.What) }

// DifferenceError lists what is wrong with the table.
type DifferenceError struct {
	Rows  int64
	Total int
	First []Difference
}

func (e *DifferenceError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d differences in %d rows", e.Total, e.Rows)
	for _, d := range e.First {
		fmt.Fprintf(&b, "\n  %s", d)
	}
	return b.String()
}

// keptDifferences bounds a message.
const keptDifferences = 15

type checker struct {
	model *Model
	names Names
	rows  int64
	seen  map[int64]bool
	found []Difference
	total int
}

func (c *checker) differ(id int64, format string, args ...any) {
	c.total++
	if len(c.found) < keptDifferences {
		c.found = append(c.found, Difference{id, fmt.Sprintf(format, args...) + c.model.story(id)})
	}
}

// Check reads the whole table and compares every row with the log of committed
// writes, on both sides; then everything that readers saw. It returns the number of
// rows and a *DifferenceError. The application must be silent.
func (m *Model) Check(ctx context.Context, db *sql.DB, n Names) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &checker{model: m, names: n, seen: map[int64]bool{}}
	if err := c.table(ctx, db); err != nil {
		return 0, fmt.Errorf("read the table: %w", err)
	}
	c.absent()
	c.sights()
	m.seen = nil
	if c.total > 0 {
		return c.rows, &DifferenceError{c.rows, c.total, c.found}
	}
	return c.rows, nil
}

func (c *checker) table(ctx context.Context, db *sql.DB) error {
	columns := append(append([]string{"id", "version"}, c.names.Old...), c.names.New...)
	rows, err := db.QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM users")
	if err != nil {
		return err
	}
	defer rows.Close()
	values := make([]sql.NullString, len(columns)-2)
	var id, version int64
	into := []any{&id, &version}
	for i := range values {
		into = append(into, &values[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		got := make([]Value, len(values))
		for i, v := range values {
			got[i] = scanned(v)
		}
		c.row(id, version, got[:len(c.names.Old)], got[len(c.names.Old):])
	}
	return rows.Err()
}

func (c *checker) row(id, version int64, old, nu []Value) {
	c.rows++
	c.seen[id] = true
	if c.model.uncertain[id] {
		return
	}
	all, last, err := c.model.history(id)
	want := all[last]
	switch {
	case err != nil:
		c.differ(id, "%v", err)
	case !want.alive:
		c.differ(id, "it is there and must not be")
	case last != version:
		c.differ(id, "it has version %d, the last committed one is %d: a write was lost or is nobody's", version, last)
	default:
		c.side(id, "old", c.names.Old, want.old, old)
		c.side(id, "new", c.names.New, want.nu, nu)
	}
}

func (c *checker) side(id int64, side string, names []string, want, got []Value) {
	for i := range got {
		if !want[i].takes(got[i]) {
			c.differ(id, "%s side: %s is %s and must be %s", side, names[i], got[i], want[i])
		}
	}
}

// absent finds rows that must be there and aren't.
func (c *checker) absent() {
	missing := func(id int64) {
		if c.seen[id] || c.model.uncertain[id] {
			return
		}
		switch all, last, err := c.model.history(id); {
		case err != nil:
			c.differ(id, "it is not there, and its log has a gap: %v", err)
		case all[last].alive:
			c.differ(id, "it is not there and must be")
		}
	}
	for id := int64(1); id <= c.model.loaded; id++ {
		missing(id)
	}
	for id := range c.model.rows {
		if id > c.model.loaded {
			missing(id)
		}
	}
}

// sights compares what readers saw with what the version they saw must hold.
func (c *checker) sights() {
	byRow := map[int64][]sight{}
	for _, s := range c.model.seen {
		if !c.model.uncertain[s.id] {
			byRow[s.id] = append(byRow[s.id], s)
		}
	}
	for id, list := range byRow {
		all, _, err := c.model.history(id)
		if err != nil {
			continue // told already
		}
		for _, s := range list {
			c.sight(s, all)
		}
	}
}

func (c *checker) sight(s sight, all map[int64]sides) {
	at, ok := all[s.version]
	if !ok || !at.alive {
		c.differ(s.id, "a reader of the %s version saw version %d, which was never committed", s.side, s.version)
		return
	}
	for i, got := range s.values {
		fits := s.side == New && at.nu[i].takes(got) || s.side == Old && at.old[i].takes(got)
		if c.model.scenario.SameName {
			fits = at.old[i].takes(got) || at.nu[i].takes(got)
		}
		if !fits {
			c.differ(s.id, "a reader of the %s version saw %s at version %d, where it is %s | %s", s.side, got, s.version, at.old, at.nu)
		}
	}
}

// story tells the last writes of a row, for the message.
func (m *Model) story(id int64) string {
	list := append([]write(nil), m.rows[id]...)
	sort.SliceStable(list, func(i, j int) bool { return list[i].version < list[j].version })
	var b strings.Builder
	for _, w := range list[max(0, len(list)-4):] {
		fmt.Fprintf(&b, "; v%d %s %s %v %v", w.version, w.side, w.verb, w.set, w.values)
	}
	return b.String()
}
