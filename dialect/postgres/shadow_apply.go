package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/stream"
)

// session copies chunks or applies batches through one connection of its own, whose writes carry an origin. To apply it has temporary
// tables of the source's types: the server converts changes as it converts copied rows.
type session struct {
	p      *pair
	conn   *sql.Conn
	pid    string
	free   func() // its origin
	staged bool   // the temporary tables are there
}

// The temporary tables: keys, and rows. A row's gaps are the columns, by their number, that
// the log left out.
const (
	stageKeys = "pg_temp.pm_keys"
	stageRows = "pg_temp.pm_rows"
)

func keyColumn(n int) string { return fmt.Sprintf("k%d", n) }
func rowColumn(n int) string { return fmt.Sprintf("c%d", n) }

func (s *session) open(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	conn, err := s.p.db.Conn(ctx)
	if err != nil {
		return connectError(err)
	}
	s.conn = conn
	if err := conn.QueryRowContext(ctx, "SELECT pg_backend_pid()::text").Scan(&s.pid); err != nil {
		s.close()
		return classify(err)
	}
	s.free = s.p.origins.mark(ctx, conn)
	return nil
}

// stage opens the session with its temporary tables.
func (s *session) stage(ctx context.Context) error {
	if err := s.open(ctx); err != nil || s.staged {
		return err
	}
	for _, q := range s.p.stageStatements() {
		if _, err := s.conn.ExecContext(ctx, q, pgx.QueryExecModeSimpleProtocol); err != nil {
			s.close()
			return fmt.Errorf("make temporary tables: %w", classify(err))
		}
	}
	s.staged = true
	return nil
}

// close throws the connection away, and the temporary tables with it.
func (s *session) close() {
	if s.free != nil {
		s.free()
	}
	if s.conn != nil {
		discard(s.conn)
	}
	s.conn, s.free, s.staged = nil, nil, false
}

// discard closes a connection instead of giving it back to its pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// stageStatements make the temporary tables. A table made from a query has types and
// nothing else: no constraint, no default.
func (p *pair) stageStatements() []string {
	var keys, rows []string
	for n, k := range p.key {
		keys = append(keys, Quote(k.Name)+" AS "+keyColumn(n))
	}
	for n, c := range p.columns {
		rows = append(rows, Quote(c.From)+" AS "+rowColumn(n))
	}
	table := func(name, columns string) string {
		return fmt.Sprintf("CREATE TEMPORARY TABLE %s ON COMMIT DELETE ROWS AS SELECT %s FROM %s WITH NO DATA", name, columns, relation(p.from.Ident))
	}
	out := []string{table(stageKeys, strings.Join(keys, ", ")), table(stageRows, strings.Join(rows, ", ")+", '{}'::integer[] AS gaps")}
	if p.Keeps() {
		out = append(out, p.keepTables()...)
	}
	return out
}

// Apply implements shadow.Table.
func (p *pair) Apply(ctx context.Context, b shadow.Batch) error {
	if len(b.Images) > 0 && p.Unbuilt() {
		return errUnbuilt
	}
	s := p.applier
	if err := s.stage(ctx); err != nil {
		return err
	}
	err := s.apply(ctx, b)
	if err != nil && (errors.Is(err, dberr.ConnLost) || ctx.Err() != nil) {
		return s.answerLost(ctx, b, err)
	}
	return err
}

// answerLost is what follows a batch whose answer was lost. What was sent may still be done: only
// when the session is gone can't it come after what is applied next. Where rows go on with
// columns of the target's own a batch must not be applied twice, so L is asked whether it was: a batch
// that isn't empty stores another one than the batch before it.
func (s *session) answerLost(ctx context.Context, b shadow.Batch, cause error) error {
	pid := s.pid
	s.close()
	if lost := s.p.awaitEnd(ctx, pid); lost != nil {
		return s.p.unknown(lost)
	}
	if !s.p.Keeps() || len(b.Images) == 0 {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	var at string
	if err := s.p.db.QueryRowContext(ctx, "SELECT log_position FROM "+s.p.checkpoint()+" WHERE role = $1 AND lane = $2", s.p.role(), b.Lane).Scan(&at); err != nil {
		return s.p.unknown(classify(err))
	}
	if at == string(b.L) {
		return nil
	}
	return cause
}

// unknown ends the run where an error would let it try again: the next one begins behind
// the last batch, whichever that is.
func (p *pair) unknown(err error) error {
	if !p.Keeps() {
		return err
	}
	return dberr.WithHint(fmt.Errorf("the connection was lost, and what became of the last changed rows is not known: %v", err), "call again: it goes on behind what was stored")
}

// apply is one transaction: the lease, all deletes, all inserts, L.
func (s *session) apply(ctx context.Context, b shadow.Batch) error {
	gaps := false
	for _, i := range b.Images {
		gaps = gaps || lacks(i.Row)
	}
	if gaps {
		if err := s.p.awaitSeen(ctx); err != nil {
			return err
		}
	}
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := stateFlavor().CheckFence(ctx, tx, s.p.fence); err != nil {
		return err
	}
	if err := s.p.bring(ctx, tx, b.Images, gaps); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE "+s.p.checkpoint()+" SET log_position = $1 WHERE role = $2 AND lane = 0", string(b.L), s.p.role()); err != nil {
		return classify(err)
	}
	return s.p.duplicate(tx.Commit())
}

