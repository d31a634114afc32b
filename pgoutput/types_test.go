package pgoutput_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
)

// typeCase is a column's type and values of it as SQL, separated by |.
type typeCase struct{ name, values string }

var types = []typeCase{
	{"smallint", "-32768|32767|0"}, {"integer", "-2147483648|2147483647"}, {"bigint", "-9223372036854775808|9223372036854775807"},
	{"numeric", "0|0.0|-1.50|1e-200|12345678901234567890.123456789000|'NaN'|'Infinity'|'-Infinity'"}, {"numeric(10,3)", "1.5|-99999.999"},
	{"real", "0.1|1e-37|'-0'|3.4028235e38|1.17549435e-38|16777217|'NaN'|'-Infinity'"},
	{"double precision", "0.1|1.7976931348623157e308|5e-324|'-0'|0.1::real|1/3.0::float8|'NaN'|'Infinity'"},
	{"money", "12.34|-92233720368547758.08|'1000000'"},
	{"text", `''|'it''s'|E'back\\slash'|E'\\'|E'tab\tand\nnewline'|'é€😀'|repeat('é', 5000)|'E''\x'''`},
	{"varchar(10)", "'abc  '|'0123456789'"}, {"char(5)", "'a'|'abcde'|'  '|''"}, {`"char"`, `'a'|''|'\'`}, {"name", "'some name'"},
	{"bytea", `'\x'|'\x00ff275c'|decode(repeat('00ff', 3000), 'hex')`},
	{"boolean", "true|false"}, {"bit(3)", "B'101'"}, {"bit varying", "B''|B'1010101010101'"},
	{"date", "'0001-01-01'|'0044-03-15 BC'|'9999-12-31'|'infinity'|'-infinity'"},
	{"time", "'00:00:00'|'24:00:00'|'12:34:56.789012'"}, {"time(0)", "'12:34:56.7'"}, {"timetz", "'12:34:56.789012+05:45'|'00:00-12'"},
	{"timestamp", "'2020-02-29 12:34:56.789012'|'infinity'|'0001-01-01 00:00:00 BC'"}, {"timestamp(3)", "'2020-02-29 12:34:56.789999'"},
	{"timestamptz", "'2020-02-29 12:34:56.789012+05:45'|'1800-01-01 00:00:00 Europe/Amsterdam'|'-infinity'"},
	{"interval", "'1 year 2 mons -3 days 04:05:06.789'|'-1 mon +1 day'|'0'|'178000000 years'"}, {"interval day to second(2)", "'3 days 04:05:06.789'"},
	{"uuid", "'123e4567-e89b-12d3-a456-426655440000'"},
	{"json", `'{"b":1, "a": 1.0,"a":2}'|' [1.50] '|'"\u00e9"'|'null'`}, {"jsonb", `'{"b":1, "a": 1.0,"a":2}'|'[1.50]'|'"\u00e9\\"'`}, {"jsonpath", "'$.a[*] ? (@ > 1)'"},
	{"xml", "'<a>b</a>'|'text only'"},
	{"inet", "'192.168.0.1'|'192.168.0.1/24'|'2001:db8::/32'"}, {"cidr", "'10.0.0.0/8'|'::/0'"}, {"macaddr", "'08:00:2b:01:02:03'"}, {"macaddr8", "'08:00:2b:01:02:03:04:05'"},
	{"point", "'(0.1,-0)'"}, {"line", "'{1,2,0.1}'"}, {"lseg", "'[(0,0),(0.1,1e-300)]'"}, {"box", "'(1,1),(0.1,0)'"}, {"path", "'[(0,0),(0.1,1)]'|'((0,0),(1,1))'"}, {"polygon", "'((0,0),(0.1,1),(2,2))'"}, {"circle", "'<(0.1,0),2.5>'"},
	{"tsvector", `'a:1A fat:2B,4C cat:5D ''it''''s'''`}, {"tsquery", `'fat & (rat | !cat:*)'`},
	{"int4range", "'[1,5)'|'empty'|'(,)'"}, {"numrange", "'[0.10,1.5]'"}, {"tstzrange", `'["2020-01-01 00:00:00+02",infinity]'`}, {"int8multirange", "'{[1,3),[5,9)}'|'{}'"},
	{"integer[]", "'{}'|'{1,NULL,3}'|'[0:1]={1,2}'|'{{1,2},{3,4}}'"}, {"text[]", `'{"a,b","it''s","NULL",NULL,"q\"q","b\\b",""}'`}, {"double precision[]", "'{0.1,NaN,-0}'"}, {"timestamptz[]", `'{"2020-01-01 00:00:00+02"}'`},
	{"oid", "4294967295"}, {"regclass", `'pg_class'|'public."odd name"'`}, {"regtype", "'int'|'public.mood'"}, {"pg_lsn", "'16/B374D848'"}, {"xid8", "'18446744073709551615'"}, {"tid", "'(1,2)'"},
	{"mood", `'sad'|'it''s, ok'`}, {"positive", "1|2147483647"}, {"short", "'ab'"}, {"pair", `ROW(1,'a"b,c\d')|ROW(NULL,'')|ROW(NULL,NULL)`}, {"pair[]", `ARRAY[ROW(1,'a"b')::pair, NULL]`}, {"floats", "'[0.1,0.2]'"},
}

