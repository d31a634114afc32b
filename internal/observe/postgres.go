package observe

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// strength orders the table locks that matter; those that aren't here let reads and writes through.
var strength = []string{"ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}

type relation struct {
	name, kind, table string
	file              int64
}

// Postgres runs a statement in a transaction that is left open, so that its locks can be looked at; the caller ends it. Error is set,
// and the transaction aborted, when the server refuses.
func Postgres(ctx context.Context, tx *sql.Tx, statement string) (Observation, error) {
	before, err := relations(ctx, tx)
	if err != nil {
		return Observation{}, err
	}
	read, wrote, err := touched(ctx, tx)
	if err != nil {
		return Observation{}, err
	}
	if _, err := tx.ExecContext(ctx, statement); err != nil {
		return Observation{Error: err.Error()}, nil
	}
	var o Observation
	after, err := relations(ctx, tx)
	if err != nil {
		return o, err
	}
	o.compare(before, after)
	if err := o.locks(ctx, tx, before); err != nil {
		return o, err
	}
	readAfter, wroteAfter, err := touched(ctx, tx)
	for oid, n := range readAfter {
		if r, ok := before[oid]; ok && n > read[oid] {
			o.Read = append(o.Read, r.name)
		}
		o.Wrote += wroteAfter[oid] - wrote[oid]
	}
	slices.Sort(o.Read)
	return o, err
}

func relations(ctx context.Context, tx *sql.Tx) (map[int64]relation, error) {
	rows, err := tx.QueryContext(ctx, `SELECT c.oid::bigint, c.relname, c.relkind::text, c.relfilenode::bigint, coalesce(t.relname, '')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
		WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'm', 'i', 'I')`)
	if err != nil {
		return nil, fmt.Errorf("read the relations: %w", err)
	}
	defer rows.Close()
	out := map[int64]relation{}
	for rows.Next() {
		var oid int64
		var r relation
		if err := rows.Scan(&oid, &r.name, &r.kind, &r.file, &r.table); err != nil {
			return nil, fmt.Errorf("read the relations: %w", err)
		}
		out[oid] = r
	}
	return out, rows.Err()
}

// compare finds what has another file than before, and indexes that are new on tables that were there.
func (o *Observation) compare(before, after map[int64]relation) {
	tables, files := map[string]bool{}, map[int64]bool{}
	for _, r := range before {
		tables[r.name] = r.kind != "i" && r.kind != "I"
		files[r.file] = true
	}
	for oid, r := range after {
		was, ok := before[oid]
		switch {
		case ok && was.file != r.file:
			o.Rewrote = append(o.Rewrote, r.name)
		case !ok && r.kind == "i" && tables[r.table] && !files[r.file]: // the same file: an index that was kept
			o.Built = append(o.Built, r.name)
		}
	}
	slices.Sort(o.Rewrote)
	slices.Sort(o.Built)
}

func (o *Observation) locks(ctx context.Context, tx *sql.Tx, before map[int64]relation) error {
	rows, err := tx.QueryContext(ctx, `SELECT relation::bigint, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted`)
	if err != nil {
		return fmt.Errorf("read the locks: %w", err)
	}
	defer rows.Close()
	strongest := -1
	for rows.Next() {
		var oid int64
		var mode string
		if err := rows.Scan(&oid, &mode); err != nil {
			return fmt.Errorf("read the locks: %w", err)
		}
		if _, ok := before[oid]; ok {
			strongest = max(strongest, slices.Index(strength, mode))
		}
	}
	if strongest >= 0 {
		o.Lock = strings.TrimSuffix(strength[strongest], "Lock")
	}
	o.BlocksWrites = strongest >= 1
	o.BlocksReads = strongest == len(strength)-1
	return rows.Err()
}

// touched is how many rows the transaction has read by scans and changed, by table.
func touched(ctx context.Context, tx *sql.Tx) (read, wrote map[int64]int64, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT relid::bigint, coalesce(seq_tup_read, 0), n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables`)
	if err != nil {
		return nil, nil, fmt.Errorf("read the transaction's statistics: %w", err)
	}
	defer rows.Close()
	read, wrote = map[int64]int64{}, map[int64]int64{}
	for rows.Next() {
		var oid, r, w int64
		if err := rows.Scan(&oid, &r, &w); err != nil {
			return nil, nil, fmt.Errorf("read the transaction's statistics: %w", err)
		}
		read[oid], wrote[oid] = r, w
	}
	return read, wrote, rows.Err()
}
