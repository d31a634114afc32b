package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/state"
)

// writeFitting writes what the old shape can hold, after a batch held a row that it
// can't: such a row is missing in the old table, and its key is recorded, so that a
// rollback says what it would lose.
func (p *pair) writeFitting(ctx context.Context, tx *sql.Tx, images []shadow.Image, gaps bool) error {
	lost, err := p.misfits(ctx, tx, images, gaps)
	if err != nil {
		return err
	}
	fitting := slices.Clone(images)
	for i := range fitting {
		if lost[i] {
			fitting[i].Row = nil
		}
	}
	if err := p.write(ctx, tx, fitting, gaps); err != nil {
		return err
	}
	return p.recordLost(ctx, tx, images, lost)
}

// trial is a part of a transaction that can be taken back by itself.
const trial = "phasemig_trial"

// tried runs a part of the transaction; when it fails the transaction is as it was before.
func tried(ctx context.Context, tx *sql.Tx, work func() error) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT "+trial); err != nil {
		return classify(err)
	}
	err := work()
	if err != nil {
		if _, rerr := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+trial); rerr != nil {
			return errors.Join(err, classify(rerr))
		}
		return err
	}
	_, err = tx.ExecContext(ctx, "RELEASE SAVEPOINT "+trial)
	return classify(err)
}

// errTaken takes back a trial that went well.
var errTaken = errors.New("taken back")

// misfits finds the images that can't be written, by halves. It deletes the keys of all images: a
// value that moves between two of them would else be a duplicate, and hide what doesn't fit.
func (p *pair) misfits(ctx context.Context, tx *sql.Tx, images []shadow.Image, gaps bool) (map[int]bool, error) {
	lost := map[int]bool{}
	var search func(from, to int) error
	search = func(from, to int) error {
		some := slices.Clone(images)
		for i := range some {
			if i < from || i >= to {
				some[i].Row = nil
			}
		}
		err := tried(ctx, tx, func() error {
			if err := p.write(ctx, tx, some, gaps); err != nil {
				return err
			}
			return errTaken
		})
		var d *shadow.DuplicateError
		switch {
		case errors.Is(err, errTaken), errors.As(err, &d): // a duplicate is no question of shape
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
func (p *pair) recordLost(ctx context.Context, tx *sql.Tx, images []shadow.Image, lost map[int]bool) error {
	at := p.keyPositions()
	for i, img := range images {
		texts := make([]string, len(at))
		for n, c := range at {
			text, ok := literalText(img.Key[c].Text)
			if !ok {
				return fmt.Errorf("a row in the log has no value of key column %s", p.key[n].Name)
			}
			texts[n] = text
		}
		key, err := json.Marshal(texts)
		if err != nil {
			return err
		}
		q := "DELETE FROM " + unreturnableTable + " WHERE run = $1 AND sync = $4 AND key_digest = pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to($3, 'UTF8')), 'hex') AND relation = $2"
		if lost[i] {
			q = "INSERT INTO " + unreturnableTable + " (run, sync, relation, row_key, key_digest, at) VALUES ($1, $4, $2, $3, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to($3, 'UTF8')), 'hex'), pg_catalog.clock_timestamp()) ON CONFLICT (run, sync, key_digest) DO UPDATE SET at = excluded.at"
		}
		if _, err := tx.ExecContext(ctx, q, p.planID, p.from.Ident.String(), string(key), p.listed); err != nil {
			return classify(err)
		}
	}
	return nil
}

// Unreturnable implements dialect.Shadow. A record counts while its row is in the new
// table and not in the old one.
func (p *pair) Unreturnable(ctx context.Context, limit int) (int64, []state.Unreturnable, error) {
	rows, err := p.db.QueryContext(ctx, "SELECT row_key, at FROM "+unreturnableTable+" WHERE run = $1 AND sync = $2 ORDER BY at, key_digest", p.planID, p.listed)
	if err != nil {
		return 0, nil, fmt.Errorf("list rows that can't go back: %w", classify(err))
	}
	defer rows.Close()
	var list []state.Unreturnable
	var keys []string
	for rows.Next() {
		u := state.Unreturnable{Table: p.from.Ident.String()}
		var key string
		if err := rows.Scan(&key, &u.At); err != nil {
			return 0, nil, classify(err)
		}
		u.Key, u.At = keyMap(p.key, key), u.At.UTC()
		list, keys = append(list, u), append(keys, key)
	}
	if err := rows.Err(); err != nil {
		return 0, nil, classify(err)
	}
	return p.stillLost(ctx, keys, list, limit)
}

// has reports whether a table has a row of a key. What else the row holds has no place in the other's types.
func (p *pair) has(ctx context.Context, which shadow.Side, key string) (there bool, err error) {
	s := p.sideOf(which)
	err = p.db.QueryRowContext(ctx, fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM %s AS t WHERE %s)", s.table, keyIs(s.key, "t.", "$1")), key).Scan(&there)
	return there, classify(err)
}

func (p *pair) stillLost(ctx context.Context, keys []string, list []state.Unreturnable, limit int) (int64, []state.Unreturnable, error) {
	var n int64
	var out []state.Unreturnable
	for i, k := range keys {
		there, err := p.has(ctx, shadow.Source, k)
		if err != nil {
			return 0, nil, err
		}
		held, err := p.has(ctx, shadow.Target, k)
		if err != nil {
			return 0, nil, err
		}
		if !there || held {
			continue
		}
		if n++; len(out) < limit {
			out = append(out, list[i])
		}
	}
	return n, out, nil
}
