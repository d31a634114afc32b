package sqlstate

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/phasemig/phasemig/state"
)

// Segments lists the segments of a backfill.
func (s *Store) Segments(ctx context.Context, run, step string) (list []state.Segment, err error) {
	err = s.list(ctx, func() { list = nil }, func(rows *sql.Rows) error {
		g := state.Segment{Run: run, Step: step}
		err := rows.Scan(&g.Pass, &g.Number, &g.Low, &g.High, &g.Cursor, &g.Rows, &g.Done)
		list = append(list, g)
		return err
	}, "SELECT pass, number, low_key, high_key, cursor_key, rows_done, done FROM {segment} WHERE run = ? AND step = ? ORDER BY pass, number", run, step)
	return list, s.readable(ctx, "read the segments of step "+step, err)
}

// PutSegment opens a segment, or sets one back.
func (s *Store) PutSegment(ctx context.Context, l state.Lease, g state.Segment) error {
	q, args := s.f.upsert("segment", []field{{"run", g.Run}, {"step", g.Step}, {"pass", g.Pass}, {"number", g.Number}},
		[]field{{"low_key", g.Low}, {"high_key", g.High}, {"cursor_key", g.Cursor}, {"rows_done", g.Rows}, {"done", g.Done}, {name: "updated"}})
	err := s.write(ctx, l, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, q, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("open segment %d of step %s: %w", g.Number, g.Step, err)
	}
	return nil
}

// ClearSegments forgets the segments of a backfill.
func (s *Store) ClearSegments(ctx context.Context, l state.Lease, run, step string) error {
	err := s.write(ctx, l, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.f.sql("DELETE FROM {segment} WHERE run = ? AND step = ?"), run, step)
		return err
	})
	if err != nil {
		return fmt.Errorf("clear the segments of step %s: %w", step, err)
	}
	return nil
}
