package integration

import (
	"slices"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// wholeCatalog is what a server is asked for: what it does and what it refuses, by operations of every kind.
func wholeCatalog(k throwaway.Kind) []recipeCase {
	if !k.IsPostgres() {
		return slices.Concat(clauseCatalog(k), mysqlSyncs, mysqlAlters, mysqlRefusals, wholeTables(k))
	}
	return slices.Concat(catalog(k), postgresSyncs, postgresCopies, refusedBefore18(k), wholeTables(k))
}

// refusedBefore18 are operations that older servers have no words for.
func refusedBefore18(k throwaway.Kind) []recipeCase {
	if k == throwaway.Postgres18 {
		return nil
	}
	var out []recipeCase
	for _, c := range columnCases() {
		if c.since18 {
			c.refused = "computed when it is read"
			out = append(out, c)
		}
	}
	return out
}

// onCopy is the same on a shadow, whatever would be cheaper.
func (c recipeCase) onCopy() recipeCase {
	c.name, c.strategy, c.refused = c.name+", on a shadow", "shadow", ""
	return c
}

// bothWays has each case twice: by the cheapest way, and on a shadow.
func bothWays(list []recipeCase) []recipeCase {
	var out []recipeCase
	for _, c := range list {
		out = append(out, c, c.onCopy())
	}
	return out
}

// clauseCatalog are the operations that MySQL and MariaDB have a clause for.
func clauseCatalog(k throwaway.Kind) []recipeCase {
	var out []recipeCase
	for _, c := range clauseCases {
		if c.only != "" && c.only != k {
			continue
		}
		out = append(out, recipeCase{name: c.name, operations: "  - " + c.operation + "\n", direct: []string{"ALTER TABLE orders " + c.clause}})
	}
	return bothWays(out)
}

// What a column sync is tried on, besides the tables. PostgreSQL's needs a key to walk by; MySQL's has one.
var (
	orderKey    = "ALTER TABLE orders ADD PRIMARY KEY (id)"
	renamePhone = "  - rename_column: {table: orders, from: phone, to: mobile}\n"
	splitWhole  = "  - split_column:\n      table: orders\n      column: whole\n      into:\n        first_name: \"substring(whole FROM 1 FOR position(' ' IN whole) - 1)\"\n" +
		"        last_name: \"substring(whole FROM position(' ' IN whole) + 1)\"\n      down: \"concat(first_name, ' ', last_name)\"\n"
	mergeParts = "  - merge_columns:\n      table: orders\n      from:\n        first_name: \"substring(whole FROM 1 FOR position(' ' IN whole) - 1)\"\n" +
		"        last_name: \"substring(whole FROM position(' ' IN whole) + 1)\"\n      into: whole\n      type: varchar(90)\n      up: \"concat(first_name, ' ', last_name)\"\n"
	// renameNotNull: from 18 on NOT NULL has a name.
	renameNotNull = "DO $$ BEGIN IF current_setting('server_version_num')::int >= 180000 THEN ALTER TABLE orders RENAME CONSTRAINT orders_phone_not_null TO orders_mobile_not_null; END IF; END $$"
	movePhone     = "  - move_columns: {table: orders, columns: [phone, level], to: phones, key: {order_id: id}}\n"
	phonesTable   = []string{"CREATE TABLE phones (order_id bigint PRIMARY KEY REFERENCES orders (id) ON DELETE CASCADE ON UPDATE CASCADE, phone varchar(40) DEFAULT 'none', level int DEFAULT 1 NOT NULL)"}
	fillEmail     = "  - set_not_null: {table: orders, column: email, fill: \"'none'\"}\n"
	totalTwice    = "  - change_type: {table: orders, column: total, type: bigint}\n"
)

// postgresSyncs are done by new columns beside the old ones.
var postgresSyncs = []recipeCase{
	{name: "rename column", operations: renamePhone, old: []string{"UPDATE orders SET phone = 'new ' || $1::bigint WHERE id = $1::bigint - 1"},
		create: []string{orderKey, "ALTER TABLE orders ADD COLUMN phone varchar(40) DEFAULT 'none' NOT NULL, ADD CHECK (phone <> ''), ADD UNIQUE (phone, id)", "UPDATE orders SET phone = 'p ' || id", "CREATE INDEX ON orders (lower(phone))", "COMMENT ON COLUMN orders.phone IS 'to be called'"},
		direct: []string{"ALTER TABLE orders RENAME COLUMN phone TO mobile", "ALTER TABLE orders RENAME CONSTRAINT orders_phone_check TO orders_mobile_check", "ALTER TABLE orders RENAME CONSTRAINT orders_phone_id_key TO orders_mobile_id_key", renameNotNull}},
	{name: "rename column, beside what the server does", old: []string{"UPDATE orders SET phone = 'new ' || $1::bigint WHERE id = $1::bigint - 1"},
		operations: renamePhone + "  - add_column: {table: orders, name: extra, type: text}\n  - drop_column: {table: orders, column: gone}\n  - create_index: {table: orders, name: orders_email_idx, columns: [email]}\n" +
			"  - add_foreign_key: {table: orders, name: orders_team, columns: [team_id], references: {table: teams, columns: [id]}}\n  - create_index: {table: teams, name: teams_name, columns: [name]}\n" +
			"  - create_table: {table: invoices, definition: \"(id bigint PRIMARY KEY)\"}\n",
		also: "invoices", create: []string{orderKey, "ALTER TABLE orders ADD COLUMN phone varchar(40) DEFAULT 'none', ADD COLUMN gone int DEFAULT 1, ADD UNIQUE (phone, id)", "UPDATE orders SET phone = 'p ' || id"},
		direct: []string{"ALTER TABLE orders RENAME COLUMN phone TO mobile", "ALTER TABLE orders RENAME CONSTRAINT orders_phone_id_key TO orders_mobile_id_key",
			"ALTER TABLE orders ADD COLUMN extra text, DROP COLUMN gone, ADD CONSTRAINT orders_team FOREIGN KEY (team_id) REFERENCES teams (id)", "CREATE INDEX orders_email_idx ON orders (email)", "CREATE INDEX teams_name ON teams (name)", "CREATE TABLE invoices (id bigint PRIMARY KEY)"}},
	{name: "split column", operations: splitWhole, old: []string{"UPDATE orders SET whole = 'Alan T' || $1::bigint WHERE id = $1::bigint - 1"},
		create: []string{orderKey, "ALTER TABLE orders ADD COLUMN whole varchar(80) DEFAULT 'Ada L'"},
		direct: []string{"ALTER TABLE orders ADD COLUMN first_name varchar(80), ADD COLUMN last_name varchar(80), DROP COLUMN whole"}},
	{name: "merge columns", operations: mergeParts, old: []string{"UPDATE orders SET last_name = 'T' || $1::bigint WHERE id = $1::bigint - 1"},
		create: []string{orderKey, "ALTER TABLE orders ADD COLUMN first_name varchar(40) DEFAULT 'Ada', ADD COLUMN last_name varchar(40) DEFAULT 'L'"},
		direct: []string{"ALTER TABLE orders ADD COLUMN whole varchar(90), DROP COLUMN first_name, DROP COLUMN last_name"}},
	{name: "move columns to a new table", operations: movePhone, old: []string{"UPDATE orders SET phone = 'new ' || $1::bigint, level = $1::bigint % 3 WHERE id = $1::bigint - 1"}, also: "phones",
		create: []string{orderKey, "ALTER TABLE orders ADD COLUMN phone varchar(40) DEFAULT 'none', ADD COLUMN level int DEFAULT 1 NOT NULL", "UPDATE orders SET phone = 'p ' || id WHERE id % 2 = 0", "COMMENT ON COLUMN orders.phone IS 'to be called'"},
		direct: slices.Concat(phonesTable, []string{"COMMENT ON COLUMN phones.phone IS 'to be called'", "ALTER TABLE orders DROP COLUMN phone, DROP COLUMN level"})},
	{name: "move columns back", operations: "  - move_columns: {table: phones, columns: [phone, level], to: orders, key: {id: order_id}}\n", also: "phones",
		old:    []string{"INSERT INTO phones SELECT id, 'new', 2 FROM orders WHERE id = $1::bigint - 1 ON CONFLICT (order_id) DO UPDATE SET phone = 'newer'", "DELETE FROM phones WHERE order_id = $1::bigint - 1"},
		create: slices.Concat([]string{orderKey}, phonesTable, []string{"INSERT INTO phones SELECT id, 'p ' || id FROM orders WHERE id % 2 = 0"}),
		direct: []string{"ALTER TABLE orders ADD COLUMN phone varchar(40) DEFAULT 'none', ADD COLUMN level int DEFAULT 1 NOT NULL", "ALTER TABLE phones DROP COLUMN phone, DROP COLUMN level"}},
	{name: "change type", operations: totalTwice,
		create: []string{orderKey, "ALTER TABLE orders ALTER total SET DEFAULT 3, ALTER total SET NOT NULL, ADD CHECK (total >= 0)", "CREATE INDEX orders_total_idx ON orders (total) WHERE total > 5"},
		direct: []string{"ALTER TABLE orders ALTER total TYPE bigint"}},
	{name: "set not null with a fill", operations: fillEmail, create: []string{orderKey, "UPDATE orders SET email = NULL WHERE id = 3", "CREATE INDEX ON orders (email)"},
		direct: []string{"UPDATE orders SET email = 'none' WHERE email IS NULL", "ALTER TABLE orders ALTER email SET NOT NULL"}},
}

// ordersInParts puts the table into partitions, at once.
var ordersInParts = []string{"CREATE TABLE cut (LIKE orders INCLUDING DEFAULTS) PARTITION BY HASH (id)", "CREATE TABLE orders_0 PARTITION OF cut FOR VALUES WITH (MODULUS 2, REMAINDER 0)", "CREATE TABLE orders_1 PARTITION OF cut FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
	"DROP TABLE orders", "ALTER TABLE cut RENAME TO orders", orderKey}

// postgresCopies rewrite the table, beside itself or, as long as it is small, by the server.
var postgresCopies = slices.Concat(
	bothWays([]recipeCase{
		{name: "change type of the key", operations: "  - change_type: {table: orders, column: id, type: bigint}\n", create: []string{"ALTER TABLE orders ALTER id TYPE int, ADD PRIMARY KEY (id)"}, direct: []string{"ALTER TABLE orders ALTER id TYPE bigint"}},
		{name: "add column with a value of its own each", operations: "  - add_column: {table: orders, name: token, type: uuid, default: gen_random_uuid()}\n", create: []string{orderKey}, direct: []string{"ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()"}},
		{name: "add column that is stored", operations: "  - add_column: {table: orders, name: twice, type: int, generated: total * 2, stored: true}\n", create: []string{orderKey}, direct: []string{"ALTER TABLE orders ADD COLUMN twice int GENERATED ALWAYS AS (total * 2) STORED"}},
		{name: "alter table", operations: "  - alter_table: {table: orders, sql: \"ALTER email TYPE text, ADD COLUMN extra int NOT NULL DEFAULT 3, ADD CONSTRAINT orders_extra CHECK (extra > 2)\"}\n", create: []string{orderKey}, direct: []string{"ALTER TABLE orders ALTER email TYPE text, ADD COLUMN extra int NOT NULL DEFAULT 3, ADD CONSTRAINT orders_extra CHECK (extra > 2)"}},
	}),
	[]recipeCase{
		{name: "partition by hash", operations: "  - partition_table: {table: orders, by: hash, columns: [id], partitions: [{name: orders_0}, {name: orders_1}]}\n", create: []string{orderKey},
			direct: ordersInParts},
		{name: "rewrite table", operations: "  - rewrite_table: {table: orders}\n", create: []string{orderKey}, direct: []string{"VACUUM FULL orders"}},
	})

// mysqlSyncs are done by new columns beside the old ones.
var mysqlSyncs = []recipeCase{
	{name: "rename column", operations: renamePhone, old: []string{"UPDATE orders SET phone = 'new $1' WHERE id = $1 - 1"},
		create: []string{"ALTER TABLE orders ADD COLUMN phone VARCHAR(40) DEFAULT 'none' COMMENT 'to be called', ADD KEY orders_phone_idx (phone), ADD UNIQUE KEY orders_phone_key (phone, id)", "UPDATE orders SET phone = concat('p ', id)"},
		direct: []string{"ALTER TABLE orders RENAME COLUMN phone TO mobile, RENAME KEY orders_phone_idx TO orders_mobile_idx, RENAME KEY orders_phone_key TO orders_mobile_key"}},
	{name: "split column", operations: splitWhole, old: []string{"UPDATE orders SET whole = 'Alan T$1' WHERE id = $1 - 1"},
		create: []string{"ALTER TABLE orders ADD COLUMN whole VARCHAR(80) DEFAULT 'Ada L'"},
		direct: []string{"ALTER TABLE orders ADD COLUMN first_name VARCHAR(80) AFTER whole, ADD COLUMN last_name VARCHAR(80) AFTER first_name", "ALTER TABLE orders DROP COLUMN whole"}},
	{name: "merge columns", operations: mergeParts, old: []string{"UPDATE orders SET last_name = 'T$1' WHERE id = $1 - 1"},
		create: []string{"ALTER TABLE orders ADD COLUMN first_name VARCHAR(40) DEFAULT 'Ada', ADD COLUMN last_name VARCHAR(40) DEFAULT 'L'"},
		direct: []string{"ALTER TABLE orders ADD COLUMN whole VARCHAR(90) AFTER first_name", "ALTER TABLE orders DROP COLUMN first_name, DROP COLUMN last_name"}},
	{name: "set not null with a fill", operations: fillEmail, create: []string{"UPDATE orders SET email = NULL WHERE id = 3", "ALTER TABLE orders ADD KEY orders_email (email)"},
		direct: []string{"UPDATE orders SET email = 'none' WHERE email IS NULL", "ALTER TABLE orders MODIFY email VARCHAR(80) NOT NULL"}},
}

// mysqlAlters rewrite the table, beside itself or, as long as it is small, by the server.
var mysqlAlters = bothWays([]recipeCase{
	{name: "change type", operations: totalTwice, create: []string{"ALTER TABLE orders ADD KEY orders_total (total)"}, direct: []string{"ALTER TABLE orders MODIFY total BIGINT"}},
	{name: "alter table", operations: "  - alter_table: {table: orders, sql: \"MODIFY status VARCHAR(300) DEFAULT 'old', ADD KEY orders_total (total), ADD COLUMN extra INT NOT NULL DEFAULT 3 AFTER ref\"}\n",
		direct: []string{"ALTER TABLE orders MODIFY status VARCHAR(300) DEFAULT 'old', ADD KEY orders_total (total), ADD COLUMN extra INT NOT NULL DEFAULT 3 AFTER ref"}},
})

// mysqlRefusals are what these servers could only do at once and without a way back, or not at all.
var mysqlRefusals = []recipeCase{
	{name: "move columns to a new table", refused: "1442", operations: movePhone, create: []string{"ALTER TABLE orders ADD COLUMN phone VARCHAR(40), ADD COLUMN level INT DEFAULT 1 NOT NULL"}},
	{name: "replace index", refused: "dropped in the first phase", operations: "  - replace_index: {table: orders, name: orders_status, columns: [total]}\n"},
	{name: "drop index", refused: "dropped in the first phase", operations: "  - drop_index: {table: orders, name: orders_status}\n"},
	{name: "drop column", refused: "without a way back", operations: "  - drop_column: {table: orders, column: total}\n"},
	{name: "drop check", refused: "in the first phase", operations: "  - drop_constraint: {table: orders, name: orders_total}\n"},
	{name: "rename check", refused: "in the first phase", operations: "  - rename_constraint: {table: orders, from: orders_total, to: x}\n"},
	{name: "validate check", refused: "no constraint that isn't valid", operations: "  - validate_constraint: {table: orders, name: orders_total}\n"},
	{name: "comments", refused: "whole definition", operations: "  - set_comment: {table: orders, comment: x}\n"},
	{name: "replica identity full", refused: "no such thing", operations: "  - set_replica_identity: {table: orders, identity: full}\n"},
	{name: "create trigger", refused: "statements of its own", operations: "  - create_trigger: {table: orders, name: x, fires: BEFORE UPDATE, function: x()}\n"},
	{name: "drop trigger", refused: "statements of its own", operations: "  - drop_trigger: {table: orders, name: x}\n"},
	{name: "enable trigger", refused: "statements of its own", operations: "  - set_trigger: {table: orders, name: x, fires: always}\n"},
	{name: "add enum value", refused: "enum type", operations: "  - add_enum_value: {type: orders, value: x}\n"},
	{name: "rename enum value", refused: "enum type", operations: "  - rename_enum_value: {type: orders, from: x, to: y}\n"},
	{name: "partition by hash", refused: "clause of its own", operations: "  - partition_table: {table: orders, by: hash, columns: [id], partitions: [{name: a}, {name: b}]}\n"},
	{name: "rewrite table", refused: "by itself", operations: "  - rewrite_table: {table: orders}\n"},
}
