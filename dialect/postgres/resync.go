package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/internal/dberr"
)

const (
	resyncRows = 5_000
	resyncKeys = 20
)

// Resync brings one side to what the other gives, where both disagree. On this
// server no step leaves the table without its trigger for a moment; it serves a
// table whose trigger somebody has disabled or dropped.
func (c *columns) Resync(ctx context.Context, newWins bool) (int64, []string, error) {
	var changed int64
	var shown []string
	for low := ""; ; {
		high, err := c.Boundary(ctx, low, "", resyncRows)
		if err != nil {
			return changed, shown, fmt.Errorf("resync after %q: %w", low, err)
		}
		n, keys, err := c.resync(ctx, low, high, newWins)
		changed += n
		shown = append(shown, keys...)
		if len(shown) > resyncKeys {
			shown = shown[:resyncKeys]
		}
		if err != nil {
			return changed, shown, fmt.Errorf("resync (%q, %q]: %w", low, high, err)
		}
		if high == "" {
			return changed, shown, nil
		}
		low = high
	}
}

func (c *columns) resync(ctx context.Context, low, high string, newWins bool) (int64, []string, error) {
	pl, ph, args := rangeArgs(low, high)
	keys, err := c.list(ctx, c.sql.keys(pl, ph, "NOT ("+c.sql.agree(false)+")", ""), args...) // at most resyncRows
	if err != nil {
		return 0, nil, err
	}
	var changed int64
	var shown []string
	for _, k := range keys {
		n, err := c.resyncOne(ctx, k, newWins)
		if err != nil {
			return changed, shown, err
		}
		if changed += n; n > 0 {
			shown = append(shown, keyWords(c.key(), k))
		}
	}
	return changed, shown, nil
}

// resyncOne judges again under the row's lock. A value that has no place in the
// old column is recorded, as the trigger would have done.
func (c *columns) resyncOne(ctx context.Context, key string, newWins bool) (int64, error) {
	if c.sql.s.Move != nil {
		return c.write(ctx, nil, 0, coupleOf(c.sql.m).bring(keyIs(c.key(), "t.", "$1"), newWins != c.sql.s.Move.Up), key)
	}
	set := sets(c.sql.m.news(), c.sql.ups())
	if newWins {
		set = sets(c.sql.m.olds(), c.sql.downs())
	}
	n, err := c.update(ctx, key, set, true)
	if !errors.Is(err, dberr.DataError) {
		return n, err
	}
	if !newWins {
		return c.update(ctx, key, set, false) // the new side couldn't be mapped back: they disagree
	}
	if !c.sql.m.records() {
		return n, err
	}
	nulls := make([]string, len(c.sql.s.Old))
	for i := range nulls {
		nulls[i] = "NULL"
	}
	if n, err = c.update(ctx, key, sets(c.sql.m.olds(), nulls), false); err != nil || n == 0 {
		return n, err
	}
	_, err = c.db.ExecContext(ctx, fmt.Sprintf("SELECT %s(%s)", recorder(c.sql.s), strings.Join(keyValues(c.key(), "$1"), ", ")), key)
	return n, classify(err)
}

// update changes a row if its sides disagree.
func (c *columns) update(ctx context.Context, key, set string, back bool) (int64, error) {
	return c.write(ctx, nil, 0, fmt.Sprintf("UPDATE %s AS t SET %s WHERE %s AND NOT (%s)", c.sql.table, set, keyIs(c.key(), "t.", "$1"), c.sql.agree(back)), key)
}