// bring writes the images, on the way back as far as the old shape can hold them.
func (p *pair) bring(ctx context.Context, tx *sql.Tx, images []shadow.Image, gaps bool) error {
	if !p.reverse || len(images) == 0 {
		return p.write(ctx, tx, images, gaps)
	}
	err := tried(ctx, tx, func() error { return p.write(ctx, tx, images, gaps) })
	if errors.Is(err, dberr.DataError) {
		return p.writeFitting(ctx, tx, images, gaps)
	}
	return err
}

// write brings keys to their images.
func (p *pair) write(ctx context.Context, tx *sql.Tx, images []shadow.Image, gaps bool) error {
	if len(images) == 0 {
		return nil
	}
	keys, rows := p.keyPositions(), p.rowPositions()
	s := script{p: p, tx: tx}
	s.insert(ctx, "INSERT INTO "+stageKeys+" VALUES ", images, func(b *bytes.Buffer, i shadow.Image) bool {
		return writeTuple(b, i.Key, keys, "")
	})
	s.insert(ctx, "INSERT INTO "+stageRows+" VALUES ", images, func(b *bytes.Buffer, i shadow.Image) bool {
		return i.Row != nil && writeTuple(b, i.Row, rows, ", '{"+strings.Join(gapsOf(i.Row, rows), ",")+"}'")
	})
	if p.Keeps() {
		p.putAside(ctx, &s, images)
	}
	if gaps {
		s.add(ctx, p.gapStatements()...)
	}
	s.add(ctx, p.deleteStatement())
	s.add(ctx, p.insertStatements()...)
	return s.run(ctx)
}

func (p *pair) keyPositions() []int {
	var out []int
	for _, k := range p.key {
		out = append(out, positionIn(p.from, k.Name))
	}
	return out
}

func (p *pair) rowPositions() []int {
	var out []int
	for _, c := range p.columns {
		out = append(out, positionIn(p.from, c.From))
	}
	return out
}

func (p *pair) stagedColumns(prefix string) string {
	var out []string
	for n := range p.columns {
		out = append(out, prefix+rowColumn(n))
	}
	return strings.Join(out, ", ")
}

func (p *pair) deleteStatement() string {
	var on []string
	for n, k := range p.keyTo {
		on = append(on, fmt.Sprintf("t.%s = k.%s", Quote(k.Name), keyColumn(n)))
	}
	return fmt.Sprintf("DELETE FROM %s AS t USING %s AS k WHERE %s", relation(p.to.Ident), stageKeys, strings.Join(on, " AND "))
}

// gapStatements fill what the log left out from the source, whose rows are at least as new
// as the images: what is newer the log brings later. A row that isn't there any more is not
// written, because its end is in the log, too; but where rows go on with something, it is filled from what
// the target has of it, since otherwise what it goes on with would be lost.
func (p *pair) gapStatements() []string {
	var sets, own, on []string
	for n, c := range p.columns {
		const fill = "%s = CASE WHEN %d = ANY (r.gaps) THEN %s ELSE r.%[1]s END"
		from, _ := p.from.Column(c.From)
		sets = append(sets, fmt.Sprintf(fill, rowColumn(n), n, "s."+Quote(c.From)))
		own = append(own, fmt.Sprintf(fill, rowColumn(n), n, "t."+Quote(c.To)+"::"+from.Type))
		for _, k := range p.key {
			if k.Name == c.From {
				on = append(on, fmt.Sprintf("s.%s = r.%s", Quote(k.Name), rowColumn(n)))
			}
		}
	}
	out := []string{fmt.Sprintf("UPDATE %s AS r SET %s, gaps = '{}' FROM %s AS s WHERE r.gaps <> '{}' AND %s", stageRows, strings.Join(sets, ", "), relation(p.from.Ident), strings.Join(on, " AND "))}
	if p.Keeps() {
		out = append(out, fmt.Sprintf("UPDATE %s AS r SET %s, gaps = '{}' FROM %s AS h JOIN %s AS t ON %s WHERE r.gaps <> '{}' AND %s", stageRows, strings.Join(own, ", "),
			stageHeirs, relation(p.to.Ident), strings.Join(p.wasIn("t."), " AND "), strings.Join(p.isIn("h."), " AND ")))
	}
	return append(out, "DELETE FROM "+stageRows+" WHERE gaps <> '{}'")
}

// gapsOf are the numbers of the copied columns that a row lacks.
func gapsOf(r stream.Row, at []int) []string {
	var out []string
	for n, c := range at {
		if r[c].Form == stream.Unchanged {
			out = append(out, fmt.Sprint(n))
		}
	}
	return out
}

func writeTuple(b *bytes.Buffer, r stream.Row, at []int, tail string) bool {
	for n, c := range at {
		b.WriteString([]string{"(", ", "}[min(n, 1)])
		if r[c].Form == stream.Literal {
			b.Write(r[c].Text)
		} else {
			b.WriteString("NULL")
		}
	}
	b.WriteString(tail + ")")
	return true
}
