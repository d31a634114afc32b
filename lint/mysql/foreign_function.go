package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// functionsOfOthers are functions of other servers that people bring along: those that neither server has, and those that only the other one
// has; true is MariaDB. They are from the manuals' lists of functions.
var (
	functionsOfOthers = strings.Fields("gen_random_uuid uuid_generate_v4 generate_series string_agg array_agg to_date to_timestamp date_trunc date_part split_part regexp_matches initcap btrim jsonb_build_object jsonb_set jsonb_agg " +
		"json_build_object json_agg currval getdate newid len charindex dateadd sysdatetime pg_sleep pg_advisory_lock listagg array_length unnest string_to_array make_interval clock_timestamp")
	functionsOfTheOther = map[bool][]string{
		false: strings.Fields("nextval setval lastval nvl nvl2 to_char chr sys_guid add_months json_exists json_query json_loose json_detailed natural_sort_key"),
		true:  strings.Fields("uuid_to_bin bin_to_uuid is_uuid any_value regexp_like st_transform st_longitude st_latitude json_storage_size json_storage_free statement_digest"),
	}
)

// absentFunction is a function that the statement calls and that neither the server nor the schema has.
func (c *call) absentFunction(t []lint.Token) string {
	if !c.knowsAll() || c.version < 80400 || c.maria && c.version >= 110000 || c.oracle {
		return ""
	}
	for i := 0; i+1 < len(t); i++ {
		n := lower(t[i].Text)
		if t[i].Kind != lint.Word || !t[i+1].Is("(") || t[i+1].Start != t[i].End || i > 0 && (t[i-1].Is(".") || t[i-1].Is("INTO") || t[i-1].Is("TABLE") || t[i-1].Is("FUNCTION") || t[i-1].Is("PROCEDURE") || t[i-1].Is("CALL") || t[i-1].Is("ON") || t[i-1].Is("REFERENCES")) {
			continue
		}
		if (slices.Contains(functionsOfOthers, n) || slices.Contains(functionsOfTheOther[c.maria], n)) && c.missingRoutine(n) {
			return "there is no function " + n
		}
		if why := c.noFunction(t, i); why != "" && c.inExpression(t, i) {
			return why
		}
	}
	return ""
}

// inExpression: in front of the parenthesis stands a function, and no table, index or alias with its columns.
func (c *call) inExpression(t []lint.Token, i int) bool {
	switch c.verb {
	case "SELECT", "DO", "UPDATE", "DELETE", "CREATE VIEW", "ALTER VIEW":
	default:
		return false
	}
	if i == 0 || after(t, "WITH", "JSON_TABLE", "LATERAL", "WINDOW") || ident(t[i-1]) && !operatorWord(t[i-1].Text) && !t[i-1].Is("SELECT") && !t[i-1].Is("DO") && !t[i-1].Is("WHERE") && !t[i-1].Is("BY") && !t[i-1].Is("HAVING") && !t[i-1].Is("DISTINCT") {
		return false
	}
	for _, w := range []string{"FROM", "JOIN", "AS", "VIEW", "EXISTS", "INDEX", "KEY", "UPDATE", "PARTITION"} {
		if t[i-1].Is(w) {
			return false
		}
	}
	return true
}

// callsFunctions are the statements whose functions are looked for as they run.
func callsFunctions(verb string) bool {
	switch verb {
	case "SELECT", "DO", "INSERT", "REPLACE", "UPDATE", "DELETE", "CREATE TABLE", "ALTER TABLE", "CREATE INDEX", "CREATE VIEW", "ALTER VIEW":
		return true
	}
	return false
}

// ofOthers are the functions that are told as another server's, wherever they stand.
var ofOthers = func() map[string]bool {
	out := map[string]bool{}
	for _, list := range [][]string{functionsOfOthers, functionsOfTheOther[false], functionsOfTheOther[true]} {
		for _, n := range list {
			out[n] = true
		}
	}
	return out
}()
