package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/verify"
)

// columns is a column sync's rows. It has a pool of its own: all its sessions are
// marked as the backfill of this plan and keep to the key's index.
type columns struct {
	db    *sql.DB
	sql   columnsSQL
	fence state.Fence
}

// walkSettings keep the server from reading or sorting the whole table where
// its estimates are off: a walk is always along the key's index.
const walkSettings = `; SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
SET max_parallel_workers_per_gather = 0`

func (s *server) openColumns(ctx context.Context, w dialect.Work) (dialect.Columns, error) {
	y := &w.Plan.Syncs[w.Sync]
	m := mapping{y, w.Hidden}
	if y.Swap {
		m.moved = w.Swapped
	}
	c := &columns{
		db:    s.pool(max(w.Workers, 1)+1, settled+walkSettings+columnSettings(y, w.Plan.ID)),
		sql:   newColumnsSQL(m, w.Plan.ID, w.Sync),
		fence: w.Fence,
	}
	if err := c.db.PingContext(ctx); err != nil {
		_ = c.db.Close()
		return nil, fmt.Errorf("open sessions for the rows of %s: %w", y.Table, connectError(err))
	}
	return c, nil
}

// columnSettings are those under which the mapping was judged, the mark, and the
// replica's role where user triggers must stay silent.
func columnSettings(s *plans.Sync, plan string) string {
	var b strings.Builder
	set := map[string]string{"search_path": "pg_catalog, pg_temp"}
	maps.Copy(set, pinned(s))
	for n, v := range textSettings(s) {
		set[n] = v
	}
	for _, n := range sortedKeys(set) {
		fmt.Fprintf(&b, "; SET %s TO %s", n, settingValue(n, set[n]))
	}
	fmt.Fprintf(&b, "; SET %s = %s", markSetting, literal(plan))
	if quiet(s) {
		b.WriteString("; SET session_replication_role = replica")
	}
	return b.String()
}

func (c *columns) Close() error { return c.db.Close() }

func (c *columns) key() []plans.KeyPart { return c.sql.s.Key }

// bounds numbers the parameters of those ends of a range that are given.
func rangeArgs(low, high string) (pl, ph string, args []any) {
	if low != "" {
		args = append(args, low)
		pl = fmt.Sprintf("$%d", len(args))
	}
	if high != "" {
		args = append(args, high)
		ph = fmt.Sprintf("$%d", len(args))
	}
	return pl, ph, args
}

// Rows is the server's estimate.
func (c *columns) Rows(ctx context.Context) (int64, error) {
	var n int64
	err := c.db.QueryRowContext(ctx, `SELECT greatest(c.reltuples, s.n_live_tup, 0)::bigint FROM pg_catalog.pg_class c
		LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid WHERE c.oid = pg_catalog.to_regclass($1)::oid`, c.sql.table).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("estimate the rows of %s: %w", c.sql.s.Table, classify(err))
	}
	return n, nil
}

// Boundary finds the key of the n-th row after low.
func (c *columns) Boundary(ctx context.Context, low, high string, n int) (string, error) {
	pl, ph, args := rangeArgs(low, high)
	var key string
	err := c.db.QueryRowContext(ctx, c.sql.keys(pl, ph, "true", fmt.Sprintf("OFFSET $%d LIMIT 1", len(args)+1)), append(args, n-1)...).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return key, classify(err)
}

// End implements backfill.Ender: triggers fill what is inserted.
func (c *columns) End(ctx context.Context) (backfill.Key, error) {
	var key string
	err := c.db.QueryRowContext(ctx, c.sql.last()).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return key, classify(err)
}

// Ping implements backfill.Distant.
func (c *columns) Ping(ctx context.Context) error { return c.db.PingContext(ctx) }

// Trips implements backfill.Distant: the chunk's end, what goes out together, COMMIT.
func (c *columns) Trips() int { return 3 }

// Fill writes a chunk. The lease's row is share-locked first, so that a takeover
// waits for this commit or this transaction sees the takeover.
func (c *columns) Fill(ctx context.Context, ch backfill.Chunk, seg state.Segment) (backfill.Filled, error) {
	pl, ph, args := rangeArgs(ch.Low, ch.High)
	wait := time.Duration(0)
	if c.sql.s.Move != nil {
		wait = laterLock
	}
	n, err := c.write(ctx, &seg, wait, c.sql.fill(pl, ph), args...)
	return backfill.Filled{Written: n}, err
}

// Count implements backfill.Counter.
func (c *columns) Count(ctx context.Context, ch backfill.Chunk) (int64, error) {
	pl, ph, args := rangeArgs(ch.Low, ch.High)
	var n int64
	err := c.db.QueryRowContext(ctx, c.sql.count(pl, ph), args...).Scan(&n)
	return n, classify(err)
}

// FillOne writes one row and waits for its lock. No other row is locked by then.
func (c *columns) FillOne(ctx context.Context, k backfill.Key, wait time.Duration) (backfill.Filled, error) {
	n, err := c.write(ctx, nil, wait, c.sql.fillOne("$1"), k)
	return backfill.Filled{Written: n}, err
}

// Missing lists rows that still need the new side, by a plain read.
func (c *columns) Missing(ctx context.Context, ch backfill.Chunk, n int) ([]backfill.Key, error) {
	pl, ph, args := rangeArgs(ch.Low, ch.High)
	return c.list(ctx, c.sql.keys(pl, ph, c.sql.needs(), fmt.Sprintf("LIMIT $%d", len(args)+1)), append(args, n)...)
}

