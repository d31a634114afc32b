package mysql

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/state"
)

// copyStatement copies the first n rows of a range in the key's order; 0: all.
func (p *pair) copyStatement(where string, n int) string {
	var from []string
	for _, c := range p.columns {
		from = append(from, p.converted(c))
	}
	from = append(from, p.constants()...)
	q := fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s WHERE %s", quoteTable(p.to.Ident), p.targetColumns(), strings.Join(from, ", "), p.source(), where)
	if n > 0 {
		q += fmt.Sprintf(" ORDER BY %s LIMIT %d", orderBy(p.key), n)
	}
	return q
}

// Copy implements shadow.Table. READ COMMITTED lets the read take no locks on the
// table.
func (p *pair) Copy(ctx context.Context, seg state.Segment, n int) (shadow.Copied, error) {
	s := p.borrow()
	defer p.giveBack(s)
	if err := s.open(ctx); err != nil {
		return shadow.Copied{}, err
	}
	got, err := s.copyChunk(ctx, seg, n)
	if err == nil {
		return got, nil
	}
	if !errors.Is(err, dberr.ConnLost) && ctx.Err() == nil {
		if rerr := s.rollback(ctx); rerr != nil {
			s.close()
		}
		return shadow.Copied{}, err
	}
	id := s.id
	s.close()
	return p.afterLoss(ctx, id, seg, err)
}

// Ping implements backfill.Distant.
func (p *pair) Ping(ctx context.Context) error { return p.copy.PingContext(ctx) }

// Trips implements backfill.Distant: the lease, the rows, the chunk's end, the segment, COMMIT.
func (p *pair) Trips() int { return 5 }

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

// copyChunk is one transaction: the lease, the rows, how far the segment is then.
func (s *session) copyChunk(ctx context.Context, seg state.Segment, n int) (shadow.Copied, error) {
	if !s.p.sameOrder() {
		return s.copyRange(ctx, seg, n)
	}
	return s.copyTo(ctx, seg, seg.High, n, func(ctx context.Context, rows int64) (state.Segment, error) {
		next := seg
		next.Rows += rows
		if rows < int64(n) {
			next.Cursor, next.Done = seg.High, true
			return next, nil
		}
		var err error
		next.Cursor, err = s.lastOf(ctx, seg)
		return next, err
	})
}

// copyRange copies up to a key that is looked for first: where the shadow has another
// order than the source its last row says nothing.
func (s *session) copyRange(ctx context.Context, seg state.Segment, n int) (shadow.Copied, error) {
	high, err := s.p.Boundary(ctx, seg.Cursor, seg.High, n)
	if err != nil {
		return shadow.Copied{}, err
	}
	next := seg
	next.Cursor = high
	if high == "" || high == seg.High {
		next.Cursor, next.Done = seg.High, true
	}
	return s.copyTo(ctx, seg, next.Cursor, 0, func(_ context.Context, rows int64) (state.Segment, error) {
		next.Rows += rows
		return next, nil
	})
}

// copyTo copies the first n rows, or all, behind a segment's cursor up to a key.
func (s *session) copyTo(ctx context.Context, seg state.Segment, high string, n int, after func(context.Context, int64) (state.Segment, error)) (shadow.Copied, error) {
	where, err := between(s.p.key, seg.Cursor, high)
	if err != nil {
		return shadow.Copied{}, err
	}
	if err := s.checkLease(ctx); err != nil {
		return shadow.Copied{}, err
	}
	res, err := s.conn.ExecContext(ctx, s.p.copyStatement(where, n))
	if err != nil {
		return shadow.Copied{}, s.p.duplicate(err)
	}
	rows, err := res.RowsAffected()
	if err != nil {
		return shadow.Copied{}, err
	}
	next, err := after(ctx, rows)
	if err != nil {
		return shadow.Copied{}, err
	}
	if err := stateFlavor().AdvanceSegment(ctx, s.conn, next); err != nil {
		return shadow.Copied{}, err
	}
	return shadow.Copied{Rows: rows, Next: next}, s.exec(ctx, "COMMIT")
}

