package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/pause"
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
	if err := p.awaitSnapshots(ctx); err != nil {
		return nil, err
	}
	return p.lock(ctx, true)
}

// snapshotsSQL finds transactions of several statements that have held a snapshot since before a
// moment: under REPEATABLE READ or SERIALIZABLE, or with an open cursor.
const snapshotsSQL = `SELECT pg_catalog.format('session %s of %s (%s), open for %s s', a.pid, a.usename, a.application_name, extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::int)
	FROM pg_catalog.pg_stat_activity a WHERE a.datname = pg_catalog.current_database() AND a.backend_type = 'client backend' AND a.application_name <> '` + applicationName + `'
	AND a.backend_xmin IS NOT NULL AND a.xact_start < $1 AND (a.state LIKE 'idle in transaction%' OR a.query_start > a.xact_start) ORDER BY a.xact_start LIMIT 1`

// awaitSnapshots waits for those that are there: to them the new table would be as it was when
// their snapshot was taken, empty or half copied. What begins later sees all that is copied by now; its
// writes of rows that are applied later fail as serialization failures, as they would in any table.
func (p *pair) awaitSnapshots(ctx context.Context) error {
	var since time.Time
	if err := p.db.QueryRowContext(ctx, "SELECT pg_catalog.clock_timestamp()").Scan(&since); err != nil {
		return classify(err)
	}
	for limit := time.Now().Add(plans.LockBudget); ; {
		var who string
		err := p.db.QueryRowContext(ctx, snapshotsSQL, since).Scan(&who)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return classify(err)
		}
		if time.Now().After(limit) {
			return dberr.Mark(dberr.LockTimeout, fmt.Errorf("%s reads the database as it was before the copy was whole, and would find the new table so", who))
		}
		if err := pause.For(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// viewLocks take the views that read the table before the table itself, as every statement does that names one. Taken after it, each
// statement that writes through a view would hold the view and wait for the table. There is no lock of a view alone but that of
// a change to it: this one changes nothing.
func (p *pair) viewLocks(ctx context.Context) ([]string, error) {
	list, err := textRows(ctx, p.db, 1, `SELECT DISTINCT format('ALTER VIEW %s OWNER TO %I', v.oid::regclass, pg_get_userbyid(v.relowner)) FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class AND v.relkind = 'v'
		WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1)::oid ORDER BY 1`, relation(p.from.Ident))
	if err != nil {
		return nil, fmt.Errorf("list the views of %s: %w", p.from.Ident, classify(err))
	}
	var out []string
	for _, r := range list {
		out = append(out, r[0])
	}
	if len(out) > 0 { // who has written to the table and reads a view next must not wait for us while we wait for it for long
		out = append(out, lockTimeoutSQL(laterLock))
	}
	return out, nil
}

// partnerLocks take the tables at the other ends of foreign keys before the table itself, every second time. An application that writes to them
// first, and to the table in the same transaction, would else have them whenever we have the table, and wait for that; one that writes
// the other way round has the same order as we have the other times. Whoever looks there for a key isn't kept waiting.
func (p *pair) partnerLocks(ctx context.Context) ([]string, error) {
	list, err := textRows(ctx, p.db, 1, partnersSQL, relation(p.from.Ident), relation(p.to.Ident))
	if err != nil {
		return nil, fmt.Errorf("list the tables that foreign keys tie to %s: %w", p.from.Ident, classify(err))
	}
	if len(list) == 0 || rand.IntN(2) == 0 {
		return nil, nil
	}
	var names []string
	for _, r := range list {
		names = append(names, r[0])
	}
	return []string{"LOCK TABLE " + strings.Join(names, ", ") + " IN SHARE ROW EXCLUSIVE MODE", lockTimeoutSQL(laterLock)}, nil
}

// lock keeps others from writing to the table. whole: it is to change places, with all that is tied to it.
func (p *pair) lock(ctx context.Context, whole bool) (*locked, error) {
	list := []string{lockTimeoutSQL(plans.LockBudget), "SET LOCAL idle_in_transaction_session_timeout = '5s'"}
	if whole {
		for _, locks := range []func(context.Context) ([]string, error){p.viewLocks, p.partnerLocks} {
			more, err := locks(ctx)
			if err != nil {
				return nil, err
			}
			list = append(list, more...)
		}
	}
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, classify(err)
	}
	l := &locked{p, tx}
	for _, q := range append(list, "LOCK TABLE "+relation(p.from.Ident)+" IN EXCLUSIVE MODE") {
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
func (l *locked) Swap(all context.Context, reached stream.Position) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(all), swapTime)
	defer cancel()
	err := l.swap(ctx, reached)
	if errors.Is(err, context.DeadlineExceeded) {
		err = dberr.Mark(dberr.ConnLost, fmt.Errorf("no answer within %s: %v", swapTime, err))
	}
	if err != nil {
		return err
	}
	return l.p.afterSwap(all)
}

// swapTime is how long the statements of an exchange may take, which is under locks.
const swapTime = 10 * time.Second

func (l *locked) swap(ctx context.Context, reached stream.Position) error {
	if _, err := l.tx.ExecContext(ctx, "LOCK TABLE "+relation(l.p.from.Ident)+", "+relation(l.p.to.Ident)+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		return classify(err)
	}
	if err := l.p.sameParts(ctx, l.tx); err != nil {
		return err
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
	c := carrier{ctx: ctx, tx: l.tx, from: l.p.from.Ident, to: l.p.to.Ident, columns: l.p.columns, at: l.p.at()}
	if err := c.exchange(); err != nil {
		return err
	}
	if err := l.tx.Commit(); err != nil {
		return classify(err)
	}
	return fault.Point("shadow.renamed")
}

// afterSwap is what the locks aren't needed for.
func (p *pair) afterSwap(ctx context.Context) error {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return connectError(err)
	}
	defer conn.Close()
	e := executor{conn: conn, fence: p.fence, wait: plans.LockBudget, step: "finish the exchange"}
	return e.finish(ctx, p.s, p.at(), !p.reverse)
}

// end is the end of the log that a position is of.
func (l *locked) end(ctx context.Context, of stream.Position) (stream.Position, error) {
	var lsn string
	if err := l.tx.QueryRowContext(ctx, "SELECT pg_current_wal_insert_lsn()::text").Scan(&lsn); err != nil {
		return "", classify(err)
	}
	return pgoutput.At(of, lsn)
}

// Close implements shadow.Locked.
func (l *locked) Close() error {
	if err := l.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return classify(err)
	}
	return nil
}
