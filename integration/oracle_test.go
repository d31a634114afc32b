package integration

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/internal/traffic"
)

// describe is a table as the server itself describes it, one sorted line for each
// thing, without what no DDL decides: the next number, the order of columns
// where the server can't choose it.
func describe(t testing.TB, k throwaway.Kind, dsn, table string) []string {
	t.Helper()
	if k.IsPostgres() {
		return describePostgres(t, dsn, table)
	}
	text := dbtest.Query(t, dsn, "SHOW CREATE TABLE "+table)[0][1]
	text = regexp.MustCompile(` AUTO_INCREMENT=\d+`).ReplaceAllString(text, "")
	var lines []string
	for _, l := range strings.Split(text, "\n") {
		lines = append(lines, strings.TrimSuffix(strings.TrimSpace(l), ","))
	}
	for _, r := range dbtest.Query(t, dsn, "SELECT trigger_name FROM information_schema.triggers WHERE event_object_schema = database() AND event_object_table = ?", table) {
		lines = append(lines, "trigger "+r[0])
	}
	for _, r := range dbtest.Query(t, dsn, "SELECT column_name FROM information_schema.columns WHERE table_schema = database() AND table_name = ? ORDER BY ordinal_position", table) {
		lines = append(lines, "column "+r[0])
	}
	return order(lines)
}

// order sorts all but the last lines, which tell the order of columns.
func order(lines []string) []string {
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "column ") })
	if at < 0 {
		at = len(lines)
	}
	sort.Strings(lines[:at])
	return lines
}

var postgresCatalog = []string{
	`SELECT format('column %I %s notnull=%s default=%s collation=%s statistics=%s comment=%s acl=%s', attname, format_type(atttypid, atttypmod), attnotnull,
	   pg_get_expr(adbin, adrelid), attcollation::regcollation, nullif(attstattarget, -1), col_description(attrelid, attnum), attacl)
	 FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT attisdropped`,
	`SELECT format('index %s valid=%s comment=%s', pg_get_indexdef(indexrelid), indisvalid, obj_description(indexrelid)) FROM pg_index WHERE indrelid = '%s'::regclass`,
	`SELECT format('constraint %I %s valid=%s comment=%s', conname, pg_get_constraintdef(oid), convalidated, obj_description(oid, 'pg_constraint')) FROM pg_constraint WHERE conrelid = '%s'::regclass `,
	`SELECT format('trigger %s fires=%s comment=%s', pg_get_triggerdef(oid), tgenabled, obj_description(oid, 'pg_trigger')) FROM pg_trigger WHERE tgrelid = '%s'::regclass AND NOT tgisinternal`,
	`SELECT format('table comment=%s identity=%s', obj_description(oid, 'pg_class'), concat(relreplident, (SELECT indexrelid::regclass FROM pg_index WHERE indrelid = c.oid AND indisreplident))) FROM pg_class c WHERE oid = '%s'::regclass`,
	`SELECT format('type %s comment=%s labels=%s checks=%s', y.oid::regtype, obj_description(y.oid, 'pg_type'), (SELECT string_agg(quote_literal(enumlabel), ' ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = y.oid),
	   (SELECT string_agg(concat_ws(' ', conname, pg_get_constraintdef(oid), convalidated, obj_description(oid, 'pg_constraint')), '; ' ORDER BY conname) FROM pg_constraint WHERE contypid = y.oid AND contype = 'c'))
	 FROM pg_type y WHERE typtype IN ('d', 'e') AND oid IN (SELECT atttypid FROM pg_attribute WHERE attrelid = '%s'::regclass AND NOT attisdropped)`,
	`SELECT format('partitioned by %s', pg_get_partkeydef('%s'::regclass)) WHERE pg_get_partkeydef('%s'::regclass) IS NOT NULL`,
	`SELECT format('partition %s %s', c.oid::regclass, pg_get_expr(relpartbound, c.oid)) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = '%s'::regclass`,
	`SELECT format('statistics %s', pg_get_statisticsobjdef(oid)) FROM pg_statistic_ext WHERE stxrelid = '%s'::regclass`,
}

