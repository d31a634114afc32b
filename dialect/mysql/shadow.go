package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/phasemig/phasemig/binlog"
	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/stream"
)

// pair is a table and its shadow on this server: see package shadow. In reverse the
// table in its new shape is the source and the old table the target.
type pair struct {
	s       *server
	a       *plans.Alter
	planID  string
	fence   state.Fence
	reverse bool

	from, to *schema.Table
	key      []plans.KeyPart // of the source
	keyTo    []plans.KeyPart // the same columns in the target
	keyIndex string
	columns  []plans.Copied
	lanes    int
	copy     *sql.DB    // sessions that copy, compare and ask
	sessions []*session // one a lane
	mu       sync.Mutex
	copiers  []*session // not at work
	// Of a key that is one whole number: its least and its most value, and about how far
	// one row is from the next.
	least, most, step *big.Int
}

// role is under which name the checkpoint table keeps this direction's positions.
func (p *pair) role() string {
	if p.reverse {
		return "reverse"
	}
	return "forward"
}

func (p *pair) checkpoint() string { return quoteTable(checkpointTable(p.planID)) }

// Lanes of a table whose rows don't depend on each other. More would only wait for
// each other in the server's log.
const freeLanes = 2

// shadow opens a pair. Which tables they are the names tell: once the tables have
// changed places the table itself has the new shape.
func (s *server) shadow(ctx context.Context, w dialect.ShadowWork) (dialect.Shadow, error) {
	a := &w.Plan.Alters[w.Alter]
	p := &pair{s: s, a: a, planID: w.Plan.ID, fence: w.Fence, reverse: w.Reverse, lanes: freeLanes}
	other, unique := a.New, a.Unique
	p.key, p.keyTo, p.columns = a.Key, a.KeyTo, a.Columns
	if p.reverse {
		other, unique = a.Old, a.UniqueOld
		p.key, p.keyTo, p.columns = a.KeyTo, a.Key, turned(a.Columns)
	}
	if len(unique) > 0 {
		p.lanes = 1
	}
	var err error
	if p.from, err = s.Table(ctx, a.Table); err == nil {
		p.to, err = s.Table(ctx, schema.Ident{Schema: a.Table.Schema, Name: other})
	}
	if err != nil {
		return nil, fmt.Errorf("read the tables of the copy: %w", err)
	}
	if p.keyIndex, err = walkIndex(p.from, p.key); err != nil {
		return nil, err
	}
	if p.copy, err = s.pool(copySession); err != nil {
		return nil, err
	}
	n := max(w.Workers, 1) + 4
	p.copy.SetMaxOpenConns(n)
	p.copy.SetMaxIdleConns(n)
	if err = p.quiet(ctx); err == nil {
		err = p.orphans(ctx)
	}
	if err != nil {
		_ = p.copy.Close()
		return nil, err
	}
	for range p.lanes {
		p.sessions = append(p.sessions, &session{p: p})
	}
	return p, nil
}

// copySession: values that the table holds are copied as they are, zero dates and an
// AUTO_INCREMENT of 0 among them; a value that doesn't fit is an error, never cut.
// Foreign keys are not checked for each chunk: that would lock the parents' rows.
var copySession = []string{"SET SESSION sql_mode = '" + sqlMode + ",NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0, innodb_lock_wait_timeout = 1"}

func turned(list []plans.Copied) []plans.Copied {
	out := make([]plans.Copied, len(list))
	for i, c := range list {
		out[i] = plans.Copied{From: c.To, To: c.From}
	}
	return out
}

// walkIndex is the index of the key, in its order.
func walkIndex(t *schema.Table, key []plans.KeyPart) (string, error) {
	for _, x := range t.Indexes {
		if ledBy(x, key) && x.Method != "fulltext" && x.Method != "spatial" {
			return x.Name, nil
		}
	}
	return "", fmt.Errorf("table %s has no index on %s any more", t.Ident, keyNames(key))
}

func keyNames(key []plans.KeyPart) string {
	var out []string
	for _, k := range key {
		out = append(out, k.Name)
	}
	return strings.Join(out, ", ")
}

