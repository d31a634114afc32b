package integration

import (
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// odd are types and values that the usual table hasn't: what only one of the servers knows,
// numbers and texts that JSON keeps as something else, dates that are none.
var odd = map[throwaway.Kind]alteration{
	throwaway.MySQL: {
		table: texts{"place": "GEOMETRY NOT NULL SRID 4326", "shape": "POLYGON NULL", "vec": "VECTOR(3) NULL", "opaque": "JSON NULL", "wide": "DECIMAL(65,30) NULL",
			"long_bits": "BIT(64) NULL", "none": "DATETIME(6) NULL", "never": "TIMESTAMP NULL", "utf16": "VARCHAR(20) CHARACTER SET utf16 NULL"},
		draw: drawn{
			"place": oneOf("ST_GeomFromText('POINT(1.5 -2)', 4326)", "ST_GeomFromText('LINESTRING(0 0, 10 20, 3 4)', 4326)", "ST_GeomFromText('GEOMETRYCOLLECTION EMPTY', 4326)"),
			"shape": or(3, oneOf("ST_GeomFromText('POLYGON((0 0, 0 1, 1 1, 0 0))')", "ST_GeomFromText('POLYGON((0 0, 0 9, 9 9, 0 0), (1 2, 1 3, 2 3, 1 2))')")),
			"vec":   or(3, oneOf("STRING_TO_VECTOR('[1,2,3.5]')", "STRING_TO_VECTOR('[0,-1e30,1e-30]')")),
			"opaque": or(4, oneOf("JSON_OBJECT('d', CAST(1.50 AS DECIMAL(10,2)), 'n', 1.5e0, 'u', 18446744073709551615, 'i', -1)", "JSON_ARRAY(CAST('2020-02-29' AS DATE), CAST('10:20:30.5' AS TIME(3)), CAST('2020-02-29 10:20:30.123456' AS DATETIME(6)))",
				"JSON_OBJECT('b', x'00ff27', 'e', b'101')", "CAST(ST_GeomFromText('POINT(1 2)') AS JSON)", "JSON_ARRAY(1e0, 0.1, 1.0, 100000000000000000000)", `'{"":{"a\\u0000":"\\u2028"}}'`)),
		},
	},
	throwaway.MariaDB: {
		table: texts{"place": "GEOMETRY NOT NULL", "shape": "POLYGON NULL", "wide": "DECIMAL(65,30) NULL", "long_bits": "BIT(64) NULL", "none": "DATETIME(6) NULL", "never": "TIMESTAMP NULL",
			"utf16": "VARCHAR(20) CHARACTER SET utf16 NULL", "id6": "UUID NULL", "net6": "INET6 NULL", "net4": "INET4 NULL"},
		draw: drawn{
			"place": oneOf("ST_GeomFromText('POINT(1.5 -2)')", "ST_GeomFromText('LINESTRING(0 0, 10 20, 3 4)', 4326)", "ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')"),
			"shape": or(3, oneOf("ST_GeomFromText('POLYGON((0 0, 0 1, 1 1, 0 0))')")),
			"id6":   or(4, oneOf("'123e4567-e89b-12d3-a456-426655440000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'")),
			"net6":  or(4, oneOf("'::1'", "'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.128'")),
			"net4":  or(4, oneOf("'0.0.0.0'", "'255.255.255.255'", "'192.0.2.39'")),
		},
	},
}

// drawnAlike are values of columns that both have.
var drawnAlike = drawn{
	"wide":      or(4, oneOf("99999999999999999999999999999999999.999999999999999999999999999999", "-0.000000000000000000000000000001", "0", "1.5")),
	"long_bits": or(4, oneOf("b'0'", "0xffffffffffffffff", "0x8000000000000000")),
	"none":      or(4, oneOf("'0000-00-00 00:00:00'", "'2020-00-00 00:00:00'", "'2020-02-00 10:20:30.000001'", "'9999-12-31 23:59:59.999999'")),
	"never":     or(4, oneOf("'0000-00-00 00:00:00'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'")),
	"utf16":     or(4, oneOf("'😀 é'", "''", "'plain '")),
}

// TestShadowTypes takes what is rare through copy, stream, comparison and back.
func TestShadowTypes(t *testing.T) {
	eachShadow(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		a := odd[k]
		a.name, a.alter, a.mode = "odd types", "MODIFY full BIGINT NULL, ADD COLUMN extra INT NULL FIRST", "NO_ENGINE_SUBSTITUTION"
		for name, f := range drawnAlike {
			a.draw[name] = f
		}
		a.run(t, k, load{rows: 400, writers: 4, rate: 100}, 200*time.Millisecond)
	})
}
