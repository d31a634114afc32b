package integration

import (
	"slices"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// ordersTables are what every recipe of the catalog is tried on, with rows that every operation takes.
var ordersTables = []string{
	"CREATE TABLE teams (id bigint PRIMARY KEY, name text)",
	"INSERT INTO teams SELECT g, 'team ' || g FROM generate_series(1, 10) g",
	"CREATE FUNCTION public.is_state(text) RETURNS bool LANGUAGE sql IMMUTABLE AS $$ SELECT length($1) > 2 $$",
	`CREATE TABLE orders (id bigint NOT NULL, ref bigint, team_id bigint, email varchar(80), status varchar(20) DEFAULT 'new', total int, "Note" text, tags jsonb)`,
	"INSERT INTO orders SELECT g, g, 1 + g % 10, 'mail' || g, CASE g % 2 WHEN 0 THEN 'new' ELSE 'paid' END, g, 'note', '{}' FROM generate_series(1, 2000) g",
	"ANALYZE orders",
}

// ordersWriter are statements of the application, with $1 a number that none used before.
var ordersWriter = []string{
	`INSERT INTO orders (id, ref, team_id, email, total, "Note", tags) VALUES ($1::bigint, $1::bigint, 1 + $1::bigint % 10, 'mail' || $1::bigint, 7, 'fresh', '{"a": 1}')`,
	"UPDATE orders SET total = total + 1, status = 'paid' WHERE id = $1::bigint - 1",
	"DELETE FROM orders WHERE id = $1::bigint - 2",
}

// recipeCase is one operation of the catalog.
type recipeCase struct {
	name       string
	create     []string // besides the tables
	operations string   // lines of a change file
	direct     []string // the same, by the server at once
	strategy   string   // of the change; empty: the cheapest safe way
	// old are statements of code that is gone before contract.
	old []string
	// refused is a word of the reason why this server has no safe way.
	refused string
	// quiet: the application can't write before the change.
	quiet bool
	// since18: older servers can't do it without blocking.
	since18 bool
	// stays is what is said where there is no way back from expand.
	stays string
	// also is a table of the case's own.
	also string
}

// catalog is what PostgreSQL does by itself.
func catalog(k throwaway.Kind) []recipeCase {
	all := slices.Concat(indexCases(), constraintCases(), keyCases(), columnCases(), tableCases(), typeCases())
	return slices.DeleteFunc(all, func(c recipeCase) bool {
		return c.since18 && k == throwaway.Postgres15
	})
}

func indexCases() []recipeCase {
	return []recipeCase{
		{name: "create index", operations: "  - create_index: {table: orders, name: orders_email_idx, columns: [email]}\n",
			direct: []string{"CREATE INDEX orders_email_idx ON orders (email)"}},
		{name: "create index unique partial", operations: "  - create_index: {table: orders, name: \"Orders Email\", columns: [email], unique: true, where: \"status IN ('new', 'paid')\"}\n",
			direct: []string{`CREATE UNIQUE INDEX "Orders Email" ON orders (email) WHERE status IN ('new', 'paid')`}},
		{name: "create index of expressions", operations: "  - create_index: {table: orders, name: orders_many_idx, columns: [{expression: lower(email), operators: text_pattern_ops}, {column: total, descending: true, nulls: last}, {column: Note, collation: '\"C\"'}, {expression: is_state(status)}]}\n",
			direct: []string{`CREATE INDEX orders_many_idx ON orders (lower(email) text_pattern_ops, total DESC NULLS LAST, "Note" COLLATE "C", is_state(status))`}},
		{name: "create index include", operations: "  - create_index: {table: orders, name: orders_id_idx, columns: [id], unique: true, include: [email, Note], nulls_equal: true, with: fillfactor = 70}\n",
			direct: []string{`CREATE UNIQUE INDEX orders_id_idx ON orders (id) INCLUDE (email, "Note") NULLS NOT DISTINCT WITH (fillfactor = 70)`}},
		{name: "create index gin", operations: "  - create_index: {table: orders, name: orders_tags_idx, method: gin, columns: [{column: tags, operators: jsonb_path_ops}]}\n",
			direct: []string{"CREATE INDEX orders_tags_idx ON orders USING gin (tags jsonb_path_ops)"}},
		{name: "replace index", create: []string{"CREATE INDEX orders_email_idx ON orders (lower(email)) WHERE status IN ('new', 'paid')", "COMMENT ON INDEX orders_email_idx IS 'of the ''old'' search'"},
			operations: "  - replace_index: {table: orders, name: orders_email_idx, columns: [{expression: lower(email)}, id], unique: true}\n",
			direct:     []string{"DROP INDEX orders_email_idx", "CREATE UNIQUE INDEX orders_email_idx ON orders (lower(email), id)", "COMMENT ON INDEX orders_email_idx IS 'of the ''old'' search'"}},
		{name: "drop index", create: []string{"CREATE INDEX orders_email_idx ON orders (lower(email)) WHERE status IN ('new', 'paid')", "COMMENT ON INDEX orders_email_idx IS 'of the ''old'' search'"},
			operations: "  - drop_index: {table: orders, name: orders_email_idx}\n",
			direct:     []string{"DROP INDEX orders_email_idx"}},
	}
}

func constraintCases() []recipeCase {
	return []recipeCase{
		{name: "add check", operations: "  - add_check: {table: orders, name: \"Total\", check: total >= 0}\n",
			direct: []string{`ALTER TABLE orders ADD CONSTRAINT "Total" CHECK (total >= 0)`}},
		{name: "add check of a list", operations: "  - add_check: {table: orders, name: orders_status, check: \"status IN ('new', 'paid') AND is_state(status)\"}\n",
			direct: []string{"ALTER TABLE orders ADD CONSTRAINT orders_status CHECK (status IN ('new', 'paid') AND is_state(status))"}},
		{name: "add foreign key", operations: "  - add_foreign_key: {table: orders, name: orders_team, columns: [team_id], references: {table: teams, columns: [id]}, on_delete: set null, on_update: cascade}\n",
			direct: []string{"ALTER TABLE orders ADD CONSTRAINT orders_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE SET NULL ON UPDATE CASCADE"}},
		{name: "add foreign key to itself", create: []string{"ALTER TABLE orders ADD PRIMARY KEY (id)", "UPDATE orders SET ref = NULL"},
			operations: "  - add_foreign_key: {table: orders, name: orders_ref, columns: [ref], references: {table: orders, columns: [id]}, on_delete: cascade}\n",
			direct:     []string{"ALTER TABLE orders ADD CONSTRAINT orders_ref FOREIGN KEY (ref) REFERENCES orders (id) ON DELETE CASCADE"}},
		{name: "set not null", operations: "  - set_not_null: {table: orders, column: Note}\n",
			direct: []string{`ALTER TABLE orders ALTER "Note" SET NOT NULL`}},
		{name: "check and index", operations: "  - add_check: {table: orders, name: orders_total, check: total >= 0}\n  - create_index: {table: orders, name: orders_total_idx, columns: [total]}\n",
			direct: []string{"ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0)", "CREATE INDEX orders_total_idx ON orders (total)"}},
	}
}

func keyCases() []recipeCase {
	return []recipeCase{
		{name: "add unique", operations: "  - add_unique: {table: orders, name: orders_email_key, columns: [email, Note], include: [total]}\n",
			direct: []string{`ALTER TABLE orders ADD CONSTRAINT orders_email_key UNIQUE (email, "Note") INCLUDE (total)`}},
		{name: "add primary key", operations: "  - add_primary_key: {table: orders, name: orders_pkey, columns: [id]}\n",
			direct: []string{"ALTER TABLE orders ADD PRIMARY KEY (id)"}},
		{name: "add primary key of nullable columns", operations: "  - add_primary_key: {table: orders, name: orders_pkey, columns: [email, ref]}\n",
			direct: []string{"ALTER TABLE orders ADD PRIMARY KEY (email, ref)"}},
		{name: "drop check", create: []string{"ALTER TABLE orders ADD CONSTRAINT orders_status CHECK (status IN ('new', 'paid'))", "COMMENT ON CONSTRAINT orders_status ON orders IS 'states'"},
			operations: "  - drop_constraint: {table: orders, name: orders_status}\n",
			direct:     []string{"ALTER TABLE orders DROP CONSTRAINT orders_status"}},
		{name: "drop foreign key", create: []string{"ALTER TABLE orders ADD CONSTRAINT orders_team FOREIGN KEY (team_id) REFERENCES teams DEFERRABLE"},
			operations: "  - drop_constraint: {table: orders, name: orders_team}\n",
			direct:     []string{"ALTER TABLE orders DROP CONSTRAINT orders_team"}},
		{name: "drop unique", create: []string{"ALTER TABLE orders ADD CONSTRAINT orders_id_key UNIQUE (id) DEFERRABLE INITIALLY DEFERRED", "COMMENT ON INDEX orders_id_key IS 'ids'"},
			operations: "  - drop_constraint: {table: orders, name: orders_id_key}\n",
			direct:     []string{"ALTER TABLE orders DROP CONSTRAINT orders_id_key"}},
		{name: "drop primary key", create: []string{"ALTER TABLE orders ADD PRIMARY KEY (id)"},
			operations: "  - drop_constraint: {table: orders, name: orders_pkey}\n",
			direct:     []string{"ALTER TABLE orders DROP CONSTRAINT orders_pkey"}},
		{name: "rename check", create: []string{"ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total > 0)"},
			operations: "  - rename_constraint: {table: orders, from: orders_total, to: \"Total\"}\n",
			direct:     []string{`ALTER TABLE orders RENAME CONSTRAINT orders_total TO "Total"`}},
		{name: "rename primary key", create: []string{"ALTER TABLE orders ADD PRIMARY KEY (id)"},
			operations: "  - rename_constraint: {table: orders, from: orders_pkey, to: \"Orders PK\"}\n",
			direct:     []string{`ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO "Orders PK"`}},
		{name: "validate check", create: []string{"ALTER TABLE orders ADD CONSTRAINT orders_status CHECK (status IN ('new', 'paid')) NOT VALID", "COMMENT ON CONSTRAINT orders_status ON orders IS 'states'"},
			operations: "  - validate_constraint: {table: orders, name: orders_status}\n",
			direct:     []string{"ALTER TABLE orders VALIDATE CONSTRAINT orders_status"}},
		{name: "validate foreign key", create: []string{"ALTER TABLE orders ADD CONSTRAINT orders_team FOREIGN KEY (team_id) REFERENCES teams NOT VALID"},
			operations: "  - validate_constraint: {table: orders, name: orders_team}\n",
			direct:     []string{"ALTER TABLE orders VALIDATE CONSTRAINT orders_team"}},
	}
}

func columnCases() []recipeCase {
	return []recipeCase{
		{name: "add column", operations: "  - add_column: {table: orders, name: extra, type: text, comment: \"what else\"}\n",
			direct: []string{"ALTER TABLE orders ADD COLUMN extra text", "COMMENT ON COLUMN orders.extra IS 'what else'"}},
		{name: "add column with a constant", operations: "  - add_column: {table: orders, name: Extra, type: \"varchar(9)\", default: \"'none'\", not_null: true}\n",
			direct: []string{`ALTER TABLE orders ADD COLUMN "Extra" varchar(9) DEFAULT 'none' NOT NULL`}},
		{name: "add column and an index on it", operations: "  - add_column: {table: orders, name: at, type: timestamptz, default: now()}\n  - create_index: {table: orders, name: orders_at_idx, columns: [at]}\n",
			direct: []string{"ALTER TABLE orders ADD COLUMN at timestamptz DEFAULT now()", "CREATE INDEX orders_at_idx ON orders (at)"}},
		{name: "add column that is computed", since18: true, operations: "  - add_column: {table: orders, name: twice, type: int, generated: total * 2}\n", direct: []string{"ALTER TABLE orders ADD COLUMN twice int GENERATED ALWAYS AS (total * 2) VIRTUAL"}},
		{name: "drop column", create: []string{"ALTER TABLE orders ADD COLUMN old int NOT NULL DEFAULT 3", "CREATE INDEX orders_old_idx ON orders (old)", "COMMENT ON COLUMN orders.old IS 'not new'"},
			operations: "  - drop_column: {table: orders, column: old}\n",
			direct:     []string{"ALTER TABLE orders DROP COLUMN old"}},
		{name: "drop column that must be written", quiet: true, create: []string{"ALTER TABLE orders ADD COLUMN must int NOT NULL DEFAULT 1", "ALTER TABLE orders ALTER must DROP DEFAULT"},
			operations: "  - drop_column: {table: orders, column: must}\n", direct: []string{"ALTER TABLE orders DROP COLUMN must"}},
		{name: "set default", create: []string{"ALTER TABLE orders ALTER total SET DEFAULT 4"},
			operations: "  - set_default: {table: orders, column: total, default: 2 + 3}\n",
			direct:     []string{"ALTER TABLE orders ALTER total SET DEFAULT 2 + 3"}},
		{name: "set the first default", operations: "  - set_default: {table: orders, column: email, default: \"'x' || current_date\"}\n",
			direct: []string{"ALTER TABLE orders ALTER email SET DEFAULT 'x' || current_date"}},
		{name: "drop default", operations: "  - drop_default: {table: orders, column: status}\n",
			direct: []string{"ALTER TABLE orders ALTER status DROP DEFAULT"}},
		{name: "comments", create: []string{"ALTER TABLE orders ADD CONSTRAINT orders_id UNIQUE (id)", "ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total > 0)", "COMMENT ON COLUMN orders.id IS 'a key'"},
			operations: "  - set_comment: {table: orders, comment: \"it's all\"}\n  - set_comment: {table: orders, column: id, comment: \"\"}\n  - set_comment: {table: orders, index: orders_id, comment: ids}\n  - set_comment: {table: orders, constraint: orders_total, comment: totals}\n",
			direct:     []string{"COMMENT ON TABLE orders IS 'it''s all'", "COMMENT ON COLUMN orders.id IS NULL", "COMMENT ON INDEX orders_id IS 'ids'", "COMMENT ON CONSTRAINT orders_total ON orders IS 'totals'"}},
	}
}

const touch = "CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.total := NEW.total + 0; RETURN NEW; END $$"

// touchy is a trigger that is there, in the sessions that fires says, with a comment.
func touchy(fires string) []string {
	return []string{touch, "CREATE TRIGGER \"Touch\" BEFORE UPDATE OF total ON orders FOR EACH ROW WHEN (NEW.total > 3) EXECUTE FUNCTION touch('a', 'b')",
		"ALTER TABLE orders " + fires + " TRIGGER \"Touch\"", "COMMENT ON TRIGGER \"Touch\" ON orders IS 'it''s touched'"}
}

func tableCases() []recipeCase {
	return []recipeCase{
		{name: "replica identity full", operations: "  - set_replica_identity: {table: orders, identity: full}\n", direct: []string{"ALTER TABLE orders REPLICA IDENTITY FULL"}},
		{name: "replica identity of an index", create: []string{`CREATE UNIQUE INDEX "Orders Id" ON orders (id)`, "CREATE UNIQUE INDEX orders_id ON orders (id) INCLUDE (email)", "ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_id"},
			operations: "  - set_replica_identity: {table: orders, index: Orders Id}\n", direct: []string{`ALTER TABLE orders REPLICA IDENTITY USING INDEX "Orders Id"`}},
		{name: "replica identity default", create: []string{"ALTER TABLE orders REPLICA IDENTITY NOTHING"}, operations: "  - set_replica_identity: {table: orders, identity: default}\n", direct: []string{"ALTER TABLE orders REPLICA IDENTITY DEFAULT"}},
		{name: "create trigger", create: []string{touch}, operations: "  - create_trigger: {table: orders, name: Touch, fires: BEFORE INSERT OR UPDATE OF total, where: NEW.total > 3, function: \"touch('a')\"}\n",
			direct: []string{`CREATE TRIGGER "Touch" BEFORE INSERT OR UPDATE OF total ON orders FOR EACH ROW WHEN (NEW.total > 3) EXECUTE FUNCTION touch('a')`}},
		{name: "create trigger of a statement", create: []string{"CREATE FUNCTION public.seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM gone; RETURN NULL; END $$"},
			operations: "  - create_trigger: {table: orders, name: seen, fires: AFTER DELETE, each: statement, referencing: OLD TABLE AS gone, function: public.seen()}\n",
			direct:     []string{"CREATE TRIGGER seen AFTER DELETE ON orders REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.seen()"}},
		{name: "drop trigger", create: touchy("ENABLE ALWAYS"), operations: "  - drop_trigger: {table: orders, name: Touch}\n", direct: []string{`DROP TRIGGER "Touch" ON orders`}},
		{name: "disable trigger", create: touchy("ENABLE"), operations: "  - set_trigger: {table: orders, name: Touch, fires: never}\n", direct: []string{`ALTER TABLE orders DISABLE TRIGGER "Touch"`}},
		{name: "enable trigger", create: touchy("DISABLE"), operations: "  - set_trigger: {table: orders, name: Touch, fires: always}\n", direct: []string{`ALTER TABLE orders ENABLE ALWAYS TRIGGER "Touch"`}},
		{name: "comment on a trigger", create: touchy("ENABLE"), operations: "  - set_comment: {table: orders, trigger: Touch, comment: \"\"}\n", direct: []string{`COMMENT ON TRIGGER "Touch" ON orders IS NULL`}},
	}
}

var (
	enumStatus = []string{"CREATE TYPE state AS ENUM ('new', 'paid', 'it''s lost')", "ALTER TABLE orders ALTER status DROP DEFAULT, ALTER status TYPE state USING status::state, ALTER status SET DEFAULT 'new'"}
	mailDomain = []string{"CREATE DOMAIN mail AS varchar(80)", "ALTER DOMAIN mail ADD CONSTRAINT mail_set CHECK (VALUE <> '')", "COMMENT ON CONSTRAINT mail_set ON DOMAIN mail IS 'set'", "ALTER TABLE orders ALTER email TYPE mail"}
	mailLater  = []string{"CREATE DOMAIN mail AS varchar(80)", "ALTER DOMAIN mail ADD CONSTRAINT mail_set CHECK (VALUE <> '') NOT VALID", "COMMENT ON CONSTRAINT mail_set ON DOMAIN mail IS 'set'", "ALTER TABLE orders ALTER email TYPE mail"}
)

const addMailCheck = "  - add_check: {table: mail, name: Mail, check: \"VALUE ~ '^mail' AND is_state(VALUE)\"}\n"

func typeCases() []recipeCase {
	return []recipeCase{
		{name: "add enum value", create: enumStatus, operations: "  - add_enum_value: {type: state, value: \"it's sent\", after: paid}\n", direct: []string{"ALTER TYPE state ADD VALUE 'it''s sent' AFTER 'paid'"}, stays: "can't drop value"},
		{name: "rename enum value", create: enumStatus, operations: "  - rename_enum_value: {type: public.state, from: it's lost, to: gone}\n", direct: []string{"ALTER TYPE state RENAME VALUE 'it''s lost' TO 'gone'"}},
		{name: "add domain check", create: mailDomain, operations: addMailCheck, direct: []string{`ALTER DOMAIN mail ADD CONSTRAINT "Mail" CHECK (VALUE ~ '^mail' AND is_state(VALUE)) NOT VALID`}},
		{name: "drop domain check", create: mailLater, operations: "  - drop_constraint: {table: mail, name: mail_set}\n", direct: []string{"ALTER DOMAIN mail DROP CONSTRAINT mail_set"}},
		{name: "rename domain check", create: mailDomain, operations: "  - rename_constraint: {table: mail, from: mail_set, to: Set}\n", direct: []string{`ALTER DOMAIN mail RENAME CONSTRAINT mail_set TO "Set"`}},
		{name: "comments on types", create: append(append([]string{}, enumStatus...), mailDomain...),
			operations: "  - set_comment: {table: state, comment: states}\n  - set_comment: {table: mail, comment: mails}\n  - set_comment: {table: mail, constraint: mail_set, comment: \"\"}\n",
			direct:     []string{"COMMENT ON TYPE state IS 'states'", "COMMENT ON DOMAIN mail IS 'mails'", "COMMENT ON CONSTRAINT mail_set ON DOMAIN mail IS NULL"}},
	}
}
