package postgres

import (
	"context"

	"github.com/phasemig/phasemig/internal/fault"
)

// toFinish is the role of lines in the checkpoint table that say what is left to be done after the
// exchange: statements, or dropsLog for the slot of the direction that is no longer followed.
const (
	toFinish = "finish"
	dropsLog = "drop the slot"
)

// unfinished lists them.
func (s *server) unfinished(ctx context.Context, at copyID) ([][]string, error) {
	var there bool
	if err := s.db.QueryRowContext(ctx, "SELECT pg_catalog.to_regclass($1) IS NOT NULL", relation(at.checkpoint())).Scan(&there); err != nil || !there {
		return nil, classify(err)
	}
	list, err := textRows(ctx, s.db, 2, "SELECT lane::text, log_position FROM "+relation(at.checkpoint())+" WHERE role = '"+toFinish+"' ORDER BY lane")
	return list, classify(err)
}

// finish does what an exchange left to be done. swapped: the old table stands aside.
func (e *executor) finish(ctx context.Context, s *server, at copyID, swapped bool) error {
	list, err := s.unfinished(ctx, at)
	if err != nil {
		return err
	}
	for _, r := range list {
		work := []string{r[1]}
		if r[1] == dropsLog {
			if err := s.dropLog(ctx, at, !swapped); err != nil {
				return err
			}
			work = nil
		}
		done := "DELETE FROM " + relation(at.checkpoint()) + " WHERE role = '" + toFinish + "' AND lane = " + r[0]
		if err := e.transaction(ctx, append(work, done)); err != nil {
			return err
		}
		if err := fault.Point("step.statement"); err != nil {
			return err
		}
	}
	return nil
}
