package sqlstate

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/phasemig/phasemig/state"
)

// RetireFlag stores that a key is used up; said again it only moves its time.
func (s *Store) RetireFlag(ctx context.Context, l state.Lease, f state.RetiredFlag) error {
	q, args := s.f.upsert("retired_flag", []field{{"flag", cut(f.Flag, 255)}, {"run", f.Run}}, []field{s.f.time("at", f.At), {"note", clean(f.Note)}})
	err := s.write(ctx, l, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, q, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("store that the flag %s is retired: %w", f.Flag, err)
	}
	return nil
}

// RetiredFlags lists the keys that are used up, by name. They outlive their runs.
func (s *Store) RetiredFlags(ctx context.Context) (list []state.RetiredFlag, err error) {
	err = s.list(ctx, func() { list = nil }, func(rows *sql.Rows) error {
		var f state.RetiredFlag
		err := rows.Scan(&f.Flag, &f.Run, stamp{&f.At}, &f.Note)
		list = append(list, f)
		return err
	}, "SELECT flag, run, at, note FROM {retired_flag} ORDER BY flag, run")
	return list, s.readable(ctx, "read the retired flags", err)
}