// Close implements dialect.Shadow.
func (p *pair) Close() error {
	for _, s := range append(p.sessions, p.copiers...) {
		s.close()
	}
	return p.copy.Close()
}

// Lanes implements shadow.Table.
func (p *pair) Lanes() int { return p.lanes }

// Rows implements dialect.Shadow.
func (p *pair) Rows(ctx context.Context) (int64, error) {
	var n sql.NullInt64
	err := p.copy.QueryRowContext(ctx, "SELECT table_rows FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", p.from.Schema, p.from.Name).Scan(&n)
	return n.Int64, classify(err)
}

func (p *pair) source() string {
	return fmt.Sprintf("%s FORCE INDEX (%s)", quoteTable(p.from.Ident), quote(p.keyIndex))
}

func (p *pair) target() string {
	index, _ := walkIndex(p.to, p.keyTo)
	return fmt.Sprintf("%s FORCE INDEX (%s)", quoteTable(p.to.Ident), quote(index))
}

// About implements dialect.Shadow. Where the key is one whole number it is reckoned
// from how densely the rows lie, which costs no walk over them; a chunk ends after so many rows
// whatever the segment holds.
func (p *pair) About(ctx context.Context, low string, n int) (string, error) {
	if len(p.key) != 1 || integers[baseType(p.key[0].Type)] == 0 || unsigned(p.key[0].Type) && integers[baseType(p.key[0].Type)] == 5 || p.key[0].Descending {
		return p.Boundary(ctx, low, "", n)
	}
	if p.most == nil {
		if err := p.spread(ctx); err != nil {
			return "", err
		}
	}
	from := p.least
	if low != "" {
		texts, err := decodeKey(p.key, low)
		if err != nil {
			return "", err
		}
		if _, ok := from.SetString(texts[0], 10); !ok {
			return "", fmt.Errorf("key %s is no number", low)
		}
	}
	high := new(big.Int).Add(from, new(big.Int).Mul(p.step, big.NewInt(int64(n))))
	if high.Cmp(p.most) >= 0 {
		return "", nil
	}
	return encodeKey([]string{high.String()}), nil
}

// spread learns between which numbers the rows lie, and how far one is from the next.
func (p *pair) spread(ctx context.Context) error {
	var least, most sql.NullString
	k := quote(p.key[0].Name)
	if err := p.copy.QueryRowContext(ctx, "SELECT MIN("+k+"), MAX("+k+") FROM "+quoteTable(p.from.Ident)).Scan(&least, &most); err != nil {
		return classify(err)
	}
	rows, err := p.Rows(ctx)
	if err != nil {
		return err
	}
	p.least, p.most = new(big.Int), new(big.Int)
	p.least.SetString(least.String, 10)
	p.most.SetString(most.String, 10)
	p.step = new(big.Int).Sub(p.most, p.least)
	p.step.Div(p.step, big.NewInt(max(rows, 1)))
	p.step.Add(p.step, big.NewInt(1))
	return nil
}

