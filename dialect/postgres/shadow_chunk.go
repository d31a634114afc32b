package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/state"
)

// borrow takes a session that copies; giveBack returns it for the next chunk.
func (p *pair) borrow() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.copiers); n > 0 {
		s := p.copiers[n-1]
		p.copiers = p.copiers[:n-1]
		return s
	}
	return &session{p: p}
}

func (p *pair) giveBack(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.copiers = append(p.copiers, s)
}

// Ping implements backfill.Distant.
func (p *pair) Ping(ctx context.Context) error { return p.db.PingContext(ctx) }

// Trips implements backfill.Distant: what comes before the rows, the rows, the segment, COMMIT.
func (p *pair) Trips() int { return 4 }

// copy leaves no transaction open. A connection that can't be told to end one is thrown away.
func (s *session) copy(ctx context.Context, seg state.Segment, n int) (got shadow.Copied, err error) {
	lost := false
	rerr := s.conn.Raw(func(dc any) error {
		conn := dc.(*stdlib.Conn).Conn()
		if got, err = s.chunk(ctx, conn, seg, n); err != nil {
			err = errors.Join(err, rollback(ctx, conn))
		}
		lost = conn.IsClosed()
		return nil
	})
	if rerr != nil { // not even asked: the pool found the connection closed
		err = classify(rerr)
	}
	if lost && !errors.Is(err, dberr.ConnLost) { // one that is lost is asked about first
		s.close()
	}
	return got, err
}

// chunk is one transaction: the lease, the rows, how far the segment is then. What need not be waited for one by one goes out together: on a
// distant server it is the answers that a chunk waits for.
func (s *session) chunk(ctx context.Context, conn *pgx.Conn, seg state.Segment, n int) (shadow.Copied, error) {
	end, err := s.begin(ctx, conn, seg, n)
	if err != nil {
		return shadow.Copied{}, err
	}
	next := seg
	next.Cursor, next.Done = end, end == "" || end == seg.High
	if next.Done {
		next.Cursor = seg.High
	}
	pl, ph, args := rangeArgs(seg.Cursor, next.Cursor)
	tag, err := conn.Exec(ctx, s.p.copySQL(pl, ph), args...)
	if err != nil {
		return shadow.Copied{}, s.p.duplicate(err)
	}
	next.Rows += tag.RowsAffected()
	if err := advance(ctx, conn, next); err != nil {
		return shadow.Copied{}, err
	}
	_, err = conn.Exec(ctx, "COMMIT")
	return shadow.Copied{Rows: tag.RowsAffected(), Next: next}, s.p.duplicate(err)
}

// begin share-locks the lease's row in front of everything, and finds the key of the chunk's last row; "": fewer rows are left.
func (s *session) begin(ctx context.Context, conn *pgx.Conn, seg state.Segment, n int) (end string, err error) {
	var b pgx.Batch
	b.Queue("BEGIN ISOLATION LEVEL READ COMMITTED")
	queueFence(&b, s.p.fence)
	pl, ph, args := rangeArgs(seg.Cursor, seg.High)
	query, args := s.p.boundarySQL(pl, ph, args, n)
	b.Queue(query, args...).QueryRow(func(row pgx.Row) error {
		if err := row.Scan(&end); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("find the end of the chunk: %w", classify(err))
		}
		return nil
	})
	return end, classify(conn.SendBatch(ctx, &b).Close())
}

// copySQL copies what a range of keys has.
func (p *pair) copySQL(low, high string) string {
	return fmt.Sprintf("%sSELECT %s FROM %s AS t WHERE %s ORDER BY %s", p.insertHead(), p.sourceColumns("t."), relation(p.from.Ident), keyRange(p.key, "t.", low, high),
		strings.Join(keyColumns(p.key, "t."), ", "))
}

// advance stores how far a segment is.
func advance(ctx context.Context, conn *pgx.Conn, seg state.Segment) error {
	query, args := stateFlavor().SegmentSQL(seg)
	tag, err := conn.Exec(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("advance segment %d of %s: %w", seg.Number, seg.Step, classify(err))
	}
	return segmentHit(tag, seg)
}
