package postgres

import (
	"slices"
	"strings"
	"testing"
)

// TestInScratch: names of the database's schema lead into the scratch schema, and nothing else is touched.
func TestInScratch(t *testing.T) {
	for q, want := range map[string]string{
		`CREATE TABLE public.t (a public.mood DEFAULT 'public.x' CHECK (a <> 'public.t'), "public" int)`: `CREATE TABLE s.t (a s.mood DEFAULT 'public.x' CHECK (a <> 'public.t'), "public" int)`,
		`ALTER TABLE ONLY "public"."t" ADD b int -- public.t`:                                            `ALTER TABLE ONLY s."t" ADD b int -- public.t`,
		`ALTER TABLE t ALTER a SET DEFAULT nextval('public.t_seq'::regclass)`:                            `ALTER TABLE t ALTER a SET DEFAULT nextval('s.t_seq'::regclass)`,
		`CREATE TABLE PUBLIC.t (a int DEFAULT 1.5)`:                                                      `CREATE TABLE s.t (a int DEFAULT 1.5)`,
		`CREATE TABLE t (a int)`: `CREATE TABLE t (a int)`,
	} {
		if got := inScratch(q, "public", "s"); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", q, got, want)
		}
	}
}

// TestReadDefinition: what is run, what is left, what is refused, and which relations have to be there before.
func TestReadDefinition(t *testing.T) {
	for q, want := range map[string]string{
		"CREATE TABLE a (b int REFERENCES c (id))":               "c",
		"CREATE TABLE a (b int REFERENCES a (b))":                "",
		"CREATE TABLE a (LIKE b)":                                "b",
		"CREATE TABLE a PARTITION OF b DEFAULT":                  "b",
		"CREATE INDEX ON a (b)":                                  "a",
		"ALTER TABLE x.a ADD b int":                              "x.a",
		"COMMENT ON COLUMN a.b IS 'c'":                           "a",
		"COMMENT ON INDEX x.a IS 'c'":                            "x.a",
		"ALTER SEQUENCE s OWNED BY a.b":                          "s",
		"SET search_path = ''":                                   "nothing",
		"COMMIT":                                                 "nothing",
		"SELECT pg_catalog.set_config('search_path', '', false)": "nothing",
		"SELECT 1":                                                       "other",
		"CREATE TABLE a AS SELECT 1":                                     "other a",
		"CREATE VIEW a AS SELECT 1":                                      "other a",
		"DROP TABLE a":                                                   "other",
		"ALTER TABLE a RENAME TO b":                                      "other a",
		"INSERT INTO a VALUES (1)":                                       "other a",
		"COMMENT ON FUNCTION f() IS 'a'":                                 "other",
		"ALTER INDEX a SET (fillfactor = 70)":                            "other a",
		"GRANT SELECT ON a TO b":                                         "left",
		"ALTER TABLE a OWNER TO b":                                       "left",
		"CREATE TABLE a (b int GENERATED ALWAYS AS (1) VIRTUAL)":         "",
		"CREATE TABLE a (b int, c a DEFAULT (SELECT 1))":                 "other",
		"CREATE TYPE mood AS ENUM ('a')":                                 "",
		"CREATE SEQUENCE s":                                              "",
		"CREATE TEMP TABLE a (b int)":                                    "other",
		"CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public":       "nothing",
		"ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES y.c (id), ADD d e": "a y.c",
	} {
		d, err := readDefinition(q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		var got []string
		for word, is := range map[string]bool{"nothing": d.nothing, "left": d.left != "", "other": d.other} {
			if is {
				got = append(got, word)
			}
		}
		var names []string
		for _, n := range d.names {
			names = append(names, n.String())
		}
		slices.Sort(names) // the fields of a message come in any order
		got = append(got, names...)
		if said := strings.Join(got, " "); said != want {
			t.Errorf("%s: %q, want %q", q, said, want)
		}
	}
}
