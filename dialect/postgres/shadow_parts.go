package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
)

// partNames lists the partitions of a table, those that hold rows and those that are cut themselves.
func partNames(ctx context.Context, q queryer, id schema.Ident) ([]string, error) {
	list, err := textRows(ctx, q, 1, `SELECT c.relname FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) AS t JOIN pg_catalog.pg_class c ON c.oid = t.relid
		WHERE t.level > 0 ORDER BY t.level, c.relname COLLATE "C"`, relation(id))
	if err != nil {
		return nil, fmt.Errorf("list the partitions of %s: %w", id, classify(err))
	}
	var out []string
	for _, r := range list {
		out = append(out, r[0])
	}
	return out, nil
}

// partsRole is the role of the line in the checkpoint table that says which partitions the new table had when it took
// its place: what they are, and since when they are its.
const partsRole = "partitions"

// partsSQL describes them. A partition that was dropped and made anew has another number, and one that was taken out and
// put in again another transaction that put it in.
const partsSQL = `SELECT coalesce(string_agg(t.relid::oid || '/' || i.xmin::text, ' ' ORDER BY t.relid::oid), '') FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) AS t
	JOIN pg_catalog.pg_inherits i ON i.inhrelid = t.relid WHERE t.level > 0`

// sameParts: rows that come or go with a partition are not in the log. So a table is followed with those partitions only that
// it had when it took its place.
func (p *pair) sameParts(ctx context.Context, q queryer) error {
	if !p.from.Partitioned {
		return nil
	}
	list, err := textRows(ctx, q, 1, "SELECT log_position FROM "+p.checkpoint()+" WHERE role = '"+partsRole+"'")
	if err != nil {
		return fmt.Errorf("read which partitions there were: %w", classify(err))
	}
	now, err := textRows(ctx, q, 1, partsSQL, relation(p.from.Ident))
	if err != nil {
		return fmt.Errorf("list the partitions of %s: %w", p.from.Ident, classify(err))
	}
	was := ""
	for _, r := range list {
		was = r[0]
	}
	if was == now[0][0] {
		return nil
	}
	return &plans.DriftError{What: "partitions of " + p.from.Ident.String() + " were added, taken out or dropped since the switch: their rows are not in the log, and the old table can't follow any more", Diff: []string{"- " + was, "+ " + now[0][0]}}
}

// noteParts stores them with the exchange.
func (c *carrier) noteParts() []string {
	if len(c.partsTo) == 0 {
		return nil
	}
	t := relation(c.at.checkpoint())
	return []string{fmt.Sprintf("DELETE FROM %s WHERE role = '%s'", t, partsRole),
		fmt.Sprintf("INSERT INTO %s SELECT '%s', 0, x.list, 0 FROM (%s) AS x(list)", t, partsRole, strings.ReplaceAll(partsSQL, "$1", literal(relation(c.from))))}
}

// partitionKey stands in the place of a unique index's name in the error for a row that belongs to no partition. Like a duplicate
// it proves nothing by itself: the row may be another one by now, or gone, and the log has not come to that yet.
const partitionKey = "the partition key"

// noPartition is the server's word for such a row: a violated check that no constraint is named for.
func (p *pair) noPartition(pg *pgconn.PgError) bool {
	return p.to.Partitioned && pg.Code == "23514" && pg.ConstraintName == ""
}

// namedRows is how many rows a message names.
const namedRows = 10

// strays names rows of the source that belong to no partition, as they are in one statement.
func (p *pair) strays(ctx context.Context) (*shadow.ConflictError, bool, error) {
	fits, err := p.anyPartition(ctx)
	if err != nil {
		return nil, false, err
	}
	list, err := textRows(ctx, p.db, 1, fmt.Sprintf("SELECT %s FROM %s AS t WHERE NOT coalesce(%s, false) ORDER BY %s LIMIT %d", keyTextSQL(p.key, "t."), relation(p.from.Ident), fits,
		strings.Join(keyColumns(p.key, "t."), ", "), namedRows))
	if err != nil {
		return nil, false, fmt.Errorf("look for rows without a partition: %w", classify(err))
	}
	if len(list) == 0 {
		return nil, false, nil
	}
	out := &shadow.ConflictError{Table: p.from.Ident.String(), Index: partitionKey, Stray: true}
	for _, r := range list {
		out.Keys = append(out.Keys, p.Readable(r[0]))
	}
	return out, true, nil
}

// anyPartition is the condition, over columns of the new table's names, that a row belongs to one of the partitions.
func (p *pair) anyPartition(ctx context.Context) (string, error) {
	list, err := textRows(ctx, p.db, 1, `SELECT coalesce(pg_catalog.pg_get_partition_constraintdef(t.relid), 'true') FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) AS t WHERE t.level = 1 ORDER BY t.relid`, relation(p.to.Ident))
	if err != nil {
		return "", fmt.Errorf("read the partitions' bounds: %w", classify(err))
	}
	var out []string
	for _, r := range list {
		out = append(out, "("+r[0]+")")
	}
	return "(" + strings.Join(out, " OR ") + ")", nil
}
