package lintset

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// tally is what a column holds: how many rows its table has, how many of its values aren't NULL, how many differ, and how long they are
// together. A migration that makes one of them smaller has deleted something.
type tally struct{ table, column, counts string }

// tallies counts all columns of the given tables.
func tallies(ctx context.Context, s session, list []relation) ([]tally, error) {
	var out []tally
	for _, r := range list {
		if r.view {
			continue
		}
		var parts []string
		for _, c := range r.columns {
			parts = append(parts, fmt.Sprintf("count(*), count(%s), count(DISTINCT %s), coalesce(sum(length(%s)), 0)", c.name, c.text, c.text))
		}
		rows, err := s.exec(ctx, "SELECT "+strings.Join(parts, ", ")+" FROM "+r.name)
		if err != nil {
			return nil, fmt.Errorf("count %s: %w", r.name, err)
		}
		for i, c := range r.columns {
			out = append(out, tally{r.name, c.name, strings.Join(rows[0][4*i:4*i+4], " ")})
		}
	}
	return out, nil
}

// lost names a column whose values are no more. One that has gone counts as renamed when a new one holds the same.
func lost(before, after []tally) string {
	for _, b := range before {
		at := slices.IndexFunc(after, func(a tally) bool { return a.table == b.table && a.column == b.column })
		switch {
		case at >= 0 && smaller(after[at].counts, b.counts):
			return fmt.Sprintf("%s.%s: rows, values, distinct, length were %s, are %s", b.table, b.column, b.counts, after[at].counts)
		case at < 0 && !moved(b, before, after):
			return fmt.Sprintf("%s.%s is gone, its values (%s) are nowhere else", b.table, b.column, b.counts)
		}
	}
	return ""
}

func moved(b tally, before, after []tally) bool {
	return slices.ContainsFunc(after, func(a tally) bool {
		return a.counts == b.counts && !slices.ContainsFunc(before, func(o tally) bool { return o.table == a.table && o.column == a.column })
	})
}

func smaller(after, before string) bool {
	a, b := counted(after), counted(before)
	for i := range a {
		if a[i] < b[i] {
			return true
		}
	}
	return false
}

func counted(text string) (c [4]int64) {
	if _, err := fmt.Sscan(text, &c[0], &c[1], &c[2], &c[3]); err != nil {
		panic(fmt.Sprintf("counts %q: %v", text, err)) // our own query gave them
	}
	return c
}
