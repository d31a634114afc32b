package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/pgoutput"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/stream"
)

// locked is the table while nobody else writes to it. A transaction holds the lock; marks
// and batches are committed by other sessions, which the lock lets read.
type locked struct {
	p  *pair
	tx *sql.Tx
}

// Lock implements shadow.Table. The way back has its slot before the lock is taken: its
// making waits for every transaction that writes.
func (p *pair) Lock(ctx context.Context) (shadow.Locked, error) {
	if _, err := p.turned().openLog(ctx); err != nil {
		return nil, fmt.Errorf("make a slot for the way back: %w", err)
	}
	return p.lock(ctx)
}

func (p *pair) lock(ctx context.Context) (*locked, error) {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, classify(err)
	}
	l := &locked{p, tx}
	for _, q := range []string{lockTimeoutSQL(plans.LockBudget), "SET LOCAL idle_in_transaction_session_timeout = '5s'", "LOCK TABLE " + relation(p.from.Ident) + " IN EXCLUSIVE MODE"} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			_ = l.Close()
			return nil, classify(err)
		}
	}
	if err := stateFlavor().CheckFence(ctx, tx, p.fence); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// Mark implements shadow.Locked.
func (l *locked) Mark(ctx context.Context) (uint64, error) { return l.p.Mark(ctx) }

// Apply implements shadow.Locked.
func (l *locked) Apply(ctx context.Context, b shadow.Batch) error { return l.p.Apply(ctx, b) }

// Swap implements shadow.Locked: where the other direction begins to read and the names are one
// transaction, with the check of the lease in it. The other direction reads from the log's end as
// it is here, and not from where this one has read to: between them stand its own last batches.
func (l *locked) Swap(ctx context.Context, reached stream.Position) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if _, err := l.tx.ExecContext(ctx, "LOCK TABLE "+relation(l.p.from.Ident)+", "+relation(l.p.to.Ident)+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		return classify(err)
	}
	at, err := l.end(ctx, reached)
	if err != nil {
		return err
	}
	if _, err := l.tx.ExecContext(ctx, l.p.positionSQL(), l.p.turned().role(), string(at)); err != nil {
		return classify(err)
	}
	if err := fault.Point("shadow.position_stored"); err != nil {
		return err
	}
	for _, q := range l.p.renames() {
		if _, err := l.tx.ExecContext(ctx, q); err != nil {
			return classify(err)
		}
	}
	if err := l.tx.Commit(); err != nil {
		return classify(err)
	}
	if err := fault.Point("shadow.renamed"); err != nil {
		return err
	}
	if err := l.p.dropLog(ctx); err != nil {
		return fmt.Errorf("the tables have changed places; drop the slot that is no longer read: %w", err)
	}
	return nil
}

// end is the end of the log that a position is of.
func (l *locked) end(ctx context.Context, of stream.Position) (stream.Position, error) {
	var lsn string
	if err := l.tx.QueryRowContext(ctx, "SELECT pg_current_wal_insert_lsn()::text").Scan(&lsn); err != nil {
		return "", classify(err)
	}
	return pgoutput.At(of, lsn)
}

// renames put the source aside and the target into its place.
func (p *pair) renames() []string {
	aside := p.a.Old
	if p.reverse {
		aside = p.a.New
	}
	return []string{
		"ALTER TABLE " + relation(p.from.Ident) + " RENAME TO " + Quote(aside),
		"ALTER TABLE " + relation(p.to.Ident) + " RENAME TO " + Quote(p.from.Name),
	}
}

// Close implements shadow.Locked.
func (l *locked) Close() error {
	if err := l.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return classify(err)
	}
	return nil
}
