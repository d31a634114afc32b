package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// TestMoveRefused: what can't move, or couldn't be kept in step, is said with its name before anything is changed.
func TestMoveRefused(t *testing.T) {
	const (
		users = "CREATE TABLE users (id int PRIMARY KEY, bio text, n int NOT NULL DEFAULT 3)"
		down  = "operations: [{move_columns: {table: users, columns: [bio, n], to: profiles, key: {user_id: id}}}]"
		clear = "operations: [{move_columns: {table: users, columns: [bio, n], to: profiles, key: {user_id: id}, deleted_rows: clear}}]"
		child = "CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE, site text)"
		quiet = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
	)
	for name, c := range map[string]struct {
		sql    []string
		change string
		says   string
	}{
		"index":           {[]string{"CREATE INDEX bios ON users (lower(bio))"}, down, "index bios"},
		"check":           {[]string{"ALTER TABLE users ADD CONSTRAINT wanted CHECK (n > 0)"}, down, "constraint wanted"},
		"view":            {[]string{"CREATE VIEW v AS SELECT bio FROM users"}, down, "view public.v"},
		"right":           {[]string{"GRANT SELECT (bio) ON users TO pg_monitor"}, down, "pg_monitor has rights"},
		"default":         {[]string{"ALTER TABLE users ALTER bio SET DEFAULT now()"}, down, "no constant"},
		"no default":      {[]string{"ALTER TABLE users ALTER n DROP DEFAULT"}, down, "NOT NULL without a default"},
		"policy":          {[]string{"CREATE POLICY mine ON users USING (n > 1)"}, down, "policy mine"},
		"no key":          {[]string{"ALTER TABLE users DROP CONSTRAINT users_pkey"}, down, "isn't one of"},
		"deferrable key":  {[]string{"ALTER TABLE users DROP CONSTRAINT users_pkey", "ALTER TABLE users ADD PRIMARY KEY (id) DEFERRABLE"}, down, "DEFERRABLE"},
		"domain":          {[]string{"CREATE DOMAIN word AS text CHECK (VALUE <> '')", "ALTER TABLE users ALTER bio TYPE word"}, down, "domain with constraints"},
		"partitioned":     {[]string{"DROP TABLE users", "CREATE TABLE users (id int PRIMARY KEY, bio text, n int) PARTITION BY HASH (id)"}, down, "partitioned table"},
		"not linked":      {[]string{"CREATE TABLE profiles (user_id int PRIMARY KEY)"}, down, "no foreign key links"},
		"no cascade":      {[]string{"CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users ON DELETE CASCADE)"}, down, "profiles_user_id_fkey would keep"},
		"several rows":    {[]string{"CREATE TABLE profiles (user_id int NOT NULL REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE)"}, down, "several rows"},
		"other type":      {[]string{strings.Replace(child, "user_id int", "user_id bigint", 1)}, clear, "user_id is bigint"},
		"taken":           {[]string{child, "ALTER TABLE profiles ADD bio text"}, clear, "exists already"},
		"rows deleted":    {[]string{child}, down, "columns besides"},
		"wants a value":   {[]string{child, "ALTER TABLE profiles ALTER site SET NOT NULL"}, clear, "column site wants a value"},
		"other check":     {[]string{child, "ALTER TABLE profiles ADD CONSTRAINT wanted CHECK (site <> '')"}, clear, "constraint wanted"},
		"other unique":    {[]string{child, "CREATE UNIQUE INDEX sites ON profiles (site)"}, clear, "unique index sites"},
		"trigger":         {[]string{child, quiet, "CREATE TRIGGER t AFTER INSERT ON profiles FOR EACH ROW EXECUTE FUNCTION f()"}, clear, "fire trigger t"},
		"for ever":        {[]string{child, quiet, "CREATE TRIGGER t BEFORE UPDATE ON profiles FOR EACH ROW EXECUTE FUNCTION f()", "CREATE TRIGGER s BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()"}, clear, "for ever"},
		"rule":            {[]string{child, "CREATE RULE r AS ON UPDATE TO profiles DO ALSO NOTIFY x"}, clear, "rule r"},
		"app writes both": {nil, "dual_write: app\n" + down, "by triggers alone"},
		"twice":           {nil, "operations: [{move_columns: {table: users, columns: [bio], to: profiles, key: {user_id: id}}}, {rename_column: {table: users, from: n, to: m}}]", "another operation"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(b *bench) {
				if b.kind != throwaway.Postgres18 {
					return // versions don't differ in this
				}
				b.exec(users)
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
