package mysql

import (
	"errors"
	"testing"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// What has a clause goes by an ALTER TABLE; the rest is refused with the reason.
func TestNativeClauses(t *testing.T) {
	table := &schema.Table{Ident: schema.Ident{Schema: "shop", Name: "t"}}
	for operation, want := range map[string]string{
		"create_index: {table: t, name: i, columns: [a, {column: b, descending: true}, {expression: lower(c)}], method: btree}":              "ADD INDEX `i` USING BTREE (`a`, `b` DESC, (lower(c)))",
		"create_index: {table: t, name: i, columns: [a], unique: true}":                                                                      "ADD UNIQUE INDEX `i` (`a`)",
		"create_index: {table: t, name: i, columns: [a], method: fulltext}":                                                                  "ADD FULLTEXT INDEX `i` (`a`)",
		"create_index: {table: t, name: i, columns: [a], method: fulltext, unique: true}":                                                    "",
		"create_index: {table: t, name: i, columns: [a], where: a > 1}":                                                                      "",
		"create_index: {table: t, name: i, columns: [{column: a, nulls: last}]}":                                                             "",
		"add_check: {table: t, name: c, check: a > 0}":                                                                                       "ADD CONSTRAINT `c` CHECK (a > 0)",
		"add_foreign_key: {table: t, name: f, columns: [a], references: {table: p, columns: [id]}, on_delete: set null, on_update: cascade}": "ADD CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `shop`.`p` (`id`) ON UPDATE CASCADE ON DELETE SET NULL",
		"add_unique: {table: t, name: u, columns: [a, b]}":                                                                                   "ADD UNIQUE INDEX `u` (`a`, `b`)",
		"add_unique: {table: t, name: u, columns: [a], include: [b]}":                                                                        "",
		"add_primary_key: {table: t, name: pk, columns: [a]}":                                                                                "ADD PRIMARY KEY (`a`)",
		"add_column: {table: t, name: c, type: int, default: 1, not_null: true, comment: it's}":                                              "ADD COLUMN `c` int NOT NULL DEFAULT 1 COMMENT 'it''s'",
		"add_column: {table: t, name: c, type: int, generated: a + 1}":                                                                       "ADD COLUMN `c` int GENERATED ALWAYS AS (a + 1) VIRTUAL",
		"add_column: {table: t, name: c, type: int, generated: a + 1, stored: true}":                                                         "ADD COLUMN `c` int GENERATED ALWAYS AS (a + 1) STORED",
		"set_default: {table: t, column: c, default: 1 + 1}":                                                                                 "ALTER COLUMN `c` SET DEFAULT (1 + 1)",
		"drop_default: {table: t, column: c}":                                                                                                "ALTER COLUMN `c` DROP DEFAULT",
		"drop_index: {table: t, name: i}":                                                                                                    "",
		"drop_column: {table: t, column: c}":                                                                                                 "",
		"drop_constraint: {table: t, name: c}":                                                                                               "",
		"rename_constraint: {table: t, from: a, to: b}":                                                                                      "",
		"validate_constraint: {table: t, name: c}":                                                                                           "",
		"set_comment: {table: t, column: c, comment: x}":                                                                                     "",
	} {
		c, err := plans.ParseChange([]byte("name: x\noperations:\n  - " + operation))
		if err != nil {
			t.Fatal(err)
		}
		got, err := rules{}.AsAlter(nil, table, c.Operations[0])
		var refused *plans.RefusedError
		if got != want || (want == "") != errors.As(err, &refused) {
			t.Errorf("%s: %q, %v; want %q", operation, got, err, want)
		}
	}
}
