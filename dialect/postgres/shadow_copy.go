package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/state"
)

// sourceColumns and targetColumns list the columns that are copied.
func (p *pair) sourceColumns(prefix string) string { return columnsFrom(p.columns, prefix) }

func (p *pair) targetColumns() string { return columnsTo(p.columns) }

// insertHead lets columns that the server numbers by itself take the numbers that rows
// have.
func (p *pair) insertHead() string {
	return fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE ", relation(p.to.Ident), p.targetColumns())
}

// Copy implements shadow.Table: one statement under READ COMMITTED, whose snapshot is its
// own, and one transaction with the segment and the check of the lease. Which keys are the chunk's is known before: the
// statement copies whatever rows they have then.
func (p *pair) Copy(ctx context.Context, seg state.Segment, n int) (shadow.Copied, error) {
	s := p.borrow()
	defer p.giveBack(s)
	if err := s.open(ctx); err != nil {
		return shadow.Copied{}, err
	}
	got, err := s.copy(ctx, seg, n)
	if !errors.Is(err, dberr.ConnLost) {
		return got, err
	}
	// Only when its session is gone can nothing of the chunk happen any more.
	pid := s.pid
	s.close()
	if err := p.awaitEnd(ctx, pid); err != nil {
		return shadow.Copied{}, err
	}
	now, nerr := p.segmentNow(ctx, seg)
	if nerr != nil {
		return shadow.Copied{}, nerr
	}
	if now.Cursor == seg.Cursor && now.Done == seg.Done {
		return shadow.Copied{}, err
	}
	return shadow.Copied{Rows: now.Rows - seg.Rows, Next: now}, nil
}

// segmentNow is a segment as it is stored.
func (p *pair) segmentNow(ctx context.Context, seg state.Segment) (state.Segment, error) {
	err := p.db.QueryRowContext(ctx, "SELECT cursor_key, rows_done, done FROM "+Quote(stateSchema)+".segment WHERE run = $1 AND step = $2 AND pass = $3 AND number = $4",
		seg.Run, seg.Step, seg.Pass, seg.Number).Scan(&seg.Cursor, &seg.Rows, &seg.Done)
	return seg, classify(err)
}

// What the server says of two rows that may not be both.
const (
	uniqueViolation    = "23505"
	exclusionViolation = "23P01"
)

// duplicate tells a duplicate from other errors, and which index it was about; and a row that has no place, which is dealt with
// alike.
func (p *pair) duplicate(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && p.noPartition(pg) {
		return &shadow.DuplicateError{Index: partitionKey, Err: classify(err)}
	}
	if !errors.As(err, &pg) || pg.Code != uniqueViolation && pg.Code != exclusionViolation {
		return classify(err)
	}
	d := &shadow.DuplicateError{Index: pg.ConstraintName, Err: classify(err)}
	for _, x := range p.to.Indexes {
		d.Walk = d.Walk || x.Name == d.Index && overKey(x, p.keyTo)
	}
	return d
}

// overKey: the index is the walked key's.
func overKey(x schema.Index, key []plans.KeyPart) bool {
	if !x.Unique || x.Predicate != "" || len(x.Columns) != len(key) {
		return false
	}
	for i, c := range x.Columns {
		if c.Name != key[i].Name {
			return false
		}
	}
	return true
}

// CopyLocked implements shadow.Table: nobody else writes to the table for a drain and
// a chunk.
func (p *pair) CopyLocked(ctx context.Context, seg state.Segment, n int, drain shadow.Drain) (shadow.Copied, error) {
	l, err := p.lock(ctx, false)
	if err != nil {
		return shadow.Copied{}, err
	}
	defer l.Close()
	limit, cancel := context.WithTimeoutCause(ctx, plans.LockBudget, dberr.Mark(dberr.LockTimeout, errors.New("the log's end did not come in time")))
	defer cancel()
	if _, err := drain(limit, l.Mark, l.Apply); err != nil {
		return shadow.Copied{}, err
	}
	return p.Copy(ctx, seg, n)
}
