package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/verify"
)

// columns is a column sync's rows. It has a pool of its own, whose sessions all
// carry the backfill's mark from their first moment, so that no error path can
// leave a marked session to somebody else or an unmarked one to the backfill.
type columns struct {
	rows
	db    *sql.DB
	fence state.Fence
}

func (s *server) columns(ctx context.Context, w dialect.Work) (dialect.Columns, error) {
	y := &w.Plan.Syncs[w.Sync]
	l, err := layoutOf(y)
	if err != nil {
		return nil, err
	}
	l.moved = w.Swapped || w.Hidden
	r, err := newRows(l, nil)
	if err != nil {
		return nil, err
	}
	r.run, r.sync = w.Plan.ID, w.Sync
	db, err := s.pool([]string{fmt.Sprintf("SET %s = '%s'", markVariable, w.Plan.ID), "SET SESSION innodb_lock_wait_timeout = 1"})
	if err != nil {
		return nil, err
	}
	n := max(w.Workers, 1) + 2
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("connect for the rows of %s: %w", y.Table, classify(err))
	}
	return &columns{r, db, w.Fence}, nil
}

var (
	_ backfill.Table   = (*columns)(nil)
	_ backfill.Counter = (*columns)(nil)
	_ backfill.Ender   = (*columns)(nil)
	_ verify.Comparer  = (*columns)(nil)
)

// Close implements dialect.Columns.
func (c *columns) Close() error { return c.db.Close() }

// Rows implements dialect.Columns.
func (c *columns) Rows(ctx context.Context) (int64, error) {
	var n sql.NullInt64
	err := c.db.QueryRowContext(ctx, "SELECT table_rows FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", c.s.Table.Schema, c.s.Table.Name).Scan(&n)
	return n.Int64, classify(err)
}

// Boundary implements backfill.Table and verify.Comparer.
func (c *columns) Boundary(ctx context.Context, low, high backfill.Key, n int) (backfill.Key, error) {
	where, err := between(c.s.Key, low, high)
	if err != nil {
		return "", err
	}
	list, err := c.keyList(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET %d", c.keys(), c.from(), where, orderBy(c.s.Key), max(n, 1)-1))
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}

// End implements backfill.Ender: triggers fill what is inserted.
func (c *columns) End(ctx context.Context) (backfill.Key, error) {
	list, err := c.keyList(ctx, fmt.Sprintf("SELECT %s FROM %s ORDER BY %s LIMIT 1", c.keys(), c.from(), backwards(c.s.Key)))
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}

// Count implements backfill.Counter.
func (c *columns) Count(ctx context.Context, ch backfill.Chunk) (int64, error) {
	where, err := between(c.s.Key, ch.Low, ch.High)
	if err != nil {
		return 0, err
	}
	var n int64
	err = c.db.QueryRowContext(ctx, fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE %s", c.from(), where)).Scan(&n)
	return n, classify(err)
}

// keyList runs a query for keys.
func (c *columns) keyList(ctx context.Context, q string) ([]string, error) {
	rows, err := c.db.QueryContext(ctx, q)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	parts := make([]string, len(c.s.Key))
	to := make([]any, len(parts))
	for i := range parts {
		to[i] = &parts[i]
	}
	var out []string
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return nil, classify(err)
		}
		out = append(out, encodeKey(parts))
	}
	return out, classify(rows.Err())
}

// Ping implements backfill.Distant.
func (c *columns) Ping(ctx context.Context) error { return c.db.PingContext(ctx) }

// Trips implements backfill.Distant: the chunk's end, BEGIN, the lease, the segment, the UPDATE, COMMIT.
func (c *columns) Trips() int { return 6 }

// Fill implements backfill.Table.
func (c *columns) Fill(ctx context.Context, ch backfill.Chunk, seg state.Segment) (backfill.Filled, error) {
	where, err := between(c.s.Key, ch.Low, ch.High)
	if err != nil {
		return backfill.Filled{}, err
	}
	return c.write(ctx, c.db, c.fill(where), &seg)
}

// FillOne implements backfill.Table.
func (c *columns) FillOne(ctx context.Context, k backfill.Key, wait time.Duration) (backfill.Filled, error) {
	lits, err := literals(c.s.Key, k)
	if err != nil {
		return backfill.Filled{}, err
	}
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return backfill.Filled{}, classify(err)
	}
	defer discard(conn)
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("SET SESSION innodb_lock_wait_timeout = %d", max(int64(wait.Seconds()+0.999), 1))); err != nil {
		return backfill.Filled{}, classify(err)
	}
	return c.write(ctx, conn, c.fillOne(equals(c.s.Key, lits)), nil)
}

