package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/state"
)

// writeFitting writes what the old shape can hold, after a batch held a row that it
// can't: such a row is missing in the old table, and its key is recorded, so that a
// rollback says what it would lose.
func (s *session) writeFitting(ctx context.Context, images []shadow.Image) error {
	lost, err := s.misfits(ctx, images)
	if err != nil {
		return err
	}
	if len(lost) > 0 && s.locked { // the record is no table of the lock: outside of it there is time
		return dberr.Mark(dberr.LockTimeout, errors.New("a row that the old shape can't hold came in the last moment"))
	}
	if err := s.again(ctx); err != nil {
		return err
	}
	fitting := make([]shadow.Image, len(images))
	for i, img := range images {
		if fitting[i] = img; lost[i] {
			fitting[i].Row = nil
		}
	}
	if err := s.writeStaged(ctx, fitting); err != nil {
		return err
	}
	return s.recordLost(ctx, images, lost)
}

// again begins the transaction anew.
func (s *session) again(ctx context.Context) error {
	if err := s.rollback(ctx); err != nil {
		return err
	}
	return s.checkLease(ctx)
}

// misfits finds the images that can't be written, by halves. Each trial is rolled back.
// It deletes the keys of all images: a value that moves between two of them would else be a
// duplicate, and hide what doesn't fit.
func (s *session) misfits(ctx context.Context, images []shadow.Image) (map[int]bool, error) {
	lost := map[int]bool{}
	var search func(from, to int) error
	search = func(from, to int) error {
		if err := s.again(ctx); err != nil {
			return err
		}
		trial := slices.Clone(images)
		for i := range trial {
			if i < from || i >= to {
				trial[i].Row = nil
			}
		}
		err := s.writeStaged(ctx, trial)
		switch {
		case err == nil || is(err, 1062, 1586): // a duplicate is no question of shape
			return nil
		case !errors.Is(err, dberr.DataError):
			return err
		case to-from == 1:
			lost[from] = true
			return nil
		}
		mid := (from + to) / 2
		if err := search(from, mid); err != nil {
			return err
		}
		return search(mid, to)
	}
	return lost, search(0, len(images))
}

// recordLost notes the keys of lost rows, and forgets those that fit again or are gone.
func (s *session) recordLost(ctx context.Context, images []shadow.Image, lost map[int]bool) error {
	at := s.p.keyColumns()
	for i, img := range images {
		texts := make([]string, len(at))
		for n, c := range at {
			text, err := keyTextOf(s.p.key[n], img.Key[c])
			if err != nil {
				return err
			}
			texts[n] = text
		}
		key := quoteText(encodeKey(texts))
		q := fmt.Sprintf("DELETE FROM %s.unreturnable WHERE run = %s AND sync = %d AND key_digest = SHA2(%s, 256)", quote(stateSchema), quoteText(s.p.planID), s.p.listed, key)
		if lost[i] {
			q = fmt.Sprintf("INSERT INTO %s.unreturnable (run, sync, relation, row_key, key_digest, at) VALUES (%s, %d, %s, %s, SHA2(%s, 256), %s) ON DUPLICATE KEY UPDATE at = %s",
				quote(stateSchema), quoteText(s.p.planID), s.p.listed, quoteText(s.p.from.Ident.String()), key, key, stateFlavor().Clock, stateFlavor().Clock)
		}
		if err := s.exec(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// Unreturnable implements dialect.Shadow. A record counts while its row is in the new
// table and not in the old one.
func (p *pair) Unreturnable(ctx context.Context, limit int) (int64, []state.Unreturnable, error) {
	list, err := records(ctx, p.copy, "SELECT row_key, CAST(at AS CHAR) AS at FROM "+quote(stateSchema)+".unreturnable WHERE run = ? AND sync = ? ORDER BY key_digest", p.planID, p.listed)
	if err != nil || len(list) == 0 {
		return 0, nil, err
	}
	var keys []string
	at := map[string]time.Time{}
	for _, r := range list {
		keys = append(keys, r["row_key"])
		at[r["row_key"]], _ = time.Parse("2006-01-02 15:04:05.999999", r["at"]) // our own writing
	}
	there, err := p.RowsOf(ctx, shadow.Source, keys)
	if err != nil {
		return 0, nil, err
	}
	held, err := p.RowsOf(ctx, shadow.Target, keys)
	if err != nil {
		return 0, nil, err
	}
	var n int64
	var out []state.Unreturnable
	for _, k := range keys {
		if there[k] == "" || strings.EqualFold(there[k], held[k]) {
			continue
		}
		if n++; len(out) < limit {
			out = append(out, state.Unreturnable{Table: p.from.Ident.String(), Key: readableMap(p.key, k), At: at[k]})
		}
	}
	return n, out, nil
}
