package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/phasemig/phasemig/binlog"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/stream"
)

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
	if err := pause.For(ctx, 50*time.Millisecond); err != nil {
		return err
	}
	first, err := p.prepared(ctx)
	if err != nil {
		return err
	}
	for limit := time.Now().Add(preparedBudget); len(first) > 0; {
		if err := pause.For(ctx, 50*time.Millisecond); err != nil {
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
	return pause.For(ctx, commitTime)
}

// commitTime is how long the COMMIT of a branch may take.
const commitTime = 300 * time.Millisecond

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
	mark := checkpointTable(p.planID, p.a.N)
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
