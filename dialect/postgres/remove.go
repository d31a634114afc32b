package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
)

// removeWait bounds each wait for a lock.
const removeWait = 2 * time.Second

// Remove takes artifacts away, all that can go together in one transaction: a
// trigger without the column that it writes would fail every write, a column
// without its trigger would fall out of step.
func (s *server) Remove(ctx context.Context, list []dialect.Artifact) error {
	var together, alone []string
	for _, a := range list {
		for _, q := range a.Remove {
			if strings.Contains(q, " CONCURRENTLY ") {
				alone = append(alone, q)
			} else {
				together = append(together, q)
			}
		}
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("remove what phasemig made: %w", classify(err))
	}
	defer func() { _ = tx.Rollback() }()
	if err := lockTimeout(ctx, tx, removeWait); err != nil {
		return classify(err)
	}
	for _, q := range together {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, classify(err))
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("remove what phasemig made: %w", classify(err))
	}
	for _, q := range alone {
		if _, err := s.db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, classify(err))
		}
	}
	return nil
}
