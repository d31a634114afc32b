package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/plans"
)

// TestRefused: what can't be done safely, or can't be meant, is said before
// anything is changed.
func TestRefused(t *testing.T) {
	const table = "CREATE TABLE users (id int PRIMARY KEY, a text, n int, s serial, g text GENERATED ALWAYS AS (upper(a)) STORED, u text)"
	const rename = "operations: [{rename_column: {table: users, from: u, to: b}}]"
	split := func(up, down string) string {
		return "operations: [{split_column: {table: users, column: u, into: {p: '" + up + "'}, down: '" + down + "'}}]"
	}
	for name, c := range map[string]struct {
		sql    []string
		change string
		says   string
	}{
		"view":              {[]string{"CREATE VIEW v AS SELECT u FROM users"}, split("u", "p"), "view public.v"},
		"matview":           {[]string{"CREATE MATERIALIZED VIEW v AS SELECT u FROM users"}, rename, "materialized view public.v"},
		"rule":              {[]string{"CREATE RULE r AS ON UPDATE TO users DO ALSO NOTIFY x"}, rename, "rule r"},
		"trigger of column": {[]string{"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", "CREATE TRIGGER t BEFORE UPDATE OF u ON users FOR EACH ROW EXECUTE FUNCTION f()"}, rename, "trigger t"},
		"later trigger":     {[]string{"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", `CREATE TRIGGER "~q" BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f()`}, rename, "fires after ours"},
		"function":          {[]string{"CREATE FUNCTION f() RETURNS SETOF text BEGIN ATOMIC SELECT u FROM users; END"}, rename, "function public.f()"},
		"generated reads":   {nil, "operations: [{rename_column: {table: users, from: a, to: b}}]", "generated column g"},
		"generated":         {nil, "operations: [{rename_column: {table: users, from: g, to: b}}]", "is generated"},
		"serial":            {nil, "operations: [{rename_column: {table: users, from: s, to: b}}]", "serial"},
		"identity index":    {[]string{"ALTER TABLE users ALTER u SET NOT NULL", "CREATE UNIQUE INDEX ui ON users (u)", "ALTER TABLE users REPLICA IDENTITY USING INDEX ui"}, rename, "replica identity ui"},
		"system column":     {nil, "operations: [{rename_column: {table: users, from: u, to: xmin}}]", "system column"},
		"type":              {nil, "operations: [{change_type: {table: users, column: u, type: nosuchtype}}]", "nosuchtype"},
		"more than a type":  {nil, "operations: [{change_type: {table: users, column: u, type: 'int), (2'}}]", "type"},
		"same type":         {nil, "operations: [{change_type: {table: users, column: n, type: int4}}]", "already"},
		"no cast":           {nil, "operations: [{change_type: {table: users, column: n, type: date}}]", "no cast from integer to date"},
		"syntax":            {nil, split("u ||", "p"), "syntax error"},
		"unknown column":    {nil, split("nosuch", "p"), "nosuch"},
		"old in down":       {nil, split("u", "u"), `"u" does not exist`},
		"aggregate":         {nil, split("max(u)", "p"), "aggregate"},
		"set":               {nil, split("regexp_split_to_table(u, '','')", "p"), "set-returning"},
		"two values":        {nil, split("u, u", "p"), "row of several values"},
		"two columns":       {nil, split("u), (u", "p"), "not one"},
		"two statements":    {nil, split("u); SELECT (1", "p"), "multiple commands"},
		"wrong type":        {nil, "operations: [{split_column: {table: users, column: u, into: {p: {type: int, up: 'u'}}, down: 'p'}}]", "add a cast"},
		"parameter":         {nil, split("$1::text", "p"), "parameters"},
		"reads generated":   {nil, split("u || g", "p"), "generated column g"},
		"crossing":          {nil, "operations: [{rename_column: {table: users, from: n, to: m}}, {split_column: {table: users, column: u, into: {p: 'u || n'}, down: 'p'}}]", "mapping SQL of another names it"},
		"domain":            {[]string{"CREATE DOMAIN word AS text CHECK (VALUE <> '')", "ALTER TABLE users ADD w word"}, "operations: [{rename_column: {table: users, from: w, to: b}}]", "rewrites the table"},
		"domain asked":      {[]string{"CREATE DOMAIN word AS text NOT NULL", "CREATE DOMAIN words AS word"}, "operations: [{change_type: {table: users, column: u, type: words}}]", "rewrites the table"},
		"unlogged":          {[]string{"ALTER TABLE users SET UNLOGGED"}, rename, "unlogged"},
		"inherited":         {[]string{"CREATE TABLE child () INHERITS (users)"}, rename, "inherit"},
	} {
		t.Run(name, func(t *testing.T) {
			newest(t, func(b *bench) {
				b.exec(table)
				b.exec(c.sql...)
				before := b.lines("users")
				_, err := b.build(c.change)
				var refused *plans.RefusedError
				var input *plans.InputError
				if err == nil || !errors.As(err, &refused) && !errors.As(err, &input) || !strings.Contains(err.Error(), c.says) {
					b.Fatalf("got %v, want it to say %q", err, c.says)
				}
				b.same("after a refusal", before, b.lines("users"))
			})
		})
	}
}

