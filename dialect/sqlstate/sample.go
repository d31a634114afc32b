package sqlstate

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/state"
)

// Samples reads a run's series, the oldest first.
func (s *Store) Samples(ctx context.Context, run string) (list []state.Sample, err error) {
	err = s.list(ctx, func() { list = nil }, func(rows *sql.Rows) error {
		var seq int64
		var at time.Time
		var data []byte
		if err := rows.Scan(&seq, stamp{&at}, &data); err != nil {
			return err
		}
		var one state.Sample
		err := json.Unmarshal(data, &one)
		one.Run, one.Seq, one.At = run, seq, at
		list = append(list, one)
		return err
	}, "SELECT seq, at, data FROM {sample} WHERE run = ? ORDER BY seq", run)
	if errors.Is(err, dberr.NotThere) {
		return nil, nil // nobody has stored one yet
	}
	return list, s.readable(ctx, "read the samples of run "+run, err)
}

// PutSample stores the sample of its Seq. A zero time is the server's.
func (s *Store) PutSample(ctx context.Context, l state.Lease, one state.Sample) error {
	err := s.write(ctx, l, func(tx *sql.Tx) error { return s.putSample(ctx, tx, one) })
	if err != nil {
		return fmt.Errorf("store a sample of run %s: %w", one.Run, err)
	}
	return nil
}

// SetSamples stores the whole series anew.
func (s *Store) SetSamples(ctx context.Context, l state.Lease, run string, list []state.Sample) error {
	err := s.write(ctx, l, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, s.f.sql("DELETE FROM {sample} WHERE run = ?"), run); err != nil {
			return err
		}
		for _, one := range list {
			if err := s.putSample(ctx, tx, one); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store the samples of run %s: %w", run, err)
	}
	return nil
}

func (s *Store) putSample(ctx context.Context, tx *sql.Tx, one state.Sample) error {
	keys, at := []field{{"run", one.Run}, {"seq", one.Seq}}, s.f.time("at", one.At)
	data, err := json.Marshal(one)
	if err != nil {
		return err
	}
	q, args := s.f.upsert("sample", keys, []field{at, {"data", string(data)}})
	_, err = tx.ExecContext(ctx, q, args...)
	return err
}

// hasSamples reports whether the table is there: state of an earlier phasemig has none until the
// next Install, and a user without any right can't tell.
func (s *Store) hasSamples(ctx context.Context) (bool, error) {
	err := s.read(ctx, func() error {
		_, err := s.db.ExecContext(ctx, s.f.sql("SELECT 1 FROM {sample} WHERE 1 = 0"))
		return err
	})
	if errors.Is(err, dberr.NotThere) || errors.Is(err, dberr.Denied) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the samples: %w", err)
	}
	return true, nil
}

// addLater makes the tables of Flavor.Later that are missing. Who may not make them does without.
func (s *Store) addLater(ctx context.Context) error {
	if there, err := s.hasSamples(ctx); err != nil || there {
		return err
	}
	se, err := s.open(ctx)
	if err != nil {
		return fmt.Errorf("add to the state tables: %w", err)
	}
	defer se.close()
	if err := se.wait(ctx, "install"); err != nil {
		return fmt.Errorf("add to the state tables: %w", err)
	}
	for _, q := range s.f.Later {
		_, err := se.conn.ExecContext(ctx, s.f.sql(q))
		if err = s.f.class(err); errors.Is(err, dberr.Denied) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("add to the state tables: %w", err)
		}
	}
	return nil
}