// beginner is a pool or one connection.
type beginner interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// write runs one statement in a transaction that also checks the lease and, with
// seg, says how far the segment is now.
func (c *columns) write(ctx context.Context, db beginner, q string, seg *state.Segment) (backfill.Filled, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return backfill.Filled{}, classify(err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := stateFlavor().CheckFence(ctx, tx, c.fence); err != nil {
		return backfill.Filled{}, err
	}
	if seg != nil {
		if err := stateFlavor().AdvanceSegment(ctx, tx, *seg); err != nil {
			return backfill.Filled{}, err
		}
	}
	res, err := tx.ExecContext(ctx, q)
	if err != nil {
		return backfill.Filled{}, c.explain(classify(err))
	}
	n, err := res.RowsAffected()
	if err != nil {
		return backfill.Filled{}, err
	}
	if seg != nil {
		if err := fault.Point("backfill.chunk_written"); err != nil {
			return backfill.Filled{}, err
		}
	}
	if err := tx.Commit(); err != nil {
		return backfill.Filled{}, classify(err)
	}
	if seg != nil {
		err = fault.Point("backfill.chunk_committed")
	}
	return backfill.Filled{Written: n}, err
}

// explain adds what a value that doesn't fit the new side means for the run.
func (c *columns) explain(err error) error {
	if errors.Is(err, dberr.DataError) {
		return dberr.WithHint(err, "the mapping's SQL makes a value that the new column can't hold; roll back and correct the SQL or the type")
	}
	return err
}

// Missing implements backfill.Table.
func (c *columns) Missing(ctx context.Context, ch backfill.Chunk, n int) ([]backfill.Key, error) {
	where, err := between(c.s.Key, ch.Low, ch.High)
	if err != nil {
		return nil, err
	}
	return c.keyList(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s AND %s ORDER BY %s LIMIT %d", c.keys(), c.from(), where, c.needs(), orderBy(c.s.Key), n))
}

// Compare implements verify.Comparer.
func (c *columns) Compare(ctx context.Context, low, high string, keys int) (verify.Compared, error) {
	where, err := between(c.s.Key, low, high)
	if err != nil {
		return verify.Compared{}, err
	}
	var out verify.Compared
	if err := c.db.QueryRowContext(ctx, c.compare(where)).Scan(&out.Rows, &out.Differ); err != nil {
		return out, classify(err)
	}
	if out.Differ == 0 || keys == 0 {
		return out, nil
	}
	list, err := c.keyList(ctx, c.differing(where, keys))
	for _, k := range list {
		out.Keys = append(out.Keys, readable(c.s.Key, k))
	}
	return out, err
}

// Resync implements dialect.Columns.
func (c *columns) Resync(ctx context.Context, newWins bool) (int64, []string, error) {
	const chunk, shown = 5000, 10
	var changed int64
	var names []string
	for low := ""; ; {
		high, err := c.Boundary(ctx, low, "", chunk)
		if err != nil {
			return changed, names, err
		}
		n, keys, err := c.resyncRange(ctx, low, high, newWins)
		changed += n
		names = append(names, keys[:min(len(keys), shown-len(names))]...)
		if err != nil || high == "" {
			return changed, names, err
		}
		low = high
	}
}

func (c *columns) resyncRange(ctx context.Context, low, high string, newWins bool) (int64, []string, error) {
	where, err := between(c.s.Key, low, high)
	if err != nil {
		return 0, nil, err
	}
	var n int64
	var names []string
	for {
		const batch = 500
		list, err := c.keyList(ctx, c.differing(where, batch))
		if err != nil || len(list) == 0 {
			return n, names, err
		}
		before := n
		for _, k := range list {
			got, err := c.resyncOne(ctx, k, newWins)
			if err != nil {
				return n, names, fmt.Errorf("row %s: %w", readable(c.s.Key, k), err)
			}
			n += got
			names = append(names, readable(c.s.Key, k))
		}
		if n == before {
			return n, names, nil // rows that disagree whatever is written: verification names them
		}
	}
}

// resyncOne makes one row's sides agree.
func (c *columns) resyncOne(ctx context.Context, k string, newWins bool) (int64, error) {
	lits, err := literals(c.s.Key, k)
	if err != nil {
		return 0, err
	}
	got, err := c.write(ctx, c.db, c.resync(equals(c.s.Key, lits), newWins), nil)
	if newWins && c.s.Fallible && errors.Is(err, dberr.DataError) {
		return c.recordLost(ctx, k, equals(c.s.Key, lits))
	}
	return got.Written, err
}

// recordLost does for one row what the trigger does with a value that doesn't fit.
func (c *columns) recordLost(ctx context.Context, k, where string) (int64, error) {
	var sets []string
	for i := range c.s.Old {
		sets = append(sets, quote(c.oldName(i))+" = "+body{layout: c.layout}.emptiness(i))
	}
	note := fmt.Sprintf(`INSERT INTO %s.unreturnable (run, sync, relation, row_key, key_digest, at) VALUES (%s, %d, %s, %s, SHA2(%s, 256), %s)
		ON DUPLICATE KEY UPDATE at = %s`, quote(stateSchema), quoteText(c.run), c.sync, quoteText(c.s.Table.String()), quoteText(k), quoteText(k), stateFlavor().Clock, stateFlavor().Clock)
	if _, err := c.write(ctx, c.db, note, nil); err != nil {
		return 0, err
	}
	_, err := c.write(ctx, c.db, fmt.Sprintf("UPDATE %s SET %s WHERE %s", c.table, strings.Join(sets, ", "), where), nil)
	return 1, err
}

// discard closes a connection for good, so that nothing of its session is left to
// the next user of the pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// Unreturnable implements dialect.Columns.
func (c *columns) Unreturnable(ctx context.Context, limit int) (int64, []state.Unreturnable, error) {
	if !c.s.Fallible {
		return 0, nil, nil
	}
	var count int64
	var out []state.Unreturnable
	for last := ""; ; {
		batch, err := c.recorded(ctx, last)
		if err != nil || len(batch) == 0 {
			return count, out, err
		}
		last = batch[len(batch)-1].digest
		lost, err := c.stillLost(ctx, batch)
		if err != nil {
			return count, out, err
		}
		count += int64(len(lost))
		for _, r := range lost[:min(len(lost), max(limit-len(out), 0))] {
			out = append(out, state.Unreturnable{Sync: c.sync, Table: c.s.Table.String(), Key: readableMap(c.s.Key, r.key), At: r.at})
		}
	}
}

type lostRow struct {
	key, digest, stamp string
	at                 time.Time
}

func (c *columns) recorded(ctx context.Context, after string) ([]lostRow, error) {
	rows, err := c.db.QueryContext(ctx, "SELECT row_key, key_digest, CAST(at AS CHAR) FROM "+quote(stateSchema)+".unreturnable WHERE run = ? AND sync = ? AND key_digest > ? ORDER BY key_digest LIMIT 500",
		c.run, c.sync, after)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	var out []lostRow
	for rows.Next() {
		var r lostRow
		if err := rows.Scan(&r.key, &r.digest, &r.stamp); err != nil {
			return nil, classify(err)
		}
		if r.at, err = time.Parse("2006-01-02 15:04:05.999999", r.stamp); err != nil {
			return nil, fmt.Errorf("read when row %s was recorded: %w", r.key, err)
		}
		out = append(out, r)
	}
	return out, classify(rows.Err())
}

// stillLost keeps the rows whose sides don't agree and forgets the others.
func (c *columns) stillLost(ctx context.Context, batch []lostRow) ([]lostRow, error) {
	var conds []string
	for _, r := range batch {
		lits, err := literals(c.s.Key, r.key)
		if err != nil {
			return nil, err
		}
		conds = append(conds, "("+equals(c.s.Key, lits)+")")
	}
	list, err := c.keyList(ctx, c.disagreeing("("+strings.Join(conds, " OR ")+")"))
	if err != nil {
		return nil, err
	}
	lost := map[string]bool{}
	for _, k := range list {
		lost[k] = true
	}
	var out []lostRow
	for _, r := range batch {
		if lost[r.key] {
			out = append(out, r)
		} else if err := c.forget(ctx, r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// forget deletes a record unless the row was recorded again meanwhile.
func (c *columns) forget(ctx context.Context, r lostRow) error {
	_, err := c.db.ExecContext(ctx, "DELETE FROM "+quote(stateSchema)+".unreturnable WHERE run = ? AND sync = ? AND key_digest = ? AND at = ?", c.run, c.sync, r.digest, r.stamp)
	return classify(err)
}
