package observe

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// rowsEach is how many rows a table gets: enough for a scan to be told from a look at the catalog.
const rowsEach = 500

// column is what the server says about one.
type column struct{ name, typ, label string }

// fill puts rows into every table. Tables that refuse them stay empty and are named.
func fill(ctx context.Context, conn *sql.Conn, postgres bool) ([]string, error) {
	off, on, catalog := "SET foreign_key_checks = 0", "SET foreign_key_checks = 1", mysqlColumns
	if postgres {
		off, on, catalog = "SET session_replication_role = replica", "RESET session_replication_role", postgresColumns
	}
	if _, err := conn.ExecContext(ctx, off); err != nil {
		return nil, fmt.Errorf("fill the tables: %w", err)
	}
	tables, order, err := columns(ctx, conn, catalog)
	if err != nil {
		return nil, err
	}
	var empty []string
	for _, t := range order {
		if _, err := conn.ExecContext(ctx, insert(t, tables[t], postgres)); err != nil {
			empty = append(empty, t+": "+err.Error())
		}
	}
	_, err = conn.ExecContext(ctx, on)
	if err == nil && postgres {
		_, err = conn.ExecContext(ctx, "ANALYZE")
	}
	return empty, err
}

const postgresColumns = `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
	coalesce((SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = a.atttypid ORDER BY e.enumsortorder LIMIT 1), '')
	FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a'
	AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' ORDER BY c.oid, a.attnum`

const mysqlColumns = "SELECT concat('`', table_name, '`'), concat('`', column_name, '`'), column_type, '' FROM information_schema.columns " +
	"JOIN information_schema.tables USING (table_schema, table_name) WHERE table_schema = database() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND extra NOT LIKE '%GENERATED%' AND extra NOT LIKE '%auto_increment%' ORDER BY table_name, ordinal_position"

func columns(ctx context.Context, conn *sql.Conn, query string) (map[string][]column, []string, error) {
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return nil, nil, fmt.Errorf("read the columns: %w", err)
	}
	defer rows.Close()
	tables := map[string][]column{}
	var order []string
	for rows.Next() {
		var t string
		var c column
		if err := rows.Scan(&t, &c.name, &c.typ, &c.label); err != nil {
			return nil, nil, fmt.Errorf("read the columns: %w", err)
		}
		if tables[t] == nil {
			order = append(order, t)
		}
		tables[t] = append(tables[t], c)
	}
	return tables, order, rows.Err()
}

func insert(table string, list []column, postgres bool) string {
	var names, values []string
	for _, c := range list {
		v := c.value(postgres)
		if v == "" {
			continue
		}
		names, values = append(names, c.name), append(values, v)
	}
	from := fmt.Sprintf(" FROM generate_series(1, %d) g", rowsEach)
	head := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ")"
	if postgres {
		return head + " OVERRIDING SYSTEM VALUE SELECT " + strings.Join(values, ", ") + from
	}
	return head + fmt.Sprintf(" WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < %d) SELECT ", rowsEach) + strings.Join(values, ", ") + " FROM s"
}

// value is an expression over g, the row's number; "" leaves the column to its default.
func (c column) value(postgres bool) string {
	t := strings.ToLower(c.typ)
	is := func(words ...string) bool {
		for _, w := range words {
			if strings.HasPrefix(t, w) {
				return true
			}
		}
		return false
	}
	switch {
	case c.label != "":
		return "'" + strings.ReplaceAll(c.label, "'", "''") + "'"
	case strings.HasSuffix(t, "[]"):
		return "'{}'"
	case is("tinyint"):
		return "g % 100"
	case is("numeric", "decimal"):
		return "g % 9"
	case is("int", "bigint", "smallint", "mediumint", "double", "float", "real", "oid"):
		return "g"
	case is("json"):
		return "'{}'"
	case is("boolean"):
		return "true"
	case is("uuid") && postgres:
		return "gen_random_uuid()"
	case is("date", "timestamp") && postgres:
		return "'2020-01-01'::date + g % 300"
	case is("date", "timestamp"):
		return "'2020-01-01'"
	case is("time"):
		return "'10:00:00'"
	case is("interval"):
		return "'1 day'"
	case is("enum", "set"):
		return "1"
	case is("character", "varchar", "char", "text", "longtext", "mediumtext", "tinytext", "name", "citext") && postgres:
		return "'" + "r' || g"
	case is("varchar", "char", "text", "longtext", "mediumtext", "tinytext", "varbinary", "binary", "blob", "longblob"):
		return "concat('r', g)"
	case is("bytea"):
		return "'\\x00'"
	case is("inet", "cidr"):
		return "'10.0.0.0'"
	case is("point") && !postgres:
		return "point(g, g)"
	case is("year"):
		return "2020"
	}
	return ""
}
