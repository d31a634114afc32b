package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Table reads one table. Everything comes from one snapshot, and with an empty
// search_path, so that types and expressions are written the same for everybody.
func (s *server) Table(ctx context.Context, id schema.Ident) (*schema.Table, error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", id, classify(err))
	}
	defer func() { _ = tx.Rollback() }()
	r := reader{ctx: ctx, tx: tx, number: s.number}
	t, err := r.table(id)
	var bad *plans.InputError
	if err != nil && !errors.As(err, &bad) {
		err = fmt.Errorf("read table %s: %w", id, classify(err))
	}
	return t, err
}

// reader reads the catalog in one transaction. The first error stays.
type reader struct {
	ctx    context.Context
	tx     *sql.Tx
	number int
	oid    uint32
	kind   string // of a type; "" of a relation
}

func (r *reader) table(id schema.Ident) (*schema.Table, error) {
	if err := r.find(&id); err != nil {
		return nil, err
	}
	t := &schema.Table{Ident: id}
	if _, err := r.tx.ExecContext(r.ctx, "SET LOCAL search_path = pg_catalog"); err != nil {
		return nil, err
	}
	if r.kind != "" {
		return t, r.describeType(t)
	}
	for _, read := range []func(*schema.Table) error{r.relation, r.reads, r.columns, r.indexes, r.constraints, r.triggers, r.dependents, r.grants, r.statistics, r.settings, r.partitions} {
		if err := read(t); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// find resolves the name along the session's own search_path.
func (r *reader) find(id *schema.Ident) error {
	err := r.tx.QueryRowContext(r.ctx, `SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = pg_catalog.to_regclass($1)::oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`, relation(*id)).Scan(&r.oid, &id.Schema, &id.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return r.findType(id)
	}
	return err
}

// rows reads a query whose only column is a JSON object into the list at into.
func (r *reader) rows(into any, query string, args ...any) error {
	var doc []byte
	if args == nil {
		args = []any{r.oid}
	}
	if err := r.tx.QueryRowContext(r.ctx, "SELECT coalesce(json_agg(x), '[]') FROM ("+query+") AS x", args...).Scan(&doc); err != nil {
		return err
	}
	return json.Unmarshal(doc, into)
}

// relation reads the table's own row. Kind is "table" for what a column sync can
// change.
func (r *reader) relation(t *schema.Table) error {
	var comment sql.NullString
	err := r.tx.QueryRowContext(r.ctx, `SELECT CASE
			WHEN c.relnamespace IN ('pg_catalog'::regnamespace) OR n.nspname = 'information_schema' THEN 'system table'
			WHEN c.relkind = 'p' AND NOT c.relispartition THEN 'partitioned table' WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'm' THEN 'materialized view'
			WHEN c.relkind = 'f' THEN 'foreign table' WHEN c.relispartition THEN 'partition' WHEN c.relpersistence = 't' THEN 'temporary table'
			WHEN c.relpersistence = 'u' THEN 'unlogged table' WHEN c.reloftype <> 0 THEN 'typed table'
			WHEN EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid) THEN 'table that others inherit from'
			WHEN EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid) THEN 'table that inherits from another'
			ELSE 'table' END,
		coalesce(m.amname, ''), c.relkind = 'p', CASE c.relkind WHEN 'p' THEN w.rows ELSE greatest(c.reltuples, s.n_live_tup, 0)::bigint END, CASE c.relkind WHEN 'p' THEN w.bytes ELSE pg_total_relation_size(c.oid) END, obj_description(c.oid, 'pg_class')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am m ON m.oid = c.relam LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
			LEFT JOIN LATERAL (SELECT coalesce(sum(greatest(pc.reltuples, ps.n_live_tup, 0)), 0)::bigint AS rows, coalesce(sum(pg_total_relation_size(pc.oid)), 0)::bigint AS bytes
				FROM pg_partition_tree(c.oid) AS p JOIN pg_class pc ON pc.oid = p.relid LEFT JOIN pg_stat_all_tables ps ON ps.relid = pc.oid WHERE p.isleaf) AS w ON c.relkind = 'p'
		WHERE c.oid = $1`, r.oid).Scan(&t.Kind, &t.Storage, &t.Partitioned, &t.Rows, &t.Bytes, &comment)
	t.Comment = comment.String
	return err
}

// since returns sql on servers of at least the version, else instead.
func (r *reader) since(number int, sql, instead string) string {
	if r.number >= number {
		return sql
	}
	return instead
}

type columnRow struct {
	Name, Type, Category, Base string
	Nullable                   bool
	Default                    *string
	Generated, Identity        string
	Serial                     bool
	Collation, Comment         string
	Target                     *int
	Storage, Compression       string
	Options                    []string
}

// columns reads the columns. A column that owns the sequence of its own default
// is numbered by the server, as an identity column is. PostgreSQL 18 marks a
// column NOT NULL before the constraint is validated; it may hold NULLs till then.
func (r *reader) columns(t *schema.Table) error {
	var list []columnRow
	err := r.rows(&list, `SELECT a.attname AS "Name", format_type(a.atttypid, a.atttypmod) AS "Type", b.typcategory AS "Category", b.typname AS "Base",
		NOT (a.attnotnull`+r.since(180000, ` AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum AND NOT k.convalidated)`, "")+`) AS "Nullable",
		pg_get_expr(d.adbin, d.adrelid) AS "Default", a.attgenerated::text AS "Generated", a.attidentity::text AS "Identity",
		EXISTS (SELECT 1 FROM pg_depend o JOIN pg_class q ON q.oid = o.objid AND q.relkind = 'S'
			JOIN pg_depend u ON u.classid = 'pg_attrdef'::regclass AND u.objid = d.oid AND u.refclassid = 'pg_class'::regclass AND u.refobjid = q.oid
			WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum AND o.deptype = 'a') AS "Serial",
		CASE WHEN a.attcollation <> y.typcollation THEN coalesce((SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname) FROM pg_collation c
			JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid = a.attcollation), '') ELSE '' END AS "Collation",
		coalesce(col_description(a.attrelid, a.attnum), '') AS "Comment", nullif(a.attstattarget, -1) AS "Target",
		CASE WHEN a.attstorage <> y.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END ELSE '' END AS "Storage",
		`+r.since(140000, "CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' ELSE '' END", "''")+` AS "Compression", a.attoptions AS "Options"
		FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid JOIN pg_type b ON b.oid = CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE y.oid END
		LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`)
	for _, c := range list {
		t.Columns = append(t.Columns, c.column())
	}
	return err
}

func (c columnRow) column() schema.Column {
	out := schema.Column{Name: c.Name, Type: c.Type, Class: classOf(c.Base, c.Category), Nullable: c.Nullable, Collation: c.Collation, Comment: c.Comment,
		Statistics: c.Target, Definition: c.options()}
	switch {
	case c.Generated != "" && c.Default != nil:
		out.Generated = *c.Default
	case c.Identity == "a":
		out.Identity = "always"
	case c.Identity == "d":
		out.Identity = "by default"
	case c.Serial:
		out.Identity, out.Default = "serial", c.Default
	default:
		out.Default = c.Default
	}
	return out
}

// options is what ALTER TABLE … ALTER COLUMN … needs to make another column
// stored like this one, one clause a line.
func (c columnRow) options() string {
	var out []string
	if c.Storage != "" {
		out = append(out, "SET STORAGE "+c.Storage)
	}
	if c.Compression != "" {
		out = append(out, "SET COMPRESSION "+c.Compression)
	}
	if len(c.Options) > 0 {
		out = append(out, "SET ("+strings.Join(c.Options, ", ")+")")
	}
	return strings.Join(out, "\n")
}

// classOf groups the types. A type of somebody's own is opaque whatever it
// is called, as is one whose text form depends on settings.
func classOf(base, category string) schema.TypeClass {
	switch base {
	case "int2", "int4", "int8":
		return schema.Integer
	case "numeric":
		return schema.Decimal
	case "float4", "float8":
		return schema.Float
	case "text", "varchar", "bpchar":
		return schema.Text
	case "bytea":
		return schema.Binary
	case "bool":
		return schema.Boolean
	case "uuid":
		return schema.UUID
	case "json", "jsonb":
		return schema.JSON
	}
	if category == "D" || category == "T" {
		return schema.Temporal
	}
	return schema.Opaque
}
