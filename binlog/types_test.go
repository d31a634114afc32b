package binlog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/binlog"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/stream"
)

// typeCase is a type of column and values that are hard for it.
type typeCase struct {
	name   string // of the type; where there are several, with a word behind " -- "
	values string // VALUES are separated by |
}

var bothTypes = []typeCase{
	{"tinyint", "-128|-1|0|127"},
	{"tinyint unsigned", "0|127|128|255"},
	{"smallint", "-32768|-1|32767"},
	{"smallint unsigned", "0|32768|65535"},
	{"mediumint", "-8388608|-1|0|8388607"},
	{"mediumint unsigned", "0|8388608|16777215"},
	{"int", "-2147483648|-1|2147483647"},
	{"int unsigned", "0|2147483648|4294967295"},
	{"bigint", "-9223372036854775808|-1|9223372036854775807"},
	{"bigint unsigned", "0|9223372036854775808|18446744073709551615"},
	{"int(8) unsigned zerofill", "0|42|4294967295"},
	{"bit(1)", "0|1"},
	{"bit(9)", "0|1|256|511"},
	{"bit(64)", "0|1|9223372036854775808|18446744073709551615"},
	{"decimal(65,30)", "0|-0.000000000000000000000000000001|99999999999999999999999999999999999.999999999999999999999999999999|-12345678901234567890123456789012345.123456789012345678901234567891|1000000000"},
	{"decimal(10,0)", "0|-1|9999999999|-9999999999"},
	{"decimal(5,5)", "0|0.00001|-0.99999"},
	{"decimal(9,9)", "0.123456789|-0.000000001"},
	{"decimal(20,2) unsigned", "0|999999999999999999.99|1000000000.01"},
	{"float", "0|-0e0|1.1|-3.4028234e38|1.17549435e-38|1.4e-45|16777217|0.1|123456.789"},
	{"float unsigned", "0|0.3"},
	{"float(7,2)", "1.1|99999.99|-0.01"},
	{"double", "0|-0e0|1.1|-1.7976931348623157e308|2.2250738585072014e-308|5e-324|0.1|1e15|123456789.123456789"},
	{"double(12,3)", "1.1|999999999.999"},
	{"year", "'0000'|1901|1970|2000|2155"},
	{"date", "'0000-00-00'|'2023-02-00'|'2023-00-00'|'2023-02-31'|'1000-01-01'|'9999-12-31'|'0001-01-01'"},
	{"time", "'-838:59:59'|'838:59:59'|'00:00:00'|'-00:00:01'"},
	{"time(1)", "'-00:00:00.1'|'-01:02:03.4'|'10:11:12.9'"},
	{"time(2)", "'-00:00:00.01'|'-838:59:58.99'|'10:11:12.13'|'-00:00:01.00'"},
	{"time(3)", "'-00:00:00.001'|'-10:00:00.123'|'10:11:12.999'"},
	{"time(4)", "'-00:00:00.0001'|'-10:00:00.1234'|'10:11:12.9999'"},
	{"time(5)", "'-00:00:00.00001'|'10:11:12.12345'"},
	{"time(6)", "'-00:00:00.000001'|'-838:59:58.999999'|'838:59:58.999999'|'00:00:00.000123'"},
	{"datetime", "'0000-00-00 00:00:00'|'2023-02-31 23:59:59'|'2023-00-00 01:02:03'|'9999-12-31 23:59:59'|'1000-01-01 00:00:00'"},
	{"datetime(1)", "'2023-01-02 03:04:05.6'|'0000-00-00 00:00:00.0'"},
	{"datetime(3)", "'2023-01-02 03:04:05.006'|'2023-01-02 03:04:05.600'"},
	{"datetime(6)", "'2023-01-02 03:04:05.000123'|'9999-12-31 23:59:59.999999'|'0000-00-00 00:00:00'"},
	{"timestamp null", "'0000-00-00 00:00:00'|'1970-01-01 00:00:01'|'2038-01-19 03:14:07'|'2023-03-26 01:30:00'|'2023-03-26 02:30:00'"},
	{"timestamp(2) null", "'2023-01-02 03:04:05.06'|'0000-00-00 00:00:00'"},
	{"timestamp(6) null", "'2023-01-02 03:04:05.000006'|'1970-01-01 00:00:01.000001'|'2038-01-19 03:14:07.499999'"},
	{"char(10)", "''|'a'|'it''s'|'tr  '|'\\\\'"},
	{"char(255) charset utf8mb4", "repeat('😀',255)|repeat('a',255)|''"},
	{"char(200) charset latin1", "X'E9'|'a'|repeat('é',200)"},
	{"varchar(255) charset utf8mb4", "''|' '|'é😀'|'a\\0b\\nc\\Zd\"e\\\\f\\'g'|repeat('x',255)"},
	{"varchar(300) charset latin1", "''|_latin1 X'808182E9FF'|'plain'|repeat('a',300)"},
	{"varchar(30) charset gbk", "convert(_utf8mb4'中文' using gbk)|_gbk X'815C'|'a'"},
	{"varchar(30) charset sjis", "convert(_utf8mb4'表ソ' using sjis)|'a\\\\b'|'~'"},
	{"varchar(30) charset ucs2", "'ab'|''|_ucs2 X'00270061'"},
	{"varchar(30) charset utf16", "'a😀'|''"},
	{"varchar(30) charset utf32", "'a😀'"},
	{"varchar(30) charset utf8mb3", "'aé中'|''"},
	{"varchar(30) charset ascii", "'abc'|''"},
	{"varchar(30) charset big5", "convert(_utf8mb4'功' using big5)"},
	{"varchar(30) charset euckr", "convert(_utf8mb4'한' using euckr)"},
	{"varchar(30) charset ujis", "convert(_utf8mb4'日' using ujis)"},
	{"varchar(30) charset cp932", "convert(_utf8mb4'表' using cp932)"},
	{"varchar(30) charset tis620", "convert(_utf8mb4'ก' using tis620)|'a'"},
	{"varchar(30) charset swe7", "'a'|_swe7 X'5B'"},
	{"varchar(30) charset hebrew", "convert(_utf8mb4'א' using hebrew)|'a'"},
	{"varchar(30) charset koi8r", "convert(_utf8mb4'я' using koi8r)|'a'"},
	{"tinytext", "''|'a'"},
	{"text charset latin1", "''|_latin1 X'E9'|repeat('b',60000)"},
	{"mediumtext", "repeat('é',100000)"},
	{"longtext", "'x'|repeat('\\\\''',100000)"},
	{"binary(5)", "''|X'0000000000'|X'0100000000'|X'61'|X'FFFFFFFFFF'|X'2000'"},
	{"binary(255)", "''|repeat('a',255)"},
	{"varbinary(5)", "''|X'00'|X'0000'|X'FF00'"},
	{"varbinary(300)", "repeat(X'00',300)|''"},
	{"tinyblob", "''|X'00FF'"},
	{"blob", "X'27'|repeat(X'5C',65535)"},
	{"mediumblob", "repeat(X'C3',70000)"},
	{"longblob", "''|repeat(X'DE',200000)"},
	{"enum('a','b','it''s','')", "'a'|'it''s'|''|0"},
	{"set('a','b','c')", "''|'a'|'a,c'|'a,b,c'"},
	{"set -- 64", "''|'m1'|'m64'|'m1,m33,m64'"},
	{"enum -- 300", "'m1'|'m255'|'m256'|'m300'"},
	{"geometry", "ST_GeomFromText('POINT(1 2)')|ST_GeomFromText('LINESTRING(0 0,1 1)')|ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')"},
	{"point", "ST_GeomFromText('POINT(1.5 -2)', 4326)"},
	{"polygon", "ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')"},
	{"multipoint", "ST_GeomFromText('MULTIPOINT(0 0,1 1)')"},
	{"geometrycollection", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')"},
	{"json", `'{}'|'[]'|'null'|'{"b":1,"a":[1,2.5,"x"],"":null}'|'"it''s"'`},
}

var mysqlTypes = []typeCase{
	{"point srid 4326", "ST_GeomFromText('POINT(10 20)', 4326)"},
	{"vector(3)", "to_vector('[1,2.5,-3]')"},
	{"json -- numbers", `'[0,-1,32767,-32768,32768,2147483647,-2147483648,2147483648,9223372036854775807,-9223372036854775808,9223372036854775808,18446744073709551615]'|'[1.0,-0.0,1e100,5e-324,0.1,1.7976931348623157e308]'|'1.0'|'18446744073709551615'`},
	{"json -- unsigned", `cast(cast(5 as unsigned) as json)|json_array(cast(0 as unsigned), cast(40000 as unsigned), cast(70000 as unsigned), cast(5000000000 as unsigned))|json_object('a', cast(1 as unsigned), 'b', json_array(cast(65536 as unsigned)))`},
	{"json -- decimal", `json_array(1.50, 0.001, cast(1.5 as decimal(65,30)), -99999999999999999999.5, cast(7 as decimal(10,0)))|cast(1.10 as json)|json_array(.5, 0.5, cast(12345678901.5 as decimal(30,2)), 10/3, 0.00, cast(-1.5 as decimal(11,2)))`},
	{"json -- temporal", `json_array(cast('2020-01-02' as date), cast('2020-01-02 03:04:05.000006' as datetime(6)), cast('-838:59:58.999999' as time(6)), cast('10:00:00' as time), cast('0000-00-00' as date), cast('2023-02-31 00:00:00' as datetime))|cast(cast('2020-01-02' as date) as json)|json_object('t', timestamp'2020-01-02 03:04:05')`},
	{"json -- timestamp", `(select json_array(c) from json_table('["2020-01-02 03:04:05.5"]','$[*]' columns(c timestamp(6) path '$')) x)`},
	{"json -- bytes", `json_array(X'00FF', X'', '')|json_extract(json_array(X'27'),'$[0]')|(select json_array(c) from json_table('["ab"]','$[*]' columns(c blob path '$')) x)|(select json_array(c) from json_table('["ab"]','$[*]' columns(c binary(4) path '$')) x)|json_array(uncompress(compress(X'00FF')))|json_array(repeat(X'00',70000))|(select json_array(c) from (select X'FE' c union all select cast(null as binary(70000))) x limit 1)`},
	{"json -- bit", `(select json_array(c) from json_table('[5]','$[*]' columns(c bit(10) path '$')) x)|(select json_object('b',c) from json_table('[18446744073709551615]','$[*]' columns(c bit(64) path '$')) x)`},
	{"json -- keys", `json_object('it''s "q" \\ ', cast(1 as unsigned), '', 1.5, 'é😀', cast(2 as unsigned), 'a.b[0]', cast(3 as unsigned), '$', cast(4 as unsigned), char(1,10,0 using utf8mb4), cast(5 as unsigned))|'{"zz":1,"a":2,"bb":3,"a":4}'`},
	{"json -- texts", `json_array('it''s "q" \\ ', char(0), char(31), '', 'é😀', '\n\t')|json_quote(repeat('x',200))|json_array(repeat('y',20000))|'true'|'[true,false,null]'`},
	{"json -- large", `json_array(repeat('y',70000), 1, 40000, cast(40000 as unsigned), 2.5, null, json_object('k', 100000, 'u', cast(100000 as unsigned)))|json_object('a', repeat('z',70000), 'n', -5, 'm', 1000000, 'd', 1.5)`},
	{"json -- deep", `'[[[[[[[[[[[[[[[[[[[[{"a":[{"b":{}}]}]]]]]]]]]]]]]]]]]]]]'|concat(repeat('[',100),repeat(']',100))`},
}

var mariadbTypes = []typeCase{
	{"uuid", "'123e4567-e89b-12d3-a456-426655440000'|'00000000-0000-0000-0000-000000000000'|'ffffffff-ffff-ffff-ffff-ffffffffffff'|'01890a5d-ac96-774b-bcce-b302099a8057'|'123e4567-e89b-42d3-8456-426655440000'|'12345678-9abc-0def-0123-456789abcdef'|'123e4567-e89b-82d3-a456-426655440000'"},
	{"inet6", "'::'|'2001:db8::ff00:42:8329'|'::ffff:192.0.2.128'|'fe80::'"},
	{"inet4", "'0.0.0.0'|'255.255.255.255'|'10.1.0.0'"},
	{"json -- as text", `'{"b":1,"a":1.0,"a":2}'|'[1.50]'`},
}

// TestTypes: the literals give back the stored bytes.
func TestTypes(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		list := append(bothTypes[:len(bothTypes):len(bothTypes)], mysqlTypes...)
		if b.mariadb {
			list = append(bothTypes[:len(bothTypes):len(bothTypes)], mariadbTypes...)
		}
		for i, c := range list {
			t.Run(c.name, func(t *testing.T) { b.roundTrip(t, fmt.Sprintf("t%d", i), c) })
		}
	})
}

