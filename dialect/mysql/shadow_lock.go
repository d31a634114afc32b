package mysql

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/stream"
)

// locked is the table under LOCK TABLES on one connection, which applies the last
// changes and renames. Nothing on it may begin a transaction by name: that would give the
// locks up without a word.
type locked struct {
	session
	kitchen alterKitchen
	renamer *renamer // where this session can't rename
	boards  boards
	aboard  bool // the target may have triggers and foreign keys that it must not keep without a swap
}

// Lock implements shadow.Table.
func (p *pair) Lock(ctx context.Context) (shadow.Locked, error) {
	l, err := p.lockable(ctx)
	if err != nil {
		return nil, err
	}
	if l.boards, err = p.boards(ctx); err != nil {
		l.shut()
		return nil, err
	}
	more := ""
	if !p.s.see.Can.SwapsUnderLock {
		more = quoteTable(l.awayName()) + " WRITE"
		err = l.beginTwo(ctx)
	}
	if err == nil {
		err = l.take(ctx, more)
	}
	if err != nil {
		l.shut()
		return nil, err
	}
	return l, nil
}

// lockable is a session that is to take the locks.
func (p *pair) lockable(ctx context.Context) (*locked, error) {
	l := &locked{session: session{p: p}, kitchen: alterKitchen{a: p.a, planID: p.planID}}
	return l, l.open(ctx)
}

// lock takes the locks for anything but a swap.
func (p *pair) lock(ctx context.Context, more string) (*locked, error) {
	l, err := p.lockable(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.take(ctx, more); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// shut ends both sessions.
func (l *locked) shut() {
	if l.renamer != nil {
		l.renamer.close()
	}
	l.close()
}

// take makes what may be needed before the lock, so that nothing is made under it.
func (l *locked) take(ctx context.Context, more string) error {
	if err := l.stage(ctx); err != nil {
		return err
	}
	if err := l.exec(ctx, fmt.Sprintf("SET SESSION lock_wait_timeout = %d, wait_timeout = %d", int(plans.LockBudget.Seconds()), lockedSeconds)); err != nil {
		return err
	}
	list := []string{quoteTable(l.p.from.Ident) + " WRITE", quoteTable(l.p.to.Ident) + " WRITE", l.p.checkpoint() + " WRITE", quote(stateSchema) + ".lease_epoch READ"}
	if more != "" {
		list = append(list, more)
	}
	list = append(list, l.boards.parents...)
	if err := l.exec(ctx, "LOCK TABLES "+strings.Join(list, ", ")); err != nil {
		return err
	}
	l.locked = true
	return l.checkLease(ctx)
}

// Mark implements shadow.Locked.
func (l *locked) Mark(ctx context.Context) (uint64, error) {
	if l.conn == nil {
		return 0, errUnlocked
	}
	res, err := l.conn.ExecContext(ctx, markStatement(l.p.checkpoint()))
	if err != nil {
		return 0, classify(err)
	}
	n, err := res.LastInsertId()
	if err != nil {
		return 0, err
	}
	return uint64(n), l.exec(ctx, "COMMIT")
}

// Apply implements shadow.Locked.
func (l *locked) Apply(ctx context.Context, b shadow.Batch) error {
	if l.conn == nil {
		return errUnlocked
	}
	err := l.apply(ctx, b)
	if err == nil || !l.p.Keeps() || !errors.Is(err, dberr.ConnLost) && ctx.Err() == nil {
		return err
	}
	return l.answerLost(ctx, b, err)
}

// errUnlocked: the connection is gone, and the locks with it.
var errUnlocked = dberr.Mark(dberr.LockTimeout, errors.New("the connection that held the locks was lost"))

// Swap implements shadow.Locked. Where the other direction begins to read is
// committed before the names change, and never again after: whoever finds them changed
// trusts it.
func (l *locked) Swap(ctx context.Context, other stream.Position) error {
	if l.conn == nil {
		return errUnlocked
	}
	if err := l.checkLease(ctx); err != nil {
		return err
	}
	back := l.p.turned()
	for _, q := range positionStatements(l.p.checkpoint(), back.role(), other, back.lanesFor()) {
		if err := l.exec(ctx, q); err != nil {
			return err
		}
	}
	if err := l.exec(ctx, "COMMIT"); err != nil {
		return err
	}
	if err := fault.Point("shadow.position_stored"); err != nil {
		return err
	}
	if err := l.carryCounter(ctx); err != nil {
		return err
	}
	if err := l.board(ctx); err != nil {
		return err
	}
	return l.rename(ctx)
}

// rename runs to its end whatever the caller's context: the server would finish it
// anyway.
func (l *locked) rename(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), swapTime)
	defer cancel()
	err := l.renameWithin(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = dberr.Mark(dberr.ConnLost, fmt.Errorf("no answer within %s: %v", swapTime, err))
	}
	return err
}

// swapTime is how long the statements of an exchange may take, which is under locks.
const swapTime = 10 * time.Second

func (l *locked) renameWithin(ctx context.Context) error {
	k := l.kitchen
	q, aside, what := k.swap()[0], k.a.Old, oldOne
	if l.p.reverse {
		q, aside, what = k.swapBack()[0], k.a.New, shadowReady
	}
	if err := l.renameBy(ctx, q, aside); err != nil {
		return err
	}
	w := worker{s: l.p.s, conn: l.conn, table: k.a.Table, fence: l.p.fence}
	return w.markAside(ctx, k, aside, what)
}

