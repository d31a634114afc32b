package postgres

import (
	"bytes"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// nasty are values of each type that can be walked, in no order.
var nasty = map[string]string{
	"bigint":                         `'-9223372036854775808', '9223372036854775807', '0', '-1', '1', '10', '9'`,
	"numeric":                        `'NaN', 'Infinity', '-Infinity', '0', '0.000', '-0', '1', '1.0', '1.00000', '10', '9', '0.1', '0.01', '0.010', '0.0099', '-0.1', '-0.01', '-1', '-1.5', '-1.49', '-15', '-9', '1e40', '-1e40', '1e-30', '-1e-30', '123456789012345678901234567890.5', '100', '99.99', '101'`,
	"numeric(12,4)":                  `'0', '1.5', '-1.5', '99999999.9999', '-99999999.9999', '0.0001'`,
	"uuid":                           `'00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-4fff-8fff-ffffffffffff', '7fffffff-ffff-4fff-8fff-ffffffffffff', '80000000-0000-4000-8000-000000000000'`,
	"boolean":                        `'true', 'false'`,
	"bytea":                          `'\x', '\x00', '\x0000', '\x00ff', '\xff', '\x5c27', '\x5c'`,
	"date":                           `'infinity', '-infinity', '2020-02-29', '2020-03-01', '2019-12-31', '1970-01-01', '1969-12-31', '0001-01-01', '0001-12-31 BC', '0044-03-15 BC', '4713-01-01 BC', '9999-12-31', '10000-01-01', '5874897-12-31', '2000-02-29', '1900-02-28', '1900-03-01', '0004-02-29', '0005-02-28 BC'`,
	"timestamp without time zone":    `'infinity', '-infinity', '2020-02-29 23:59:59.999999', '2020-03-01', '2020-02-29 23:59:59', '0044-03-15 12:00:00 BC', '0044-03-15 12:00:01 BC', '0001-01-01', '0001-12-31 23:59:59.5 BC', '294276-12-31', '4713-01-01 BC', '1969-12-31 23:59:59.000001'`,
	"timestamp(3) without time zone": `'2020-02-29 23:59:59.999', '2020-03-01', '2020-02-29 23:59:59.99'`,
	"timestamp with time zone":       `'infinity', '-infinity', '2024-10-27 02:30:00+02', '2024-10-27 02:30:00+01', '2024-10-27 01:59:59.5+01', '2024-03-31 03:00:00+02', '1880-01-01 00:00:00Z', '1880-01-01 00:00:01Z', '0044-03-15 12:00:00 BC', '0044-03-15 12:00:01 BC', '2020-02-28 23:59:59.999999+01', '2020-02-28 23:59:59.999999-03:30'`,
	"time without time zone":         `'00:00:00', '24:00:00', '23:59:59.999999', '12:34:56', '12:34:56.7', '00:00:00.01'`,
	`text COLLATE "C"`:               `'', 'a', 'B', 'b', 'é', 'Z', '日本', '😀', 'a' || chr(1), 'ab', '~', ' a'`,
	`text COLLATE "en-x-icu"`:        `'', 'a', 'B', 'b', 'é', 'e', 'Z', 'z', '日本', '😀', 'a-b', 'ab', 'a b', '~', ' a', 'Ä', 'ae'`,
	"character(6)":                   `'', 'a', 'a ', ' a', 'B', 'b', 'ab', 'é'`,
}

// TestPlacesAreOrdered: the bytes that keys are ordered by have the server's own order and equality, whatever time zone the
// session writes values in.
func TestPlacesAreOrdered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if !k.IsPostgres() {
			return
		}
		db, err := dbtest.DB(t, dbtest.Database(t, k)).Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for typ, list := range nasty {
			walk := "x.v"
			if isText(bare(typ)) {
				walk = `x.v COLLATE "C"`
			}
			for _, zone := range []string{"UTC", "Europe/Amsterdam", "America/St_Johns"} {
				if _, err := db.ExecContext(t.Context(), "SET TIME ZONE '"+zone+"'"); err != nil {
					t.Fatal(err)
				}
				rows, err := db.QueryContext(t.Context(), "SELECT x.v::text, dense_rank() OVER (ORDER BY "+walk+") FROM (SELECT u::text::"+typ+" AS v FROM unnest(ARRAY["+list+"]) AS u) AS x ORDER BY 2")
				if err != nil {
					t.Fatalf("%s: %v", typ, err)
				}
				var before, text, last string
				rank := 0
				for rows.Next() {
					var n int
					if err := rows.Scan(&text, &n); err != nil {
						t.Fatal(err)
					}
					piece, err := pieceOf(bare(typ), text)
					if err != nil {
						t.Fatalf("%s %q: %v", typ, text, err)
					}
					want := 0
					if n > rank {
						want = 1
					}
					if got := bytes.Compare([]byte(terminated(piece)), []byte(before)); rank > 0 && got != want {
						t.Errorf("%s in %s: %q and %q compare as %d, the server says %d", typ, zone, text, last, got, want)
					}
					before, last, rank = terminated(piece), text, n
				}
				if err := rows.Err(); err != nil || rank == 0 {
					t.Fatalf("%s: %d ranks, %v", typ, rank, err)
				}
				rows.Close()
			}
		}
	})
}

// bare is a type without its collation.
func bare(typ string) string {
	head, _, _ := bytes.Cut([]byte(typ), []byte(" COLLATE"))
	return string(head)
}

func terminated(piece string) string { return string(placePiece(nil, piece)) }
