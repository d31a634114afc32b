package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

// pair is a table and its shadow on this server: see package shadow. In reverse the
// table in its new shape is the source and the old table the target.
type pair struct {
	s       *server
	a       *plans.Alter
	planID  string
	listed  int // the number under which rows are listed that can't go back
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

func (p *pair) checkpoint() string { return quoteTable(checkpointTable(p.planID, p.a.N)) }

// Lanes of a table whose rows don't depend on each other. More would only wait for
// each other in the server's log.
const freeLanes = 2

// lanesFor is how many batches may be applied side by side in this direction.
func (p *pair) lanesFor() int {
	unique := p.a.Unique
	if p.reverse {
		unique = p.a.UniqueOld
	}
	if len(unique) > 0 || p.Keeps() {
		return 1
	}
	return freeLanes
}

// turned is the other direction's pair, as far as it is known without its sessions.
func (p *pair) turned() *pair {
	t := &pair{s: p.s, a: p.a, planID: p.planID, listed: p.listed, fence: p.fence, reverse: !p.reverse, from: p.to, to: p.from}
	t.key, t.keyTo, t.columns = t.a.Walk(t.reverse)
	return t
}

// shadow opens a pair. Which tables they are the names tell: once the tables have
// changed places the table itself has the new shape.
func (s *server) shadow(ctx context.Context, w dialect.ShadowWork) (dialect.Shadow, error) {
	a := &w.Plan.Alters[w.Alter]
	p := &pair{s: s, a: a, planID: w.Plan.ID, listed: w.Plan.ListedAs(w.Alter), fence: w.Fence, reverse: w.Reverse}
	p.key, p.keyTo, p.columns = a.Walk(p.reverse)
	other := a.New
	if p.reverse {
		other = a.Old
	}
	var err error
	if p.from, err = s.Table(ctx, a.Table); err == nil {
		p.to, err = s.Table(ctx, schema.Ident{Schema: a.Table.Schema, Name: other})
	}
	if err != nil {
		return nil, fmt.Errorf("read the tables of the copy: %w", err)
	}
	p.lanes = p.lanesFor()
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

// walkIndex is the index of the key, in its order. A unique one of its first columns has the same
// order, since no two rows are equal in them.
func walkIndex(t *schema.Table, key []plans.KeyPart) (string, error) {
	first := ""
	for _, x := range t.Indexes {
		if x.Method == "fulltext" || x.Method == "spatial" {
			continue
		}
		if ledBy(x, key) {
			return x.Name, nil
		}
		if x.Unique && len(x.Columns) < len(key) && ledBy(x, key[:len(x.Columns)]) && !takesNull(t, x) {
			first = x.Name
		}
	}
	if first != "" {
		return first, nil
	}
	return "", fmt.Errorf("table %s has no index on %s any more", t.Ident, keyNames(key))
}

func takesNull(t *schema.Table, x schema.Index) bool {
	return slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool {
		c, ok := anyCase(t, p.Name)
		return !ok || c.Nullable
	})
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

// Keeps implements shadow.Table.
func (p *pair) Keeps() bool { return len(p.kept()) > 0 }

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
	index, err := walkIndex(p.to, p.keyTo)
	if err != nil { // its rows are found by another key then
		return quoteTable(p.to.Ident)
	}
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
