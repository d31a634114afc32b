package shadow

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Sum is a digest of a set of rows: how many there are, and what they add up to.
type Sum struct {
	Rows   int64
	Digest string
}

// Matched is what holding both sides of a range against each other showed: how many rows either
// has, and whether all of them are the same.
type Matched struct {
	Source, Target int64
	Same           bool
}

// MatchSums matches a range by a digest of each side, for a Comparer whose server doesn't find the rows of both
// sides faster than it digests them.
func MatchSums(ctx context.Context, r Range, sum func(context.Context, Side, Range) (Sum, error)) (Matched, error) {
	a, err := sum(ctx, Source, r)
	if err != nil {
		return Matched{}, err
	}
	b, err := sum(ctx, Target, r)
	return Matched{a.Rows, b.Rows, a == b}, err
}

// Side is one of the two tables.
type Side int

// The sides.
const (
	Source Side = iota
	Target
)

// Comparer reads rows of both tables for their comparison. What the change converts
// is converted as the shadow stores it, before it is digested.
type Comparer interface {
	// Match holds the rows of a range on both sides against each other.
	Match(ctx context.Context, r Range) (Matched, error)
	// Boundary is the key of the n-th row of the source behind low, not beyond high;
	// "" when there are fewer.
	Boundary(ctx context.Context, low, high string, n int) (string, error)
	// RowsIn gives the digest of each row of a range by its key.
	RowsIn(ctx context.Context, side Side, r Range) (map[string]string, error)
	// RowsOf gives the digest of each row of the keys that there is.
	RowsOf(ctx context.Context, side Side, keys []string) (map[string]string, error)
	// Hold keeps others from changing the rows of the keys while f runs.
	Hold(ctx context.Context, keys []string, f func(context.Context) error) error
	// Strangers lists keys of the target that the source has not, where ranges of the
	// source don't cover the target.
	Strangers(ctx context.Context, most int) ([]string, error)
	// Repair copies the rows of the keys from the source once more: what the target has of
	// them goes, and what the source has comes. Errors: *DuplicateError.
	Repair(ctx context.Context, keys []string) error
	// Readable writes a key for people.
	Readable(key string) string
}

// Compared is what a comparison of a range found.
type Compared struct {
	Rows   int64
	Differ []string // keys, for people
	// Repaired are those that differed and were copied anew.
	Repaired []string
}

func (c *Compared) add(more Compared) {
	c.Rows += more.Rows
	c.Differ = append(c.Differ, more.Differ...)
	c.Repaired = append(c.Repaired, more.Repaired...)
}

// Rounds of looking again at rows that differ: first as they are, then with the rows
// held, where nothing moves and a difference is one.
const (
	freeRounds = 4
	heldRounds = 3
	heldKeys   = 20
)

// Ranges that differ are cut until one has so few rows that each can be looked at.
const (
	fewRows = 2000
	parts   = 8
)

// Compare compares the rows of a range while the application writes. What is on its
// way differs for a moment, so rows that differ are looked at again when everything written
// before is applied.
func (p *Pair) Compare(ctx context.Context, c Comparer, r Range) (Compared, error) {
	return p.compareBy(ctx, c, r, 0)
}

// compareBy compares a range by as many rows at a time as are calm, and no more than most; 0: it is not known to differ.
func (p *Pair) compareBy(ctx context.Context, c Comparer, r Range, most int64) (Compared, error) {
	var all Compared
	for low := r.Low; ; {
		part, err := p.nextPart(ctx, c, Range{Low: low, High: r.High}, most)
		if err != nil {
			return all, fmt.Errorf("cut %s: %w", r, err)
		}
		compare := p.comparePart
		if most > 0 && part == r { // it holds rows that the source has not, and no fewer parts can be made
			compare = p.settledKeys
		}
		got, err := compare(ctx, c, part)
		if err != nil {
			return all, err
		}
		all.add(got)
		if part.High == r.High {
			return all, nil
		}
		low = part.High
	}
}

// nextPart is what of a range is compared next.
func (p *Pair) nextPart(ctx context.Context, c Comparer, r Range, most int64) (Range, error) {
	n := p.calm.rows(most)
	if n == 0 {
		return r, nil
	}
	high, err := c.Boundary(ctx, r.Low, r.High, int(n))
	if err != nil || high == "" {
		return r, err
	}
	return Range{Low: r.Low, High: high}, nil
}

