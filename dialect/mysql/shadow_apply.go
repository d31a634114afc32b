package mysql

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/binlog"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
)

// session applies batches through one connection of its own.
type session struct {
	p      *pair
	conn   *sql.Conn
	id     string
	staged bool // the temporary tables are there
	locked bool // under LOCK TABLES, where no row locks are needed and none allowed elsewhere
}

// laneSession: a batch is one transaction, begun by its first statement, because START
// TRANSACTION would give the locks of a cut-over up without a word.
const laneSession = "SET SESSION autocommit = 0"

func (s *session) open(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	conn, err := s.p.copy.Conn(ctx)
	if err != nil {
		return classify(err)
	}
	if err := conn.QueryRowContext(ctx, "SELECT CONNECTION_ID() + 0").Scan(&s.id); err != nil {
		discard(conn)
		return classify(err)
	}
	s.conn = conn
	if err := s.exec(ctx, laneSession); err != nil {
		s.close()
		return err
	}
	return nil
}

// close throws the connection away: settings and temporary tables go with it.
func (s *session) close() {
	if s.conn != nil {
		discard(s.conn)
	}
	s.conn, s.staged, s.locked = nil, false, false
}

func (s *session) exec(ctx context.Context, q string) error {
	_, err := s.conn.ExecContext(ctx, q)
	return classify(err)
}

// Apply implements shadow.Table.
func (p *pair) Apply(ctx context.Context, b shadow.Batch) error {
	s := p.sessions[b.Lane]
	if err := s.open(ctx); err != nil {
		return err
	}
	err := s.apply(ctx, b)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, dberr.ConnLost), p.Keeps() && ctx.Err() != nil:
		return s.answerLost(ctx, b, err)
	}
	if rerr := s.rollback(ctx); rerr != nil {
		s.close()
	}
	return err
}