// lastOf is the last row of the shadow in what is left of a segment, which is the last
// one copied: nobody else writes into a range that isn't committed.
func (s *session) lastOf(ctx context.Context, seg state.Segment) (string, error) {
	p := s.p
	where, err := between(alike(p.keyTo, p.key), seg.Cursor, seg.High)
	if err != nil {
		return "", err
	}
	list, err := keyList(ctx, s.conn, p.key, fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1", p.targetTexts(), p.target(), where, backwards(p.keyTo)))
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", fmt.Errorf("the rows copied after %s can't be found in the shadow", seg.Cursor)
	}
	return list[0], nil
}

// backwards is orderBy the other way round.
func backwards(key []plans.KeyPart) string {
	turned := make([]plans.KeyPart, len(key))
	for i, k := range key {
		k.Descending = !k.Descending
		turned[i] = k
	}
	return orderBy(turned)
}

// afterLoss finds out what became of a chunk whose answer was lost. Only when its
// session is gone can nothing of it happen any more.
func (p *pair) afterLoss(ctx context.Context, session string, seg state.Segment, lost error) (shadow.Copied, error) {
	if ctx.Err() != nil {
		return shadow.Copied{}, context.Cause(ctx) // this run goes no further; the next one reads the segment under its own lease
	}
	if err := p.s.awaitEnd(ctx, session); err != nil {
		return shadow.Copied{}, err
	}
	now, err := segmentNow(ctx, p.copy, seg)
	if err != nil {
		return shadow.Copied{}, err
	}
	if now.Cursor == seg.Cursor && now.Done == seg.Done {
		return shadow.Copied{}, lost
	}
	return shadow.Copied{Rows: now.Rows - seg.Rows, Next: now}, nil
}

// segmentNow is a segment as it is stored.
func segmentNow(ctx context.Context, q querier, seg state.Segment) (state.Segment, error) {
	err := q.QueryRowContext(ctx, "SELECT cursor_key, rows_done, done FROM "+quote(stateSchema)+".segment WHERE run = ? AND step = ? AND pass = ? AND number = ?",
		seg.Run, seg.Step, seg.Pass, seg.Number).Scan(&seg.Cursor, &seg.Rows, &seg.Done)
	return seg, classify(err)
}

// duplicate tells a duplicate from other errors, and which index it was about.
func (p *pair) duplicate(err error) error {
	if !is(err, 1062, 1586) {
		return classify(err)
	}
	index := indexOf(err.Error())
	walk := strings.EqualFold(index, "PRIMARY") && primaryIs(p.to, p.keyTo)
	for _, x := range p.to.Indexes {
		if x.Name == index && x.Unique && len(x.Columns) == len(p.keyTo) && ledBy(x, p.keyTo) {
			walk = true
		}
	}
	return &shadow.DuplicateError{Index: index, Walk: walk, Err: classify(err)}
}

func primaryIs(t *schema.Table, key []plans.KeyPart) bool {
	for _, x := range t.Indexes {
		if x.Primary {
			return len(x.Columns) == len(key) && ledBy(x, key)
		}
	}
	return false
}

// indexOf reads the index's name off "Duplicate entry '…' for key 't.name'".
func indexOf(message string) string {
	i := strings.LastIndex(message, "for key '")
	if i < 0 {
		return ""
	}
	name := strings.TrimSuffix(message[i+len("for key '"):], "'")
	if j := strings.LastIndex(name, "."); j >= 0 {
		name = name[j+1:]
	}
	return name
}

// CopyLocked implements shadow.Table: under a write lock of the table, which is held
// for a drain and a chunk.
func (p *pair) CopyLocked(ctx context.Context, seg state.Segment, n int, drain shadow.Drain) (shadow.Copied, error) {
	l, err := p.lock(ctx, quote(stateSchema)+".segment WRITE")
	if err != nil {
		return shadow.Copied{}, err
	}
	defer l.Close()
	limit, cancel := context.WithTimeoutCause(ctx, plans.LockBudget, dberr.Mark(dberr.LockTimeout, errors.New("the log's end did not come in time")))
	defer cancel()
	if _, err := drain(limit, l.Mark, l.Apply); err != nil {
		return shadow.Copied{}, err
	}
	return l.copyChunk(ctx, seg, n)
}
