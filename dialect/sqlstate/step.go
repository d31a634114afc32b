package sqlstate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/state"
)

// Steps lists the last word on each step that was begun, in the order in which
// they were begun.
func (s *Store) Steps(ctx context.Context, run string) (list []state.StepRecord, err error) {
	err = s.list(ctx, func() { list = nil }, func(rows *sql.Rows) error {
		r := state.StepRecord{Run: run}
		err := rows.Scan(&r.Step, &r.State, &r.Session, stamp{&r.Started}, stamp{&r.Ended}, &r.Rows, &r.Note, &r.Position)
		list = append(list, r)
		return err
	}, "SELECT step, state, session, started, ended, rows_done, note, log_position FROM {step} WHERE run = ? ORDER BY started, step", run)
	return list, s.readable(ctx, "read the steps of run "+run, err)
}

// list runs a query that may be repeated: reset forgets the rows of the attempt
// that broke.
func (s *Store) list(ctx context.Context, reset func(), scan func(*sql.Rows) error, text string, args ...any) error {
	return s.read(ctx, func() error {
		reset()
		return each(ctx, s.db, scan, s.f.sql(text), args...)
	})
}

// PutStep stores the last word on a step and adds it to the journal, which
// keeps every one. Times that are zero are the server's: Started when the step is
// announced (else it stays as it was), Ended when it is over.
func (s *Store) PutStep(ctx context.Context, l state.Lease, r state.StepRecord) error {
	err := s.write(ctx, l, func(tx *sql.Tx) error {
		r := r
		if err := s.fillTimes(ctx, tx, &r); err != nil {
			return err
		}
		vals := []field{{"state", string(r.State)}, {"session", cut(r.Session, 255)}, s.f.time("started", r.Started), s.f.nullTime("ended", r.Ended),
			{"rows_done", r.Rows}, {"note", clean(r.Note)}, {"log_position", clean(r.Position)}}
		keys := []field{{"run", r.Run}, {"step", r.Step}}
		q, args := s.f.upsert("step", keys, vals)
		if _, err := tx.ExecContext(ctx, q, args...); err != nil {
			return err
		}
		q, args = s.f.insert("journal", append(append(keys, vals...), field{name: "at"})...)
		_, err := tx.ExecContext(ctx, q, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("journal step %s as %s: %w", r.Step, r.State, err)
	}
	return nil
}

func (s *Store) fillTimes(ctx context.Context, tx *sql.Tx, r *state.StepRecord) error {
	var now, started time.Time
	if err := tx.QueryRowContext(ctx, s.f.sql("SELECT {now}")).Scan(stamp{&now}); err != nil {
		return err
	}
	var last state.StepState
	err := tx.QueryRowContext(ctx, s.f.sql("SELECT state, started FROM {step} WHERE run = ? AND step = ?"), r.Run, r.Step).Scan(&last, stamp{&started})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	begins := r.State == state.Intent || r.State == state.Undoing
	if r.Started.IsZero() && (started.IsZero() || begins && last != r.State) {
		r.Started = now
	} else if r.Started.IsZero() {
		r.Started = started
	}
	if begins {
		r.Ended = time.Time{}
	} else if r.Ended.IsZero() {
		r.Ended = now
	}
	return nil
}
