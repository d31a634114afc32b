package postgres

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/pgoutput"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/stream"
)

func (p *pair) checkpoint() string { return relation(p.at().checkpoint()) }

// checkpointStatements make the table that it keeps its place in.
func checkpointStatements(at copyID) []string {
	t := relation(at.checkpoint())
	return []string{
		`CREATE TABLE IF NOT EXISTS ` + t + ` (role text COLLATE pg_catalog."C" NOT NULL, lane integer NOT NULL, log_position text COLLATE pg_catalog."C" NOT NULL, mark bigint NOT NULL, PRIMARY KEY (role, lane))`,
		`COMMENT ON TABLE ` + t + ` IS ` + literal("phasemig "+at.run+": from where the run reads the log; to remove it when the run is over: DROP TABLE"),
		`INSERT INTO ` + t + ` VALUES ('mark', 0, '', 0) ON CONFLICT DO NOTHING`,
	}
}

// logConfig says how the log is read: as the target itself is reached.
func (p *pair) logConfig() pgoutput.Config {
	c := pgoutput.Config{Conn: &p.s.config.Config}
	c.Slot, c.Publication = pgoutput.Names(p.planID, p.s.oid, p.a.N, p.reverse)
	return c
}

// ownLog is the form of the names of slots and publications that follow a table for a run, of whatever database: see pgoutput.Names.
const ownLog = `'^phasemig_[0-9a-f]{12}_[0-9]+(_[0-9]+)?(_back)?$'`

// relations are what is followed: the source, and the marks.
func (p *pair) relations(ctx context.Context) ([]pgoutput.Relation, error) {
	marks, err := p.s.Table(ctx, p.at().checkpoint())
	if err != nil {
		return nil, err
	}
	var key []string
	for _, k := range p.key {
		key = append(key, k.Name)
	}
	return []pgoutput.Relation{{Ident: p.from.Ident, Columns: p.from.Columns, Key: key}, {Ident: marks.Ident, Columns: marks.Columns, Key: []string{"role", "lane"}}}, nil
}

// Resume implements shadow.Table.
func (p *pair) Resume(ctx context.Context) (stream.Position, error) {
	rows, err := p.db.QueryContext(ctx, "SELECT log_position FROM "+p.checkpoint()+" WHERE role = $1", p.role())
	if err != nil {
		return "", classify(err)
	}
	defer rows.Close()
	var list []stream.Position
	for rows.Next() {
		var at stream.Position
		if err := rows.Scan(&at); err != nil {
			return "", classify(err)
		}
		list = append(list, at)
	}
	if err := rows.Err(); err != nil || len(list) == 0 {
		return "", classify(err)
	}
	return pgoutput.Least(list)
}

// slotBudget is how long the making of a slot waits for transactions that write.
const slotBudget = time.Minute

// Begin implements shadow.Table.
func (p *pair) Begin(ctx context.Context) error {
	at, err := p.openLog(ctx)
	if err != nil {
		return err
	}
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := stateFlavor().CheckFence(ctx, tx, p.fence); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, p.positionSQL(), p.role(), string(at)); err != nil {
		return classify(err)
	}
	late, err := p.putOff(ctx, tx)
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return classify(err)
	}
	p.setLate(late)
	return nil
}

// openLog makes slot and publication, in place of what an earlier attempt left. No transaction of
// ours can hold the lease meanwhile, as the slot would wait for it. A runner that is replaced in
// between takes the new one's slot away, which then finds its log lost: it stops, and no change is missed.
func (p *pair) openLog(ctx context.Context) (stream.Position, error) {
	if err := p.holdsLease(ctx); err != nil {
		return "", err
	}
	list, err := p.relations(ctx)
	if err != nil {
		return "", err
	}
	return pgoutput.Create(ctx, p.logConfig(), "phasemig "+p.planID+": follows the changes of "+p.from.Ident.String()+"; undo: phasemig rollback", list, slotBudget)
}

