package lintset

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

var errUnsure = errors.New("the clock gives no clear answer")

// tries are by how much the tables of each try are larger than those of the first.
var tries = []int{1, 1, 1, 4, 4}

// blocking says which statement held reads or writes up for a time that grows. A clock that gives no clear answer, or another one
// than the label, is asked again: first on tables of the same size, where a busy machine may have been the reason, then on larger ones.
func blocking(ctx context.Context, p product, c Case, small []part, expected bool) (string, error) {
	if !slices.ContainsFunc(small, func(one part) bool { return p.grows(one) }) {
		return "", nil
	}
	few, many := p.sizes(slices.ContainsFunc(small, func(one part) bool { return one.timed }))
	best := runs{small: small}
	if base, _ := p.sizes(false); few != base {
		best = runs{}
	}
	var blocks string
	var err error
	for i, times := range tries {
		if i > 0 && times != tries[i-1] {
			best = runs{}
		}
		if err := best.measure(ctx, p, c, few*times, many*times); err != nil {
			return "", err
		}
		blocks, err = held(best.small, best.large, (many-few)*times)
		if err == nil && (blocks != "") == expected {
			break
		}
	}
	return blocks, err
}

// runs are the parts of a migration on a small and on a large table. What else the machine does only ever adds to a wait, so of
// several runs the shortest wait counts.
type runs struct{ small, large []part }

func (r *runs) measure(ctx context.Context, p product, c Case, few, many int) error {
	if r.small == nil || r.large != nil {
		small, err := parts(ctx, p, c, few)
		if err != nil {
			return err
		}
		r.small = shortest(r.small, small)
	}
	large, err := parts(ctx, p, c, many)
	if err != nil {
		return err
	}
	r.large = shortest(r.large, large)
	return nil
}

func shortest(before, now []part) []part {
	for i := range before {
		if before[i].timed && before[i].wait.longest < now[i].wait.longest {
			now[i] = before[i]
		}
	}
	return now
}

// parts runs a migration for its parts alone.
func parts(ctx context.Context, p product, c Case, n int) ([]part, error) {
	s, err := build(ctx, p, c, n, true)
	if err != nil {
		return nil, err
	}
	list, err := p.run(ctx, s, p.split(c.SQL))
	if err != nil {
		err = fmt.Errorf("run the migration on %d rows: %w", n, err)
	}
	return list, errors.Join(err, s.close(context.WithoutCancel(ctx)))
}

// held compares the parts on tables that differ by more rows.
func held(small, large []part, more int) (string, error) {
	unclear := false
	for i, l := range large {
		if !l.timed {
			if did := l.held(small[i], int64(more)); did != "" {
				return did, nil
			}
			continue
		}
		switch compare(small[i].wait, l.wait, l.built) {
		case grows:
			return fmt.Sprintf("%q took %v, then %v, and %q waited %v, then %v", l.sql, small[i].wait.took, l.wait.took, l.wait.sql, small[i].wait.longest, l.wait.longest), nil
		case unsure:
			unclear = true
		}
	}
	if unclear {
		return "", errUnsure
	}
	return "", nil
}

// held says that a statement of the client waits while work was done that grows by at least half a row for each row.
func (p part) held(small part, more int64) string {
	rows, bytes := p.work-small.work, p.bytes-small.bytes
	if p.blocked == "" || rows < more/2 && bytes < more*4 {
		return ""
	}
	return fmt.Sprintf("%q holds up %s; %d rows and %d bytes more for %d rows", p.sql, p.blocked, rows, bytes, more)
}