func (c *columns) list(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := c.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			return nil, classify(err)
		}
		out = append(out, k)
	}
	return out, classify(rows.Err())
}

// Compare reads a chunk in one statement. Where the mapping back meets a value
// that it can't map, the rows on which the mapping there doesn't decide are
// asked one by one.
func (c *columns) Compare(ctx context.Context, low, high string, keys int) (verify.Compared, error) {
	got, shown, err := c.compare(ctx, low, high, keys, true)
	if errors.Is(err, dberr.DataError) {
		if got, _, err = c.compare(ctx, low, high, 0, false); err == nil {
			got.Differ, shown, err = c.undecided(ctx, low, high, keys)
		}
	}
	if err != nil {
		return verify.Compared{}, err
	}
	for _, k := range shown {
		got.Keys = append(got.Keys, keyWords(c.key(), k))
	}
	return got, nil
}

func (c *columns) compare(ctx context.Context, low, high string, keys int, back bool) (verify.Compared, []string, error) {
	pl, ph, args := rangeArgs(low, high)
	var got verify.Compared
	var doc []byte
	if err := c.db.QueryRowContext(ctx, c.sql.compare(pl, ph, keys, back), args...).Scan(&got.Rows, &got.Differ, &doc); err != nil {
		return got, nil, classify(err)
	}
	var shown []string
	err := json.Unmarshal(doc, &shown)
	return got, shown, err
}

// undecidedAtOnce bounds the keys that are held while rows are asked one by one.
const undecidedAtOnce = 500

// undecided counts the rows of a range that disagree both ways.
func (c *columns) undecided(ctx context.Context, low, high string, keys int) (int64, []string, error) {
	var n int64
	var shown []string
	for {
		pl, ph, args := rangeArgs(low, high)
		list, err := c.list(ctx, c.sql.keys(pl, ph, "NOT ("+c.sql.agree(false)+")", fmt.Sprintf("LIMIT %d", undecidedAtOnce)), args...)
		if err != nil {
			return n, shown, err
		}
		for _, k := range list {
			differs, err := c.differs(ctx, k)
			if err != nil {
				return n, shown, err
			}
			if !differs {
				continue
			}
			if n++; len(shown) < keys {
				shown = append(shown, k)
			}
		}
		if len(list) < undecidedAtOnce {
			return n, shown, nil
		}
		low = list[len(list)-1]
	}
}

// differs asks about one row. A value that can't be mapped back disagrees.
func (c *columns) differs(ctx context.Context, key string) (bool, error) {
	var n int
	err := classify(c.db.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*) FROM %s AS t WHERE %s AND NOT (%s)", c.sql.table, keyIs(c.key(), "t.", "$1"), c.sql.agree(true)), key).Scan(&n))
	if errors.Is(err, dberr.DataError) {
		return true, nil
	}
	return n > 0, err
}

// Unreturnable counts the rows recorded that still can't go back.
func (c *columns) Unreturnable(ctx context.Context, limit int) (int64, []state.Unreturnable, error) {
	if !c.sql.m.records() {
		return 0, nil, nil
	}
	if err := c.forget(ctx); err != nil {
		return 0, nil, fmt.Errorf("forget rows that agree again: %w", err)
	}
	var n int64
	lost := fmt.Sprintf("FROM %s AS u WHERE %s AND %s", unreturnableTable, c.sql.ofRun(), c.sql.stillLost())
	if err := c.db.QueryRowContext(ctx, "SELECT count(*) "+lost).Scan(&n); err != nil {
		return 0, nil, fmt.Errorf("count rows that can't go back: %w", classify(err))
	}
	rows, err := c.db.QueryContext(ctx, "SELECT u.row_key, u.at "+lost+" ORDER BY u.at, u.key_digest LIMIT $1", limit)
	if err != nil {
		return 0, nil, fmt.Errorf("list rows that can't go back: %w", classify(err))
	}
	defer rows.Close()
	var out []state.Unreturnable
	for rows.Next() {
		u := state.Unreturnable{Sync: c.sql.sync, Table: c.sql.s.Table.String()}
		var key string
		if err := rows.Scan(&key, &u.At); err != nil {
			return 0, nil, classify(err)
		}
		u.Key, u.At = keyMap(c.key(), key), u.At.UTC()
		out = append(out, u)
	}
	return n, out, classify(rows.Err())
}

// forgetting works on this many records at a time.
const forgetAtOnce = 1000

// forget deletes records of rows that agree again or are gone. The records are
// locked first and judged by a later statement: a transaction that is about to
// record the row again either has committed by then and is seen, or waits for
// the lock and then writes its record anew.
func (c *columns) forget(ctx context.Context) error {
	tx, err := c.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	var digests string
	err = tx.QueryRowContext(ctx, fmt.Sprintf("SELECT coalesce(json_agg(x.key_digest), '[]') FROM (SELECT u.key_digest FROM %s AS u WHERE %s AND NOT %s LIMIT %d FOR UPDATE SKIP LOCKED) AS x",
		unreturnableTable, c.sql.ofRun(), c.sql.stillLost(), forgetAtOnce)).Scan(&digests)
	if err != nil || digests == "[]" {
		return classify(err)
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("DELETE FROM %s AS u WHERE %s AND u.key_digest IN (SELECT json_array_elements_text($1::json)) AND NOT %s",
		unreturnableTable, c.sql.ofRun(), c.sql.stillLost()), digests)
	if err != nil {
		return classify(err)
	}
	return classify(tx.Commit())
}
