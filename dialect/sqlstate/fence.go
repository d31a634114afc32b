package sqlstate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/state"
)

// Querier is a transaction, a connection or a pool.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// CheckFence share-locks the scope's row until the end of the transaction tx and
// returns state.ErrFenced unless it still holds the fence's epoch and token. It
// belongs in front of the transaction's writes: checked after them, a takeover
// could have happened in between and its reads would miss them.
func (f Flavor) CheckFence(ctx context.Context, tx Querier, fence state.Fence) error {
	query, args := f.FenceSQL(fence)
	var epoch int64
	var token string
	err := tx.QueryRowContext(ctx, query, args...).Scan(&epoch, &token)
	return f.Fenced(fence, epoch, token, err)
}

// FenceSQL is the query of CheckFence, for dialects that send several statements
// at once; its row, of an epoch and a token, or its error goes to Fenced.
func (f Flavor) FenceSQL(fence state.Fence) (query string, args []any) {
	return f.sql("SELECT epoch, token FROM {lease_epoch} WHERE scope = ? {share}"), []any{fence.Scope}
}

// Fenced judges what FenceSQL gave.
func (f Flavor) Fenced(fence state.Fence, epoch int64, token string, err error) error {
	if fence.Scope == "" || fence.Token == "" {
		return fmt.Errorf("%w: no lease was taken for this table", state.ErrFenced)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: the lease on %s is gone", state.ErrFenced, fence.Scope)
	}
	if err != nil {
		return fmt.Errorf("check the lease on %s: %w", fence.Scope, f.Classify(err))
	}
	if epoch != fence.Epoch || token != fence.Token {
		return fmt.Errorf("%w: %s is at epoch %d, ours was %d", state.ErrFenced, fence.Scope, epoch, fence.Epoch)
	}
	return nil
}

// AdvanceSegment stores how far a segment is, in the transaction that wrote its
// rows. The segment must have been opened with PutSegment.
func (f Flavor) AdvanceSegment(ctx context.Context, tx Querier, seg state.Segment) error {
	query, args := f.SegmentSQL(seg)
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("advance segment %d of %s: %w", seg.Number, seg.Step, f.class(err))
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return f.segmentOpen(ctx, tx, seg)
}

// SegmentSQL is the statement of AdvanceSegment, for dialects that send several
// statements at once. It must hit a row: where a server counts rows that are found
// and not only those that change, none means that the segment was never opened.
func (f Flavor) SegmentSQL(seg state.Segment) (query string, args []any) {
	return f.sql(`UPDATE {segment} SET cursor_key = ?, rows_done = ?, done = ?, updated = {now}
		WHERE run = ? AND step = ? AND pass = ? AND number = ?`),
		[]any{seg.Cursor, seg.Rows, seg.Done, seg.Run, seg.Step, seg.Pass, seg.Number}
}

// segmentOpen tells a segment that isn't there from one that was written with
// the values it had, which some servers count as no row.
func (f Flavor) segmentOpen(ctx context.Context, tx Querier, seg state.Segment) error {
	var n int
	err := tx.QueryRowContext(ctx, f.sql("SELECT COUNT(*) FROM {segment} WHERE run = ? AND step = ? AND pass = ? AND number = ?"),
		seg.Run, seg.Step, seg.Pass, seg.Number).Scan(&n)
	if err != nil {
		return fmt.Errorf("read segment %d of %s: %w", seg.Number, seg.Step, f.class(err))
	}
	if n == 0 {
		return fmt.Errorf("advance segment %d of %s: it was never opened", seg.Number, seg.Step)
	}
	return nil
}
