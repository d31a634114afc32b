package tally

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

type postgres struct{}

func (postgres) quote(name string) string { return `"` + name + `"` }

func (postgres) settings(level, _ string) []string {
	return []string{"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL " + level, "SET lock_timeout = '5s'"}
}

func (p postgres) insert(t *transaction, names, values string) (int64, error) {
	q := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) RETURNING %s", Table, names, values, p.quote(t.w.subject.Key[0].in(t.shape)))
	t.last = q
	begin := time.Now()
	var n int64
	err := t.conn.QueryRowContext(t.ctx, q).Scan(&n)
	t.w.fleet.meter.statement(q, begin, time.Since(begin))
	return n, err
}

func (postgres) head(table, names string) string {
	return "INSERT INTO " + table + " (" + names + ") OVERRIDING SYSTEM VALUE VALUES "
}

// loaded: keys that were given don't move the sequence.
func (p postgres) loaded(ctx context.Context, db *sql.DB, table, key string) error {
	var sequence sql.NullString
	if err := db.QueryRowContext(ctx, "SELECT pg_get_serial_sequence($1, $2)", table, key).Scan(&sequence); err != nil || !sequence.Valid {
		return err
	}
	_, err := db.ExecContext(ctx, fmt.Sprintf("SELECT setval('%s', (SELECT max(%s) FROM %s)) WHERE EXISTS (SELECT 1 FROM %[3]s)", sequence.String, p.quote(key), table))
	return err
}

func (postgres) beginBranch(t *transaction, _ string) error {
	_, err := t.exec("START TRANSACTION")
	return err
}

func (postgres) branchID(name string, writer, n, format int) string {
	return fmt.Sprintf("'%s-%d-%d-%d'", name, writer, n, format)
}

func (postgres) endWork(_ *transaction, _ string, err error) error { return err }

func (postgres) prepareBranch(t *transaction, id string) error {
	_, err := t.exec("PREPARE TRANSACTION %s", id)
	return err
}

func (postgres) abandonBranch(t *transaction, _ string) { _, _ = t.conn.ExecContext(t.ctx, "ROLLBACK") }

func (postgres) settleBranch(id string, commit bool) string {
	if commit {
		return "COMMIT PREPARED " + id
	}
	return "ROLLBACK PREPARED " + id
}

func (postgres) once(string) string { return "COMMIT" }

func (postgres) detaches(context.Context, *sql.DB) bool { return true }

// verdict: serialization failure, deadlock, lock not available; undefined column.
func (postgres) verdict(err error) verdict {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return wrong
	}
	switch pg.Code {
	case "40001", "40P01", "55P03":
		return again
	case "42703":
		return otherShape
	}
	return wrong
}

func (p postgres) columns(ctx context.Context, db *sql.DB, plain bool) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND ($2 = 'all' OR is_generated = 'NEVER') ORDER BY ordinal_position", Table, map[bool]string{false: "all", true: "plain"}[plain])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		out = append(out, p.quote(name))
	}
	return out, rows.Err()
}

// describe lists columns, constraints, indexes, triggers and settings, each in the server's own words.
func (postgres) describe(ctx context.Context, db *sql.DB, _ string) (string, error) {
	rows, err := db.QueryContext(ctx, `SELECT line FROM (
		SELECT 1 AS o, row_number() OVER (ORDER BY a.attnum) AS n, format('%s %s%s %s %s %s %s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, pg_get_expr(d.adbin, d.adrelid),
			a.attidentity, a.attgenerated, a.attcollation, a.attstorage, a.attstattarget, col_description(a.attrelid, a.attnum)) AS line
			FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = 'public.`+Table+`'::regclass AND a.attnum > 0 AND NOT a.attisdropped
		UNION ALL SELECT 2, 0, format('%s %s valid=%s', conname, pg_get_constraintdef(oid), convalidated) FROM pg_constraint WHERE 'public.`+Table+`'::regclass IN (conrelid, confrelid)
		UNION ALL SELECT 3, 0, format('%s valid=%s', pg_get_indexdef(indexrelid), indisvalid) FROM pg_index WHERE indrelid = 'public.`+Table+`'::regclass
		UNION ALL SELECT 4, 0, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'public.`+Table+`'::regclass AND NOT tgisinternal
		UNION ALL SELECT 5, 0, format('%s %s %s %s', relkind, relpersistence, reloptions, relreplident) FROM pg_class WHERE oid = 'public.`+Table+`'::regclass
		UNION ALL SELECT 6, 0, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxrelid = 'public.`+Table+`'::regclass
		UNION ALL SELECT 7, 0, format('%s as %s by %s', q.relname, s.seqtypid::regtype, s.seqincrement) FROM pg_depend d JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S' JOIN pg_sequence s ON s.seqrelid = q.oid
			WHERE d.refobjid = 'public.`+Table+`'::regclass AND d.deptype IN ('a', 'i')
		UNION ALL SELECT 8, 0, format('%s in %s %s %s %s, %s', c.relname, c.relnamespace::regnamespace, pg_get_expr(c.relpartbound, c.oid), c.reloptions, c.relreplident,
			(SELECT string_agg(pg_get_indexdef(i.indexrelid) || i.indisvalid, '; ' ORDER BY pg_get_indexdef(i.indexrelid) COLLATE "C") FROM pg_index i WHERE i.indrelid = c.oid))
			FROM pg_partition_tree('public.`+Table+`') AS t JOIN pg_class c ON c.oid = t.relid WHERE t.level > 0
		) AS x ORDER BY o, n, line COLLATE "C"`)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return "", err
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n"), rows.Err()
}

// copyOf: rows don't go from one database to another here.
func (postgres) copyOf(context.Context, *sql.DB, *sql.DB, string) error {
	return errors.New("a change that loses values isn't compared on this server")
}

func (p postgres) asBytes(context.Context, *sql.DB, string) (func(string) string, error) {
	return p.text, nil
}

func (postgres) text(column string) string {
	return "encode(convert_to((" + column + ")::text, 'UTF8'), 'hex')"
}

func (postgres) snapshots() bool { return true }