// answerLost is what follows a batch whose answer was lost. What was sent may still be done: only
// when the session is gone can't it come after what is applied next. Where rows go on with
// columns of the target's own a batch must not be applied twice, so L is asked whether it was: a batch
// that isn't empty stores another one than the batch before it.
func (s *session) answerLost(ctx context.Context, b shadow.Batch, cause error) error {
	id := s.id
	s.close()
	if err := s.p.s.awaitEnd(ctx, id); err != nil {
		return s.p.unknown(err)
	}
	if !s.p.Keeps() || len(b.Images) == 0 {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	var at string
	q := fmt.Sprintf("SELECT log_position FROM %s WHERE role = %s AND lane = %d", s.p.checkpoint(), quoteText(s.p.role()), b.Lane)
	if err := s.p.copy.QueryRowContext(ctx, q).Scan(&at); err != nil {
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
	return fmt.Errorf("%w: what became of the last changed rows is not known: %v", errAmbiguous, err)
}

// errAmbiguous is of no class that is tried again.
var errAmbiguous = dberr.WithHint(errors.New("the connection was lost"), "call again: it goes on behind what was stored")

// rollback also takes back what a half-done detour through temporary tables left of
// the session's settings.
func (s *session) rollback(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if err := s.exec(ctx, "ROLLBACK"); err != nil || !s.staged {
		return err
	}
	return s.exec(ctx, strictly)
}

// apply is one transaction: the lease, all deletes, all inserts, L.
func (s *session) apply(ctx context.Context, b shadow.Batch) error {
	if err := s.checkLease(ctx); err != nil {
		return err
	}
	if err := s.write(ctx, b.Images); err != nil {
		return err
	}
	q := fmt.Sprintf("UPDATE %s SET log_position = %s WHERE role = %s AND lane = %d", s.p.checkpoint(), quoteText(string(b.L)), quoteText(s.p.role()), b.Lane)
	if err := s.exec(ctx, q); err != nil {
		return err
	}
	return s.exec(ctx, "COMMIT")
}

func (s *session) checkLease(ctx context.Context) error {
	if s.locked {
		w := worker{s: s.p.s, conn: s.conn, table: s.p.a.Table, fence: s.p.fence}
		return w.holdsLease(ctx)
	}
	return stateFlavor().CheckFence(ctx, s.conn, s.p.fence)
}

// write brings keys to their images. Literals of the log are written straight where
// each column takes them as they are; else, and where one is refused, through
// temporary tables of the source's own types, so that the server converts as the copy
// does.
func (s *session) write(ctx context.Context, images []shadow.Image) error {
	if len(images) == 0 {
		return nil
	}
	if s.p.straight() {
		err := s.writeStraight(ctx, images)
		if err == nil || !errors.Is(err, dberr.DataError) {
			return s.p.duplicateOf(err)
		}
		if err := s.rollback(ctx); err != nil {
			return err
		}
		if err := s.checkLease(ctx); err != nil {
			return err
		}
	}
	err := s.writeStaged(ctx, images)
	if s.p.reverse && errors.Is(err, dberr.DataError) {
		err = s.writeFitting(ctx, images)
	}
	return s.p.duplicateOf(err)
}

// duplicateOf makes a DuplicateError of an error that was classified already.
func (p *pair) duplicateOf(err error) error {
	if err != nil && is(err, 1062, 1586) {
		return p.duplicate(err)
	}
	return err
}

// Statements are kept below this many bytes, so that the server takes them whatever its
// max_allowed_packet; a single row may be larger.
const statementBytes = 2 << 20

// keysAtOnce bounds the keys of one DELETE: beyond a few hundred the server's
// optimizer may give up on the index.
const keysAtOnce = 300

func (s *session) writeStraight(ctx context.Context, images []shadow.Image) error {
	if err := s.deleteKeys(ctx, images); err != nil {
		return err
	}
	at := s.p.positions()
	tail := s.p.constants()
	return s.insertRows(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES ", quoteTable(s.p.to.Ident), s.p.targetColumns()), images, func(b *bytes.Buffer, i shadow.Image) bool {
		if i.Row == nil {
			return false
		}
		b.WriteByte('(')
		for n, c := range at {
			if n > 0 {
				b.WriteString(", ")
			}
			writeValue(b, i.Row[c])
		}
		for _, z := range tail {
			b.WriteString(", " + z)
		}
		b.WriteByte(')')
		return true
	})
}

// insertRows sends rows in statements of a bounded size.
func (s *session) insertRows(ctx context.Context, head string, images []shadow.Image, row func(*bytes.Buffer, shadow.Image) bool) error {
	var b bytes.Buffer
	flush := func() error {
		if b.Len() <= len(head) {
			return nil
		}
		q := b.String()
		b.Reset()
		return s.exec(ctx, q)
	}
	for _, i := range images {
		if b.Len() == 0 {
			b.WriteString(head)
		}
		before := b.Len()
		if before > len(head) {
			b.WriteString(", ")
		}
		if !row(&b, i) {
			b.Truncate(before)
			continue
		}
		if b.Len() > statementBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func (s *session) deleteKeys(ctx context.Context, images []shadow.Image) error {
	at := s.p.keyColumns()
	for len(images) > 0 {
		n := min(len(images), keysAtOnce)
		q, err := s.p.deleteStatement(images[:n], at)
		if err != nil {
			return err
		}
		if err := s.exec(ctx, q); err != nil {
			return err
		}
		images = images[n:]
	}
	return nil
}

func (p *pair) deleteStatement(images []shadow.Image, at []int) (string, error) {
	var conds []string
	for _, i := range images {
		var lits []string
		for n, k := range p.key {
			text, err := keyTextOf(k, i.Key[at[n]])
			if err != nil {
				return "", err
			}
			to := p.keyTo[n]
			lit, err := keyForm(k).literal(plans.KeyPart{Name: k.Name, Type: k.Type, Class: k.Class, Charset: to.Charset, Collation: to.Collation}, text)
			if err != nil {
				return "", err
			}
			lits = append(lits, lit)
		}
		if len(lits) == 1 {
			conds = append(conds, lits[0])
		} else {
			conds = append(conds, "("+equals(p.keyTo, lits)+")")
		}
	}
	where := strings.Join(conds, " OR ")
	if len(p.keyTo) == 1 {
		where = quote(p.keyTo[0].Name) + " IN (" + strings.Join(conds, ", ") + ")"
	}
	return "DELETE FROM " + quoteTable(p.to.Ident) + " WHERE " + where, nil
}

// ---- through temporary tables

// The temporary tables: rows and keys in the source's types, and the keys as the target
// has them. Of rows that go on with columns of the target's own: their key and the one they had,
// in the source's types and in the target's, and what those columns hold.
const (
	stageRows = "_pm_rows"
	stageKeys = "_pm_keys"
	stageGone = "_pm_gone"
	stageFrom = "_pm_from"
	stageHeir = "_pm_heir"
	stageKept = "_pm_kept"
)

func stageName(n string) string {
	return quoteTable(schema.Ident{Schema: stateSchema, Name: n})
}

func (s *session) stage(ctx context.Context) error {
	if s.staged {
		return nil
	}
	for _, q := range s.p.stageStatements() {
		if err := s.exec(ctx, q); err != nil {
			return err
		}
	}
	s.staged = true
	return nil
}

func (p *pair) stageStatements() []string {
	var rows, keys, gone, from, heir, kept []string
	for _, c := range p.columns {
		col, _ := anyCase(p.from, c.From)
		rows = append(rows, plainColumn(col.Name, col))
	}
	for n, k := range p.key {
		col, _ := anyCase(p.from, k.Name)
		keys = append(keys, plainColumn(k.Name, col))
		from = append(from, plainColumn(isColumn(n), col), plainColumn(wasColumn(n), col))
		to, _ := anyCase(p.to, p.keyTo[n].Name)
		gone = append(gone, plainColumn(to.Name, to))
		heir = append(heir, plainColumn(isColumn(n), to), plainColumn(wasColumn(n), to))
		kept = append(kept, plainColumn(isColumn(n), to))
	}
	for n, c := range p.kept() {
		kept = append(kept, plainColumn(keptColumn(n), c))
	}
	table := func(name string, cols []string) string {
		return fmt.Sprintf("CREATE TEMPORARY TABLE IF NOT EXISTS %s (%s) ENGINE=InnoDB", stageName(name), strings.Join(cols, ", "))
	}
	out := []string{table(stageRows, rows), table(stageKeys, keys), table(stageGone, gone)}
	if p.Keeps() {
		out = append(out, table(stageFrom, from), table(stageHeir, heir), table(stageKept, kept))
	}
	return out
}

func isColumn(n int) string   { return fmt.Sprintf("is%d", n) }
func wasColumn(n int) string  { return fmt.Sprintf("was%d", n) }
func keptColumn(n int) string { return fmt.Sprintf("kept%d", n) }

// plainColumn is a column of the same type that holds any value and no default.
func plainColumn(name string, c schema.Column) string {
	text := quote(name) + " " + c.Type
	if c.Charset != "" {
		text += " CHARACTER SET " + c.Charset + " COLLATE " + c.Collation
	}
	return text + " NULL"
}

// leniently is how literals of the log are taken back exactly; strictly is how the
// copy converts.
const (
	leniently = "SET SESSION sql_mode = '" + binlog.SQLMode + "', time_zone = '+00:00'"
	strictly  = "SET SESSION sql_mode = '" + sqlMode + ",NO_AUTO_VALUE_ON_ZERO'"
)

func (s *session) writeStaged(ctx context.Context, images []shadow.Image) error {
	if err := s.stageEmpty(ctx); err != nil {
		return err
	}
	if err := s.fillStage(ctx, images); err != nil {
		return err
	}
	for _, q := range s.p.mergeStatements() {
		if err := s.exec(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// stageEmpty has the temporary tables ready to take values exactly.
func (s *session) stageEmpty(ctx context.Context) error {
	if err := s.stage(ctx); err != nil {
		return err
	}
	for _, q := range append(s.p.clearStatements(), leniently) {
		if err := s.exec(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func (p *pair) clearStatements() []string {
	names := []string{stageRows, stageKeys, stageGone}
	if p.Keeps() {
		names = append(names, stageFrom, stageHeir, stageKept)
	}
	var out []string
	for _, n := range names {
		out = append(out, "DELETE FROM "+stageName(n))
	}
	return out
}

func (s *session) fillStage(ctx context.Context, images []shadow.Image) error {
	at, keys := s.p.positions(), s.p.keyColumns()
	err := s.insertRows(ctx, "INSERT INTO "+stageName(stageKeys)+" VALUES ", images, func(b *bytes.Buffer, i shadow.Image) bool {
		writeTuple(b, i.Key, keys)
		return true
	})
	if err != nil {
		return err
	}
	err = s.insertRows(ctx, "INSERT INTO "+stageName(stageRows)+" VALUES ", images, func(b *bytes.Buffer, i shadow.Image) bool {
		if i.Row == nil {
			return false
		}
		writeTuple(b, i.Row, at)
		return true
	})
	if err != nil || !s.p.Keeps() {
		return err
	}
	return s.insertRows(ctx, "INSERT INTO "+stageName(stageFrom)+" VALUES ", images, func(b *bytes.Buffer, i shadow.Image) bool {
		if i.Row == nil || i.Heir == nil {
			return false
		}
		writeHeir(b, i, keys)
		return true
	})
}

// writeHeir writes a key and the one that the row had, column beside column.
func writeHeir(b *bytes.Buffer, i shadow.Image, keys []int) {
	sep := byte('(')
	for _, c := range keys {
		b.WriteByte(sep)
		writeValue(b, i.Row[c])
		b.WriteByte(',')
		writeValue(b, i.Heir[c])
		sep = ','
	}
	b.WriteByte(')')
}

// mergeStatements delete all keys and insert all rows, converted as the copy converts.
func (p *pair) mergeStatements() []string {
	to := quoteTable(p.to.Ident)
	var keys, on, from []string
	for n, k := range p.key {
		keys = append(keys, quote(k.Name))
		name := quote(p.keyTo[n].Name)
		on = append(on, fmt.Sprintf("%s.%s = %s.%s", to, name, stageName(stageGone), name))
	}
	for _, c := range p.columns {
		from = append(from, p.converted(c))
	}
	from = append(from, p.constants()...)
	out := []string{strictly, p.zoneStatement(),
		fmt.Sprintf("INSERT INTO %s SELECT DISTINCT %s FROM %s", stageName(stageGone), strings.Join(keys, ", "), stageName(stageKeys))}
	if p.Keeps() {
		out = append(out, p.keepStatements()...)
	}
	out = append(out,
		fmt.Sprintf("DELETE %s FROM %s STRAIGHT_JOIN %s ON %s", to, stageName(stageGone), to, strings.Join(on, " AND ")),
		fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s", to, p.targetColumns(), strings.Join(from, ", "), stageName(stageRows)))
	if p.Keeps() {
		out = append(out, p.giveBackStatement())
	}
	return out
}

// keepStatements put aside what changed rows have in columns of the target's own, under
// the keys that the rows will have.
func (p *pair) keepStatements() []string {
	to := quoteTable(p.to.Ident)
	var was, cols []string
	for n, k := range p.keyTo {
		was = append(was, fmt.Sprintf("%s.%s = %s.%s", to, quote(k.Name), stageName(stageHeir), wasColumn(n)))
		cols = append(cols, stageName(stageHeir)+"."+isColumn(n))
	}
	for _, c := range p.kept() {
		cols = append(cols, to+"."+quote(c.Name))
	}
	return []string{
		fmt.Sprintf("INSERT INTO %s SELECT * FROM %s", stageName(stageHeir), stageName(stageFrom)),
		fmt.Sprintf("INSERT INTO %s SELECT %s FROM %s STRAIGHT_JOIN %s ON %s", stageName(stageKept), strings.Join(cols, ", "), stageName(stageHeir), to, strings.Join(was, " AND ")),
	}
}

func (p *pair) giveBackStatement() string {
	to := quoteTable(p.to.Ident)
	var sets, is []string
	for n, c := range p.kept() {
		sets = append(sets, fmt.Sprintf("%s.%s = %s.%s", to, quote(c.Name), stageName(stageKept), keptColumn(n)))
	}
	for n, k := range p.keyTo {
		is = append(is, fmt.Sprintf("%s.%s = %s.%s", to, quote(k.Name), stageName(stageKept), isColumn(n)))
	}
	return fmt.Sprintf("UPDATE %s STRAIGHT_JOIN %s ON %s SET %s", stageName(stageKept), to, strings.Join(is, " AND "), strings.Join(sets, ", "))
}

// zoneStatement: only between TIMESTAMP and the types without a zone does the
// session's matter, and then the server's own is what ALTER TABLE would take.
func (p *pair) zoneStatement() string {
	if p.zoned() {
		return "SET SESSION time_zone = @@global.time_zone"
	}
	return "SET SESSION time_zone = '+00:00'"
}
