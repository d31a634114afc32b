package postgres

import (
	"fmt"
	"slices"
)

// agree tells of a row "t" of the parent whether both tables say the same.
func (p couple) agree() string {
	return fmt.Sprintf("coalesce((SELECT %s FROM %s AS c WHERE %s), %s)", alike(under("t.", p.of), under("c.", p.in)), p.child,
		equal(under("c.", p.ck), under("t.", p.pk)), alike(under("t.", p.of), p.nothings()))
}

// locked are the rows of a range that disagree, locked in both tables, the parent's first. A value is read from the row whose lock was got: what a
// statement saw before it waited, or passed by, may be an old one.
func (p couple) locked(where, ofParent, ofChild string) string {
	return fmt.Sprintf("WITH lp AS MATERIALIZED (SELECT %s, %s FROM %s AS t WHERE %s AND NOT %s FOR NO KEY UPDATE %s), lc AS MATERIALIZED (SELECT %s, %s FROM %s AS c WHERE (%s) IN (SELECT %s FROM lp) FOR NO KEY UPDATE %s)",
		p.keyed("t.", p.pk), p.aliased("t.", p.of), p.parent, where, p.agree(), ofParent,
		p.keyed("c.", p.ck), p.aliased("c.", p.in), p.child, list(under("c.", p.ck)), list(numbered("k", len(p.s.Key))), ofChild)
}

// keyed are columns as k0, k1 ….
func (p couple) keyed(prefix string, columns []string) string {
	var out []string
	for i, c := range columns {
		out = append(out, fmt.Sprintf("%s%s AS k%d", prefix, Quote(c), i))
	}
	return list(out)
}

func numbered(prefix string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%s%d", prefix, i))
	}
	return out
}

// fill writes the new side of rows that disagree.
func (p couple) fill(where, ofParent, ofChild string) string {
	if p.s.Move.Up {
		return p.raise(where, ofParent, ofChild)
	}
	return p.lower(where, ofParent, ofChild)
}

// bring makes rows agree by what the parent has, or by what the child has.
func (p couple) bring(where string, childWins bool) string {
	if childWins {
		return p.raise(where, "", "NOWAIT")
	}
	return p.lower(where, "", "NOWAIT")
}

// lower writes what the parent has to the child. A row that isn't there can't be in the making: who makes one has the parent's lock.
func (p couple) lower(where, ofParent, ofChild string) string {
	n, v := len(p.s.Key), len(p.of)
	return fmt.Sprintf("/* phasemig */ %s INSERT INTO %s AS c (%s) SELECT %s FROM lp WHERE (%s) IN (SELECT %s FROM lc) OR NOT EXISTS (SELECT 1 FROM %s AS c WHERE %s) ON CONFLICT (%s) DO UPDATE SET %s",
		p.locked(where, ofParent, ofChild), p.child, p.row(), list(slices.Concat(numbered("lp.k", n), numbered("lp.v", v))), list(numbered("lp.k", n)), list(numbered("k", n)),
		p.child, equal(under("c.", p.ck), numbered("lp.k", n)), quoteAll(p.ck), sets(p.in, under("excluded.", p.in)))
}

// raise writes what the child has to the parent.
func (p couple) raise(where, ofParent, ofChild string) string {
	return fmt.Sprintf("/* phasemig */ %s UPDATE %s AS t SET %s FROM lc WHERE %s", p.locked(where, ofParent, ofChild), p.parent,
		sets(p.of, numbered("lc.v", len(p.of))), equal(under("t.", p.pk), numbered("lc.k", len(p.s.Key))))
}