// Boundary implements dialect.Shadow.
func (p *pair) Boundary(ctx context.Context, low, high string, n int) (string, error) {
	where, err := between(p.key, low, high)
	if err != nil {
		return "", err
	}
	list, err := keyList(ctx, p.copy, p.key, fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET %d", keyTexts(p.key), p.source(), where, orderBy(p.key), max(n, 1)-1))
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}

// keyTexts writes the key's columns as texts.
func keyTexts(key []plans.KeyPart) string {
	var out []string
	for _, k := range key {
		out = append(out, keyForm(k).text(quote(k.Name)))
	}
	return strings.Join(out, ", ")
}

// keyList runs a query for keys.
func keyList(ctx context.Context, q querier, key []plans.KeyPart, query string) ([]string, error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	parts := make([]string, len(key))
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

// copyStatement copies the first n rows of a range in the key's order; 0: all.
func (p *pair) copyStatement(where string, n int) string {
	var from []string
	for _, c := range p.columns {
		from = append(from, quote(c.From))
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
	if _, err := drain(ctx, l.Mark, l.Apply); err != nil {
		return shadow.Copied{}, err
	}
	return l.copyChunk(ctx, seg, n)
}

// Resume implements shadow.Table.
func (p *pair) Resume(ctx context.Context) (stream.Position, error) {
	list, err := records(ctx, p.copy, "SELECT log_position FROM "+p.checkpoint()+" WHERE role = ? AND lane >= 0", p.role())
	if err != nil || len(list) == 0 {
		return "", err
	}
	var all []stream.Position
	for _, r := range list {
		all = append(all, stream.Position(r["log_position"]))
	}
	return binlog.Least(all)
}

// Begin implements shadow.Table. The set of executed transactions is a prefix of the
// log where commits are visible in its order, which the preflight asks for; elsewhere the
// log's end before any chunk is read, once everything before it is visible.
func (p *pair) Begin(ctx context.Context) error {
	at, err := p.s.Position(ctx)
	if err != nil {
		return err
	}
	if at == "" {
		return &plans.RefusedError{What: "copy " + p.from.Ident.String(), Reason: "the server keeps no binary log", Hint: "start it with log_bin, binlog_format = ROW and binlog_row_image = FULL"}
	}
	if err := p.noPrepared(ctx); err != nil {
		return err
	}
	// Behind a transaction of our own stands, in the log's order, everything that was
	// visible before it.
	if _, err := p.copy.ExecContext(ctx, "INSERT INTO "+p.checkpoint()+" VALUES ('mark', 0, '', 0) ON DUPLICATE KEY UPDATE mark = mark + 1"); err != nil {
		return classify(err)
	}
	settled, err := p.s.Position(ctx)
	if err != nil {
		return err
	}
	// What ended before any chunk is read is no loss. It is read all the same, for the
	// branches that are still open.
	return p.setPositions(ctx, p.role(), binlog.Place(stream.Position(at), stream.Position(settled)), p.lanes)
}

// setPositions begins a direction anew.
func (p *pair) setPositions(ctx context.Context, role string, at stream.Position, lanes int) error {
	tx, err := p.copy.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := stateFlavor().CheckFence(ctx, tx, p.fence); err != nil {
		return err
	}
	for _, q := range positionStatements(p.checkpoint(), role, at, lanes) {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return classify(err)
		}
	}
	return classify(tx.Commit())
}

func positionStatements(table, role string, at stream.Position, lanes int) []string {
	out := []string{fmt.Sprintf("DELETE FROM %s WHERE role = %s", table, quoteText(role)),
		fmt.Sprintf("INSERT INTO %s VALUES ('mark', 0, '', 0) ON DUPLICATE KEY UPDATE mark = mark", table)}
	for n := range lanes {
		out = append(out, fmt.Sprintf("INSERT INTO %s VALUES (%s, %d, %s, 0)", table, quoteText(role), n, quoteText(string(at))))
	}
	return out
}

// noPrepared waits until every branch is ended that may have been prepared before the
// log is read: its rows would never be seen. Those that come later are in the log from their
// beginning, so an application that never stops preparing doesn't keep the copy from beginning.
func (p *pair) noPrepared(ctx context.Context) error {
	used, err := records(ctx, p.copy, "SHOW GLOBAL STATUS LIKE 'Com_xa_start'")
	if err == nil && len(used) == 1 && used[0]["value"] == "0" {
		used, err = records(ctx, p.copy, "XA RECOVER") // of an earlier life of the server
		if err == nil && len(used) == 0 {
			return nil
		}
	}
	// A moment, for one whose PREPARE is in the log and who isn't listed yet.
	if err := wait(ctx, 50*time.Millisecond); err != nil {
		return err
	}
	first, err := p.prepared(ctx)
	if err != nil {
		return err
	}
	for limit := time.Now().Add(preparedBudget); len(first) > 0; {
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			return err
		}
		now, err := p.prepared(ctx)
		if err != nil {
			return err
		}
		first = slices.DeleteFunc(first, func(x string) bool { return !slices.Contains(now, x) })
		if len(first) > 0 && time.Now().After(limit) {
			return dberr.Mark(dberr.LockTimeout, dberr.WithHint(fmt.Errorf("a prepared transaction is open, whose rows the log won't show: %s", first[0]), "commit or roll it back (XA RECOVER lists it), then call again"))
		}
	}
	// A branch isn't listed any more from when its COMMIT begins; it counts when that has
	// ended. One that takes longer than this stops the reading.
	return wait(ctx, commitTime)
}

// commitTime is how long the COMMIT of a branch may take.
const commitTime = 300 * time.Millisecond

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// preparedBudget is how long a branch is waited for: one that a transaction manager
// is at work on is ended by then.
const preparedBudget = 5 * time.Second

// prepared lists the branches that are open on the server. Without the right to look
// there is the log: a COMMIT without rows stops the reading.
func (p *pair) prepared(ctx context.Context) ([]string, error) {
	list, err := branches(ctx, p.copy)
	if err != nil && !errors.Is(err, dberr.Denied) {
		return nil, fmt.Errorf("look for prepared transactions: %w", err)
	}
	var out []string
	for _, r := range list {
		out = append(out, "XID "+xid(r))
	}
	return out, nil
}

// Open implements shadow.Table.
func (p *pair) Open(ctx context.Context, from stream.Position) (stream.Source, error) {
	mark := checkpointTable(p.planID)
	marks, err := p.s.Table(ctx, mark)
	if err != nil {
		return nil, err
	}
	o := stream.Options{From: from, Follow: []schema.Ident{p.from.Ident, mark}, Run: p.planID}
	return binlog.Open(ctx, p.s.logConfig(), o, []binlog.Relation{relationOf(p.from), relationOf(marks)})
}

func relationOf(t *schema.Table) binlog.Relation {
	r := binlog.Relation{Ident: t.Ident, Columns: t.Columns}
	for _, g := range t.Triggers {
		r.Triggers = append(r.Triggers, g.Name)
	}
	return r
}

// Mark implements shadow.Table.
func (p *pair) Mark(ctx context.Context) (uint64, error) {
	res, err := p.copy.ExecContext(ctx, markStatement(p.checkpoint()))
	if err != nil {
		return 0, classify(err)
	}
	n, err := res.LastInsertId()
	return uint64(n), err
}

func markStatement(table string) string {
	return "UPDATE " + table + " SET mark = LAST_INSERT_ID(mark + 1) WHERE role = 'mark'"
}

// MarkOf implements shadow.Table.
func (p *pair) MarkOf(c stream.Change) (uint64, bool) {
	if c.Relation != 1 {
		return 0, false
	}
	if len(c.After) < 4 {
		return 0, true
	}
	var n uint64
	for _, b := range c.After[3].Text {
		if b < '0' || b > '9' {
			return 0, true
		}
		n = n*10 + uint64(b-'0')
	}
	return n, true
}

// Seen implements shadow.Table.
func (p *pair) Seen(ctx context.Context) (func(stream.Txn) bool, error) {
	if mariadb(p.s.see) {
		return nil, nil
	}
	var mode, set string
	if err := p.copy.QueryRowContext(ctx, "SELECT @@global.gtid_mode, @@global.gtid_executed").Scan(&mode, &set); err != nil {
		return nil, classify(err)
	}
	if mode != "ON" {
		return nil, nil
	}
	return binlog.Executed(set)
}

// Prepared implements shadow.Branches.
func (p *pair) Prepared(ctx context.Context) ([]string, error) {
	list, err := branches(ctx, p.copy)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range list {
		gtrid, bqual := branchBytes(r)
		out = append(out, binlog.Branch(uint32(r.int("formatid")), gtrid, bqual))
	}
	return out, nil
}

// logConfig says how the log is read: as the target itself is reached.
func (s *server) logConfig() binlog.Config {
	c := binlog.Config{Addr: s.config.Addr, User: s.config.User, Password: s.config.Passwd, TLS: s.config.TLS, MariaDB: mariadb(s.see)}
	c.FoldNames = s.see.Modes != "lower_case_table_names=0"
	return c
}
