package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Where a session can't rename the tables that it has locked, a second session waits
// with the RENAME, and an empty table of the old table's name, the sentry, makes every
// RENAME fail until the first session has taken it away:
//
//   - The sentry stands before the lock is taken and, but for this very moment, for as
//     long as there is a shadow. A RENAME that comes late, from a runner that slept while another
//     one took over, finds it, or the old table itself.
//   - The holder of the lock takes it away only when everything is applied, and the other
//     session is seen to wait for the table. The table comes first in the server's order of
//     locks (see names), and an exclusive lock that waits goes before every other: from
//     there on nobody can write before the RENAME, whichever session or process dies.
//   - The session of the RENAME holds a named lock of the run from before the table is locked
//     until it ends. A later cut-over ends that session first, so two can't meet.

// sentry is what the comment of the empty table says.
const sentry = "keeps a name taken until the tables may change places"

// renamer is the session that waits with the RENAME.
type renamer struct {
	s    *server
	conn *sql.Conn
	id   string
}

func renameLock(planID string) any { return stateLockKey("rename\x00" + planID) }

// openRenamer opens the session, once no other one of this run is left.
func (p *pair) openRenamer(ctx context.Context) (*renamer, error) {
	conn, err := p.copy.Conn(ctx)
	if err != nil {
		return nil, classify(err)
	}
	r := &renamer{s: p.s, conn: conn}
	if err := r.prepare(ctx, renameLock(p.planID)); err != nil {
		r.close()
		return nil, fmt.Errorf("open the session that renames: %w", err)
	}
	return r, nil
}

func (r *renamer) prepare(ctx context.Context, lock any) error {
	if err := r.conn.QueryRowContext(ctx, "SELECT CONNECTION_ID() + 0").Scan(&r.id); err != nil {
		return classify(err)
	}
	if _, err := r.conn.ExecContext(ctx, fmt.Sprintf("SET SESSION lock_wait_timeout = %d", int(plans.LockBudget.Seconds()))); err != nil {
		return classify(err)
	}
	for try := 0; ; try++ {
		var got sql.NullInt64
		if err := r.conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 1)", lock).Scan(&got); err != nil {
			return classify(err)
		}
		if got.Int64 == 1 {
			return nil
		}
		if try == 10 {
			return dberr.Mark(dberr.LockTimeout, errors.New("the session of an earlier runner that waits with its RENAME does not end"))
		}
		if err := r.evict(ctx, lock); err != nil {
			return err
		}
	}
}

// evict ends the session of an earlier runner: it holds a lock that only this run's
// sessions take.
func (r *renamer) evict(ctx context.Context, lock any) error {
	var id sql.NullInt64
	if err := r.conn.QueryRowContext(ctx, "SELECT IS_USED_LOCK(?)", lock).Scan(&id); err != nil || !id.Valid {
		return classify(err)
	}
	_, err := r.conn.ExecContext(ctx, fmt.Sprintf("KILL CONNECTION %d", id.Int64))
	if is(err, 1094) { // it went by itself
		return nil
	}
	return classify(err)
}

func (r *renamer) close() { discard(r.conn) }

// beginTwo opens the second session and makes the sentry. A runner whose lease is gone
// must not end the session of the one that has it.
func (l *locked) beginTwo(ctx context.Context) error {
	if err := l.checkLease(ctx); err != nil {
		return err
	}
	if err := l.exec(ctx, "COMMIT"); err != nil {
		return err
	}
	var err error
	if l.renamer, err = l.p.openRenamer(ctx); err != nil {
		return err
	}
	return l.postSentry(ctx)
}

