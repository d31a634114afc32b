package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
)

// side is how one of the tables is read for a comparison.
type side struct {
	table string
	key   []plans.KeyPart
	row   string // one text of all compared columns, each as the server writes its stored bytes, in the target's type
}

func (p *pair) sideOf(which shadow.Side) side {
	if which == shadow.Source {
		return side{relation(p.from.Ident), p.key, p.rowText(shadow.Source)}
	}
	return side{relation(p.to.Ident), p.keyTo, p.rowText(shadow.Target)}
}

// rowText is the text of a row value, which tells NULL from every value and where each
// column ends.
func (p *pair) rowText(which shadow.Side) string {
	var out []string
	for _, c := range p.columns {
		from, _ := p.from.Column(c.From)
		to, _ := p.to.Column(c.To)
		switch {
		case which == shadow.Target:
			out = append(out, "t."+Quote(c.To))
		case from.Type == to.Type:
			out = append(out, "t."+Quote(c.From))
		default:
			out = append(out, "t."+Quote(c.From)+"::"+to.Type)
		}
	}
	return "ROW(" + strings.Join(out, ", ") + ")::text"
}

// Sum implements shadow.Comparer: how many rows there are, and two sums of hashes that
// don't depend on each other.
func (p *pair) Sum(ctx context.Context, which shadow.Side, r shadow.Range) (shadow.Sum, error) {
	s := p.sideOf(which)
	pl, ph, args := rangeArgs(r.Low, r.High)
	q := fmt.Sprintf("SELECT count(*), coalesce(sum(hashtextextended(x.r, 1)) || '/' || sum(hashtextextended(x.r, 2)), '') FROM (SELECT %s AS r FROM %s AS t WHERE %s OFFSET 0) AS x",
		s.row, s.table, keyRange(s.key, "t.", pl, ph))
	var out shadow.Sum
	err := p.db.QueryRowContext(ctx, q, args...).Scan(&out.Rows, &out.Digest)
	return out, classify(err)
}

// RowsIn implements shadow.Comparer.
func (p *pair) RowsIn(ctx context.Context, which shadow.Side, r shadow.Range) (map[string]string, error) {
	s := p.sideOf(which)
	pl, ph, args := rangeArgs(r.Low, r.High)
	return p.digests(ctx, s, keyRange(s.key, "t.", pl, ph), args...)
}

// RowsOf implements shadow.Comparer.
func (p *pair) RowsOf(ctx context.Context, which shadow.Side, keys []string) (map[string]string, error) {
	s := p.sideOf(which)
	out := map[string]string{}
	for _, k := range keys {
		got, err := p.digests(ctx, s, keyIs(s.key, "t.", "$1"), k)
		if err != nil {
			return nil, err
		}
		for key, d := range got {
			out[key] = d
		}
	}
	return out, nil
}

func (p *pair) digests(ctx context.Context, s side, where string, args ...any) (map[string]string, error) {
	rows, err := p.db.QueryContext(ctx, fmt.Sprintf("SELECT %s, encode(sha256(textsend(%s)), 'hex') FROM %s AS t WHERE %s", keyTextSQL(s.key, "t."), s.row, s.table, where), args...)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var key, digest string
		if err := rows.Scan(&key, &digest); err != nil {
			return nil, classify(err)
		}
		out[key] = digest
	}
	return out, classify(rows.Err())
}

// Hold implements shadow.Comparer: the rows' locks let others read them.
func (p *pair) Hold(ctx context.Context, keys []string, f func(context.Context) error) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	s := p.sideOf(shadow.Source)
	for _, k := range keys {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("SELECT 1 FROM %s AS t WHERE %s FOR SHARE", s.table, keyIs(s.key, "t.", "$1")), k); err != nil {
			return classify(err)
		}
	}
	return f(ctx)
}

// Strangers implements shadow.Comparer: ranges of the same key on both sides leave none
// out.
func (p *pair) Strangers(context.Context, int) ([]string, error) { return nil, nil }

// Repair implements shadow.Comparer. A row keeps what only the target has of it.
func (p *pair) Repair(ctx context.Context, keys []string) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := stateFlavor().CheckFence(ctx, tx, p.fence); err != nil {
		return err
	}
	if p.Keeps() {
		if _, err := tx.ExecContext(ctx, p.savedTable()); err != nil {
			return classify(err)
		}
	}
	for _, q := range p.repairStatements() {
		for _, k := range keys {
			if _, err := tx.ExecContext(ctx, q, k); err != nil {
				return p.duplicate(err)
			}
		}
	}
	return p.duplicate(tx.Commit())
}

// Readable implements shadow.Comparer.
func (p *pair) Readable(key string) string { return keyWords(p.key, key) }

// Conflict implements shadow.Table: it groups the source's rows by the index's columns as
// the target would store them.
func (p *pair) Conflict(ctx context.Context, d *shadow.DuplicateError) (*shadow.ConflictError, bool, error) {
	if d.Index == partitionKey {
		return p.strays(ctx)
	}
	group, where, ok := p.asTarget(d.Index)
	if !ok {
		return nil, false, nil
	}
	var a, b string
	err := p.db.QueryRowContext(ctx, fmt.Sprintf("SELECT min(%s), max(%[1]s) FROM %s AS t WHERE %s GROUP BY %s HAVING count(*) > 1 LIMIT 1", keyTextSQL(p.key, "t."), relation(p.from.Ident), where, strings.Join(group, ", "))).Scan(&a, &b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, classify(err)
	}
	return &shadow.ConflictError{Table: p.from.Ident.String(), Index: d.Index, Keys: []string{p.Readable(a), p.Readable(b)}, Back: p.reverse}, true, nil
}

// asTarget writes a unique index's columns over the source's, and which rows it is about. It
// can't be told of an index over expressions or of part of the rows.
func (p *pair) asTarget(index string) (group []string, where string, ok bool) {
	var found schema.Index
	for _, x := range p.to.Indexes {
		if x.Name == index {
			found = x
		}
	}
	var present []string
	for _, part := range found.Columns {
		expr := ""
		for _, c := range p.columns {
			if to, _ := p.to.Column(c.To); part.Name == c.To {
				expr = "(t." + Quote(c.From) + "::" + to.Type + ")"
			}
		}
		if expr == "" {
			return nil, "", false
		}
		group, present = append(group, expr), append(present, expr+" IS NOT NULL")
	}
	return group, strings.Join(present, " AND "), len(group) > 0 && found.Predicate == ""
}