func (p *Pair) comparePart(ctx context.Context, c Comparer, r Range) (Compared, error) {
	m, err := c.Match(ctx, r)
	if err != nil {
		return Compared{}, fmt.Errorf("match %s: %w", r, err)
	}
	rows := max(m.Source, m.Target)
	p.calm.saw(rows, m.Same)
	if m.Same {
		return Compared{Rows: m.Source}, nil
	}
	if rows > fewRows {
		return p.compareBy(ctx, c, r, max(rows/parts, fewRows/2))
	}
	out, err := p.settledKeys(ctx, c, r)
	out.Rows = m.Source
	return out, err
}

// settledKeys are the keys of a range that differ also when nothing is on its way.
func (p *Pair) settledKeys(ctx context.Context, c Comparer, r Range) (Compared, error) {
	keys, err := differing(ctx, c, r)
	if err != nil {
		return Compared{}, err
	}
	return p.judged(ctx, c, keys)
}

// judged looks at rows that differ until it is sure, and repairs them if that is asked for.
func (p *Pair) judged(ctx context.Context, c Comparer, keys []string) (Compared, error) {
	keys, err := p.stillDiffer(ctx, c, keys)
	if err != nil || len(keys) == 0 || !p.o.Repair {
		return Compared{Differ: readable(c, keys)}, err
	}
	left, err := p.repair(ctx, c, keys)
	if err != nil {
		return Compared{}, fmt.Errorf("repair rows: %w", err)
	}
	done := slices.DeleteFunc(keys, func(k string) bool { return slices.Contains(left, k) })
	return Compared{Differ: readable(c, left), Repaired: readable(c, done)}, nil
}

// stillDiffer keeps the keys that differ also when nothing is on its way.
func (p *Pair) stillDiffer(ctx context.Context, c Comparer, keys []string) ([]string, error) {
	var err error
	for round := 0; err == nil && len(keys) > 0; round++ {
		switch {
		case round < freeRounds:
			keys, err = p.again(ctx, c, keys)
		case round < freeRounds+heldRounds:
			keys, err = p.held(ctx, c, keys)
		default:
			return keys, nil
		}
	}
	return keys, err
}

// CompareStrangers looks for rows that only the target has and no range has shown.
func (p *Pair) CompareStrangers(ctx context.Context, c Comparer) (Compared, error) {
	keys, err := c.Strangers(ctx, fewRows)
	if err != nil {
		return Compared{}, fmt.Errorf("look for rows that only the copy has: %w", err)
	}
	return p.judged(ctx, c, keys)
}

func readable(c Comparer, keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = c.Readable(k)
	}
	return out
}

// differing lists the keys of a range whose rows differ.
func differing(ctx context.Context, c Comparer, r Range) ([]string, error) {
	from, err := c.RowsIn(ctx, Source, r)
	if err != nil {
		return nil, err
	}
	to, err := c.RowsIn(ctx, Target, r)
	if err != nil {
		return nil, err
	}
	return unequal(from, to), nil
}

func unequal(a, b map[string]string) []string {
	var out []string
	for k, d := range a {
		if b[k] != d {
			out = append(out, k)
		}
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// again keeps the keys that still differ after everything written before a moment was
// applied.
func (p *Pair) again(ctx context.Context, c Comparer, keys []string) ([]string, error) {
	from, err := c.RowsOf(ctx, Source, keys)
	if err != nil {
		return nil, err
	}
	if err := p.Drain(ctx); err != nil {
		return nil, err
	}
	to, err := c.RowsOf(ctx, Target, keys)
	if err != nil {
		return nil, err
	}
	return unequal(from, to), nil
}

// held is again with the rows held, a few at a time.
func (p *Pair) held(ctx context.Context, c Comparer, keys []string) ([]string, error) {
	var out []string
	for part := range slices.Chunk(keys, heldKeys) {
		err := c.Hold(ctx, part, func(ctx context.Context) error {
			differ, err := p.again(ctx, c, part)
			out = append(out, differ...)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("hold the rows %s: %w", strings.Join(readable(c, part), "; "), err)
		}
	}
	return out, nil
}
