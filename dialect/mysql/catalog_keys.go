package mysql

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/internal/dberr"
)

func (c *catalog) foreignKeys() {
	c.addKeys(c.outgoing(), false)
	c.addKeys(c.incoming(), true)
}

// outgoing asks one view at a time, with the table's name as a constant in each: MariaDB opens every table of the server where it
// has to join them.
func (c *catalog) outgoing() []record {
	list := c.query(`SELECT constraint_name, table_schema, table_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name
		FROM information_schema.key_column_usage WHERE table_schema = ? AND table_name = ? AND referenced_table_name IS NOT NULL ORDER BY constraint_name, ordinal_position`, c.t.Schema, c.t.Name)
	if len(list) == 0 {
		return nil
	}
	rules := map[string]record{}
	for _, r := range c.query("SELECT constraint_name, update_rule, delete_rule FROM information_schema.referential_constraints WHERE constraint_schema = ? AND table_name = ?", c.t.Schema, c.t.Name) {
		rules[r["constraint_name"]] = r
	}
	for _, r := range list {
		r["update_rule"], r["delete_rule"] = rules[r["constraint_name"]]["update_rule"], rules[r["constraint_name"]]["delete_rule"]
	}
	return list
}

const incomingSQL = `SELECT k.constraint_name, k.table_schema, k.table_name, k.column_name, k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name,
	r.update_rule, r.delete_rule FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
	ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
	WHERE %s AND %s ORDER BY k.table_schema, k.table_name, k.constraint_name, k.ordinal_position`

// sameName compares with a name, twice an argument, as the server tells tables apart; the collation of its own columns calls T and t the same.
func sameName(column string) string {
	return fmt.Sprintf("%[1]s = ? AND (@@lower_case_table_names > 0 OR CAST(%[1]s AS BINARY) = CAST(? AS BINARY))", column)
}

// incoming asks the storage engine where it lets us: the views of the standard make MariaDB open every table of the server, which takes
// seconds where there are thousands. Without the right to look, and where those views are quick, they answer.
func (c *catalog) incoming() []record {
	if c.err != nil {
		return nil
	}
	list, err := c.engineKeys()
	switch {
	case err == nil:
		return list
	case is(err, 1109, 1115), errors.Is(err, dberr.NotThere), errors.Is(err, dberr.Denied), errors.Is(err, errUnreadName):
		return c.query(fmt.Sprintf(incomingSQL, sameName("k.referenced_table_schema"), sameName("k.referenced_table_name")), c.t.Schema, c.t.Schema, c.t.Name, c.t.Name)
	}
	c.err = err
	return nil
}

// Pieces of queries on the storage engine's tables, which have names in the characters of files: a database, a slash and a table.
const (
	engineSchema  = "CONVERT(CONVERT(CAST(SUBSTRING_INDEX(%s, '/', 1) AS BINARY) USING filename) USING utf8mb4)"
	engineTable   = "CONVERT(CONVERT(CAST(SUBSTRING_INDEX(%s, '/', -1) AS BINARY) USING filename) USING utf8mb4)"
	engineColumns = "SELECT id, for_col_name, ref_col_name, pos FROM information_schema.innodb_sys_foreign_cols WHERE id IN (SELECT id FROM information_schema.innodb_sys_foreign WHERE "
)

// engineKeys reads the foreign keys that point at the table from the storage engine's own tables.
// Source: mariadb.com/kb/en/information-schema-innodb_sys_foreign-table and …-innodb_sys_foreign_cols-table.
func (c *catalog) engineKeys() ([]record, error) {
	in := func(piece, column string) string { return fmt.Sprintf(piece, column) }
	wanted := sameName(in(engineSchema, "ref_name")) + " AND " + sameName(in(engineTable, "ref_name"))
	args := []any{c.t.Schema, c.t.Schema, c.t.Name, c.t.Name}
	list, err := records(c.ctx, c.q, "SELECT id, "+in(engineSchema, "for_name")+" AS table_schema, "+in(engineTable, "for_name")+" AS table_name, type FROM information_schema.innodb_sys_foreign WHERE "+wanted, args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	cols, err := records(c.ctx, c.q, engineColumns+wanted+")", args...)
	if err != nil {
		return nil, err
	}
	of := map[string][]record{}
	for _, col := range cols {
		of[col["id"]] = append(of[col["id"]], col)
	}
	var out []record
	for _, key := range list {
		own, err := c.engineKey(key, of[key["id"]])
		if err != nil {
			return nil, err
		}
		out = append(out, own...)
	}
	slices.SortStableFunc(out, func(a, b record) int {
		return cmp.Or(cmp.Compare(a["table_schema"], b["table_schema"]), cmp.Compare(a["table_name"], b["table_name"]), cmp.Compare(a["constraint_name"], b["constraint_name"]))
	})
	return out, nil
}

// engineKey writes one key as the views of the standard would.
func (c *catalog) engineKey(key record, cols []record) ([]record, error) {
	_, name, ok := strings.Cut(key["id"], "/")
	if !ok || strings.ContainsAny(name, "?\ufffd") { // a byte that is no character parts what else may stand before the name
		return nil, errUnreadName
	}
	slices.SortFunc(cols, func(a, b record) int { return cmp.Compare(a.int("pos"), b.int("pos")) })
	var out []record
	for _, col := range cols {
		out = append(out, record{"constraint_name": name, "table_schema": key["table_schema"], "table_name": key["table_name"], "column_name": col["for_col_name"],
			"referenced_table_schema": c.t.Schema, "referenced_table_name": c.t.Name, "referenced_column_name": col["ref_col_name"],
			"update_rule": ruleOf(key.int("type"), 4, 8, 32), "delete_rule": ruleOf(key.int("type"), 1, 2, 16)})
	}
	return out, nil
}

// errUnreadName: the name of a foreign key stands in the storage engine in a way that isn't read here.
var errUnreadName = errors.New("the storage engine writes the names of foreign keys in another way")

// ruleOf reads what a key does from the engine's bits.
func ruleOf(bits, cascade, null, nothing int64) string {
	switch {
	case bits&cascade != 0:
		return "CASCADE"
	case bits&null != 0:
		return "SET NULL"
	case bits&nothing != 0:
		return "NO ACTION"
	}
	return "RESTRICT"
}