func (p *pair) holdsLease(ctx context.Context) error {
	tx, err := p.s.db.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	return stateFlavor().CheckFence(ctx, tx, p.fence)
}

// dropLog takes slot and publication of a direction away.
func (s *server) dropLog(ctx context.Context, at copyID, back bool) error {
	c := pgoutput.Config{Conn: &s.config.Config}
	c.Slot, c.Publication = pgoutput.Names(at.run, s.oid, at.n, back)
	if err := pgoutput.Drop(ctx, c); err != nil {
		return fmt.Errorf("drop slot and publication %s: %w", c.Slot, err)
	}
	return nil
}

// positionSQL begins a direction at a position.
func (p *pair) positionSQL() string {
	return "INSERT INTO " + p.checkpoint() + " VALUES ($1, 0, $2, 0) ON CONFLICT (role, lane) DO UPDATE SET log_position = excluded.log_position"
}

// Open implements shadow.Table.
func (p *pair) Open(ctx context.Context, from stream.Position) (stream.Source, error) {
	list, err := p.relations(ctx)
	if err == nil {
		err = p.sameParts(ctx, p.db)
	}
	if err != nil {
		return nil, err
	}
	s, err := pgoutput.Open(ctx, p.logConfig(), stream.Options{From: from, Follow: []schema.Ident{list[0].Ident, list[1].Ident}, Run: p.planID}, list)
	if err != nil {
		return nil, err
	}
	return &noting{Source: s, p: p}, nil
}

// Shorten implements shadow.Shortener.
func (p *pair) Shorten(ctx context.Context) { pgoutput.Shorten(ctx, p.logConfig()) }

// noting notes transactions whose rows lack values that didn't change.
type noting struct {
	stream.Source
	p      *pair
	patchy bool // the transaction that is being read
}

// Next implements stream.Source.
func (n *noting) Next(ctx context.Context) (stream.Piece, error) {
	piece, err := n.Source.Next(ctx)
	if err != nil {
		return piece, err
	}
	for _, c := range piece.Changes {
		n.patchy = n.patchy || lacks(c.After)
	}
	if piece.End && n.patchy {
		n.p.mu.Lock()
		n.p.patchy[piece.Txn.ID] = true
		n.p.mu.Unlock()
		n.patchy = false
	}
	return piece, nil
}

func lacks(r stream.Row) bool {
	for _, v := range r {
		if v.Form == stream.Unchanged {
			return true
		}
	}
	return false
}

// awaitSeen waits until every read that begins from now on sees the transactions that
// left values out: a matter of moments, as they are committed.
func (p *pair) awaitSeen(ctx context.Context) error {
	for {
		seen, err := p.Seen(ctx)
		if err != nil {
			return err
		}
		p.mu.Lock()
		maps.DeleteFunc(p.patchy, func(id string, _ bool) bool { return seen(stream.Txn{ID: id}) })
		left := len(p.patchy)
		p.mu.Unlock()
		if left == 0 {
			return nil
		}
		if err := pause.For(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

// Seen implements shadow.Table.
func (p *pair) Seen(ctx context.Context) (func(stream.Txn) bool, error) {
	var snapshot string
	if err := p.db.QueryRowContext(ctx, "SELECT pg_current_snapshot()::text").Scan(&snapshot); err != nil {
		return nil, classify(err)
	}
	return pgoutput.Seen(snapshot)
}

// Mark implements shadow.Table.
func (p *pair) Mark(ctx context.Context) (uint64, error) {
	var n uint64
	err := p.db.QueryRowContext(ctx, "UPDATE "+p.checkpoint()+" SET mark = mark + 1 WHERE role = 'mark' RETURNING mark").Scan(&n)
	if err != nil {
		return 0, classify(err)
	}
	return n, nil
}

// MarkOf implements shadow.Table.
func (p *pair) MarkOf(c stream.Change) (uint64, bool) {
	if c.Relation != 1 {
		return 0, false
	}
	if len(c.After) < 4 {
		return 0, true
	}
	text, _ := literalText(c.After[3].Text)
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, true
	}
	return n, true
}
