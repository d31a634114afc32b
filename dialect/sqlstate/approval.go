package sqlstate

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/phasemig/phasemig/state"
)

// AddApproval stores a person's word; the same word again only moves its time.
func (s *Store) AddApproval(ctx context.Context, a state.Approval) error {
	q, args := s.f.upsert("approval", []field{{"run", a.Run}, {"phase", string(a.Phase)}, {"plan_hash", a.PlanHash}, {"approver", cut(a.By, 255)}},
		[]field{s.f.time("at", a.At), {"note", clean(a.Note)}})
	err := s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, q, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("store the approval of %s by %s: %w", a.Phase, a.By, err)
	}
	return nil
}

// Approvals lists the approvals of a run, the oldest first.
func (s *Store) Approvals(ctx context.Context, run string) (list []state.Approval, err error) {
	err = s.list(ctx, func() { list = nil }, func(rows *sql.Rows) error {
		a := state.Approval{Run: run}
		err := rows.Scan(&a.Phase, &a.PlanHash, &a.By, stamp{&a.At}, &a.Note)
		list = append(list, a)
		return err
	}, "SELECT phase, plan_hash, approver, at, note FROM {approval} WHERE run = ? ORDER BY at, phase, approver", run)
	return list, s.readable(ctx, "read the approvals of run "+run, err)
}
