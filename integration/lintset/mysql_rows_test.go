package lintset

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// myColumn is a column as information_schema describes it.
type myColumn struct {
	table, bare, dataType, columnType, extra string
	view, nullable, hasDefault, generated    bool
	length                                   int // of strings and binary strings, else 0
	key, unique                              bool
	parent                                   string // "table.column" that it refers to
}

const myColumns = "SELECT c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE, c.COLUMN_TYPE, c.EXTRA, t.TABLE_TYPE LIKE '%VIEW%', c.IS_NULLABLE = 'YES'," +
	" c.COLUMN_DEFAULT IS NOT NULL OR c.EXTRA LIKE '%DEFAULT_GENERATED%' OR c.EXTRA LIKE '%auto_increment%', COALESCE(c.GENERATION_EXPRESSION, '') <> ''," +
	" LEAST(COALESCE(c.CHARACTER_MAXIMUM_LENGTH, 0), 1000)," +
	" EXISTS (SELECT 1 FROM information_schema.STATISTICS s WHERE s.TABLE_SCHEMA = c.TABLE_SCHEMA AND s.TABLE_NAME = c.TABLE_NAME AND s.COLUMN_NAME = c.COLUMN_NAME AND s.INDEX_NAME = 'PRIMARY')," +
	" EXISTS (SELECT 1 FROM information_schema.STATISTICS s WHERE s.TABLE_SCHEMA = c.TABLE_SCHEMA AND s.TABLE_NAME = c.TABLE_NAME AND s.COLUMN_NAME = c.COLUMN_NAME AND s.NON_UNIQUE = 0)," +
	" COALESCE((SELECT MAX(CONCAT(k.REFERENCED_TABLE_NAME, '.', k.REFERENCED_COLUMN_NAME)) FROM information_schema.KEY_COLUMN_USAGE k WHERE k.TABLE_SCHEMA = c.TABLE_SCHEMA" +
	" AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_NAME = c.COLUMN_NAME AND k.REFERENCED_TABLE_NAME IS NOT NULL), '')" +
	" FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)" +
	" WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION"

func (mysql) relations(ctx context.Context, s session, n int) ([]relation, error) {
	rows, err := s.exec(ctx, myColumns)
	if err != nil {
		return nil, fmt.Errorf("read the columns: %w", err)
	}
	all := map[string]myColumn{}
	var order []myColumn
	for _, row := range rows {
		c := readMyColumn(row)
		all[c.table+"."+c.bare] = c
		order = append(order, c)
	}
	var out []relation
	for _, c := range order {
		if len(out) == 0 || out[len(out)-1].bare != c.table {
			out = append(out, relation{name: backquoted(c.table), bare: c.table, view: c.view})
		}
		last := &out[len(out)-1]
		last.columns = append(last.columns, c.column(all, n))
	}
	return out, nil
}

func readMyColumn(row []string) myColumn {
	yes := func(i int) bool { return row[i] == "1" }
	length, _ := strconv.Atoi(row[9]) // the query gives a number
	return myColumn{
		table: row[0], bare: row[1], dataType: strings.ToLower(row[2]), columnType: row[3], extra: row[4], view: yes(5), nullable: yes(6),
		hasDefault: yes(7), generated: yes(8), length: length, key: yes(10), unique: yes(11), parent: row[12],
	}
}

func backquoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// binary types have no text of their own.
var binary = regexp.MustCompile(`^(.*binary|.*blob|bit|vector|geometry|point|linestring|polygon|multi.*|geomcollection|geometrycollection)$`)

func (c myColumn) column(all map[string]myColumn, n int) column {
	text := "CAST(" + backquoted(c.bare) + " AS CHAR)"
	if binary.MatchString(c.dataType) {
		text = "HEX(" + backquoted(c.bare) + ")"
	}
	return column{
		name: backquoted(c.bare), bare: c.bare, expr: c.expr(all, n), key: c.key, required: !c.nullable && !c.hasDefault && !c.generated,
		computed: c.generated, filled: !c.generated, text: text,
	}
}

func (c myColumn) expr(all map[string]myColumn, n int) string {
	value := c.value()
	if up, ok := all[c.parent]; ok {
		value = wrapped(up.value(), n)
	}
	if !c.nullable || c.key {
		return value
	}
	return "IF(i % 10 = 0, NULL, " + value + ")"
}

// value repeats itself unless it has to be unique. SHA2 is the one digest that every server has.
func (c myColumn) value() string {
	switch c.dataType {
	case "tinyint":
		return c.or("i", "1 + i % 100")
	case "smallint", "mediumint", "int", "bigint", "decimal", "float", "double":
		return c.or("i", "1 + i % 900")
	case "char", "varchar", "tinytext", "text", "mediumtext":
		return c.string()
	case "enum", "set":
		list := c.columnType[strings.Index(c.columnType, "(")+1 : strings.LastIndex(c.columnType, ")")]
		return fmt.Sprintf("ELT(1 + i %% %d, %s)", strings.Count(list, "','")+1, list)
	case "binary", "varbinary":
		return fmt.Sprintf("LEFT(UNHEX(SHA2(i, 256)), %d)", c.length)
	}
	if expr, ok := myValues[c.dataType]; ok {
		return expr
	}
	return "NULL"
}

func (c myColumn) or(unique, repeated string) string {
	if c.unique {
		return unique
	}
	return repeated
}

func (c myColumn) string() string {
	number := c.or("i", "i % 1000")
	switch {
	case c.length < 10:
		return fmt.Sprintf("LEFT(SHA2(%s, 256), %d)", number, c.length)
	case strings.Contains(strings.ToLower(c.bare), "mail"):
		return fmt.Sprintf("CONCAT('user', %s, '@example.com')", number)
	}
	return fmt.Sprintf("CONCAT('val', %s)", number)
}

// myValues are the values of other types.
var myValues = map[string]string{
	"date": "DATE '2024-01-01' + INTERVAL (i % 360) DAY", "datetime": "TIMESTAMP '2024-01-01 00:00:00' + INTERVAL (i % 360) DAY",
	"timestamp": "TIMESTAMP '2024-01-01 00:00:00' + INTERVAL (i % 360) DAY", "time": "SEC_TO_TIME(i % 80000)", "year": "2000 + i % 100",
	"json": "JSON_OBJECT('k', i % 1000)", "bit": "i % 2", "tinyblob": "UNHEX(SHA2(i, 256))", "blob": "UNHEX(SHA2(i, 256))", "mediumblob": "UNHEX(SHA2(i, 256))",
	"longblob": "UNHEX(SHA2(i, 256))", "geometry": "ST_GeomFromText(CONCAT('POINT(', i % 80, ' ', i % 80, ')'))",
	"point": "ST_GeomFromText(CONCAT('POINT(', i % 80, ' ', i % 80, ')'))", "uuid": "LOWER(CONCAT(LEFT(SHA2(i, 256), 8), '-0000-4000-8000-', RIGHT(SHA2(i, 256), 12)))",
	"longtext": "JSON_OBJECT('k', i % 1000)", // MariaDB's json is a longtext with a check
	"inet6":    "CONCAT('2001:db8::', HEX(i % 60000))", "vector": "TO_VECTOR('[1,2,3]')",
}