func (c typeCase) columnType() string {
	word, _, _ := strings.Cut(c.name, " -- ")
	switch c.name {
	case "set -- 64":
		return "set(" + members(64) + ")"
	case "enum -- 300":
		return "enum(" + members(300) + ")"
	}
	return word
}

func members(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("'m%d'", i+1))
	}
	return strings.Join(list, ",")
}

func (b *bench) roundTrip(t *testing.T, table string, c typeCase) {
	b = &bench{TB: t, dsn: b.dsn, database: b.database, mariadb: b.mariadb, config: b.config, db: b.db}
	mode := "SET SESSION sql_mode='" + binlog.SQLMode + "', time_zone='+00:00'"
	b.exec("SET NAMES utf8mb4", fmt.Sprintf("CREATE TABLE %s (id int PRIMARY KEY, c %s) CHARSET utf8mb4", table, c.columnType()), fmt.Sprintf("CREATE TABLE %s_copy LIKE %s", table, table))
	from := b.here()
	insert := []string{"SET NAMES utf8mb4", mode}
	values := append(strings.Split(c.values, "|"), "NULL")
	for i, v := range values {
		insert = append(insert, fmt.Sprintf("INSERT INTO %s VALUES (%d, %s)", table, i, v))
	}
	b.exec(insert...)
	r := b.read(from, table, table+"_copy")
	apply := []string{"SET NAMES utf8mb4", mode}
	var first []string
	for range values {
		row := r.until().changes[0].After
		first = append(first, rowText(row))
		apply = append(apply, fmt.Sprintf("INSERT INTO %s_copy VALUES %s", table, rowText(row)))
	}
	b.exec(apply...)
	for i := range values {
		got := r.until().changes[0]
		if again := rowText(got.After); got.Kind != stream.Insert || again != first[i] {
			t.Errorf("%s: read %.300s, and after it was inserted %.300s", values[i], first[i], again)
		}
	}
	for _, expression := range b.exact(c.columnType()) {
		q := fmt.Sprintf("SELECT a.id, %s, %s FROM %s a JOIN %s_copy b USING (id) WHERE NOT (%s <=> %s)",
			strings.ReplaceAll(expression, "?", "a.c"), strings.ReplaceAll(expression, "?", "b.c"), table, table, strings.ReplaceAll(expression, "?", "a.c"), strings.ReplaceAll(expression, "?", "b.c"))
		for _, row := range dbtest.Query(t, b.dsn, q) {
			t.Errorf("%s: %s is %.300s in the copy and was %.300s", values[at(row[0])], expression, row[2], row[1])
		}
		if n := b.value("SELECT COUNT(*) FROM " + table + "_copy"); n != fmt.Sprint(len(values)) {
			t.Errorf("%s rows in the copy", n)
		}
	}
}

func at(s string) (n int) {
	fmt.Sscan(s, &n)
	return n
}

// exact are expressions that are equal only where the stored bytes are.
func (b *bench) exact(typ string) []string {
	switch word, _, _ := strings.Cut(typ, "("); {
	case strings.HasPrefix(word, "json") && !b.mariadb:
		return []string{"HEX(CAST(? AS CHAR))", "JSON_TYPE(?)", "JSON_STORAGE_SIZE(?)"}
	case word == "float" || word == "double":
		return []string{"CONCAT(?+0e0)", "HEX(?)"}
	case word == "enum" || word == "set":
		return []string{"?+0", "HEX(?)"}
	}
	return []string{"HEX(?)", "HEX(CAST(? AS BINARY))"}
}