func describePostgres(t testing.TB, dsn, table string) []string {
	t.Helper()
	var lines []string
	for _, q := range postgresCatalog {
		for _, r := range dbtest.Query(t, dsn, strings.ReplaceAll(q, "'%s'::regclass", "'"+table+"'::regclass")) {
			lines = append(lines, r[0])
		}
	}
	sort.Strings(lines)
	return lines
}

// sameTable compares two descriptions and fails with the difference.
func sameTable(t testing.TB, what string, got, want []string) {
	t.Helper()
	var diff []string
	for _, l := range want {
		if !slices.Contains(got, l) {
			diff = append(diff, "- "+l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			diff = append(diff, "+ "+l)
		}
	}
	if len(diff) > 0 || len(got) != len(want) {
		t.Fatalf("%s: the table is not what it must be (- wanted, + found):\n%s", what, strings.Join(diff, "\n"))
	}
}

// altered is the description of a table of package traffic after the given
// statements, without phasemig.
func altered(t testing.TB, k throwaway.Kind, statements ...string) []string {
	t.Helper()
	dsn := dbtest.Database(t, k)
	if err := traffic.Create(t.Context(), dbtest.DB(t, dsn), dsn, 1); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, dsn, statements...)
	return describe(t, k, dsn, "users")
}

// direct is what each example is when it is done directly, and what twins are
// called when they take their natural names.
func direct(k throwaway.Kind, s traffic.Scenario) []string {
	rename := func(from, to string, more ...string) []string {
		return append([]string{fmt.Sprintf("ALTER TABLE users RENAME COLUMN %s TO %s", from, to)}, more...)
	}
	index := func(from, to string) string {
		if k.IsPostgres() {
			return fmt.Sprintf("ALTER INDEX %s RENAME TO %s", from, to)
		}
		return fmt.Sprintf("ALTER TABLE users RENAME INDEX %s TO %s", from, to)
	}
	constraint := func(from, to string) string {
		return fmt.Sprintf("ALTER TABLE users RENAME CONSTRAINT %s TO %s", from, to)
	}
	switch s.Name {
	case "rename":
		out := rename("full_name", "display_name", index("users_full_name_idx", "users_display_name_idx"), index("users_team_full_name_idx", "users_team_display_name_idx"))
		if k.IsPostgres() {
			out = append(out, index("users_lower_full_name_idx", "users_lower_display_name_idx"), constraint("users_full_name_check", "users_display_name_check"))
		}
		return out
	case "rename-required":
		return rename("title", "headline")
	case "rename-unique":
		if k.IsPostgres() {
			return rename("handle", "login", constraint("users_handle_key", "users_login_key"))
		}
		return rename("handle", "login", index("users_handle_key", "users_login_key"))
	case "rename-foreign":
		if k.IsPostgres() {
			return rename("team_id", "squad_id", constraint("users_team_id_fkey", "users_squad_id_fkey"))
		}
		return rename("team_id", "squad_id", "ALTER TABLE users ADD CONSTRAINT users_squad_id_fkey FOREIGN KEY (squad_id) REFERENCES teams (id), DROP FOREIGN KEY users_team_id_fkey")
	case "split":
		if k.IsPostgres() {
			return []string{"ALTER TABLE users ADD COLUMN first_name varchar(200), ADD COLUMN last_name varchar(200), DROP COLUMN full_name"}
		}
		return []string{"ALTER TABLE users ADD COLUMN first_name VARCHAR(200) AFTER full_name, ADD COLUMN last_name VARCHAR(200) AFTER first_name",
			"ALTER TABLE users DROP COLUMN full_name"} // a column can't be dropped and be a neighbour in one statement
	case "retype":
		return []string{"ALTER TABLE users ALTER COLUMN age TYPE bigint"}
	case "not-null":
		if k.IsPostgres() {
			return []string{"ALTER TABLE users ALTER COLUMN nickname SET NOT NULL"}
		}
		return []string{"ALTER TABLE users MODIFY nickname VARCHAR(80) NOT NULL"}
	}
	return nil
}

// mentions reports whether a line of a description comes from phasemig.
func mentions(line, id string) bool {
	return strings.Contains(line, id) || strings.Contains(line, "phasemig") || strings.Contains(line, "_pm")
}