// postSentry makes the sentry under the name that the RENAME is to give away.
func (l *locked) postSentry(ctx context.Context) error {
	id := l.awayName()
	err := l.exec(ctx, fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (pm_sentry TINYINT) ENGINE=InnoDB COMMENT = %s", quoteTable(id), quoteText(marked("", sentry, l.p.planID))))
	if err != nil {
		return fmt.Errorf("make the sentry %s: %w", id, err)
	}
	comment, err := tableComment(ctx, l.conn, id)
	if err != nil {
		return err
	}
	if !l.kitchen.isMarked(&relation{comment: comment}, sentry) {
		return dberr.Mark(dberr.LockTimeout, fmt.Errorf("table %s is there already: the tables have changed places, or somebody made it", id))
	}
	return nil
}

// awayName is the name that the table in use gets.
func (l *locked) awayName() schema.Ident {
	if l.p.reverse {
		return l.kitchen.aside(l.p.a.New)
	}
	return l.kitchen.aside(l.p.a.Old)
}

func tableComment(ctx context.Context, q querier, id schema.Ident) (string, error) {
	var out string
	err := q.QueryRowContext(ctx, "SELECT table_comment FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", id.Schema, id.Name).Scan(&out)
	return out, classify(err)
}

// renameByOther sends the RENAME on the other session, waits until it waits for the
// table, and lets it go. It returns when that session has its answer.
func (l *locked) renameByOther(ctx context.Context, q string) error {
	r := l.renamer
	send, hangUp := context.WithCancel(ctx)
	defer hangUp()
	g, waiting := errgroup.WithContext(ctx)
	g.Go(func() error {
		_, err := r.conn.ExecContext(send, q)
		if err = classify(err); err == nil {
			return errRenamed
		}
		return err
	})
	if err := l.letGo(ctx, waiting); err != nil {
		// The sentry stands, so the RENAME fails when it gets the table; its session
		// must be over before anybody looks at the names.
		hangUp()
		rerr := g.Wait()
		r.close()
		if werr := l.p.s.awaitEnd(ctx, r.id); werr != nil {
			return werr
		}
		if number(rerr) != 0 {
			return rerr // what the server said against the RENAME is why
		}
		return err
	}
	err := g.Wait()
	if errors.Is(err, dberr.ConnLost) {
		if werr := l.p.s.awaitEnd(ctx, r.id); werr != nil {
			return werr
		}
	}
	if errors.Is(err, errRenamed) {
		return nil
	}
	return err
}

// errRenamed ends the wait for a session that isn't going to wait any more.
var errRenamed = errors.New("renamed")

// letGo takes the sentry away and gives the lock back. waiting is over when the other
// session has its answer, which with the sentry in its way can only be an error.
func (l *locked) letGo(ctx, waiting context.Context) error {
	if err := l.seeWaiting(waiting); err != nil {
		return err
	}
	if err := fault.Point("shadow.rename_waits"); err != nil {
		return err
	}
	if err := l.exec(ctx, "DROP TABLE "+quoteTable(l.awayName())); err != nil {
		return fmt.Errorf("take the sentry away: %w", err)
	}
	if err := fault.Point("shadow.sentry_gone"); err != nil {
		return err
	}
	l.locked = false
	return l.exec(ctx, "UNLOCK TABLES")
}

// seeWaiting looks until the other session waits for a table. It is asked on the
// connection that holds the locks, so that the answer means that they are held.
func (l *locked) seeWaiting(ctx context.Context) error {
	t := time.NewTicker(time.Millisecond)
	defer t.Stop()
	for {
		list, err := records(ctx, l.conn, "SHOW PROCESSLIST")
		if err != nil {
			return fmt.Errorf("look whether the session that renames waits: %w", err)
		}
		for _, r := range list {
			if r["id"] == l.renamer.id && strings.EqualFold(r["state"], "Waiting for table metadata lock") {
				return nil
			}
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return dberr.Mark(dberr.LockTimeout, fmt.Errorf("the session that renames was not seen to wait for the table: %w", context.Cause(ctx)))
		}
	}
}

// dropSentry takes a sentry away that isn't needed any more, because the shadow is gone
// or the old table is. A table of the name that isn't marked as one stays.
func (w *worker) dropSentry(ctx context.Context, k alterKitchen, name string) error {
	comment, err := tableComment(ctx, w.conn, k.aside(name))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a sentry: %w", err)
	}
	if !k.isMarked(&relation{comment: comment}, sentry) {
		return nil
	}
	if err := w.exec(ctx, k.dropTable(name)); err != nil && !errors.Is(err, dberr.NotThere) {
		return fmt.Errorf("take the sentry away: %w", err)
	}
	return nil
}
