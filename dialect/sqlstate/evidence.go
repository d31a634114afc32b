package sqlstate

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/state"
)

// AddEvidence appends to the run's chain and returns the entry as sealed. A zero
// time becomes the server's.
func (s *Store) AddEvidence(ctx context.Context, e state.Evidence) (state.Evidence, error) {
	e.Reason, e.Data = clean(e.Reason), json.RawMessage(clean(string(e.Data)))
	for n := 0; ; n++ {
		sealed, err := s.append(ctx, e)
		if err == nil {
			return sealed, nil
		}
		if !errors.Is(err, dberr.Duplicate) || n == 10*attempts {
			return state.Evidence{}, fmt.Errorf("store evidence of %s for run %s: %w", e.Kind, e.Run, err)
		}
		if err := again(ctx, min(n, attempts)); err != nil {
			return state.Evidence{}, err
		}
	}
}

// append is one attempt: dberr.Duplicate when another appender took the number.
func (s *Store) append(ctx context.Context, e state.Evidence) (state.Evidence, error) {
	err := s.tx(ctx, func(tx *sql.Tx) error {
		if err := s.link(ctx, tx, &e); err != nil {
			return err
		}
		q, args := s.f.insert("evidence", field{"run", e.Run}, field{"seq", e.Seq}, field{"plan_hash", e.PlanHash}, field{"phase", string(e.Phase)},
			field{"kind", e.Kind}, field{"state", e.State}, field{"reason", e.Reason}, field{"data", string(e.Data)},
			s.f.time("at", e.At), field{"previous", e.Previous}, field{"hash", e.Hash})
		_, err := tx.ExecContext(ctx, q, args...)
		return err
	})
	return e, err
}

// link makes e the successor of the chain's last entry.
func (s *Store) link(ctx context.Context, tx *sql.Tx, e *state.Evidence) error {
	if e.At.IsZero() {
		if err := tx.QueryRowContext(ctx, s.f.sql("SELECT {now}")).Scan(stamp{&e.At}); err != nil {
			return err
		}
	}
	e.Seq, e.Previous = 0, ""
	err := tx.QueryRowContext(ctx, s.f.sql("SELECT seq, hash FROM {evidence} WHERE run = ? ORDER BY seq DESC LIMIT 1"), e.Run).Scan(&e.Seq, &e.Previous)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	e.Seq++
	e.Hash = e.Seal()
	return nil
}

// Evidence reads the run's chain from its beginning.
func (s *Store) Evidence(ctx context.Context, run string) (list []state.Evidence, err error) {
	err = s.list(ctx, func() { list = nil }, func(rows *sql.Rows) error {
		e := state.Evidence{Run: run}
		var data string
		err := rows.Scan(&e.Seq, &e.PlanHash, &e.Phase, &e.Kind, &e.State, &e.Reason, &data, stamp{&e.At}, &e.Previous, &e.Hash)
		if data != "" {
			e.Data = json.RawMessage(data)
		}
		list = append(list, e)
		return err
	}, "SELECT seq, plan_hash, phase, kind, state, reason, data, at, previous, hash FROM {evidence} WHERE run = ? ORDER BY seq", run)
	return list, s.readable(ctx, "read the evidence of run "+run, err)
}
