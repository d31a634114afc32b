package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/state"
)

// write runs one UPDATE in a transaction with the check of the lease and, where
// there is one, the segment. All statements but COMMIT go out together: a chunk
// is short, and answers that are waited for one by one are a good part of its time
// on a busy or distant server.
func (c *columns) write(ctx context.Context, seg *state.Segment, wait time.Duration, update string, args ...any) (int64, error) {
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return 0, connectError(err)
	}
	defer conn.Close()
	w := writer{fence: c.fence, seg: seg, wait: wait, update: update, args: args}
	if err := conn.Raw(func(dc any) error { return w.run(ctx, dc.(*stdlib.Conn).Conn()) }); err != nil {
		return 0, classify(err)
	}
	return w.rows, fault.Point("backfill.chunk_committed")
}

// writer is one transaction.
type writer struct {
	fence  state.Fence
	seg    *state.Segment
	wait   time.Duration
	update string
	args   []any
	rows   int64
}

func (w *writer) run(ctx context.Context, conn *pgx.Conn) error {
	err := w.send(ctx, conn)
	if err == nil {
		err = fault.Point("backfill.chunk_written")
	}
	if err != nil {
		return errors.Join(err, rollback(ctx, conn))
	}
	_, err = conn.Exec(ctx, "COMMIT")
	return err
}

// rollback leaves the session as it was, or closed.
func rollback(ctx context.Context, conn *pgx.Conn) error {
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil {
		return conn.Close(ctx)
	}
	return nil
}

// send puts the lease's row in front: who waits for it has written nothing yet,
// and what comes after it is skipped by the server when it fails.
func (w *writer) send(ctx context.Context, conn *pgx.Conn) error {
	var b pgx.Batch
	b.Queue("BEGIN ISOLATION LEVEL READ COMMITTED")
	queueFence(&b, w.fence)
	if w.wait > 0 {
		b.Queue(lockTimeoutSQL(w.wait))
	}
	if w.seg != nil {
		segment, args := stateFlavor().SegmentSQL(*w.seg)
		b.Queue(segment, args...).Exec(func(tag pgconn.CommandTag) error { return segmentHit(tag, *w.seg) })
	}
	b.Queue(w.update, w.args...).Exec(func(tag pgconn.CommandTag) error {
		w.rows = tag.RowsAffected()
		return nil
	})
	return conn.SendBatch(ctx, &b).Close()
}

// queueFence share-locks the lease's row until the transaction ends, and fails unless it is ours still.
func queueFence(b *pgx.Batch, fence state.Fence) {
	query, args := stateFlavor().FenceSQL(fence)
	b.Queue(query, args...).QueryRow(func(row pgx.Row) error {
		var epoch int64
		var token string
		err := row.Scan(&epoch, &token)
		if errors.Is(err, pgx.ErrNoRows) {
			err = sql.ErrNoRows
		}
		return stateFlavor().Fenced(fence, epoch, token, err)
	})
}

func segmentHit(tag pgconn.CommandTag, seg state.Segment) error {
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("advance segment %d of %s: it was never opened", seg.Number, seg.Step)
	}
	return nil
}