func (l *locked) renameBy(ctx context.Context, q, aside string) error {
	if l.renamer != nil {
		if err := l.renameByOther(ctx, q); err != nil {
			return err
		}
		l.aboard = false
		return fault.Point("shadow.renamed")
	}
	if err := l.exec(ctx, q); err != nil {
		return err
	}
	l.aboard = false
	if err := fault.Point("shadow.renamed"); err != nil {
		return err
	}
	if err := l.dropKeysOf(ctx, aside); err != nil {
		return err
	}
	l.locked = false
	return l.exec(ctx, "UNLOCK TABLES")
}

var counter = regexp.MustCompile(` AUTO_INCREMENT=(\d+)`)

// carryCounter lets the target number its rows on from where the source is: a number
// that was given and deleted must not be given again.
func (l *locked) carryCounter(ctx context.Context) error {
	from, err := l.counterOf(ctx, l.p.from.Ident)
	if err != nil || from == 0 {
		return err
	}
	to, err := l.counterOf(ctx, l.p.to.Ident)
	if err != nil || to >= from || to == 0 && !numbered(l.p.to) {
		return err
	}
	return l.exec(ctx, l.kitchen.mine(fmt.Sprintf("ALTER TABLE %s AUTO_INCREMENT = %d", quoteTable(l.p.to.Ident), from)))
}

func numbered(t *schema.Table) bool {
	for _, c := range t.Columns {
		if c.Identity != "" {
			return true
		}
	}
	return false
}

// counterOf reads the next number off SHOW CREATE TABLE: information_schema may be a
// day behind.
func (l *locked) counterOf(ctx context.Context, id schema.Ident) (uint64, error) {
	var n, text string
	if err := l.conn.QueryRowContext(ctx, "SHOW CREATE TABLE "+quoteTable(id)).Scan(&n, &text); err != nil {
		return 0, classify(err)
	}
	m := counter.FindStringSubmatch(text)
	if m == nil {
		return 0, nil
	}
	return strconv.ParseUint(m[1], 10, 64)
}

// Close implements shadow.Locked. The locks end with the connection; while its end
// isn't sure nobody may take them for given back.
func (l *locked) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	id := l.id
	if l.conn == nil {
		l.shut()
		return nil
	}
	err := l.exec(ctx, "ROLLBACK")
	if err == nil {
		err = l.unboard(ctx)
	}
	if err == nil {
		err = l.exec(ctx, "UNLOCK TABLES")
	}
	l.shut()
	if err != nil && errors.Is(err, dberr.ConnLost) {
		return l.p.s.awaitEnd(ctx, id)
	}
	return nil
}

// awaitEnd waits until a session is gone from the server, and ends it after a while:
// what was sent on a connection that is lost may still be done.
func (s *server) awaitEnd(ctx context.Context, session string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for n := 0; ; n++ {
		alive, err := s.SessionAlive(ctx, session)
		if err == nil && !alive {
			return nil
		}
		if ctx.Err() != nil {
			return dberr.Mark(dberr.ConnLost, fmt.Errorf("session %s was lost and its end is not known", session))
		}
		if n == 20 && err == nil {
			_, _ = s.db.ExecContext(ctx, "KILL "+session) // our own session
		}
		_ = pause.For(ctx, 50*time.Millisecond) // whether ctx has ended is looked at above
	}
}

// Conflict implements shadow.Table: it groups the source's rows by the index's
// columns as the target would store them.
func (p *pair) Conflict(ctx context.Context, d *shadow.DuplicateError) (*shadow.ConflictError, bool, error) {
	var index schema.Index
	for _, x := range p.to.Indexes {
		if strings.EqualFold(x.Name, d.Index) {
			index = x
		}
	}
	if index.Name == "" {
		return nil, false, fmt.Errorf("the table has no unique key %q", d.Index)
	}
	var group, present []string
	for _, part := range index.Columns {
		expr, ok := p.asTarget(part)
		if !ok {
			return nil, false, nil
		}
		group = append(group, expr)
		present = append(present, expr+" IS NOT NULL")
	}
	keyText := keyText(p.key, "")
	q := fmt.Sprintf("SELECT MIN(%s), MAX(%s) FROM %s WHERE %s GROUP BY %s HAVING COUNT(*) > 1 LIMIT 1",
		keyText, keyText, quoteTable(p.from.Ident), strings.Join(present, " AND "), strings.Join(group, ", "))
	list, err := p.copy.QueryContext(ctx, q)
	if err != nil {
		return nil, false, classify(err)
	}
	defer list.Close()
	if !list.Next() {
		return nil, false, classify(list.Err())
	}
	var a, b string
	if err := list.Scan(&a, &b); err != nil {
		return nil, false, classify(err)
	}
	return &shadow.ConflictError{Table: p.from.Ident.String(), Index: index.Name, Keys: []string{p.Readable(a), p.Readable(b)}, Back: p.reverse}, true, nil
}

// asTarget writes a key part of the target over the source's columns, with the
// target's type and collation.
func (p *pair) asTarget(part schema.IndexColumn) (string, bool) {
	for _, c := range p.columns {
		if !strings.EqualFold(c.To, part.Name) {
			continue
		}
		from, _ := anyCase(p.from, c.From)
		to, _ := anyCase(p.to, c.To)
		expr := quote(from.Name)
		if to.Class == schema.Text {
			if part.Prefix > 0 {
				expr = fmt.Sprintf("LEFT(%s, %d)", expr, part.Prefix)
			}
			return fmt.Sprintf("CONVERT(%s USING %s) COLLATE %s", expr, to.Charset, to.Collation), true
		}
		if sameDefinition(from, to) {
			return expr, true
		}
		return assigned(expr, to), true
	}
	return "", false
}
