package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/schema"
)

// The index of the walked key is taken from the empty shadow before the first chunk, and built when the first change is to
// be applied or all rows are copied: of a chunk's work it is half, and half of the log that the walsender has to decode. Nothing
// reads the shadow by its key before. Where changes come from the start it is built over few rows, and the copy goes on as with
// it. Rows that this run did not write are found when it is built, as they would be by the chunk that meets them.

// lateRole marks the line of the checkpoint table that holds the index. Index and line go, and come, in one transaction.
const lateRole = "late"

// Unbuilt implements shadow.Builder.
func (p *pair) Unbuilt() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.late != nil
}

func (p *pair) setLate(x *schema.Index) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = x
}

// readLate finds the index that an earlier runner has left to be built.
func (p *pair) readLate(ctx context.Context) error {
	var text string
	err := p.s.db.QueryRowContext(ctx, "SELECT log_position FROM "+p.checkpoint()+" WHERE role = $1", lateRole).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) || errors.Is(classify(err), dberr.NotThere) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read which index is to be built: %w", classify(err))
	}
	var x schema.Index
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		return fmt.Errorf("read which index is to be built: %w", err)
	}
	p.setLate(&x)
	p.to.Indexes = append(p.to.Indexes, x)
	return nil
}

// walked is the index of the walked key, if it is one that can be built anew from its definition.
func (p *pair) walked() (schema.Index, bool) {
	var list []schema.Index
	for _, x := range p.to.Indexes {
		if overKey(x, p.keyTo) {
			list = append(list, x)
		}
	}
	if p.reverse || p.a.Partition != nil || len(list) != 1 || strings.Contains(list[0].Definition, "\n") { // a deferred constraint
		return schema.Index{}, false
	}
	for _, k := range p.keyTo {
		if k.ByBytes {
			return schema.Index{}, false
		}
	}
	return list[0], true
}

// plainIndexSQL: what the statement of an index doesn't say is as it would be for a new one.
const plainIndexSQL = `SELECT c.reltablespace = 0 AND NOT i.indisclustered AND NOT i.indisreplident
	FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indexrelid = pg_catalog.to_regclass($1)::oid`

// errStays takes back a trial: the index stays.
var errStays = errors.New("the index stays")

// putOff takes the index away; nil: it stays, because something holds on to it or can't be made again from its definition.
func (p *pair) putOff(ctx context.Context, tx *sql.Tx) (*schema.Index, error) {
	x, ok := p.walked()
	if !ok {
		return nil, nil
	}
	text, err := json.Marshal(x)
	if err != nil {
		return nil, fmt.Errorf("write down index %s: %w", x.Name, err)
	}
	err = tried(ctx, tx, func() error {
		var plain bool
		if err := tx.QueryRowContext(ctx, plainIndexSQL, inSchemaOf(p.to.Ident, x.Name)).Scan(&plain); err != nil || !plain {
			return cmp.Or(classify(err), errStays)
		}
		for _, q := range []string{p.dropIndex(x), fmt.Sprintf("INSERT INTO %s VALUES ('%s', 0, %s, 0)", p.checkpoint(), lateRole, literal(string(text)))} {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return classify(err)
			}
		}
		return p.keyNotNull(ctx, tx)
	})
	switch {
	case err == nil:
		return &x, nil
	case dberr.Temporary(err) || ctx.Err() != nil:
		return nil, fmt.Errorf("put off index %s: %w", x.Name, err)
	}
	return nil, nil
}

func (p *pair) dropIndex(x schema.Index) string {
	if x.Constraint {
		return "ALTER TABLE " + relation(p.to.Ident) + " DROP CONSTRAINT " + Quote(x.Name)
	}
	return "DROP INDEX " + inSchemaOf(p.to.Ident, x.Name)
}

// keyNotNull: a primary key that goes must leave its columns NOT NULL.
func (p *pair) keyNotNull(ctx context.Context, tx *sql.Tx) error {
	for _, k := range p.keyTo {
		var not bool
		err := tx.QueryRowContext(ctx, "SELECT attnotnull FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass($1)::oid AND attname = $2", relation(p.to.Ident), k.Name).Scan(&not)
		if err != nil || !not {
			return cmp.Or(classify(err), errStays)
		}
	}
	return nil
}

// Build implements shadow.Builder. The line is locked first, so that a session whose answer was lost, and which may still be at it, is
// waited for. The lease is checked last: its row isn't kept from a successor for as long as a build takes.
func (p *pair) Build(ctx context.Context) error {
	p.mu.Lock()
	x := p.late
	p.mu.Unlock()
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "SET LOCAL lock_timeout = 0"); err != nil {
		return classify(err)
	}
	var lane int
	err = tx.QueryRowContext(ctx, "SELECT lane FROM "+p.checkpoint()+" WHERE role = $1 FOR UPDATE", lateRole).Scan(&lane)
	if errors.Is(err, sql.ErrNoRows) {
		p.setLate(nil) // the commit whose answer was lost went through
		return nil
	}
	if err != nil {
		return classify(err)
	}
	for _, q := range indexStatements(*x, p.to.Ident) {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return p.duplicate(err)
		}
	}
	if err := stateFlavor().CheckFence(ctx, tx, p.fence); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM "+p.checkpoint()+" WHERE role = $1", lateRole); err != nil {
		return classify(err)
	}
	if err := tx.Commit(); err != nil {
		return classify(err)
	}
	p.setLate(nil)
	return nil
}

// errUnbuilt would be a fault of ours.
var errUnbuilt = errors.New("the index of the copy's key isn't built yet")
