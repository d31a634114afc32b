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

// compared are the columns of a side that are compared, in the target's types, and those types.
func (p *pair) compared(which shadow.Side, prefix string) (values, types []string) {
	for _, c := range p.columns {
		from, _ := p.from.Column(c.From)
		to, _ := p.to.Column(c.To)
		v := prefix + Quote(c.To)
		if which == shadow.Source {
			v = prefix + Quote(c.From)
			if from.Type != to.Type {
				v += "::" + to.Type
			}
		}
		values, types = append(values, v), append(types, to.Type)
	}
	return values, types
}

// rowText is the text of a row value, which tells NULL from every value and where each
// column ends.
func (p *pair) rowText(which shadow.Side) string {
	values, _ := p.compared(which, "t.")
	return "ROW(" + strings.Join(values, ", ") + ")::text"
}

// rowImage is a row value whose bytes are the same where the rows are: it holds the values themselves of types each of whose
// texts has one image, and the text of all others. A numeric of a server before 9.1, an array's map of NULLs or the sign of
// NaN may be other bytes in a row that came by the log than in the one that it was read from.
func (p *pair) rowImage(which shadow.Side, prefix string) string {
	values, types := p.compared(which, prefix)
	var images, texts []string
	for i, v := range values {
		if oneImage[plainType(types[i])] {
			images = append(images, v)
		} else {
			texts = append(texts, v)
		}
	}
	if len(texts) > 0 {
		images = append(images, "ROW("+strings.Join(texts, ", ")+")::text")
	}
	return "ROW(" + strings.Join(images, ", ") + ")"
}

// oneImage are the types whose values with the same text are the same bytes, once they are fetched and decompressed.
var oneImage = map[string]bool{
	"boolean": true, "smallint": true, "integer": true, "bigint": true, "oid": true, "uuid": true, "date": true,
	"timestamp without time zone": true, "timestamp with time zone": true, "time without time zone": true,
	"text": true, "character varying": true, "character": true, "bytea": true,
}

// Match implements shadow.Comparer. One merge of both keys' indexes at one snapshot compares the rows as they are
// stored. It takes less than half the time of a digest of each side, whose texts and hashes are most of the work; and nothing can differ and
// have the same digest.
func (p *pair) Match(ctx context.Context, r shadow.Range) (shadow.Matched, error) {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return shadow.Matched{}, classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	// The walk's settings switch off the only way that both indexes can be read side by side.
	if _, err := tx.ExecContext(ctx, "SET LOCAL enable_mergejoin = on"); err != nil {
		return shadow.Matched{}, classify(err)
	}
	q, args := p.matchSQL(r)
	var m shadow.Matched
	if err := tx.QueryRowContext(ctx, q, args...).Scan(&m.Source, &m.Target, &m.Same); err != nil {
		return shadow.Matched{}, classify(err)
	}
	return m, nil
}

// matchSQL counts both sides' rows. A row that one side alone has differs from a row of NULLs by its key, which is never NULL.
func (p *pair) matchSQL(r shadow.Range) (string, []any) {
	pl, ph, args := rangeArgs(r.Low, r.High)
	from, to := keyColumns(p.key, "s."), keyColumns(p.keyTo, "t.")
	on := make([]string, len(from))
	for i := range from {
		on[i] = from[i] + " = " + to[i]
		a, _ := p.from.Column(p.key[i].Name)
		b, _ := p.to.Column(p.keyTo[i].Name)
		if a.Collation != b.Collation && !p.key[i].ByBytes && !p.keyTo[i].ByBytes { // two names of the order of bytes, between which the server doesn't choose
			on[i] += ` COLLATE pg_catalog."C"`
		}
	}
	return fmt.Sprintf(`SELECT count(s.%s), count(t.%s), coalesce(bool_and(pg_catalog.record_image_eq(%s, %s)), true)
		FROM (SELECT * FROM %s AS t WHERE %s) AS s FULL JOIN (SELECT * FROM %s AS t WHERE %s) AS t ON %s`,
		Quote(p.key[0].Name), Quote(p.keyTo[0].Name), p.rowImage(shadow.Source, "s."), p.rowImage(shadow.Target, "t."),
		relation(p.from.Ident), keyRange(p.key, "t.", pl, ph), relation(p.to.Ident), keyRange(p.keyTo, "t.", pl, ph), strings.Join(on, " AND ")), args
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
