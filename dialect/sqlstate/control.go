package sqlstate

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/state"
)

// Control reads what operators ask of a run; nothing was asked of one without a row.
func (s *Store) Control(ctx context.Context, run string) (c state.Control, err error) {
	var limits string
	err = s.read(ctx, func() error {
		return s.db.QueryRowContext(ctx, s.f.sql("SELECT paused, abort_asked, max_rate, limits, asked_by FROM {control} WHERE run = ?"), run).
			Scan(&c.Paused, &c.Abort, &c.MaxRate, &limits, &c.By)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return state.Control{}, nil
	}
	if err == nil && limits != "" {
		err = json.Unmarshal([]byte(limits), &c.Limits)
	}
	return c, s.readable(ctx, "read the controls of run "+run, err)
}

// SetControl stores what an operator asks. It takes no lease: the runner has it.
func (s *Store) SetControl(ctx context.Context, run string, c state.Control) error {
	limits := ""
	if c.Limits != (state.Limits{}) {
		b, err := json.Marshal(c.Limits)
		if err != nil {
			return fmt.Errorf("set the controls of run %s: %w", run, err)
		}
		limits = string(b)
	}
	q, args := s.f.upsert("control", []field{{"run", run}},
		[]field{{"paused", c.Paused}, {"abort_asked", c.Abort}, {"max_rate", c.MaxRate}, {"limits", limits}, {"asked_by", cut(c.By, 255)}, {name: "at"}})
	err := s.tx(ctx, func(tx *sql.Tx) error {
		if err := s.haveRun(ctx, tx, run); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, q, args...)
		return err
	})
	if errors.Is(err, state.ErrNotInstalled) {
		err = fmt.Errorf("%w: %s", state.ErrNotFound, run)
	}
	if err != nil {
		return fmt.Errorf("set the controls of run %s: %w", run, err)
	}
	return nil
}

// haveRun keeps the run from being removed until the transaction ends.
func (s *Store) haveRun(ctx context.Context, tx *sql.Tx, id string) error {
	var found string
	err := tx.QueryRowContext(ctx, s.f.sql("SELECT id FROM {run} WHERE id = ? {share}"), id).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: %s", state.ErrNotFound, id)
	}
	return err
}
