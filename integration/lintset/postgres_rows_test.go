package lintset

import (
	"context"
	"fmt"
	"strings"
)

// pgColumn is a column as the catalog describes it.
type pgColumn struct {
	table, number                    string // oid and attnum
	kind                             string // relkind
	tableName, bareTable, name, bare string
	base, typeName, maximum, labels  string
	category                         string
	notNull, hasDefault, generated   bool
	identity                         string
	key, unique                      bool
}

const pgColumns = `
SELECT c.oid, a.attnum, c.relkind,
       CASE WHEN n.nspname = 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname), c.relname,
       quote_ident(a.attname), a.attname, b.typname, format_type(a.atttypid, NULL),
       CASE WHEN b.typname IN ('varchar', 'bpchar') THEN greatest(a.atttypmod, t.typtypmod) - 4 ELSE -1 END,
       coalesce((SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = b.oid), ''),
       b.typcategory, a.attnotnull OR t.typnotnull, a.atthasdef OR t.typdefault IS NOT NULL, a.attgenerated <> '', a.attidentity,
       EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary AND a.attnum = ANY (x.indkey)),
       EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisunique AND a.attnum = ANY (x.indkey))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
 WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%' AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
 ORDER BY c.oid, a.attnum`

// pgReferences are the columns that refer to others, each with the one it refers to.
const pgReferences = `
SELECT conrelid || '.' || f.child, confrelid || '.' || f.parent
  FROM pg_constraint, unnest(conkey, confkey) AS f (child, parent) WHERE contype = 'f' AND conparentid = 0`

func (p postgres) relations(ctx context.Context, s session, n int) ([]relation, error) {
	rows, err := s.exec(ctx, pgColumns)
	if err != nil {
		return nil, fmt.Errorf("read the columns: %w", err)
	}
	refers, err := s.exec(ctx, pgReferences)
	if err != nil {
		return nil, fmt.Errorf("read the foreign keys: %w", err)
	}
	parent := map[string]string{}
	for _, r := range refers {
		parent[r[0]] = r[1]
	}
	all := map[string]pgColumn{}
	var order []pgColumn
	for _, row := range rows {
		c := readPgColumn(row)
		all[c.table+"."+c.number] = c
		order = append(order, c)
	}
	var out []relation
	for _, c := range order {
		if len(out) == 0 || out[len(out)-1].name != c.tableName {
			out = append(out, relation{name: c.tableName, bare: c.bareTable, view: c.kind == "v" || c.kind == "m"})
		}
		last := &out[len(out)-1]
		last.columns = append(last.columns, c.column(all, parent, n))
	}
	return out, nil
}

func readPgColumn(row []string) pgColumn {
	yes := func(i int) bool { return row[i] == "t" }
	return pgColumn{
		table: row[0], number: row[1], kind: row[2], tableName: row[3], bareTable: row[4], name: row[5], bare: row[6],
		base: row[7], typeName: row[8], maximum: row[9], labels: row[10], category: row[11],
		notNull: yes(12), hasDefault: yes(13), generated: yes(14), identity: row[15], key: yes(16), unique: yes(17),
	}
}

func (c pgColumn) column(all map[string]pgColumn, parent map[string]string, n int) column {
	return column{
		name: c.name, bare: c.bare, expr: c.expr(all, parent, n), key: c.key,
		number:   c.category == "N" && c.base != "money" || c.category == "B",
		required: c.notNull && !c.hasDefault && c.identity == "" && !c.generated,
		computed: c.generated || c.identity == "a", filled: !c.generated, text: c.name + "::text",
	}
}

// expr refers to the parent's row of the same number, so far as there is one.
func (c pgColumn) expr(all map[string]pgColumn, parent map[string]string, n int) string {
	value := c.value()
	if up, ok := all[parent[c.table+"."+c.number]]; ok {
		value = wrapped(up.value(), n)
	}
	if c.notNull || c.key {
		return value
	}
	return "CASE WHEN i % 10 = 0 THEN NULL ELSE " + value + " END"
}

// value repeats itself unless it has to be unique.
func (c pgColumn) value() string {
	switch {
	case c.labels != "":
		return fmt.Sprintf("(ARRAY[%s])[1 + i %% %d]::%s", c.labels, strings.Count(c.labels, ",")+1, c.typeName)
	case c.category == "S":
		return c.string()
	case c.base == "int2", c.base == "int4", c.base == "int8", c.base == "oid", c.base == "numeric", c.base == "float4", c.base == "float8":
		return c.or("i", "1 + i % 900")
	}
	if expr, ok := pgValues[c.base]; ok {
		return expr
	}
	return "NULL::" + c.typeName
}

func (c pgColumn) or(unique, repeated string) string {
	if c.unique {
		return unique
	}
	return repeated
}

func (c pgColumn) string() string {
	number := c.or("i", "i % 1000")
	switch {
	case len(c.maximum) == 1:
		return fmt.Sprintf("left(md5((%s)::text), %s)", number, c.maximum)
	case strings.Contains(strings.ToLower(c.bare), "mail"):
		return fmt.Sprintf("'user' || (%s) || '@example.com'", number)
	}
	return fmt.Sprintf("'val' || (%s)", number)
}

// pgValues are the values of other types.
var pgValues = map[string]string{
	"bool": "i % 2 = 0", "money": "(i % 900)::text::money", "uuid": "md5(i::text)::uuid",
	"date": "date '2024-01-01' + (i % 360)::int", "time": "time '00:00' + i % 1000 * interval '1 second'",
	"timestamp":   "timestamp '2024-01-01' + i % 360 * interval '1 day'",
	"timestamptz": "timestamptz '2024-01-01 00:00+00' + i % 360 * interval '1 day'",
	"interval":    "i % 100 * interval '1 second'", "json": "json_build_object('k', i % 1000)", "jsonb": "jsonb_build_object('k', i % 1000)",
	"bytea": "decode(md5(i::text), 'hex')", "inet": "('10.0.' || i % 250 || '.1')::inet", "tsvector": "to_tsvector('simple', 'word' || i % 1000)",
	"point": "point(i % 100, i % 90)", "int4range": "int4range(i, i + 1)", "daterange": "daterange(date '2024-01-01', date '2024-01-02' + (i % 360)::int)",
	"tstzrange": "tstzrange(timestamptz '2024-01-01 00:00+00' + i * interval '1 hour', timestamptz '2024-01-01 00:30+00' + i * interval '1 hour')",
	"_text":     "ARRAY['tag' || i % 100]", "_varchar": "ARRAY['tag' || i % 100]", "_int4": "ARRAY[i % 100]", "xml": "('<a>' || i % 100 || '</a>')::xml",
	"hstore": "hstore('k', (i % 100)::text)", "ltree": "('top.n' || i % 100)::ltree", "bit": "(i % 2)::int::bit",
}