var prologue = []string{`CREATE TYPE mood AS ENUM ('sad', 'it''s, ok')`, `CREATE DOMAIN positive AS int CHECK (VALUE > 0)`, `CREATE DOMAIN short AS varchar(2)`, `CREATE TYPE pair AS (a int, b text)`,
	`CREATE TYPE floats AS RANGE (subtype = float8)`, `CREATE TABLE "odd name" (id int)`}

// TestTypes: the literals give back the stored bytes, whatever the session's settings.
func TestTypes(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(prologue...)
		var tables []string
		for i, c := range types {
			table := fmt.Sprintf("t%d", i)
			b.exec(fmt.Sprintf(`CREATE TABLE %s (id int PRIMARY KEY, c %s)`, table, c.name), fmt.Sprintf("CREATE TABLE %s_copy (LIKE %[1]s INCLUDING ALL)", table))
			tables = append(tables, table)
		}
		b.exec(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET datestyle = ''German''', current_database()); EXECUTE format('ALTER DATABASE %I SET intervalstyle = ''iso_8601''', current_database());
			EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -3', current_database()); EXECUTE format('ALTER DATABASE %I SET bytea_output = ''escape''', current_database()); END $$`)
		r := b.read(b.create(tables...), tables...)
		for i, c := range types {
			b.on(t).roundTrip(r, tables[i], c)
		}
	})
}

func (b *bench) roundTrip(r *reading, table string, c typeCase) {
	values := append(strings.Split(c.values, "|"), "NULL")
	if strings.HasPrefix(c.name, "tsquery") {
		values = []string{c.values, "NULL"}
	}
	var list, again []string
	for i, v := range values {
		list = append(list, fmt.Sprintf("INSERT INTO %s VALUES (%d, %s)", table, i, v))
	}
	b.exec(list...)
	for range values {
		again = append(again, rowText(r.until().changes[0].After))
	}
	b.exec("BEGIN", "SET LOCAL standard_conforming_strings = off", "SET LOCAL search_path = pg_temp", "SET LOCAL lc_monetary = 'C'", fmt.Sprintf("INSERT INTO public.%s_copy VALUES %s", table, strings.Join(again, ", ")), "COMMIT")
	q := fmt.Sprintf(`SELECT a.id, a.c, b.c FROM %s a FULL JOIN %[1]s_copy b USING (id) WHERE record_image_ne(ROW(a.c), ROW(b.c)) OR pg_column_size(a.c) IS DISTINCT FROM pg_column_size(b.c)`, table)
	for _, row := range dbtest.Query(b, b.dsn, q) {
		b.Errorf("%s: %.200s is %.300s in the copy", c.name, row[1], row[2])
	}
	want(b, "rows of "+c.name, b.value("SELECT count(*) FROM "+table+"_copy"), len(values))
}
