package pgoutput

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pglogrepl"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/stream"
)

// pulse tells the server at every heartbeat how far reading is, and asks it for a sign of
// life; and looks, through a connection of its own, whether the log is still what is to be
// read. It goes on while nobody calls Next, which is when a slot holds back most.
type pulse struct {
	config    Config
	progress  *progress
	relations []*followed

	checking sync.Mutex // guards side
	side     *session

	mu    sync.Mutex
	conn  *session
	timer *time.Timer
	over  bool
	err   error
	beat  sync.WaitGroup
}

func newPulse(c Config, p *progress, side *session) *pulse {
	return &pulse{config: c, progress: p, side: side}
}

// start begins to beat for a connection that is being read.
func (p *pulse) start(conn *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn = conn
	p.again()
}

// again winds the timer up, with the mutex held.
func (p *pulse) again() {
	p.beat.Add(1)
	p.timer = time.AfterFunc(p.config.Heartbeat, p.once)
}

func (p *pulse) once() {
	defer p.beat.Done()
	ctx, cancel := context.WithTimeout(context.Background(), p.config.patience())
	defer cancel()
	err := p.tell(true)
	if err == nil {
		err = p.checkNow(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	if err != nil {
		// Reading ends at once: a server that shuts down waits for those who read its log.
		p.err, p.over = err, true
		_ = p.conn.Conn().Close()
		return
	}
	p.again()
}

// tell sends the server how far reading is. Write and flush are the same: a server that
// thinks that more has arrived says less.
func (p *pulse) tell(reply bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return nil
	}
	at := p.progress.flushed()
	err := pglogrepl.SendStandbyStatusUpdate(context.Background(), p.conn.PgConn, pglogrepl.StandbyStatusUpdate{
		WALWritePosition: at, WALFlushPosition: at, WALApplyPosition: at, ReplyRequested: reply})
	if err != nil {
		return dberr.Mark(dberr.ConnLost, fmt.Errorf("tell the server how far its log is read: %w", err))
	}
	return nil
}

// found is what a beat found to be wrong.
func (p *pulse) found() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *pulse) checkNow(ctx context.Context) error {
	p.checking.Lock()
	defer p.checking.Unlock()
	return p.check(ctx)
}

// check looks at slot, publication and relations, with the mutex held.
func (p *pulse) check(ctx context.Context) error {
	slot, err := slotOf(ctx, p.side, p.config.Slot)
	if err != nil {
		return fmt.Errorf("look at slot %s: %w", p.config.Slot, err)
	}
	if err := slot.lost(p.config.Slot); err != nil {
		return err
	}
	if slot.behind > p.config.Budget {
		return p.giveUp(ctx, slot.behind)
	}
	for _, f := range p.relations {
		if err := published(ctx, p.side, f, p.config.Publication); err != nil {
			return err
		}
	}
	return nil
}

// giveUp drops the slot, so that the server's disk doesn't fill up.
func (p *pulse) giveUp(ctx context.Context, behind int64) error {
	err := fmt.Errorf("%w: slot %s held back %s of the log, more than its budget of %s, and was dropped", stream.ErrLost, p.config.Slot, megabytes(behind), megabytes(p.config.Budget))
	p.mu.Lock()
	p.err = dberr.WithHint(err, overBudget) // before the drop ends the session that reads: its end would be told as a lost connection
	p.mu.Unlock()
	if failed := dropSlot(ctx, p.side, p.config.Slot); failed != nil {
		err = fmt.Errorf("%w: slot %s holds back %s of the log, more than its budget of %s, and can't be dropped: %w", stream.ErrLost, p.config.Slot, megabytes(behind), megabytes(p.config.Budget), failed)
	}
	return dberr.WithHint(err, overBudget)
}

const overBudget = "abort the run and start it anew when fewer changes are made, no transaction stays open for long, and the disk has room"

func megabytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// stop tells the server once more how far reading is, ends the beats and waits for the one under way.
func (p *pulse) stop() {
	p.mu.Lock()
	reading := p.conn != nil
	p.mu.Unlock()
	if reading {
		_ = p.tell(false) // the log is let go of later where this doesn't arrive
	}
	p.mu.Lock()
	p.over = true
	if p.timer != nil && p.timer.Stop() {
		p.beat.Done()
	}
	p.mu.Unlock()
	_ = p.side.Conn().SetDeadline(time.Now().Add(time.Second)) // ends a check that waits
	p.beat.Wait()
	p.side.hangUp()
}

// publishedSQL tells how a relation is published, a partition with its table; no row: not at all.
const publishedSQL = `SELECT c.relname, n.nspname, c.relpersistence, p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND NOT p.pubviaroot, r.prqual IS NOT NULL, r.prattrs IS NOT NULL
	FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid JOIN pg_class c ON c.oid = $2::oid JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE p.pubname = $1 AND r.prrelid = coalesce(nullif($3::oid, 0), c.oid) AND ($3::oid = 0 OR c.oid IN (SELECT t.relid FROM pg_partition_tree($3::oid) AS t))`

// published looks for what would keep a relation's changes out of the log.
func published(ctx context.Context, s *session, f *followed, publication string) error {
	row, err := s.row(ctx, publishedSQL, publication, fmt.Sprint(f.oid), fmt.Sprint(f.root))
	switch {
	case err != nil:
		return fmt.Errorf("look at publication %s: %w", publication, err)
	case row == nil:
		return stop(f.Ident, "somebody dropped the table, or took it out of publication %s: changes are missing from the log", publication)
	case row[0] != f.Name || row[1] != f.Schema:
		return stop(f.Ident, "somebody renamed the table: it is %s.%s", row[1], row[0])
	case strings.Join(row[2:], " ") != "p t f f":
		return stop(f.Ident, "somebody changed publication %s, or how the table is logged: changes are missing from the log", publication)
	}
	return nil
}
