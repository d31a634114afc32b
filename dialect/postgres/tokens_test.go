package postgres

import (
	"slices"
	"strings"
	"testing"
)

func TestTokensAreTheInput(t *testing.T) {
	for _, sql := range []string{"a + \"b\"\"c\" || 'it''s' -- end", "E'\\'x' /* a /* b */ c */ $q$ $1 $q$ $1 1.5e3 x::int[]", "U&\"d\\0061t\"", "$", "'open", "\"open", "/* open", "é.ü", "$tag$ open", ""} {
		var out strings.Builder
		for _, tok := range tokens(sql) {
			if tok.text == "" {
				t.Fatalf("%q has an empty token", sql)
			}
			out.WriteString(tok.text)
		}
		if out.String() != sql {
			t.Errorf("%q became %q", sql, out.String())
		}
	}
}

func FuzzTokens(f *testing.F) {
	f.Add(`"a""b" 'c' $$d$$ /*e*/ --f`)
	f.Fuzz(func(t *testing.T, sql string) {
		var out strings.Builder
		for _, tok := range tokens(sql) {
			out.WriteString(tok.text)
		}
		if out.String() != sql {
			t.Errorf("%q became %q", sql, out.String())
		}
	})
}

func TestMentions(t *testing.T) {
	names := []string{"a", "b", "Weird \"one\"", "order", "É"}
	for sql, want := range map[string][]string{
		"A || 'b'":                  {"a"},
		"lower(\"b\") -- a":         {"b"},
		"$$a$$ || /* a */ b":        {"b"},
		"\"Weird \"\"one\"\"\"":     {"Weird \"one\""},
		"\"order\" + É":             {"order", "É"},
		"users.a":                   {"a"},
		"to_jsonb(users)":           names,
		"users.*":                   names,
		"U&\"\\0061\"":              names,
		"1e5 + 0x1a":                nil,
		"'unclosed a":               nil,
		"concat_ws(' ', a, b)::int": {"a", "b"},
	} {
		if got := mentions(sql, "users", names); !slices.Equal(got, want) {
			t.Errorf("%s names %q, want %q", sql, got, want)
		}
	}
}

func TestRenamed(t *testing.T) {
	for sql, want := range map[string]string{
		"(lower((team)::text) = 'team'::text)":            `(lower(("squad")::text) = 'team'::text)`,
		"team(team) || x.team || team.x":                  `team("squad") || x.team || team.x`,
		"btree (team DESC, name COLLATE team) INCLUDE ()": `btree ("squad" DESC, name COLLATE team) INCLUDE ()`,
		"(name)::team":         "(name)::team",
		"TEAM":                 "TEAM",
		`("team" IS NOT NULL)`: `("squad" IS NOT NULL)`,
	} {
		if got := renamed(sql, map[string]string{"team": "squad"}); got != want {
			t.Errorf("%s became %s, want %s", sql, got, want)
		}
	}
	if got := renamed(`("a""b" > 0)`, map[string]string{`a"b`: `c"d`}); got != `("c""d" > 0)` {
		t.Error(got)
	}
}

func TestSafeCast(t *testing.T) {
	for _, c := range [][2]string{{"integer", "bigint"}, {"bigint", "numeric"}, {"character varying(5)", "character varying(10)"}, {"character varying(5)", "text"}, {"numeric(5,2)", "numeric(8,3)"},
		{"numeric(5,2)", "numeric"}, {"uuid", "text"}, {"text", "character varying"}, {"real", "double precision"}} {
		if !safeCast(c[0], c[1]) {
			t.Errorf("%s to %s loses nothing", c[0], c[1])
		}
	}
	for _, c := range [][2]string{{"bigint", "integer"}, {"text", "character varying(10)"}, {"character varying", "character varying(9)"}, {"character varying(10)", "character varying(9)"}, {"numeric(8,3)", "numeric(8,2)"},
		{"numeric(5,2)", "numeric(5,3)"}, {"bigint", "double precision"}, {"timestamp without time zone", "timestamp with time zone"}, {"text", "integer"}, {"numeric", "numeric(9,2)"}, {"json", "jsonb"}, {"integer", "text(3)"}} {
		if safeCast(c[0], c[1]) {
			t.Errorf("%s to %s may lose something", c[0], c[1])
		}
	}
}

func TestLiteral(t *testing.T) {
	for in, want := range map[string]string{"a": "'a'", "it's": "'it''s'", `a\b'`: `E'a\\b'''`} {
		if got := literal(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if got := body("$phasemig$"); !strings.HasPrefix(got, "$phasemig_$") {
		t.Error(got)
	}
}