// TestOddTables: kinds of relations that aren't plain tables.
func TestOddTables(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE TABLE p (id int, u text) PARTITION BY RANGE (id)", "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)", "CREATE VIEW v AS SELECT 1 AS id, 'x'::text AS u",
			"CREATE TABLE nokey (id int, u text)", "CREATE UNIQUE INDEX ON nokey (id)", "CREATE TABLE odd (id text COLLATE \"C\" NOT NULL, u text)", "CREATE UNIQUE INDEX ON odd (id text_pattern_ops)")
		for table, says := range map[string]string{"p": "partitioned table", "p1": "partition", "v": "view", "nokey": "no key", "odd": "no key", "pg_catalog.pg_class": "system table"} {
			column := map[bool]string{true: "relname", false: "u"}[table == "pg_catalog.pg_class"]
			if _, err := b.build("operations: [{rename_column: {table: " + table + ", from: " + column + ", to: b}}]"); err == nil || !strings.Contains(err.Error(), says) {
				b.Errorf("%s: %v", table, err)
			}
		}
	})
}

// TestPinned: expressions mean later, for anybody, what they meant to the server
// when it was asked.
func TestPinned(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE SCHEMA app", "CREATE FUNCTION app.norm(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(t)'", "CREATE TABLE users (id int PRIMARY KEY, u text, at timestamp)",
			"INSERT INTO users VALUES (1, 'x', '2020-02-03 04:05')", "ALTER DATABASE "+b.database()+" SET search_path = public, app", "ALTER DATABASE "+b.database()+" SET timezone = 'Asia/Tokyo'")
		o := newBench(b.T, b.kind, b.dsn)
		o.plan("operations: [{rename_column: {table: users, from: u, to: b, up: norm(u), down: lower(b)}}, {change_type: {table: users, column: at, type: timestamptz}}]")
		o.exec("ALTER DATABASE "+b.database()+" SET search_path = pg_catalog", "ALTER DATABASE "+b.database()+" SET timezone = 'UTC'")
		o.db = o.open(o.dsn)
		for _, st := range o.p.Phases[0].Steps {
			if st.Sync == 0 {
				o.do(st)
			}
		}
		o.exec("INSERT INTO public.users (id, u) VALUES (2, 'y')")
		o.want("SELECT id, b FROM public.users ORDER BY id", "1|X", "2|Y")
		o.p.Syncs[0] = o.p.Syncs[1]
		for _, st := range o.p.Phases[0].Steps {
			if st.Sync == 1 && st.Kind != plans.Verify && st.Kind != plans.BuildTwin {
				st.Sync = 0
				o.do(st)
			}
		}
		o.exec("SET timezone = 'America/New_York'", "INSERT INTO public.users (id, at) VALUES (3, '2020-02-03 04:05')")
		o.want("SELECT id, _pm_at = '2020-02-02 19:05Z' FROM public.users WHERE id <> 2 ORDER BY id", "1|true", "3|true")
	})
}
